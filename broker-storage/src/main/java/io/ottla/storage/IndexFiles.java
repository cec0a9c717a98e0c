package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What the index files have in common: they are not held open, and grow at their end. */
final class IndexFiles {

    private IndexFiles() {}

    /** Makes the bytes the end of the file, at the given position. */
    static void writeTail(StorageFiles files, Path path, long position, ByteBuffer tail) throws IOException {
        try (StorageFile file = files.openForWriting(path)) {
            if (file.sizeBytes() > position) {
                file.truncate(position);
            }
            file.write(tail, position);
        }
    }

    /**
     * Syncs the file if there is one; it may be deleted meanwhile.
     *
     * @throws OpenFailedException if it could not be opened
     */
    static void sync(StorageFiles files, Path path) throws IOException {
        if (files.exists(path)) {
            StorageFile file;
            try {
                file = files.openExisting(path);
            } catch (NoSuchFileException e) {
                return;
            } catch (IOException e) {
                throw new OpenFailedException(e);
            }
            try (file) {
                file.sync();
            }
        }
    }
}
