package io.ottla.protocol;

/** The body of a response that can say for how long the broker holds its client back (KIP-219). */
public interface ThrottledResponse extends ApiMessage {

    /** How long, in milliseconds, the broker reads nothing more from the connection; 0 if it does not hold the client back. */
    int throttleTimeMs();

    /** Sets how long, in milliseconds, the broker reads nothing more from the connection. Versions that have no place for it leave it out. */
    ThrottledResponse throttleTimeMs(int throttleTimeMs);
}
