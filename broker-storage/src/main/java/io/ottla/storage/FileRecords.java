package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Records;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A stretch of a segment file. It begins at the start of a batch; the last batch may be cut off by a byte limit.
 *
 * <p>Whoever got it from {@link Log#read} holds one reference and ends it with one {@link #release()}, when the bytes have been
 * sent or copied; until then the file stays open, even if retention deletes the segment meanwhile. Thread-safe.
 */
public final class FileRecords implements Records {

    /** No bytes of no file; need not be released. */
    public static final FileRecords EMPTY = new FileRecords(null, null, 0, 0);

    private final LogSegment segment;
    private final StorageFile file;
    private final int position;
    private final int sizeBytes;

    /** Takes over a reference to the segment from the caller. */
    FileRecords(LogSegment segment, StorageFile file, int position, int sizeBytes) {
        this.segment = segment;
        this.file = file;
        this.position = position;
        this.sizeBytes = sizeBytes;
    }

    /**
     * The file, for sendfile; only to be read from, at explicit positions.
     *
     * @throws IllegalStateException if there are no bytes
     */
    public FileChannel channel() {
        if (file == null) {
            throw new IllegalStateException("there are no bytes to send");
        }
        return file.channel();
    }

    /** Where in the file the bytes begin. */
    public long position() {
        return position;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    /**
     * Copies all the bytes into the buffer and moves its position behind them.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR if they cannot be read
     * @throws java.nio.BufferOverflowException if the buffer has less room than {@link #sizeBytes()}
     */
    public void readInto(ByteBuffer target) {
        if (target.remaining() < sizeBytes) {
            throw new java.nio.BufferOverflowException();
        }
        int limit = target.limit();
        int from = target.position();
        target.limit(from + sizeBytes);
        try {
            while (target.hasRemaining()) {
                if (file.read(target, position + (long) target.position() - from) < 0) {
                    throw new IOException("the file ends early");
                }
            }
        } catch (IOException e) {
            throw new ApiException(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    "Reading " + sizeBytes + " bytes at position " + position + " of " + segment + " failed: "
                            + e.getMessage(),
                    e);
        } finally {
            target.limit(limit);
        }
    }

    /** Adds a reference; the caller must hold one. Returns this. */
    public FileRecords retain() {
        if (segment != null && !segment.tryRetain()) {
            throw new IllegalStateException("already released: " + this);
        }
        return this;
    }

    /** Ends one reference. */
    public void release() {
        if (segment != null) {
            segment.release();
        }
    }

    @Override
    public String toString() {
        return sizeBytes + " bytes at position " + position + " of " + segment;
    }
}
