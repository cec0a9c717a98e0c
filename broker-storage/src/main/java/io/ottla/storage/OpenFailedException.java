package io.ottla.storage;

import java.io.IOException;

/**
 * A file that was to be synced could not be opened, for want of file descriptors for example. Unlike after a failed fsync nothing is
 * lost by it: it can be tried again.
 */
public final class OpenFailedException extends IOException {

    private static final long serialVersionUID = 1L;

    public OpenFailedException(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
