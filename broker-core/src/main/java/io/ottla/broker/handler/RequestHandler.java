package io.ottla.broker.handler;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;

/**
 * Serves one API key.
 *
 * <p>A handler is made once per broker and keeps no state of its own: what lasts lives in the metadata, the partitions
 * and the coordinators. It is called on the event loop of the connection that sent the request, by many loops at once,
 * and must not block there. Handlers never call handlers.
 *
 * @param <Q> the request this handler serves
 */
public abstract class RequestHandler<Q extends ApiMessage> {

    private final ApiKey apiKey;

    protected RequestHandler(ApiKey apiKey) {
        this.apiKey = apiKey;
    }

    /** The API that this handler serves. */
    public final ApiKey apiKey() {
        return apiKey;
    }

    /** The lowest version that is served. */
    public short lowestVersion() {
        return apiKey.lowestVersion();
    }

    /** The highest version that is served: not one that Apache Kafka still calls unstable. */
    public short highestVersion() {
        short highest = apiKey.highestVersion();
        return apiKey.latestVersionUnstable() ? (short) (highest - 1) : highest;
    }

    /**
     * Serves one request: answers through {@link RequestContext#respond}, at once or later, exactly once.
     *
     * <p>A thrown {@link io.ottla.protocol.ApiException} is answered with {@link #errorResponse}; any other exception is
     * logged and answered as {@link ErrorCode#UNKNOWN_SERVER_ERROR}.
     *
     * @param request the parsed body; buffers in it are slices of the request's frame and are valid until the request is
     *     answered
     * @param context where the request came from and where its answer goes
     */
    public abstract void handle(Q request, RequestContext context);

    /**
     * The answer that carries one error for all that the request asked for, in the form that clients expect of this API.
     *
     * @param request the parsed body
     * @param version the version of the request
     * @param error the error to answer with
     * @param message a text for the client, or null for the error's own; most APIs have no place for it
     * @return null if the request has no answer; the connection is then closed, so that the client learns of it
     */
    public abstract ApiMessage errorResponse(Q request, short version, ErrorCode error, String message);

    /**
     * The broker stops: requests that wait for something to happen, such as a fetch for data, are to be answered now with
     * what there is. Called once, on the thread that stops the broker, when no new request can come in.
     */
    public void drain() {}
}
