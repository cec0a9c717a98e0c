package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.util.Collection;

/**
 * What the log remembers of one producer: its epoch, the last five batches it wrote, and its open transaction. Guarded by the
 * log's lock.
 */
final class ProducerState {

    /** How many batches a producer may have in flight, and so how many a retry may repeat (KIP-98). */
    static final int REMEMBERED_BATCHES = 5;

    static final long NO_OFFSET = -1L;

    private final long producerId;
    private short epoch = RecordBatch.NO_PRODUCER_EPOCH;
    private int coordinatorEpoch = -1;
    private long lastTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
    private long lastUseMs;
    private long transactionFirstOffset = NO_OFFSET;
    private boolean historyUnknown;

    /** A ring: the newest batch lies at (first + count - 1) modulo its size. */
    private final int[] lastSequences = new int[REMEMBERED_BATCHES];

    private final long[] lastOffsets = new long[REMEMBERED_BATCHES];
    private final int[] offsetDeltas = new int[REMEMBERED_BATCHES];
    private final long[] timestampsMs = new long[REMEMBERED_BATCHES];
    private int first;
    private int count;

    ProducerState(long producerId) {
        this.producerId = producerId;
    }

    void addBatch(RecordBatch batch) {
        addBatch(
                batch.producerEpoch(),
                batch.lastSequence(),
                batch.lastOffset(),
                batch.lastOffsetDelta(),
                batch.maxTimestampMs());
    }

    void addBatch(short batchEpoch, int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        adoptEpoch(batchEpoch);
        if (count == REMEMBERED_BATCHES) {
            first = (first + 1) % REMEMBERED_BATCHES;
            count--;
        }
        int at = (first + count) % REMEMBERED_BATCHES;
        lastSequences[at] = lastSequence;
        lastOffsets[at] = lastOffset;
        offsetDeltas[at] = offsetDelta;
        timestampsMs[at] = timestampMs;
        count++;
        lastTimestampMs = timestampMs;
    }

    /** Replaces the remembered batches: last sequence, last offset, offset delta and timestamp of each, oldest first. */
    void restoreBatches(Collection<long[]> batches) {
        historyUnknown = false;
        if (!batches.isEmpty()) {
            count = 0;
            for (long[] batch : batches) {
                addBatch(epoch, (int) batch[0], batch[1], (int) batch[2], batch[3]);
            }
        }
    }

    /** Takes note of a marker: it ends the transaction, and may carry a new epoch that fences the old one (KIP-890). */
    void addMarker(short markerEpoch, int newCoordinatorEpoch, long timestampMs) {
        adoptEpoch(markerEpoch);
        transactionFirstOffset = NO_OFFSET;
        coordinatorEpoch = newCoordinatorEpoch;
        lastTimestampMs = timestampMs;
    }

    /** Takes note of a marker that compaction has emptied because its transaction is gone: its epoch still fences. */
    void addEmptiedMarker(short markerEpoch) {
        adoptEpoch(markerEpoch);
    }

    private void adoptEpoch(short newEpoch) {
        if (newEpoch != epoch) {
            epoch = newEpoch;
            count = 0;
            historyUnknown = false;
        }
    }

    /** The place in memory of a batch with the same sequence numbers and epoch, -1 if it is not remembered. */
    int findDuplicate(RecordBatch batch) {
        if (batch.producerEpoch() != epoch) {
            return -1;
        }
        int lastSequence = batch.lastSequence();
        for (int i = count - 1; i >= 0; i--) {
            int at = (first + i) % REMEMBERED_BATCHES;
            if (lastSequences[at] == lastSequence && offsetDeltas[at] == batch.lastOffsetDelta()) {
                return at;
            }
        }
        return -1;
    }

    long lastOffsetAt(int place) {
        return lastOffsets[place];
    }

    long firstOffsetAt(int place) {
        return lastOffsets[place] - offsetDeltas[place];
    }

    long timestampMsAt(int place) {
        return timestampsMs[place];
    }

    long producerId() {
        return producerId;
    }

    short epoch() {
        return epoch;
    }

    void epoch(short newEpoch) {
        epoch = newEpoch;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int lastSequence() {
        return count == 0 ? RecordBatch.NO_SEQUENCE : lastSequences[newest()];
    }

    long lastOffset() {
        return count == 0 ? NO_OFFSET : lastOffsets[newest()];
    }

    int lastOffsetDelta() {
        return count == 0 ? 0 : offsetDeltas[newest()];
    }

    private int newest() {
        return (first + count - 1) % REMEMBERED_BATCHES;
    }

    int coordinatorEpoch() {
        return coordinatorEpoch;
    }

    void coordinatorEpoch(int newCoordinatorEpoch) {
        coordinatorEpoch = newCoordinatorEpoch;
    }

    long lastTimestampMs() {
        return lastTimestampMs;
    }

    void lastTimestampMs(long timestampMs) {
        lastTimestampMs = timestampMs;
    }

    /** When it last wrote, or its state was read from a file, by the broker's clock. */
    long lastUseMs() {
        return lastUseMs;
    }

    void lastUseMs(long timeMs) {
        lastUseMs = timeMs;
    }

    /** Whether the state comes from a snapshot, which keeps the last batch only. */
    boolean isHistoryUnknown() {
        return historyUnknown;
    }

    void historyUnknown(boolean unknown) {
        historyUnknown = unknown;
    }

    long transactionFirstOffset() {
        return transactionFirstOffset;
    }

    void transactionFirstOffset(long offset) {
        transactionFirstOffset = offset;
    }

    boolean hasOpenTransaction() {
        return transactionFirstOffset != NO_OFFSET;
    }
}
