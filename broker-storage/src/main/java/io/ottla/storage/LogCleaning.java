package io.ottla.storage;

import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordIterator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * One cleaning of one log: finds the last offset of every key in the dirty part, then writes the log's segments anew without the
 * records that are superseded, several small ones into one, and swaps each in ({@link SegmentSwap}).
 *
 * <p>Works beside appends and reads: it holds the log's lock only while files are renamed. Not thread-safe.
 */
final class LogCleaning {

    /** Says that the log or the cleaner was closed meanwhile. */
    static final class StoppedException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    private final CleanableLog target;
    private final Log log;
    private final StorageFiles files;
    private final LogConfig config;
    private final BooleanSupplier stopped;
    private final CleanerKeyMap keys;
    private final long nowMs;
    private long lastIndexedOffset;
    private long bytesRead;
    private long bytesWritten;

    LogCleaning(CleanableLog target, LogCleanerConfig cleanerConfig, BooleanSupplier stopped) {
        this.target = target;
        this.log = target.log();
        this.files = log.options().files();
        this.config = log.config();
        this.stopped = stopped;
        this.nowMs = log.options().clock().timeMs();
        this.keys = new CleanerKeyMap(cleanerConfig.dedupeBufferSizeBytes(), cleanerConfig.loadFactor());
    }

    /**
     * Cleans.
     *
     * @return up to where the log is clean now
     * @throws StoppedException if the log or the cleaner was closed meanwhile
     * @throws IOException if the log is as it was, or as it will be when it is opened again
     */
    long run() throws IOException {
        deleteLeftOvers();
        // What is replaced must never have to be recovered: its offsets have gaps afterwards.
        log.flusher().flushSealed();
        // Also the markers that decide transactions in it, which may lie in the active segment: were one lost
        // afterwards, records
        // would be gone for the sake of a transaction that is open again.
        log.syncRecords();
        if (log.recoveryPoint() < target.uncleanableOffset()
                || !target.directory().cleaned(log, target.directory().cleanedOffset(log.name()))) {
            throw new StoppedException();
        }
        long endOffset = indexKeys();
        int count = 0;
        while (count < target.segments().length && target.segments()[count].baseOffset() < endOffset) {
            count++;
        }
        deleteSnapshots(target.endOffset(count - 1));
        BatchRetention retention = new BatchRetention(
                keys,
                lastIndexedOffset,
                abortedTransactions(target.segments()[0].baseOffset(), target.endOffset(count - 1)),
                lastBatches(),
                nowMs,
                config.deleteRetentionMs());
        int from = 0;
        while (from < count) {
            int end = groupEnd(from, count);
            cleanGroup(Arrays.copyOfRange(target.segments(), from, end), retention);
            from = end;
        }
        return endOffset;
    }

    /** Files that an earlier cleaning could not delete would let a start misunderstand this one's. */
    private void deleteLeftOvers() throws IOException {
        for (Path path : files.list(log.directory())) {
            if (path.getFileName().toString().endsWith(LogFileNames.CLEANED)) {
                files.deleteIfExists(path);
            }
        }
    }

    /** Fills the key map from the dirty part, as far as it has room, and returns where it ends. */
    private long indexKeys() throws IOException {
        CleanerTransactions transactions =
                new CleanerTransactions(abortedTransactions(target.firstDirtyOffset(), target.uncleanableOffset()));
        lastIndexedOffset = target.firstDirtyOffset() - 1;
        boolean hasRoom = true;
        for (int i = 0; i < target.segments().length && hasRoom; i++) {
            if (target.endOffset(i) > target.firstDirtyOffset()) {
                hasRoom = indexKeys(target.segments()[i], transactions);
            }
        }
        if (hasRoom) {
            lastIndexedOffset = target.uncleanableOffset() - 1;
        }
        return lastIndexedOffset + 1;
    }

