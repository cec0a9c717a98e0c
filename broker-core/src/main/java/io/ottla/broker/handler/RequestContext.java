package io.ottla.broker.handler;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;

/** One request on its way: its header, its connection, and the one place where its answer goes. */
public interface RequestContext {

    ApiKey apiKey();

    short apiVersion();

    int correlationId();

    /** The client id of the request header; the empty string where the client sent none. */
    String clientId();

    /** The connection that the request came in on. */
    ConnectionContext connection();

    /**
     * Answers the request. Answers leave a connection in the order of its requests, so this one may wait for others. May be
     * called on any thread; a second answer to the same request is an {@link IllegalStateException}.
     */
    void respond(ApiMessage response);

    /** Ends a request that has no answer (Produce with acks=0). Counts as the answer. */
    void complete();

    /** Ends the request by closing its connection, as Apache Kafka does where it cannot answer. Counts as the answer. */
    void disconnect();

    /**
     * Runs a task on the event loop of the connection: at once when called there, else as soon as the loop is free. A task that
     * comes after the end of the server is dropped.
     */
    void execute(Runnable task);
}
