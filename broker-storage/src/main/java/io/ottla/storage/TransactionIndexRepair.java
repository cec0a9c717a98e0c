package io.ottla.storage;

import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A transaction index has no checksum: whether it can be right is seen by the batches that it speaks of, and one that is not is made
 * anew from the markers.
 */
final class TransactionIndexRepair {

    private static final int ATTEMPTS = 3;

    private final StorageFiles files;
    private final Path directory;

    TransactionIndexRepair(StorageFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
    }

    /**
     * Whether each entry speaks of a marker that is there and, as far as the transaction begins in the same segment, of a batch of
     * the same producer.
     *
     * @param indexes of the segment; offset index usable
     * @param gapless whether no batch can have been compacted away
     */
    static boolean isRight(LogSegment segment, SegmentIndexes indexes, boolean gapless) throws IOException {
        for (AbortedTransaction entry : indexes.transactions().all()) {
            BatchCursor marker = find(segment, indexes, entry.lastOffset());
            if (marker == null || !isMarker(marker, entry)) {
                return false;
            }
            if (entry.firstOffset() >= segment.baseOffset()) {
                BatchCursor first = find(segment, indexes, entry.firstOffset());
                boolean there = first != null && first.batch().baseOffset() == entry.firstOffset();
                if (there ? !isOfTransaction(first.batch(), entry) : gapless) {
                    return false;
                }
            }
        }
        return true;
    }

    private static BatchCursor find(LogSegment segment, SegmentIndexes indexes, long offset) throws IOException {
        int from = indexes.offsets().floorPosition(offset);
        BatchCursor cursor = BatchCursor.lookup(segment.file(), from, segment.sizeBytes());
        while (cursor.next()) {
            if (cursor.batch().lastOffset() >= offset) {
                return cursor;
            }
        }
        return null;
    }

    private static boolean isMarker(BatchCursor cursor, AbortedTransaction entry) throws IOException {
        RecordBatch batch = cursor.batch();
        if (batch.lastOffset() != entry.lastOffset()
                || batch.producerId() != entry.producerId()
                || !batch.isControlBatch()
                || batch.recordCount() == 0) {
            return false;
        }
        RecordBatch whole = cursor.wholeBatch();
        // Damage of the log is for those to find who read it.
        return !whole.isCrcValid() || ControlRecords.type(ProducerStates.marker(whole)) == ControlRecordType.ABORT;
    }

    private static boolean isOfTransaction(RecordBatch batch, AbortedTransaction entry) {
        return batch.producerId() == entry.producerId() && batch.isTransactional() && !batch.isControlBatch();
    }

    /**
     * Makes the index of a sealed segment anew: from the producer states at the nearest segment that has them, the segment itself or
     * one before it, or else from the first. What had been deleted before that one is not missed, as nobody can read it.
     *
     * @param gapless whether no batch of this segment can have been compacted away
     * @throws LogDamageException if the log itself cannot be right
     * @throws IOException also if other segments are replaced or deleted meanwhile
     */
    void rebuild(LogSegment segment, TransactionIndex target, boolean gapless) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            NavigableSet<Long> before = segmentsUpTo(segment.baseOffset());
            List<AbortedTransaction> found = before == null ? null : replay(segment, before, gapless);
            if (found != null && before.equals(segmentsUpTo(segment.baseOffset()))) {
                target.truncateTo(segment.baseOffset());
                found.forEach(target::append);
                return;
            }
        }
        throw new IOException("The segments before " + segment + " are just being replaced");
    }

    /** Where the segments begin, null while some of them are replaced. */
    private NavigableSet<Long> segmentsUpTo(long baseOffset) throws IOException {
        NavigableSet<Long> bases = new TreeSet<>();
        for (Path path : files.list(directory)) {
            if (path.getFileName().toString().endsWith(LogFileNames.SWAP)) {
                return null;
            }
            long base = LogFileNames.offset(path, LogFileNames.LOG);
            if (base >= 0 && base < baseOffset) {
                bases.add(base);
            }
        }
        return bases;
    }

    private List<AbortedTransaction> replay(LogSegment segment, NavigableSet<Long> before, boolean gapless)
            throws IOException {
        ProducerStates states = new ProducerStates(directory.getFileName().toString(), new ReentrantLock());
        ProducerSnapshots snapshots = new ProducerSnapshots(files, directory);
        long from = segment.baseOffset();
        while (!snapshots.loadIfUsable(states, from) && before.lower(from) != null) {
            from = before.lower(from);
        }
        for (long base : before.tailSet(from)) {
            Path path = LogFileNames.path(directory, base, LogFileNames.LOG);
            try (StorageFile file = files.openForReading(path)) {
                replay(path, BatchCursor.scan(file, 0, Math.toIntExact(file.sizeBytes())), states, base, false);
            }
        }
        BatchCursor cursor = BatchCursor.scan(segment.file(), 0, segment.sizeBytes());
        return replay(segment.path(LogFileNames.LOG), cursor, states, segment.baseOffset(), gapless);
    }

    private static List<AbortedTransaction> replay(
            Path path, BatchCursor cursor, ProducerStates states, long baseOffset, boolean gapless) throws IOException {
        List<AbortedTransaction> aborted = new ArrayList<>();
        long nextOffset = baseOffset;
        while (cursor.next()) {
            RecordBatch batch = cursor.batch();
            long offset = batch.baseOffset();
            if (offset < nextOffset || (gapless && offset > nextOffset)) {
                throw new LogDamageException(
                        path, cursor.position(), "offset " + offset + " where offset " + nextOffset + " must be");
            }
            nextOffset = batch.nextOffset();
            if (batch.isControlBatch() && batch.hasProducerId()) {
                RecordBatch marker = cursor.wholeBatch();
                if (!marker.isCrcValid()) {
                    throw new LogDamageException(
                            path, cursor.position(), "the CRC of the batch at offset " + offset + " does not fit");
                }
                AbortedTransaction ended = states.update(marker, 0L);
                if (ended != null) {
                    aborted.add(ended);
                }
            } else if (batch.isTransactional()) {
                states.update(batch, 0L);
            }
        }
        if (cursor.fault() != null) {
            throw new LogDamageException(path, cursor.position(), cursor.fault());
        }
        return aborted;
    }
}
