package io.ottla.broker.handler;

import io.ottla.protocol.ApiMessage;

/**
 * Watches and breaks requests at four places on their way. A broker has at most one ({@link Interceptors} lets several share that);
 * without one the way of a request pays a null check per place. What happens to the bytes is the {@link ConnectionWire}'s.
 *
 * <p>All methods run on the event loop of the connection and must not block. Where one is handed {@code proceed}, returning
 * true lets the request go on at once; returning false holds it until {@code proceed} is run, on any thread and at most
 * once, or for good. A held request still counts as in flight.
 */
public interface RequestInterceptor {

    /** A client has connected. */
    default void opened(ConnectionContext connection) {}

    /** The request is parsed and not yet applied. One that is held may also be answered through the context. */
    default boolean beforeApply(RequestContext context, ApiMessage request, Runnable proceed) {
        return true;
    }

    /** The request is applied and its answer is known; whoever never proceeds has lost the acknowledgement. */
    default boolean applied(RequestContext context, ApiMessage response, Runnable proceed) {
        return true;
    }

    /** The answer is about to be encoded, in its turn. Returns what to send: the answer given, or another of the same API. */
    default ApiMessage beforeWrite(RequestContext context, ApiMessage response) {
        return response;
    }

    /** Encoded answers are about to go to the socket; whoever never proceeds leaves the client with a silent peer. */
    default boolean beforeFlush(ConnectionContext connection, Runnable proceed) {
        return true;
    }
}
