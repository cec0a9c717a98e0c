package io.ottla.broker.control;

import java.util.Map;

/**
 * An answer of the end point.
 *
 * @param status of HTTP
 * @param contentType of the body
 */
record Answer(int status, String contentType, String body) {

    private static final String JSON = "application/json";

    static Answer ok(Object json) {
        return new Answer(200, JSON, Json.write(json));
    }

    static Answer done() {
        return ok(Map.of());
    }

    static Answer created(Object json) {
        return new Answer(201, JSON, Json.write(json));
    }

    static Answer text(String text) {
        return new Answer(200, "text/plain; charset=utf-8", text);
    }

    static Answer error(int status, String message) {
        return new Answer(status, JSON, Json.write(Map.of("error", message == null ? "" : message)));
    }
}
