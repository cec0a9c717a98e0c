package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Syncs one log for all who wait for it: one fsync serves everybody who came before it began, and as soon as it has ended the next
 * begins for those who came meanwhile. No timer, and no thread while nobody waits.
 *
 * <p>All methods may be called on any thread and do not block.
 */
public final class GroupCommit {

    private final Executor executor;
    private final Runnable highWatermarkMoved;

    /** Counts the calls for a round; who brings it from 0 to 1 starts one, and the round the next if it is not 0 at its end. */
    private final AtomicInteger requests = new AtomicInteger();

    private volatile Log log;

    /** Guarded by itself. */
    private final List<Waiting> waiting = new ArrayList<>();

    /** Belongs to the round. */
    private long signalledOffset;

    private record Waiting(long endOffset, CommitCallback callback) {}

    /**
     * For one log.
     *
     * @param executor where the syncing may block
     * @param highWatermarkMoved called when a round has moved the high watermark, before those who waited hear of it; on the
     *     executor's thread, with no lock held
     */
    public GroupCommit(Log log, Executor executor, Runnable highWatermarkMoved) {
        this.log = log;
        this.executor = executor;
        this.highWatermarkMoved = highWatermarkMoved;
        this.signalledOffset = log.highWatermark();
    }

    /** The log goes on in another place, where all is on the device that was in the old one. */
    public void moveTo(Log moved) {
        log = moved;
        request();
    }

    /** Brings onto the device what has been appended, and tells who waits. */
    public void request() {
        if (requests.getAndIncrement() == 0) {
            startRound();
        }
    }

    /**
     * Calls back when the records before the offset may be acknowledged: on this thread if they may already, else when they are on
     * the device or never will be known to be.
     */
    public void whenCommitted(long endOffset, CommitCallback callback) {
        if (log.mayAcknowledge(endOffset)) {
            callback.completed(null);
            return;
        }
        synchronized (waiting) {
            waiting.add(new Waiting(endOffset, callback));
        }
        request();
    }

    private void startRound() {
        try {
            executor.execute(this::round);
        } catch (RejectedExecutionException e) {
            requests.set(0);
            complete(new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, log.name() + " is being closed", e));
        }
    }

    private void round() {
        int seen = requests.get();
        ApiException failure = null;
        Log synced = log;
        try {
            synced.syncRecords();
            signal();
        } catch (ApiException e) {
            // If it has just moved, another round follows.
            failure = isStill(synced) ? e : null;
        } catch (RuntimeException e) {
            StorageLog.LOG.error("Syncing {} failed unexpectedly", log.name(), e);
            failure = new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, "Syncing " + log.name() + " failed", e);
        }
        complete(failure);
        if (requests.addAndGet(-seen) != 0) {
            startRound();
        }
    }

    @SuppressWarnings("ReferenceEquality") // the same log in another place is another one
    private boolean isStill(Log other) {
        return log == other;
    }

    private void signal() {
        long highWatermark = log.highWatermark();
        if (highWatermark != signalledOffset) {
            signalledOffset = highWatermark;
            highWatermarkMoved.run();
        }
    }

    private void complete(ApiException failure) {
        List<Waiting> done;
        synchronized (waiting) {
            if (waiting.isEmpty()) {
                return;
            }
            done = new ArrayList<>(waiting.size());
            List<Waiting> left = new ArrayList<>();
            for (Waiting each : waiting) {
                boolean ended = failure != null || log.mayAcknowledge(each.endOffset);
                (ended ? done : left).add(each);
            }
            waiting.clear();
            waiting.addAll(left);
        }
        for (Waiting each : done) {
            // What failed for one may have been on the device before for another.
            ApiException reason = log.mayAcknowledge(each.endOffset) ? null : failure;
            try {
                each.callback.completed(reason);
            } catch (RuntimeException e) {
                StorageLog.LOG.error("Telling who waits for {} failed", log.name(), e);
            }
        }
    }
}
