package io.ottla.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;

/** What the index files have in common: they are not held open, and grow at their end. */
final class IndexFiles {

    private IndexFiles() {}

    /**
     * Makes the bytes the end of the file, at the given position. What a file holds already is exchanged in one step, and is on the
     * device then: an index that a crash has cut short passes for a whole one, and a later start need not make it anew.
     */
    static void writeTail(StorageFiles files, Path path, long position, ByteBuffer tail) throws IOException {
        if (tail.hasRemaining() && files.exists(path) && files.sizeBytes(path) > position) {
            exchange(files, path, Math.toIntExact(position), tail);
            return;
        }
        try (StorageFile file = files.openForWriting(path)) {
            if (file.sizeBytes() > position) {
                file.truncate(position);
            }
            file.write(tail, position);
        }
    }

    private static void exchange(StorageFiles files, Path path, int position, ByteBuffer tail) throws IOException {
        byte[] old = files.readAll(path);
        byte[] content = Arrays.copyOf(old, position + tail.remaining());
        tail.get(content, position, tail.remaining());
        if (old.length < content.length || !Arrays.equals(old, 0, content.length, content, 0, content.length)) {
            files.replace(path, content, true);
        } else if (old.length > content.length) {
            try (StorageFile file = files.openForWriting(path)) {
                file.truncate(content.length);
            }
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
