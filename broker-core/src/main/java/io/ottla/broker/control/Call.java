package io.ottla.broker.control;

import java.util.List;

/**
 * A request to the end point.
 *
 * @param path its segments, decoded
 * @param query its parameters
 * @param body JSON; an empty object if there is none
 */
record Call(String method, List<String> path, Fields query, Object body) {

    /** Whether it is this method on this path; {@code *} stands for any segment. */
    boolean is(String wantedMethod, String... wantedPath) {
        if (!method.equals(wantedMethod) || path.size() != wantedPath.length) {
            return false;
        }
        for (int i = 0; i < wantedPath.length; i++) {
            if (!wantedPath[i].equals("*") && !wantedPath[i].equals(path.get(i))) {
                return false;
            }
        }
        return true;
    }

    Fields fields() {
        return Fields.of(body);
    }

    ControlException unknown() {
        return ControlException.notFound("There is no " + method + " /" + String.join("/", path));
    }
}
