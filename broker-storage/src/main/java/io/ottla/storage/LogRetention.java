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
        // Nobody else takes segments away meanwhile.
        if (!log.beginCleaning()) {
            return 0;
        }
        try {
            if (isFlushNeeded()) {
                log.flusher().flushSealed();
            }
            return delete();
        } catch (IOException e) {
            throw Log.storageError("Deleting segments of " + log.name() + " failed", e);
        } finally {
            log.endCleaning();
        }
    }

    /**
     * Whether something is to be deleted, and the snapshot behind it, which knows who had written it, may not be on the device. Ends
     * the active segment if all of the log has to go.
     */
    private boolean isFlushNeeded() throws IOException {
        log.lock().lock();
        try {
            int count = countDeletable();
            if (count == log.segments().length && !rollsActive()) {
                count--;
            }
            if (count == 0) {
                return false;
            }
            long base = log.segments()[count].baseOffset();
            return base > log.recoveryPoint()
                    || !log.snapshots().isSyncedFrom(base)
                    || log.flusher().areNamesUnsynced();
        } finally {
            log.lock().unlock();
        }
    }

    private int countDeletable() throws IOException {
        LogConfig config = log.config();
        int count = countBelowStart();
        if (config.cleanupDelete()) {
            long nowMs = log.options().clock().timeMs();
            count = Math.max(count, Math.max(countOutdated(config, nowMs), countExcess(config)));
        }
        return count;
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

    private int delete() throws IOException {
        int wanted;
        log.lock().lock();
        try {
            // A log is never without a segment.
            LogSegment[] segments = log.segments();
            wanted = Math.min(countDeletable(), segments.length - 1);
            while (wanted > 0 && segments[wanted].baseOffset() > log.recoveryPoint()) {
                wanted--;
            }
        } finally {
            log.lock().unlock();
        }
        SegmentRemoval removal = new SegmentRemoval(log);
        int deleted = 0;
        while (deleted < wanted && deleteFirst(removal)) {
            deleted++;
        }
        if (deleted > 0) {
            forgetWhatWasDeleted(deleted);
            removal.schedule();
        }
        return deleted;
    }

    /**
     * Takes the first segment away. That the records are gone is on the device before its indexes, or the next segment, go: else a
     * power failure might bring back records without the index that says which were aborted, or leave a gap.
     *
     * @return false if that failed, or the log was closed
     */
    private boolean deleteFirst(SegmentRemoval removal) {
        LogSegment first = log.segments()[0];
        try {
            if (!underLock(() -> {
                removal.renameLog(first);
                log.dropFirstSegments(1);
            })) {
                return false;
            }
            log.flusher().syncDirectory();
            underLock(() -> removal.renameIndexes(first));
            return true;
        } catch (IOException e) {
            StorageLog.LOG.error("{} cannot be deleted: {}", first, LogHealth.reason(e));
            return log.segments()[0] != first;
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    /** As soon as the log is closed, its directory may be another's. */
    private boolean underLock(Step step) throws IOException {
        log.lock().lock();
        try {
            if (log.isClosed() || log.failure() != null) {
                return false;
            }
            step.run();
            return true;
        } finally {
            log.lock().unlock();
        }
    }

    private void forgetWhatWasDeleted(int count) {
        log.lock().lock();
        try {
            if (log.isClosed()) {
                return;
            }
            // Room is made even where there is none left to write down what goes with it.
            log.epochs().truncateFromStart(log.logStartOffset());
            log.epochs().writeIfPossible();
            log.snapshots().deleteBefore(log.segments()[0].baseOffset());
        } finally {
            log.lock().unlock();
        }
        StorageLog.LOG.info(
                "Deleting {} segments of {}, by their time, the log's size or its start; it starts at offset {} now",
                count,
                log.name(),
                log.logStartOffset());
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
