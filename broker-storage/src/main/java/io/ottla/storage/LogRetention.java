package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.io.IOException;

/**
 * Takes records away at the beginning of the log, segment by segment.
 *
 * <p>A deleted segment's files are renamed first and removed after {@code file.delete.delay.ms}. They are renamed in the order of
 * their offsets, so that a crash in between leaves a log without a gap.
 */
final class LogRetention {

    private final Log log;

    LogRetention(Log log) {
        this.log = log;
    }

    void deleteRecordsBefore(long offset) {
        log.lock().lock();
        try {
            if (offset > log.highWatermark()) {
                throw new ApiException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "Cannot increment the log start offset to " + offset + " of partition " + log.name()
                                + " since it is larger than the high watermark " + log.highWatermark());
            }
            if (offset > log.logStartOffset()) {
                log.logStartOffset(offset);
                log.epochs().truncateFromStart(offset);
                log.epochs().writeIfPossible();
            }
        } finally {
            log.lock().unlock();
        }
    }

    int enforce() {
        if (isFlushNeeded()) {
            log.flusher().flushSealed();
        }
        log.lock().lock();
        try {
            if (isSuspended()) {
                return 0;
            }
            long nowMs = log.options().clock().timeMs();
            LogConfig config = log.config();
            int deleted = 0;
            if (config.cleanupDelete()) {
                deleted += delete(countOutdated(config, nowMs), "their time is over");
                deleted += delete(countExcess(config), "the log is too large");
            }
            return deleted + delete(countBelowStart(), "they lie before the log's start");
        } catch (IOException e) {
            throw Log.storageError("Deleting segments of " + log.name() + " failed", e);
        } finally {
            log.lock().unlock();
        }
    }

    private boolean isSuspended() {
        return log.isClosed() || log.failure() != null || log.isBeingCleaned();
    }

    /**
     * Whether something is to be deleted, and the snapshot behind it, which knows who had written it, may not be on the device. Ends
     * the active segment if all of the log has to go.
     */
    private boolean isFlushNeeded() {
        log.lock().lock();
        try {
            if (isSuspended()) {
                return false;
            }
            LogConfig config = log.config();
            int count = countBelowStart();
            if (config.cleanupDelete()) {
                long nowMs = log.options().clock().timeMs();
                count = Math.max(count, Math.max(countOutdated(config, nowMs), countExcess(config)));
            }
            if (count == log.segments().length && !rollsActive()) {
                count--;
            }
            return count > 0 && log.segments()[count].baseOffset() > log.recoveryPoint();
        } catch (IOException e) {
            throw Log.storageError("Deleting segments of " + log.name() + " failed", e);
        } finally {
            log.lock().unlock();
        }
    }

    private int countOutdated(LogConfig config, long nowMs) throws IOException {
        LogSegment[] segments = log.segments();
        int count = 0;
        if (config.retentionMs() >= 0) {
            while (isDeletable(segments, count) && nowMs - segments[count].ageMarkMs() > config.retentionMs()) {
                count++;
            }
        }
        return count;
    }

    private int countExcess(LogConfig config) {
        LogSegment[] segments = log.segments();
        int count = 0;
        long excessBytes = log.sizeBytes() - config.retentionBytes();
        if (config.retentionBytes() >= 0) {
            while (isDeletable(segments, count) && excessBytes >= segments[count].sizeBytes()) {
                excessBytes -= segments[count].sizeBytes();
                count++;
            }
        }
        return count;
    }

    private int countBelowStart() {
        LogSegment[] segments = log.segments();
        int count = 0;
        while (count + 1 < segments.length && segments[count + 1].baseOffset() <= log.logStartOffset()) {
            count++;
        }
        return count;
    }

    /** Only what is not empty and lies below the high watermark may go. */
    private boolean isDeletable(LogSegment[] segments, int index) {
        if (index == segments.length) {
            return false;
        }
        boolean isLast = index == segments.length - 1;
        long endOffset = isLast ? log.logEndOffset() : segments[index + 1].baseOffset();
        return endOffset <= log.highWatermark() && !(isLast && segments[index].sizeBytes() == 0);
    }

    private int delete(int wanted, String reason) {
        LogSegment[] segments = log.segments();
        // A log is never without a segment.
        int count = Math.min(wanted, segments.length - 1);
        while (count > 0 && segments[count].baseOffset() > log.recoveryPoint()) {
            count--;
        }
        if (count == 0) {
            return 0;
        }
        SegmentRemoval removal = new SegmentRemoval(log);
        int renamed = removal.rename(segments, count);
        if (renamed == 0) {
            return 0;
        }
        log.dropFirstSegments(renamed);
        // Room is made even where there is none left to write down what goes with it.
        log.epochs().truncateFromStart(log.logStartOffset());
        log.epochs().writeIfPossible();
        log.snapshots().deleteBefore(segments[renamed].baseOffset());
        StorageLog.LOG.info(
                "Deleting {} segments of {} because {}; it starts at offset {} now",
                renamed,
                log.name(),
                reason,
                log.logStartOffset());
        removal.schedule();
        return renamed;
    }

    /** Where there is no room for a new segment, the others can go nevertheless. */
    private boolean rollsActive() {
        try {
            log.roller().roll();
            return true;
        } catch (IOException e) {
            StorageLog.LOG.warn("Rolling {} failed: {}", log.name(), LogHealth.reason(e));
            return false;
        }
    }
}
