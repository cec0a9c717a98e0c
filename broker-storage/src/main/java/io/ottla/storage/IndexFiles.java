package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
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
     * Syncs the file if there is one.
     *
     * @throws OpenFailedException if it could not be opened
     */
    static void sync(StorageFiles files, Path path) throws IOException {
        if (files.exists(path)) {
            try (StorageFile file = openForSync(files, path)) {
                file.sync();
            }
        }
    }

    private static StorageFile openForSync(StorageFiles files, Path path) throws IOException {
        try {
            return files.openExisting(path);
        } catch (IOException e) {
            throw new OpenFailedException(e);
        }
    }
}
