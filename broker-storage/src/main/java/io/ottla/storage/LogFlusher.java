package io.ottla.storage;

import io.ottla.protocol.ApiException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Brings a log onto the device. The syncing takes no lock that appends need; who comes while another syncs waits for it and finds
 * its records synced, or does the next round for all that came meanwhile.
 *
 * <p>A failed fsync closes the log to appends: the system may have dropped the pages that it could not write, and the next fsync
 * would not know of them. A file that could not be opened for it is no such thing: all can be tried again.
 */
final class LogFlusher {

    private final Log log;
    private final ReentrantLock flushLock = new ReentrantLock();
    private volatile long flushedOffset;
    private volatile long recoveryPoint;
    private volatile long lastFlushMs;
    private volatile boolean directoryUnsynced;

    /** Whether the log's directory and what was made with it may not be on the device. */
    private volatile boolean newFilesUnsynced;

    /** For a log that is on the device up to its end. */
    LogFlusher(Log log, long endOffset, boolean namesUnsynced) {
        this.log = log;
        this.flushedOffset = endOffset;
        this.recoveryPoint = endOffset;
        this.lastFlushMs = log.options().clock().timeMs();
        this.directoryUnsynced = namesUnsynced;
        this.newFilesUnsynced = namesUnsynced;
    }

    long flushedOffset() {
        return flushedOffset;
    }

    long recoveryPoint() {
        return recoveryPoint;
    }

    /** The size of what lies above the recovery point. */
    long unflushedBytes() {
        long from = recoveryPoint;
        LogSegment[] segments = log.segments();
        long bytes = 0;
        for (int i = LogReader.floor(segments, from); i < segments.length; i++) {
            bytes += segments[i].sizeBytes() - (segments[i].baseOffset() < from ? positionOf(segments[i], from) : 0L);
        }
        return Math.max(0L, bytes);
    }

    private static long positionOf(LogSegment segment, long offset) {
        try {
            return segment.endPosition(offset);
        } catch (IOException e) {
            // The file may be gone: too much is as good as right.
            return 0L;
        }
    }

    /**
     * Tells it of a log that has come to its place just now.
     *
     * @param offset up to where its records are on the device
     * @param recovery up to where all of it is
     */
    void reachedDevice(long offset, long recovery) {
        flushedOffset = offset;
        recoveryPoint = recovery;
        directoryAdded();
    }

    /** There is a new file, whose name has to be synced, too. */
    void segmentAdded() {
        directoryUnsynced = true;
    }

    /** The directory is new, or was left half made by an attempt that failed. */
    void directoryAdded() {
        directoryUnsynced = true;
        newFilesUnsynced = true;
    }

