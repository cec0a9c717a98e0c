package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes what is appended to the end of a log, and leaves the log as it was where that fails: for want of room for example, so that
 * the next append may succeed. Used under the log's lock.
 */
final class LogWriter {

    private final Log log;

    LogWriter(Log log) {
        this.log = log;
    }

    /**
     * Writes batches whose offsets are final; rolls before if the active segment is full.
     *
     * @param view a view to read them with
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR
     */
    void write(
            ByteBuffer records,
            RecordBatch view,
            int leaderEpoch,
            long maxTimestampMs,
            long lastOffset,
            long nowMs,
            LogConfig config) {
        LogSegment active = log.activeSegment();
        try {
            if (active.isFull(records.remaining(), maxTimestampMs, lastOffset, nowMs, config)) {
                active = log.roller().roll();
            }
            LeaderEpochs epochs = log.epochs();
            if (leaderEpoch > epochs.latestEpoch() && epochs.assign(leaderEpoch, log.logEndOffset())) {
                epochs.writeAhead();
            }
            try {
                active.append(records, view, config.indexIntervalBytes());
            } catch (IOException e) {
                undo(active, e);
                throw e;
            }
        } catch (IOException e) {
            throw log.health().appendFailed(active.path(LogFileNames.LOG), e);
        }
        log.health().appended();
    }

    private void undo(LogSegment active, IOException cause) {
        try {
            active.cutToSize();
        } catch (IOException e) {
            cause.addSuppressed(e);
            throw log.fence("Undoing a failed write to " + active.path(LogFileNames.LOG) + " failed", cause);
        }
    }
}