    private boolean indexKeys(LogSegment segment, CleanerTransactions transactions) throws IOException {
        int from = segment.indexes().offsets().floorPosition(target.firstDirtyOffset());
        BatchCursor cursor = BatchCursor.scan(segment.file(), from, segment.sizeBytes());
        boolean hasRoom = true;
        while (hasRoom && cursor.next()) {
            ensureNotStopped();
            if (cursor.batch().lastOffset() < target.firstDirtyOffset()) {
                continue;
            }
            bytesRead += cursor.batchSizeBytes();
            RecordBatch batch = validBatch(segment, cursor);
            if (batch.isControlBatch()) {
                transactions.isWithoutData(batch, null);
            } else if (!transactions.isAborted(batch)) {
                hasRoom = indexKeys(batch);
            }
            if (hasRoom) {
                lastIndexedOffset = batch.lastOffset();
            }
        }
        cursor.throwIfFaulty(segment.path(LogFileNames.LOG));
        return hasRoom;
    }

    private boolean indexKeys(RecordBatch batch) {
        try (RecordIterator records = batch.recordIterator(RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES)) {
            while (records.hasNext()) {
                Record record = records.next();
                if (record.hasKey() && record.offset() >= target.firstDirtyOffset()) {
                    if (!keys.put(record.key(), record.offset())) {
                        return false;
                    }
                    lastIndexedOffset = record.offset();
                }
            }
        }
        return true;
    }

    /** A snapshot within what is cleaned may know transactions whose markers will be gone: without it, a start reads on from before. */
    private void deleteSnapshots(long endOffset) throws IOException {
        log.lock().lock();
        try {
            ensureNotStopped();
            for (long offset : List.copyOf(log.snapshots().offsets().headSet(endOffset, false))) {
                log.snapshots().delete(offset);
            }
        } finally {
            log.lock().unlock();
        }
    }

    private List<AbortedTransaction> abortedTransactions(long fromOffset, long endOffset) {
        return log.reader().abortedTransactions(fromOffset, endOffset);
    }

    /** For each producer the log knows, the batch that its state would be read from again. */
    private Map<Long, BatchRetention.LastBatch> lastBatches() {
        Map<Long, BatchRetention.LastBatch> last = new HashMap<>();
        log.lock().lock();
        try {
            for (ProducerState state : log.producerStates().all()) {
                last.put(state.producerId(), new BatchRetention.LastBatch(state.lastOffset(), state.epoch()));
            }
        } finally {
            log.lock().unlock();
        }
        return last;
    }

    /** Where a group of segments ends that fit into one. */
    private int groupEnd(int from, int count) throws IOException {
        LogSegment[] segments = target.segments();
        long sizeBytes = 0;
        long indexSizeBytes = 0;
        long timeIndexSizeBytes = 0;
        int end = from;
        while (end < count) {
            sizeBytes += segments[end].sizeBytes();
            indexSizeBytes += (long) segments[end].indexes().offsets().count() * OffsetIndex.ENTRY_SIZE_BYTES;
            timeIndexSizeBytes += (long) segments[end].indexes().times().count() * TimeIndex.ENTRY_SIZE_BYTES;
            boolean fits = sizeBytes <= config.segmentBytes()
                    && indexSizeBytes <= config.segmentIndexBytes()
                    && timeIndexSizeBytes <= config.segmentIndexBytes()
                    && target.endOffset(end) - 1 - segments[from].baseOffset() <= Integer.MAX_VALUE;
            if (!fits && end > from) {
                break;
            }
            end++;
        }
        return end;
    }

    private void cleanGroup(LogSegment[] group, BatchRetention retention) throws IOException {
        long baseOffset = group[0].baseOffset();
        CleanedSegment cleaned = new CleanedSegment(files, log.directory(), baseOffset, config.indexIntervalBytes());
        boolean finished = false;
        try (cleaned) {
            for (int i = 0; i < group.length; i++) {
                copy(group[i], i == group.length - 1, retention, cleaned);
            }
            cleaned.finish();
            finished = true;
        } finally {
            if (!finished) {
                deleteFiles(cleaned);
            }
        }
        bytesWritten += cleaned.sizeBytes();
        swap(group);
    }

    private static void deleteFiles(CleanedSegment cleaned) {
        try {
            cleaned.deleteFiles();
        } catch (IOException e) {
            // The next cleaning, or the next start, deletes what has this name.
            StorageLog.LOG.warn("Deleting what is left of a compaction failed", e);
        }
    }

