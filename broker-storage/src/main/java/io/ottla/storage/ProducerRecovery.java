package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Brings a log's producer states from the newest snapshot to the end of the log, and the transaction indexes that have to be made anew
 * from an older one. Used by {@link LogRecovery}, which has read the log before.
 */
final class ProducerRecovery {

    private final Path directory;
    private final StorageFiles files;
    private final ProducerStates producers;
    private final ProducerSnapshots snapshots;
    private final List<LogSegment> segments;
    private final List<SegmentIndexes> rebuilt;
    private final long rebuiltFromOffset;
    private final long nowMs;

    /**
     * @param segments of the log; the last ones have been read
     * @param rebuilt the indexes of those
     * @param rebuiltFromOffset from here on, aborted transactions are to be added to them
     */
    ProducerRecovery(
            LogRecovery log,
            List<LogSegment> segments,
            List<SegmentIndexes> rebuilt,
            long rebuiltFromOffset,
            long nowMs) {
        this.directory = log.directory();
        this.files = log.options().files();
        this.producers = log.producers();
        this.snapshots = log.snapshots();
        this.segments = segments;
        this.rebuilt = rebuilt;
        this.rebuiltFromOffset = rebuiltFromOffset;
        this.nowMs = nowMs;
    }

    /**
     * Does so.
     *
     * @param endOffset of the log
     */
    void run(OutdatedSegments outdated, long endOffset) throws IOException {
        long first = segments.get(0).baseOffset();
        long from = snapshots.loadNewest(producers, outdated.firstOr(first), endOffset, nowMs);
        if (from < first) {
            outdated.replay(from, first, producers, nowMs);
            producers.mapEndOffset(first);
            snapshots.delete(first);
            snapshots.write(producers);
            snapshots.sync(first);
            // Before they go.
            files.syncDirectory(directory);
            from = first;
        }
        if (rebuiltFromOffset < from) {
            rebuildTransactions(first, from);
        }
        LogSegment[] all = segments.toArray(LogSegment[]::new);
        for (int i = LogReader.floor(all, from); i < all.length && from < endOffset; i++) {
            if (all[i].baseOffset() > from) {
                // Once the segments before it are deleted, nothing else knows who had written to them.
                producers.mapEndOffset(all[i].baseOffset());
                snapshots.write(producers);
                snapshots.sync(all[i].baseOffset());
            }
            replay(i, from, endOffset, producers);
        }
        producers.mapEndOffset(endOffset);
        producers.highWatermark(endOffset);
    }

    /** What the newest snapshot knows already, the indexes may lack. */
    private void rebuildTransactions(long startOffset, long endOffset) throws IOException {
        ProducerStates states = new ProducerStates(directory.getFileName().toString(), new ReentrantLock());
        long from = startOffset;
        states.clear(from);
        for (long offset : snapshots.offsets().headSet(rebuiltFromOffset, true).descendingSet()) {
            if (offset >= startOffset && snapshots.loadIfUsable(states, offset)) {
                from = offset;
                break;
            }
        }
        LogSegment[] all = segments.toArray(LogSegment[]::new);
        for (int i = LogReader.floor(all, from); i < all.length && all[i].baseOffset() < endOffset; i++) {
            replay(i, from, endOffset, states);
        }
    }

    private void replay(int index, long fromOffset, long endOffset, ProducerStates states) throws IOException {
        LogSegment segment = segments.get(index);
        int unread = segments.size() - rebuilt.size();
        SegmentIndexes indexes = index < unread ? null : rebuilt.get(index - unread);
        SegmentIndexes usable = indexes == null ? segment.indexes() : indexes;
        int position = usable.offsets().floorPosition(fromOffset);
        BatchCursor cursor = BatchCursor.scan(segment.file(), position, segment.sizeBytes());
        while (cursor.next() && cursor.batch().baseOffset() < endOffset) {
            RecordBatch batch = cursor.batch();
            if (!batch.hasProducerId() || batch.lastOffset() < fromOffset) {
                continue;
            }
            AbortedTransaction aborted = states.update(batch.isControlBatch() ? cursor.wholeBatch() : batch, nowMs);
            if (aborted != null && indexes != null && aborted.lastOffset() >= rebuiltFromOffset) {
                indexes.transactions().append(aborted);
            }
        }
        cursor.throwIfFaulty(segment.path(LogFileNames.LOG));
    }
}
