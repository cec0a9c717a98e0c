package io.ottla.protocol;

/** The body of a request or of a response. */
public interface ApiMessage extends Message {
    /** The API that this body belongs to. */
    ApiKey apiKey();
}
