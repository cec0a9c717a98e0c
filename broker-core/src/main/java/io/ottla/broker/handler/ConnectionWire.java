package io.ottla.broker.handler;

/**
 * The bytes of one connection, for tests that break them. A connection that nobody has done anything to has no part in this.
 *
 * <p>All methods are called on the event loop of the connection; none blocks. Time is the broker's.
 */
public interface ConnectionWire {

    /** Closes the connection at once; answers that have not left are lost. */
    void cut();

    /** Reads nothing more and writes nothing more, and leaves the connection open: the client has a silent peer. */
    void silence();

    /**
     * Takes what the client sends at this speed.
     *
     * @param bytesPerSecond at least 1; {@link Long#MAX_VALUE} for as fast as it comes
     */
    void readAt(long bytesPerSecond);

    /**
     * Sends answers at this speed.
     *
     * @param bytesPerSecond at least 1; {@link Long#MAX_VALUE} for as fast as they go
     */
    void writeAt(long bytesPerSecond);

    /**
     * Flips bits in the encoded bytes of an answer, anywhere behind the length field and the correlation id. Called before the answer is
     * encoded.
     *
     * @param correlationId of the answer
     * @param seed decides which bits
     * @param bits how many, at least 1
     */
    void corrupt(int correlationId, long seed, int bits);
}
