package io.ottla.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** An open file. Reading is safe from any number of threads; writing, truncating and closing are the owner's. */
public interface StorageFile extends Closeable {

    /**
     * Reads up to the buffer's remaining bytes.
     *
     * @return how many were read, -1 at or behind the end of the file
     */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes all remaining bytes of the buffer; when it throws, any prefix of them may have been written. */
    void write(ByteBuffer source, long position) throws IOException;

    /** Cuts the file to a size at or below its present one. */
    void truncate(long sizeBytes) throws IOException;

    /** Makes the file larger, with zeros; where the file system can, without using room for them. */
    default void extend(long sizeBytes) throws IOException {
        write(ByteBuffer.allocate(1), sizeBytes - 1);
    }

    /** Returns when data and size are on the device. */
    void sync() throws IOException;

    long sizeBytes() throws IOException;

    /** The channel below, for sendfile; never to be written to, moved or closed. */
    FileChannel channel();

    /** Tells the file that it has been renamed, for those that open it again by its name. */
    default void renamed(Path newPath) {}

    @Override
    void close() throws IOException;
}
