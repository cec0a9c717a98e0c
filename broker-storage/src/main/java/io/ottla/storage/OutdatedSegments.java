package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The segments that a start finds before the log's start. They were going to be deleted, and a power failure may have left any part of
 * them; but they may be the last that knows who had written to them.
 */
final class OutdatedSegments {

    private final StorageFiles files;
    private final Path directory;
    private final NavigableSet<Long> bases = new TreeSet<>();

    OutdatedSegments(StorageFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
    }

    /** Learns where some of them begin. */
    void addAll(Collection<Long> baseOffsets) {
        bases.addAll(baseOffsets);
    }

    boolean isEmpty() {
        return bases.isEmpty();
    }

    /** Where the first of them begins, the given offset if there is none. */
    long firstOr(long offset) {
        return bases.isEmpty() ? offset : bases.first();
    }

    /** Where they begin. */
    Collection<Long> baseOffsets() {
        return bases;
    }

    /** Whether everything is there from the segment that holds one offset up to the other. */
    boolean isWhole(long fromOffset, long endOffset) throws IOException {
        Long floor = bases.floor(fromOffset);
        long next = floor == null ? bases.first() : floor;
        for (long base : bases.tailSet(next)) {
            if (base != next) {
                return false;
            }
            next = replay(base, endOffset, endOffset, null, 0L);
        }
        return next == endOffset;
    }

    /** Brings the states from one offset to another, as far as the segments tell. */
    void replay(long fromOffset, long endOffset, ProducerStates states, long nowMs) throws IOException {
        for (long base : bases) {
            replay(base, fromOffset, endOffset, states, nowMs);
        }
    }

    /** Returns where the good batches end. */
    private long replay(long base, long fromOffset, long endOffset, ProducerStates states, long nowMs)
            throws IOException {
        long next = base;
        Path path = LogFileNames.path(directory, base, LogFileNames.LOG);
        try (StorageFile file = files.openForReading(path)) {
            BatchCursor cursor = BatchCursor.scan(file, 0, (int) Math.min(Integer.MAX_VALUE, file.sizeBytes()));
            while (cursor.next() && cursor.wholeBatch().isCrcValid()) {
                RecordBatch batch = cursor.batch();
                next = batch.nextOffset();
                if (batch.baseOffset() >= fromOffset && next <= endOffset && batch.hasProducerId()) {
                    states.update(batch, nowMs);
                }
            }
        }
        return next;
    }
}
