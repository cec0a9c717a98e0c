package io.ottla.protocol;

import java.util.Objects;

/**
 * A failure that the client is told: the code goes into the response's error field, the message into its error message
 * where there is one. It is part of normal operation, so it carries no stack trace.
 */
public class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode error;

    /** Fails with the error's default message. */
    public ApiException(ErrorCode error) {
        this(error, error.message());
    }

    public ApiException(ErrorCode error, String message) {
        this(error, message, null);
    }

    public ApiException(ErrorCode error, String message, Throwable cause) {
        super(message, cause, false, false);
        this.error = Objects.requireNonNull(error);
    }

    /** The error code for the client. */
    public ErrorCode error() {
        return error;
    }
}
