package io.ottla.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * All that storage does to a file system; the seam at which tests tear writes, lose what was not synced, fail fsync and fill the
 * disk. Thread-safe.
 */
public interface StorageFiles {

    /** The file system of the machine. */
    static StorageFiles system() {
        return SystemFiles.INSTANCE;
    }

    /** The file system of the machine for files that need not survive it: what asks for a sync is not made to wait. */
    static StorageFiles systemUnsynced() {
        return SystemFiles.UNSYNCED;
    }

    /** Whether a sync brings anything to the device; if not, nobody will look for the files after a power failure. */
    default boolean isSynced() {
        return true;
    }

    /**
     * Takes a file for this process, and makes it if it is missing, until the result is closed.
     *
     * @throws IOException if another has it; the message says so of the directory that the file is in
     */
    Closeable lock(Path path) throws IOException;

    /** Opens a file for reading and writing and makes it if it is missing. */
    StorageFile openForWriting(Path path) throws IOException;

    /**
     * Opens a file for reading and writing.
     *
     * @throws java.nio.file.NoSuchFileException if it is missing
     */
    StorageFile openExisting(Path path) throws IOException;

    /**
     * Opens a file for reading.
     *
     * @throws java.nio.file.NoSuchFileException if it is missing
     */
    StorageFile openForReading(Path path) throws IOException;

    boolean exists(Path path);

    boolean isDirectory(Path path);

    long sizeBytes(Path path) throws IOException;

    /** When the file was last written, in milliseconds since 1970. */
    long lastModifiedMs(Path path) throws IOException;

    /** The entries of a directory, in no order. */
    List<Path> list(Path directory) throws IOException;

    /** Makes a directory and those above it. */
    void createDirectories(Path directory) throws IOException;

    /** Renames in one step; a file that has the new name is replaced. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory; returns false if there was none. */
    boolean deleteIfExists(Path path) throws IOException;

    /**
     * Returns when the names in the directory are on the device. Does nothing where directories cannot be synced.
     *
     * @throws OpenFailedException if the directory could not be opened, so that nothing was tried
     */
    void syncDirectory(Path directory) throws IOException;

    /**
     * How much room the volume has that a file lies on.
     *
     * @return in bytes; {@link Long#MAX_VALUE} where it is more
     */
    VolumeSpace space(Path path) throws IOException;

    /** The whole content of a file. */
    default byte[] readAll(Path path) throws IOException {
        try (StorageFile file = openForReading(path)) {
            ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(file.sizeBytes()));
            while (content.hasRemaining()) {
                if (file.read(content, content.position()) < 0) {
                    break;
                }
            }
            byte[] bytes = new byte[content.position()];
            content.flip().get(bytes);
            return bytes;
        }
    }

    /**
     * Puts a new content in the place of an old one in one step: a crash leaves the old or the new.
     *
     * @param sync whether to return only when the content is on the device; without, a power failure may leave an empty
     *     file
     */
    default void replace(Path path, byte[] content, boolean sync) throws IOException {
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try (StorageFile file = openForWriting(temporary)) {
            file.truncate(0);
            file.write(ByteBuffer.wrap(content), 0);
            if (sync) {
                file.sync();
            }
        }
        rename(temporary, path);
        if (sync) {
            syncDirectory(path.toAbsolutePath().getParent());
        }
    }

    /** Deletes a directory with all that is in it; what is missing already is no error. */
    default void deleteTree(Path directory) throws IOException {
        if (isDirectory(directory)) {
            for (Path entry : list(directory)) {
                deleteTree(entry);
            }
        }
        deleteIfExists(directory);
    }
}
