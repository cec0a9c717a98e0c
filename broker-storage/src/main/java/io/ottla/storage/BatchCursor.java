package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Walks the batches of a segment file through a window of memory: one system call fetches many small batches, and of a large
 * one only the header is read. Not thread-safe.
 */
final class BatchCursor {

    /** Enough for one index interval. */
    static final int LOOKUP_WINDOW_BYTES = 4096;

    /** Enough for what lies behind the last entry of an index. */
    static final int TAIL_BYTES = 8192;

    /** For walks over much of a segment. */
    static final int SCAN_WINDOW_BYTES = 256 * 1024;

    private static final ThreadLocal<BatchCursor> LOOKUP =
            ThreadLocal.withInitial(() -> new BatchCursor(ByteBuffer.allocateDirect(LOOKUP_WINDOW_BYTES)));

    private final RecordBatch batch = new RecordBatch();
    private ByteBuffer window;

    /** How large the window may become by walking on; as large as it is if it is not to grow. */
    private int windowLimitBytes;

    private int windowPosition;
    private StorageFile file;
    private int position;
    private int nextPosition;
    private int endPosition;
    private String fault;
    private boolean torn;

    private BatchCursor(ByteBuffer window) {
        this.window = window;
        this.windowLimitBytes = window.capacity();
    }

    /** A cursor for long walks. */
    static BatchCursor scan(StorageFile file, int fromPosition, int endPosition) {
        int remaining = Math.max(RecordBatch.HEADER_SIZE_BYTES, endPosition - fromPosition);
        return new BatchCursor(ByteBuffer.allocate(Math.min(SCAN_WINDOW_BYTES, remaining)))
                .over(file, fromPosition, endPosition);
    }

    /** A cursor for walks that are short as a rule, and whose batches are read whole: its window grows with their length. */
    static BatchCursor search(StorageFile file, int fromPosition, int endPosition) {
        int remaining = Math.max(RecordBatch.HEADER_SIZE_BYTES, endPosition - fromPosition);
        BatchCursor cursor = new BatchCursor(ByteBuffer.allocate(Math.min(LOOKUP_WINDOW_BYTES, remaining)));
        cursor.windowLimitBytes = Math.min(SCAN_WINDOW_BYTES, remaining);
        return cursor.over(file, fromPosition, endPosition);
    }

    /** Lets the walk go on to another end than the one that the window was made for. */
    BatchCursor upTo(int newEndPosition) {
        endPosition = newEndPosition;
        return this;
    }

    /** The calling thread's cursor for short walks; valid until the thread asks for it again. */
    static BatchCursor lookup(StorageFile file, int fromPosition, int endPosition) {
        return LOOKUP.get().over(file, fromPosition, endPosition);
    }

    private BatchCursor over(StorageFile newFile, int fromPosition, int newEndPosition) {
        file = newFile;
        window.clear().limit(0);
        windowPosition = fromPosition;
        position = fromPosition;
        nextPosition = fromPosition;
        endPosition = newEndPosition;
        fault = null;
        torn = false;
        return this;
    }

    /** Steps to the next batch; false at the end, and where no batch can lie: then {@link #fault()} says why. */
    boolean next() throws IOException {
        position = nextPosition;
        int remaining = endPosition - position;
        if (remaining <= 0) {
            return false;
        }
        if (remaining < RecordBatch.HEADER_SIZE_BYTES || !fill(RecordBatch.HEADER_SIZE_BYTES)) {
            torn = true;
            return fail("the file ends within the header of a batch");
        }
        batch.wrap(window, position - windowPosition);
        int sizeBytes = batch.sizeBytes();
        if (sizeBytes < RecordBatch.HEADER_SIZE_BYTES) {
            return fail("a batch of " + sizeBytes + " bytes is smaller than its header");
        }
        if (batch.magic() != RecordBatch.MAGIC) {
            return fail("magic " + batch.magic() + " instead of " + RecordBatch.MAGIC);
        }
        if (batch.lastOffsetDelta() < 0) {
            return fail("last offset delta " + batch.lastOffsetDelta());
        }
        if (sizeBytes > remaining) {
            torn = true;
            return fail("a batch of " + sizeBytes + " bytes, but the file ends after " + remaining);
        }
        nextPosition = position + sizeBytes;
        return true;
    }

    private boolean fail(String reason) {
        fault = reason;
        return false;
    }

    /** The header of the batch that {@link #next()} stepped to; its records may not be in memory. */
    RecordBatch batch() {
        return batch;
    }

    /** The same batch with all its bytes in memory. */
    RecordBatch wholeBatch() throws IOException {
        int sizeBytes = nextPosition - position;
        if (!fill(sizeBytes)) {
            throw new IOException("the file ends within the batch at position " + position);
        }
        return batch.wrap(window, position - windowPosition);
    }

    /** Where in the file the batch starts; after the walk, where it ended. */
    int position() {
        return position;
    }

    int batchSizeBytes() {
        return nextPosition - position;
    }

    /** Ends a walk that met something other than a batch; the path is for the message. */
    void throwIfFaulty(Path path) throws LogDamageException {
        if (fault != null) {
            throw new LogDamageException(path, position, fault);
        }
    }

    /** Why the walk ended before the end; null if it did not. */
    String fault() {
        return fault;
    }

    /** Whether the fault is that the file ends too early. */
    boolean isTorn() {
        return torn;
    }

    /** Has the bytes from the current position on in the window, moving and growing it as needed. */
    private boolean fill(int neededBytes) throws IOException {
        int offset = position - windowPosition;
        if (offset >= 0 && offset + (long) neededBytes <= window.limit()) {
            return true;
        }
        // Where batches are larger than the window, their headers are all that is read: a larger one would only hold
        // more of each.
        boolean walked = offset > 0 && offset <= window.limit();
        int wantedBytes = walked ? Math.min(windowLimitBytes, 2 * window.capacity()) : window.capacity();
        if (Math.max(neededBytes, wantedBytes) > window.capacity()) {
            window = ByteBuffer.allocate(Math.max(neededBytes, wantedBytes));
        }
        windowPosition = position;
        window.clear().limit(Math.min(window.capacity(), endPosition - position));
        while (window.hasRemaining()) {
            if (file.read(window, windowPosition + (long) window.position()) < 0) {
                break;
            }
        }
        window.flip();
        return window.limit() >= neededBytes;
    }
}
