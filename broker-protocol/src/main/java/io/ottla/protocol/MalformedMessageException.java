package io.ottla.protocol;

/**
 * Bytes that are not what they claim to be. It carries no stack trace: whoever sends garbage must not make the broker
 * pay for it.
 */
public class MalformedMessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedMessageException(String message) {
        super(message, null, false, false);
    }

    public MalformedMessageException(String message, Throwable cause) {
        super(message, cause, false, false);
    }
}
