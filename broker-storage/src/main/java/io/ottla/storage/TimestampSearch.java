package io.ottla.storage;

import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordIterator;
import java.io.IOException;

/** Looks for records by their timestamps: with the indexes, then through the headers of batches, then in one batch. */
final class TimestampSearch {

    private TimestampSearch() {}

    /** The first record of a segment at or behind the offset with the timestamp or a larger one, null if there is none. */
    static TimestampOffset find(LogSegment segment, long timestampMs, long fromOffset) throws IOException {
        SegmentIndexes indexes = segment.indexes();
        long near = indexes.times().floorOffset(timestampMs);
        if (timestampMs == indexes.maxTimestampMs()) {
            // The index may not have it yet.
            near = Math.max(near, indexes.maxTimestampOffset());
        }
        int from = indexes.offsets().floorPosition(Math.max(near, fromOffset));
        BatchCursor cursor = BatchCursor.search(segment.file(), from, segment.sizeBytes());
        boolean isBatch = cursor.next();
        if (!isBatch && cursor.fault() != null) {
            // An entry may point into the middle of a batch.
            cursor = BatchCursor.search(segment.file(), 0, segment.sizeBytes());
            isBatch = cursor.next();
        }
        while (isBatch) {
            RecordBatch header = cursor.batch();
            TimestampOffset found = header.maxTimestampMs() < timestampMs || header.lastOffset() < fromOffset
                    ? null
                    : find(cursor.wholeBatch(), timestampMs, fromOffset);
            if (found != null) {
                return found;
            }
            isBatch = cursor.next();
        }
        cursor.throwIfFaulty(segment.path(LogFileNames.LOG));
        return null;
    }

    private static TimestampOffset find(RecordBatch batch, long timestampMs, long fromOffset) throws IOException {
        try (RecordIterator records = batch.recordIterator(RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES)) {
            while (records.hasNext()) {
                Record candidate = records.next();
                if (candidate.timestampMs() >= timestampMs && candidate.offset() >= fromOffset) {
                    return new TimestampOffset(
                            candidate.timestampMs(), candidate.offset(), batch.partitionLeaderEpoch());
                }
            }
        }
        return null;
    }
}