    /** Whether there may be files in the log's directory whose names are not on the device. */
    boolean areNamesUnsynced() {
        return directoryUnsynced;
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
                // Also the one that ends there: what a failed write left may have been cut off it.
                int first = LogReader.floor(segments, Math.max(0L, flushedOffset - 1));
                syncSegments(segments, first, segments.length, false);
                syncNames();
                flushedTo(target);
            }
        } catch (IOException e) {
            throw failed(e);
        } finally {
            flushLock.unlock();
        }
    }

    void syncNewFiles() {
        flushLock.lock();
        try {
            log.ensureWritable();
            syncNames();
        } catch (IOException e) {
            throw failed(e);
        } finally {
            flushLock.unlock();
        }
    }

    /** Has the names in the log's directory on the device. */
    void syncDirectory() {
        flushLock.lock();
        try {
            log.options().files().syncDirectory(log.directory());
        } catch (IOException e) {
            if (!log.isClosed()) {
                throw failed(e);
            }
        } finally {
            flushLock.unlock();
        }
    }

    private ApiException failed(IOException cause) {
        String what = "Syncing " + log.name() + " failed";
        return cause instanceof OpenFailedException ? Log.storageError(what, cause) : log.fence(what, cause);
    }

    private void syncNames() throws IOException {
        boolean directory = directoryUnsynced;
        boolean newFiles = newFilesUnsynced;
        directoryUnsynced = false;
        newFilesUnsynced = false;
        StorageFiles files = log.options().files();
        try {
            if (newFiles) {
                IndexFiles.sync(files, log.directory().resolve(PartitionMetadataFile.FILE_NAME));
                log.epochs().syncIfWritten();
            }
            if (directory) {
                files.syncDirectory(log.directory());
            }
            if (newFiles) {
                files.syncDirectory(log.directory().toAbsolutePath().getParent());
            }
        } catch (OpenFailedException e) {
            directoryUnsynced |= directory;
            newFilesUnsynced |= newFiles;
            throw e;
        }
    }

    void flush() {
        flush(true);
    }

    long flushDelayMs() {
        long flushMs = log.config().flushMs();
        if (flushMs == Long.MAX_VALUE) {
            return flushMs;
        }
        long leftMs = lastFlushMs + flushMs - log.options().clock().timeMs();
        // What is overdue could not be flushed just now, or there was nothing to flush.
        return leftMs > 0 ? leftMs : Math.max(1L, flushMs);
    }

    void flushIfDue() {
        boolean due =
                log.options().clock().timeMs() - lastFlushMs >= log.config().flushMs();
        if (due && log.logEndOffset() > flushedOffset && !log.isClosed() && log.failure() == null) {
            flush(true);
        }
    }

    /** Takes away what {@code preallocate} made and nobody used: a clean start takes the size of the file for that of the log. */
    void trim() {
        log.lock().lock();
        try {
            if (log.activeSegment().trim()) {
                log.activeSegment().syncLog();
            }
        } catch (IOException e) {
            throw failed(e);
        } finally {
            log.lock().unlock();
        }
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
            if (log.isClosed() || (all && recoveryPoint >= wanted && !isAnythingUnsynced())) {
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
                newSnapshots = log.snapshots().unsynced(target);
            } finally {
                log.lock().unlock();
            }
            if (target > 0 || log.activeSegment().isLogUnsynced()) {
                sync(segments, all, newSnapshots, target);
            }
            // Else nothing was ever written to it: what the power takes of a new log, a start makes again.
        } finally {
            flushLock.unlock();
        }
    }

    /** Also where nothing was appended: what was cut off a file before a crash must not come back behind a clean stop. */
    private boolean isAnythingUnsynced() {
        return directoryUnsynced || log.activeSegment().isLogUnsynced();
    }

    /** Brings the files of indexes and producer states up to date. The caller holds the log's lock. */
    private void writeStates() {
        try {
            log.activeSegment().writeIndexes();
            log.snapshots().write(log.producerStates());
            log.roller().pruneSnapshots();
            log.epochs().writeIfChanged();
            // Of an index that has no name nobody would know that it is missing.
            directoryUnsynced = true;
        } catch (IOException e) {
            // No record is lost: it can be tried again when there is room.
            throw Log.storageError("Writing the indexes of " + log.name() + " failed", e);
        }
    }

    private void sync(LogSegment[] segments, boolean all, List<Long> newSnapshots, long target) {
        try {
            int first = LogReader.floor(segments, Math.max(0L, recoveryPoint - 1));
            syncSegments(segments, first, all ? segments.length : segments.length - 1, true);
            for (long offset : newSnapshots) {
                log.snapshots().sync(offset);
            }
            if (log.epochs().syncIfWritten()) {
                directoryUnsynced = true;
            }
            syncNames();
        } catch (IOException e) {
            throw failed(e);
        }
        log.lock().lock();
        try {
            log.snapshots().synced(newSnapshots);
        } finally {
            log.lock().unlock();
        }
        recoveryPoint = Math.max(recoveryPoint, target);
        flushedTo(target);
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
        lastFlushMs = log.options().clock().timeMs();
        if (log.isPowerSafe()) {
            log.lock().lock();
            try {
                log.producerStates().highWatermark(log.highWatermark());
            } finally {
                log.lock().unlock();
            }
        }
    }
}
