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

    /** The size of the request in bytes: header and body. */
    int sizeBytes();

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
     * Holds the client back (KIP-219): the answer says so and is sent as ever, then nothing is read from the connection for this time. To be
     * called before the answer is given; the longest of several times holds.
     *
     * @param throttleMs in milliseconds; 0 changes nothing
     */
    void throttle(long throttleMs);

    /**
     * Counts the time that the event loop has spent on the request so far against the client's quota of it (KIP-124), which may throttle the
     * request. Happens by itself when the answer is given; for handlers that answer otherwise when the client is held back. Only on the event
     * loop.
     *
     * @return for how many milliseconds the client is held back for its requests' time, 0 for not at all
     */
    long settleTime();

    /**
     * Begins no request behind this one, on its connection, before this one is answered, as Apache Kafka does with all: for requests that
     * are served on another thread, and whose effect the next may count on. To be called before the answer is given, on the event loop.
     */
    void holdFollowers();

    /**
     * Runs a task on the event loop of the connection: at once when called there, else as soon as the loop is free. A task that
     * comes after the end of the server is dropped.
     */
    void execute(Runnable task);
}
