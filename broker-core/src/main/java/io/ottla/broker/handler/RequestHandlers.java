package io.ottla.broker.handler;

import io.ottla.protocol.ApiKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The handlers of a broker by API key: what is not in here is not served, and not advertised. Immutable. */
public final class RequestHandlers {

    private final RequestHandler<?>[] byId;
    private final List<RequestHandler<?>> all;

    /** @throws IllegalArgumentException if two handlers serve the same API */
    public RequestHandlers(Collection<? extends RequestHandler<?>> handlers) {
        int highestId = -1;
        for (RequestHandler<?> handler : handlers) {
            highestId = Math.max(highestId, handler.apiKey().id());
        }
        byId = new RequestHandler<?>[highestId + 1];
        for (RequestHandler<?> handler : handlers) {
            ApiKey key = handler.apiKey();
            if (byId[key.id()] != null) {
                throw new IllegalArgumentException("Two handlers of " + key);
            }
            byId[key.id()] = handler;
        }
        List<RequestHandler<?>> sorted = new ArrayList<>();
        for (RequestHandler<?> handler : byId) {
            if (handler != null) {
                sorted.add(handler);
            }
        }
        all = List.copyOf(sorted);
    }

    /** The handler of an API, or null if it is not served. */
    public RequestHandler<?> forId(int apiKeyId) {
        return apiKeyId >= 0 && apiKeyId < byId.length ? byId[apiKeyId] : null;
    }

    /** All handlers by ascending API key. */
    public List<RequestHandler<?>> all() {
        return all;
    }

    /** Tells every handler that the broker stops. */
    public void drain() {
        for (RequestHandler<?> handler : all) {
            handler.drain();
        }
    }
}
