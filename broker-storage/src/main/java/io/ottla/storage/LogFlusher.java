package io.ottla.storage;

import io.ottla.protocol.ApiException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Brings a log onto the device. The syncing takes no lock that appends need; who comes while another syncs waits for it and finds
 * its records synced, or does the next round for all that came meanwhile.
 */
final class LogFlusher {

    private final Log log;
    private final ReentrantLock flushLock = new ReentrantLock();
    private volatile long flushedOffset;
    private volatile long recoveryPoint;
    private volatile boolean directoryUnsynced;
    private volatile boolean parentUnsynced;

    /** For a log that is on the device up to its end. */
    LogFlusher(Log log, long endOffset, boolean namesUnsynced) {
        this.log = log;
        this.flushedOffset = endOffset;
        this.recoveryPoint = endOffset;
        this.directoryUnsynced = namesUnsynced;
        this.parentUnsynced = namesUnsynced;
    }

    long flushedOffset() {
        return flushedOffset;
    }

    long recoveryPoint() {
        return recoveryPoint;
    }

    /** There is a new file, whose name has to be synced, too. */
    void segmentAdded() {
        directoryUnsynced = true;
    }

    /** The directory is new, or was left half made by an attempt that failed. */
    void directoryAdded() {
        directoryUnsynced = true;
        parentUnsynced = true;
    }

    void syncRecords() {
        long wanted = log.logEndOffset();
        if (flushedOffset >= wanted) {
            return;
        }
        flushLock.lock();
        try {
            if (flushedOffset < wanted) {
                log.ensureWritable();
                long target = log.logEndOffset();
                LogSegment[] segments = log.segments();
                boolean syncDirectory = directoryUnsynced;
                directoryUnsynced = false;
                syncSegments(segments, LogReader.floor(segments, flushedOffset), segments.length, false);
                if (syncDirectory) {
                    syncNames();
                }
                flushedTo(target);
            }
        } catch (IOException e) {
            throw log.fence("Syncing " + log.name() + " failed", e);
        } finally {
            flushLock.unlock();
        }
    }

    void flush() {
        flush(true);
    }

    /** Syncs all segments but the active one; for the background. */
    void flushSealed() {
        try {
            if (!log.isClosed() && log.failure() == null) {
                flush(false);
            }
        } catch (ApiException e) {
            StorageLog.LOG.warn("Syncing the older segments of {} failed: {}", log.name(), e.getMessage());
        }
    }

    private void flush(boolean all) {
        long wanted = log.logEndOffset();
        flushLock.lock();
        try {
            if (log.isClosed() || (all && recoveryPoint >= wanted && !directoryUnsynced)) {
                return;
            }
            LogSegment[] segments;
            List<Long> newSnapshots;
            long target;
            log.lock().lock();
            try {
                log.ensureWritable();
                segments = log.segments();
                target = all ? log.logEndOffset() : log.activeSegment().baseOffset();
                if (all) {
                    writeStates();
                }
                newSnapshots = log.snapshots().takeUnsynced(target);
            } finally {
                log.lock().unlock();
            }
            sync(segments, all, newSnapshots, target);
        } finally {
            flushLock.unlock();
        }
    }

    /** Brings the files of indexes and producer states up to date. The caller holds the log's lock. */
    private void writeStates() {
        try {
            log.activeSegment().writeIndexes();
            log.snapshots().write(log.producerStates());
            log.pruneSnapshots();
            // Of an index that has no name nobody would know that it is missing.
            directoryUnsynced = true;
        } catch (IOException e) {
            // No record is lost: it can be tried again when there is room.
            throw Log.storageError("Writing the indexes of " + log.name() + " failed", e);
        }
    }

    private void sync(LogSegment[] segments, boolean all, List<Long> newSnapshots, long target) {
        boolean syncDirectory = directoryUnsynced;
        directoryUnsynced = false;
        try {
            int first = LogReader.floor(segments, Math.max(0L, recoveryPoint - 1));
            syncSegments(segments, first, all ? segments.length : segments.length - 1, true);
            for (long offset : newSnapshots) {
                log.snapshots().sync(offset);
            }
            if (log.epochs().syncIfWritten() || syncDirectory) {
                syncNames();
            }
        } catch (IOException e) {
            throw log.fence("Syncing " + log.name() + " failed", e);
        }
        recoveryPoint = Math.max(recoveryPoint, target);
        flushedTo(target);
    }

    /** The directory itself is new with the log: without its name, what is in it is lost. */
    private void syncNames() throws IOException {
        StorageFiles files = log.options().files();
        files.syncDirectory(log.directory());
        if (parentUnsynced) {
            files.syncDirectory(log.directory().getParent());
            parentUnsynced = false;
        }
    }

    private static void syncSegments(LogSegment[] segments, int from, int end, boolean indexes) throws IOException {
        for (int i = from; i < end; i++) {
            if (segments[i].tryRetain()) {
                try {
                    segments[i].syncLog();
                    if (indexes) {
                        segments[i].syncIndexes();
                    }
                } finally {
                    segments[i].release();
                }
            }
        }
    }

    private void flushedTo(long target) {
        flushedOffset = Math.max(flushedOffset, target);
        if (log.isPowerSafe()) {
            log.lock().lock();
            try {
                log.producerStates().highWatermark(flushedOffset);
            } finally {
                log.lock().unlock();
            }
        }
    }
}
