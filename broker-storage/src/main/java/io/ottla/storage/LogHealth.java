package io.ottla.storage;

import io.ottla.protocol.ApiException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Whether a log can be written to. A failure that left everything as it was is reported once and forgotten with the next write that
 * succeeds; one after which nobody knows what the device holds closes the log to appends for good.
 */
final class LogHealth {

    private final String name;
    private volatile IOException failure;

    /** Guarded by the log's lock. */
    private boolean failing;

    LogHealth(String name) {
        this.name = name;
    }

    /** Why the log takes no appends, null if it does. */
    IOException failure() {
        return failure;
    }

    /** Closes the log to appends: what the device holds is not known. */
    ApiException fence(String what, IOException cause) {
        if (failure == null) {
            failure = cause;
            StorageLog.LOG.error("{}: it takes no more appends until it is opened again", what, cause);
        }
        return Log.storageError(what, cause);
    }

    void ensureNotFenced() {
        IOException cause = failure;
        if (cause != null) {
            throw Log.storageError(name + " takes no more appends until it is opened again", cause);
        }
    }

    /** An append failed and left nothing behind. The caller holds the log's lock. */
    ApiException appendFailed(Path file, IOException cause) {
        if (!failing && failure == null) {
            failing = true;
            StorageLog.LOG.error(
                    "Writing {} failed: {}. Appends to {} are refused until writing succeeds again; reading goes on",
                    file,
                    reason(cause),
                    name);
        }
        return Log.storageError("Appending to " + name + " failed", cause);
    }

    /** An append succeeded. The caller holds the log's lock. */
    void appended() {
        if (failing) {
            failing = false;
            StorageLog.LOG.info("{} can be written to again", name);
        }
    }

    /** The messages of some exceptions are the file's name alone. */
    static String reason(IOException cause) {
        return cause.getClass() == IOException.class ? cause.getMessage() : cause.toString();
    }
}
