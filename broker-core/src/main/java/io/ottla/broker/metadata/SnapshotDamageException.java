package io.ottla.broker.metadata;

import java.io.IOException;
import java.nio.file.Path;

/** A metadata snapshot does not hold what was written into it. */
final class SnapshotDamageException extends IOException {

    private static final long serialVersionUID = 1L;

    /** @param position where the damage is found, in bytes from the start of the file */
    SnapshotDamageException(Path file, long position, String finding) {
        super("The metadata snapshot " + file + " is damaged at position " + position + ": " + finding);
    }
}
