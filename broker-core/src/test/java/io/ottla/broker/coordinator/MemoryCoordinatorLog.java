package io.ottla.broker.coordinator;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.CommitCallback;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A coordinator's log in memory, that can be told to fail and to be slow. */
final class MemoryCoordinatorLog implements CoordinatorLog {

    private record Waiting(long endOffset, CommitCallback callback) {}

    private final List<ByteBuffer> batches = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private long endOffset;
    private long committedOffset = Long.MAX_VALUE;
    private ErrorCode failure;
    private int maxBatchSizeBytes = 1 << 20;
    private boolean offline;

    /** The appends to come fail; null for not. */
    void failWith(ErrorCode error) {
        failure = error;
    }

    /** Whether there is no log, so that nothing can be said of it. */
    void offline(boolean isOffline) {
        offline = isOffline;
    }

    private void ensureOnline() {
        if (offline) {
            throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR);
        }
    }

    /** From now on, only what is before the offset is committed. */
    void commitUpTo(long offset) {
        committedOffset = offset;
        for (Waiting each : List.copyOf(waiting)) {
            if (isCommitted(each.endOffset())) {
                waiting.remove(each);
                each.callback().completed(null);
            }
        }
    }

    /** What waits to be committed never will be. */
    void failCommits(ErrorCode error) {
        List<Waiting> failed = List.copyOf(waiting);
        waiting.clear();
        failed.forEach(each -> each.callback().completed(new ApiException(error)));
    }

    void maxBatchSizeBytes(int sizeBytes) {
        maxBatchSizeBytes = sizeBytes;
    }

    List<RecordBatch> batches() {
        return batches.stream().map(batch -> new RecordBatch().wrap(batch, 0)).toList();
    }

    @Override
    public long append(ByteBuffer batch) {
        ensureOnline();
        if (failure != null) {
            throw new ApiException(failure);
        }
        RecordBatch parsed = new RecordBatch().wrap(batch, 0).baseOffset(endOffset);
        parsed.ensureValid();
        batches.add(batch);
        endOffset = parsed.nextOffset();
        return endOffset;
    }

    @Override
    public long endOffset() {
        ensureOnline();
        return endOffset;
    }

    @Override
    public int maxBatchSizeBytes() {
        return maxBatchSizeBytes;
    }

    @Override
    public long sizeBytes() {
        ensureOnline();
        return batches.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    @Override
    public void replay(Consumer<RecordBatch> reader) {
        ensureOnline();
        batches().forEach(reader);
    }

    @Override
    public boolean isCommitted(long offset) {
        return offset <= committedOffset;
    }

    @Override
    public void whenCommitted(long offset, CommitCallback callback) {
        if (isCommitted(offset)) {
            callback.completed(null);
        } else {
            waiting.add(new Waiting(offset, callback));
        }
    }
}