    private void copy(LogSegment segment, boolean isLastSegment, BatchRetention retention, CleanedSegment to)
            throws IOException {
        BatchCursor cursor = BatchCursor.scan(segment.file(), 0, segment.sizeBytes());
        while (cursor.next()) {
            ensureNotStopped();
            bytesRead += cursor.batchSizeBytes();
            boolean isLastBatch = isLastSegment && cursor.position() + cursor.batchSizeBytes() == segment.sizeBytes();
            var kept = retention.retain(validBatch(segment, cursor), isLastBatch, to.transactions());
            if (kept != null) {
                to.append(kept);
            }
        }
        cursor.throwIfFaulty(segment.path(LogFileNames.LOG));
    }

    private static RecordBatch validBatch(LogSegment segment, BatchCursor cursor) throws IOException {
        RecordBatch batch = cursor.wholeBatch();
        if (!batch.isCrcValid()) {
            throw new LogDamageException(
                    segment.path(LogFileNames.LOG),
                    cursor.position(),
                    "the CRC of the batch at offset " + batch.baseOffset() + " does not fit");
        }
        return batch;
    }

    private void swap(LogSegment[] group) throws IOException {
        ensureNotStopped();
        SegmentSwap swap = new SegmentSwap(files, log.directory());
        long baseOffset = group[0].baseOffset();
        SegmentRemoval removal = new SegmentRemoval(log);
        for (LogSegment segment : group) {
            segment.pin();
        }
        try {
            swap.commit(baseOffset);
            underLock(() -> {
                for (LogSegment segment : group) {
                    removal.rename(segment);
                }
            });
            files.syncDirectory(log.directory());
            underLock(() -> {
                swap.finish(baseOffset);
                LogSegment replacement =
                        LogSegment.existing(files, log.directory(), baseOffset, nowMs, LogRoller.jitterMs(config));
                replacement.endOffset(endOffset(group));
                log.segments(replaced(log.segments(), group, replacement));
            });
            files.syncDirectory(log.directory());
        } catch (StoppedException e) {
            throw e;
        } catch (IOException e) {
            if (log.isClosed()) {
                throw new StoppedException();
            }
            // Half of it is done, and the other half is done by a start.
            throw log.fence("Swapping a compacted segment into " + log.name() + " failed", e);
        }
        removal.schedule();
    }

    private long endOffset(LogSegment[] group) {
        LogSegment[] segments = target.segments();
        int last = Arrays.asList(segments).indexOf(group[group.length - 1]);
        return target.endOffset(last);
    }

    @FunctionalInterface
    private interface FileStep {
        void run() throws IOException;
    }

    /** The directory may be deleted, and one of the same name made, as soon as the log is closed: that waits for the lock. */
    private void underLock(FileStep step) throws IOException {
        log.lock().lock();
        try {
            if (log.isClosed() || log.failure() != null) {
                throw new StoppedException();
            }
            step.run();
        } finally {
            log.lock().unlock();
        }
    }

    private void ensureNotStopped() throws StoppedException {
        if (stopped.getAsBoolean() || log.isClosed()) {
            throw new StoppedException();
        }
    }

    /** How much has been read and written so far. */
    long bytesMoved() {
        return bytesRead + bytesWritten;
    }

    long bytesWritten() {
        return bytesWritten;
    }

    /** The segments with one in the place of some that follow each other. */
    private static LogSegment[] replaced(LogSegment[] current, LogSegment[] old, LogSegment replacement) {
        int first = LogReader.floor(current, old[0].baseOffset());
        if (current[first] != old[0] || current[first + old.length - 1] != old[old.length - 1]) {
            throw new IllegalStateException(old[0] + " is not in the log");
        }
        LogSegment[] fewer = new LogSegment[current.length - old.length + 1];
        System.arraycopy(current, 0, fewer, 0, first);
        fewer[first] = replacement;
        int behind = first + old.length;
        System.arraycopy(current, behind, fewer, first + 1, current.length - behind);
        return fewer;
    }
}
