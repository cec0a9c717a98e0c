package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Finds and reads; takes no lock. */
final class LogReader {

    /** How far back the batches of a producer are looked for after a restart. */
    private static final long HISTORY_BYTES = 64L << 20;

    private final Log log;

    LogReader(Log log) {
        this.log = log;
    }

    LogRead read(long startOffset, int maxBytes, long endOffsetExclusive, boolean minOneBatch) {
        while (true) {
            long logEndOffset = log.logEndOffset();
            long logStartOffset = log.logStartOffset();
            if (startOffset < logStartOffset || startOffset > logEndOffset) {
                throw new ApiException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "Received request for offset " + startOffset + " for partition " + log.name()
                                + ", but we only have log segments from offset " + logStartOffset + " to "
                                + logEndOffset + ".");
            }
            long endOffset = Math.min(endOffsetExclusive, logEndOffset);
            if (startOffset >= endOffset) {
                return new LogRead(this, FileRecords.EMPTY, startOffset, startOffset, logStartOffset);
            }
            LogSegment[] segments = log.segments();
            int index = floor(segments, startOffset);
            while (index < segments.length && segments[index].tryRetain()) {
                FileRecords found = readRetained(segments[index], startOffset, maxBytes, endOffset, minOneBatch);
                if (found != null) {
                    long upperBound = upperBound(segments[index], found, endOffset);
                    return new LogRead(this, found, startOffset, upperBound, logStartOffset);
                }
                index++;
            }
            if (index == segments.length) {
                // The cleaner has taken the last batches below the end away.
                return new LogRead(this, FileRecords.EMPTY, startOffset, startOffset, logStartOffset);
            }
            if (log.isClosed()) {
                throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, log.name() + " is closed");
            }
            // The segment was deleted between the look at the list and the grip at it: the list is another now.
        }
    }

    /** Reads from a segment that the caller has retained; keeps the reference for what is found, else releases it. */
    private FileRecords readRetained(
            LogSegment segment, long startOffset, int maxBytes, long endOffset, boolean minOneBatch) {
        FileRecords found = null;
        try {
            long located = segment.locate(startOffset);
            if (located >= 0) {
                int position = (int) (located >>> Integer.SIZE);
                int available = segment.endPosition(endOffset) - position;
                int sizeBytes = Math.max(0, Math.min(available, maxBytes));
                if (minOneBatch && sizeBytes < available) {
                    int first = (int) located;
                    int firstSizeBytes = first > 0 ? first : segment.batchSizeBytesAt(position);
                    sizeBytes = Math.max(sizeBytes, Math.min(firstSizeBytes, available));
                }
                found = sizeBytes == 0
                        ? FileRecords.EMPTY
                        : new FileRecords(segment, segment.file(), position, sizeBytes);
            }
            return found;
        } catch (IOException e) {
            if (startOffset < log.logStartOffset()) {
                throw new ApiException(
                        ErrorCode.OFFSET_OUT_OF_RANGE,
                        "Offset " + startOffset + " of " + log.name() + " has just been deleted");
            }
            throw Log.storageError("Reading " + log.name() + " at offset " + startOffset + " failed", e);
        } finally {
            if (found == null || found == FileRecords.EMPTY) {
                segment.release();
            }
        }
    }

    /** An offset above all records that were found, for the search in the transaction index. */
    private static long upperBound(LogSegment segment, FileRecords found, long endOffset) {
        try {
            long indexed = found.sizeBytes() == 0
                    ? -1L
                    : segment.indexes().offsets().ceilingOffset((int) found.position() + found.sizeBytes());
            return indexed < 0 ? endOffset : Math.min(endOffset, indexed + 1);
        } catch (IOException e) {
            return endOffset;
        }
    }

    List<AbortedTransaction> abortedTransactions(long startOffset, long endOffset) {
        List<AbortedTransaction> aborted = new ArrayList<>();
        LogSegment[] segments = log.segments();
        try {
            for (int i = floor(segments, startOffset); i < segments.length; i++) {
                if (segments[i].indexes().transactions().collect(startOffset, endOffset, aborted)) {
                    break;
                }
            }
        } catch (IOException e) {
            throw Log.storageError("Reading the transaction index of " + log.name() + " failed", e);
        }
        return aborted;
    }

    TimestampOffset offsetForTimestamp(long timestampMs) {
        try {
            for (LogSegment segment : log.segments()) {
                if (segment.sizeBytes() > 0 && segment.maxTimestampMs() >= timestampMs) {
                    TimestampOffset found = TimestampSearch.find(segment, timestampMs, log.logStartOffset());
                    if (found != null) {
                        return found;
                    }
                }
            }
            return null;
        } catch (IOException e) {
            throw Log.storageError("Looking for timestamp " + timestampMs + " in " + log.name() + " failed", e);
        }
    }

    TimestampOffset maxTimestampOffset() {
        try {
            LogSegment newest = null;
            long largestMs = -1L;
            for (LogSegment segment : log.segments()) {
                long segmentMs = segment.sizeBytes() == 0 ? -1L : segment.maxTimestampMs();
                if (segmentMs > largestMs) {
                    largestMs = segmentMs;
                    newest = segment;
                }
            }
            // As in Apache Kafka also what lies before the log's start: the timestamps of a segment last as long as the
            // segment.
            return newest == null ? null : TimestampSearch.find(newest, largestMs, newest.baseOffset());
        } catch (IOException e) {
            throw Log.storageError("Looking for the largest timestamp in " + log.name() + " failed", e);
        }
    }

    /** The place in the producer's memory of a batch that it has sent before, -1 if this is a new one. */
    int findDuplicate(ProducerState state, RecordBatch batch) {
        int place = state.findDuplicate(batch);
        boolean goesBack = batch.producerEpoch() == state.epoch() && batch.baseSequence() <= state.lastSequence();
        if (place < 0 && goesBack && state.isHistoryUnknown()) {
            restoreHistory(state);
            place = state.findDuplicate(batch);
        }
        return place;
    }

    /**
     * Finds the batches again that a producer wrote before the one that its snapshot remembers: so that a retry of one of the
     * last five is known after a restart, too. Looks at the log's last {@link #HISTORY_BYTES} at most.
     */
    private void restoreHistory(ProducerState state) {
        Deque<long[]> found = new ArrayDeque<>();
        LogSegment[] segments = log.segments();
        try {
            long budgetBytes = HISTORY_BYTES;
            int index = floor(segments, state.lastOffset());
            while (index >= 0 && budgetBytes > 0 && found.size() < ProducerState.REMEMBERED_BATCHES) {
                Deque<long[]> newer = found;
                found = collectBatches(segments[index], state, newer);
                budgetBytes -= segments[index].sizeBytes();
                index--;
            }
        } catch (IOException e) {
            // Without its history the producer's retry is refused, as it would have been without this.
            StorageLog.LOG.warn("Looking for batches of producer {} in {} failed", state.producerId(), log.name(), e);
        }
        state.restoreBatches(found);
    }

    /** The last batches of the producer in a segment, oldest first, before those that later segments had. */
    private static Deque<long[]> collectBatches(LogSegment segment, ProducerState state, Deque<long[]> newer)
            throws IOException {
        Deque<long[]> found = new ArrayDeque<>();
        int wanted = ProducerState.REMEMBERED_BATCHES - newer.size();
        BatchCursor cursor = BatchCursor.scan(segment.file(), 0, segment.sizeBytes());
        while (cursor.next()) {
            RecordBatch batch = cursor.batch();
            boolean isOurs = batch.producerId() == state.producerId()
                    && batch.producerEpoch() == state.epoch()
                    && !batch.isControlBatch();
            if (isOurs) {
                found.add(new long[] {
                    batch.lastSequence(), batch.lastOffset(), batch.lastOffsetDelta(), batch.maxTimestampMs()
                });
                if (found.size() > wanted) {
                    found.removeFirst();
                }
            }
        }
        found.addAll(newer);
        return found;
    }

    /** Index of the last segment that begins at or below the offset; 0 if none does. */
    static int floor(LogSegment[] segments, long offset) {
        int last = segments.length - 1;
        if (segments[last].baseOffset() <= offset) {
            return last;
        }
        int low = 0;
        int high = last;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (segments[middle].baseOffset() <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return Math.max(0, low - 1);
    }
}
