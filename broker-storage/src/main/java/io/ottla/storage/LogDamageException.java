package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;

/** A file holds what no crash can have left there: the log stays closed until somebody has looked. */
public final class LogDamageException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient Path file;
    private final long position;

    LogDamageException(Path file, long position, String finding) {
        super(file + " is damaged at position " + position + ": " + finding);
        this.file = file;
        this.position = position;
    }

    /** As a whole. */
    LogDamageException(Path file, String finding) {
        super(file + " cannot be right: " + finding);
        this.file = file;
        this.position = 0L;
    }

    /** The file that is damaged. */
    public Path file() {
        return file;
    }

    /** Where the damage begins, in bytes from the start of the file. */
    public long position() {
        return position;
    }
}
