package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The producers of one log: which sequence number each must send next, which epoch it must have, which transactions are open
 * and how far a read_committed consumer may read.
 *
 * <p>Source: KIP-98 (idempotence, transactions, fencing), KIP-360 (a producer without state may begin anywhere), KIP-890 (the
 * marker's epoch).
 *
 * <p>The public methods may be called on any thread; all others need the log's lock.
 */
public final class ProducerStates {

    private static final short ABORT = 0;
    private static final int CONTROL_KEY_SIZE_BYTES = 4;
    private static final int MARKER_VALUE_SIZE_BYTES = 6;

    private final String logName;
    private final ReentrantLock lock;
    private final ProducerTable table = new ProducerTable();
    private final TreeMap<Long, Long> openTransactions = new TreeMap<>();
    private final TreeMap<Long, Long> unflushedTransactions = new TreeMap<>();
    private volatile long firstOpenOffset = Long.MAX_VALUE;
    private volatile long firstUnflushedOffset = Long.MAX_VALUE;
    private long mapEndOffset;

    ProducerStates(String logName, ReentrantLock lock) {
        this.logName = logName;
        this.lock = lock;
    }

    /** The producers that the log knows, by id. */
    public List<ActiveProducer> activeProducers() {
        List<ActiveProducer> producers = new ArrayList<>();
        lock.lock();
        try {
            table.forEach(state -> producers.add(new ActiveProducer(
                    state.producerId(),
                    state.epoch(),
                    state.lastSequence(),
                    state.lastTimestampMs(),
                    state.coordinatorEpoch(),
                    state.transactionFirstOffset())));
        } finally {
            lock.unlock();
        }
        producers.sort(Comparator.comparingLong(ActiveProducer::producerId));
        return producers;
    }

    /** Whether the producer has an open transaction with records in this log. */
    public boolean hasOpenTransaction(long producerId) {
        lock.lock();
        try {
            ProducerState state = table.find(producerId);
            return state != null && state.hasOpenTransaction();
        } finally {
            lock.unlock();
        }
    }

    ProducerState find(long producerId) {
        return table.find(producerId);
    }

    /**
     * Checks whether a batch may be appended now.
     *
     * @throws ApiException INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE,
     *     TRANSACTION_COORDINATOR_FENCED
     */
    void check(RecordBatch batch, AppendOrigin origin) {
        ProducerState state = table.find(batch.producerId());
        if (state == null) {
            return;
        }
        short epoch = batch.producerEpoch();
        if (epoch < state.epoch()) {
            throw new ApiException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "Epoch of producer " + batch.producerId() + " in " + logName + " is " + epoch
                            + ", which is smaller than the last seen epoch " + state.epoch());
        }
        if (batch.isControlBatch()) {
            checkMarker(batch, state);
            return;
        }
        if (origin == AppendOrigin.CLIENT) {
            checkSequence(batch, state);
        }
        if (state.hasOpenTransaction() && !batch.isTransactional()) {
            throw new ApiException(
                    ErrorCode.INVALID_TXN_STATE,
                    "Expected transactional write from producer " + batch.producerId() + " in " + logName);
        }
    }

    private void checkSequence(RecordBatch batch, ProducerState state) {
        int sequence = batch.baseSequence();
        if (batch.producerEpoch() != state.epoch()) {
            if (sequence != 0 && state.epoch() != RecordBatch.NO_PRODUCER_EPOCH) {
                throw new ApiException(
                        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                        "Invalid sequence number for new epoch of producer " + batch.producerId() + " in " + logName
                                + ": " + batch.producerEpoch() + " (request epoch), " + sequence + " (seq. number), "
                                + state.epoch() + " (current producer epoch)");
            }
            return;
        }
        int last = state.lastSequence();
        boolean follows = sequence == last + 1L || (sequence == 0 && last == Integer.MAX_VALUE);
        if (!follows) {
            throw new ApiException(
                    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                    "Out of order sequence number for producer " + batch.producerId() + " in " + logName + ": "
                            + sequence + " (incoming seq. number), " + last + " (current end sequence number)");
        }
    }

    private void checkMarker(RecordBatch batch, ProducerState state) {
        ByteBuffer value = marker(batch).value();
        if (value != null && value.remaining() >= MARKER_VALUE_SIZE_BYTES) {
            int coordinatorEpoch = value.getInt(value.position() + 2);
            if (coordinatorEpoch < state.coordinatorEpoch()) {
                throw new ApiException(
                        ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                        "Invalid coordinator epoch for producerId " + batch.producerId() + " in " + logName + ": "
                                + coordinatorEpoch + " (zombie), " + state.coordinatorEpoch() + " (current)");
            }
        }
    }

    /**
     * Takes note of a batch that was appended, or is read again after a restart.
     *
     * @return the transaction that the batch ended by an abort, null if it did not
     */
    AbortedTransaction update(RecordBatch batch, long nowMs) {
        if (!batch.hasProducerId()) {
            return null;
        }
        ProducerState state = table.find(batch.producerId());
        if (state == null) {
            state = new ProducerState(batch.producerId());
            table.add(state);
        }
        state.lastUseMs(nowMs);
        if (batch.isControlBatch()) {
            return endTransaction(batch, state);
        }
        state.addBatch(batch);
        if (batch.isTransactional() && !state.hasOpenTransaction()) {
            state.transactionFirstOffset(batch.baseOffset());
            openTransactions.put(batch.baseOffset(), batch.producerId());
            firstOpenOffset = openTransactions.firstKey();
        }
        return null;
    }

    private AbortedTransaction endTransaction(RecordBatch batch, ProducerState state) {
        if (batch.recordCount() == 0) {
            state.addEmptiedMarker(batch.producerEpoch());
            return null;
        }
        Record marker = marker(batch);
        ByteBuffer key = marker.key();
        ByteBuffer value = marker.value();
        boolean isEnd =
                key != null && key.remaining() >= CONTROL_KEY_SIZE_BYTES && key.getShort(key.position() + 2) <= 1;
        if (!isEnd || value == null || value.remaining() < MARKER_VALUE_SIZE_BYTES) {
            return null;
        }
        long firstOffset = state.transactionFirstOffset();
        state.addMarker(batch.producerEpoch(), value.getInt(value.position() + 2), marker.timestampMs());
        if (firstOffset == ProducerState.NO_OFFSET) {
            return null;
        }
        openTransactions.remove(firstOffset);
        unflushedTransactions.put(firstOffset, batch.lastOffset());
        firstOpenOffset = openTransactions.isEmpty() ? Long.MAX_VALUE : openTransactions.firstKey();
        firstUnflushedOffset = unflushedTransactions.firstKey();
        if (key.getShort(key.position() + 2) != ABORT) {
            return null;
        }
        long lastStableOffset = Math.min(firstOpenOffset, batch.nextOffset());
        return new AbortedTransaction(batch.producerId(), firstOffset, batch.lastOffset(), lastStableOffset);
    }

    /** The one record of a control batch. */
    static Record marker(RecordBatch batch) {
        for (Record record : batch.records()) {
            return record;
        }
        throw new ApiException(ErrorCode.INVALID_RECORD, "a control batch without a record: " + batch);
    }

    /** Where the first transaction begins that is open, or was ended by a marker at or behind the high watermark. */
    long firstUnstableOffset() {
        return Math.min(firstOpenOffset, firstUnflushedOffset);
    }

    /** Lets go of ended transactions whose markers lie below the high watermark. */
    void highWatermark(long offset) {
        if (!unflushedTransactions.isEmpty()) {
            unflushedTransactions.values().removeIf(marker -> marker < offset);
            firstUnflushedOffset = unflushedTransactions.isEmpty() ? Long.MAX_VALUE : unflushedTransactions.firstKey();
        }
    }

    /** Up to where the log has been taken into account. */
    long mapEndOffset() {
        return mapEndOffset;
    }

    void mapEndOffset(long offset) {
        mapEndOffset = offset;
    }

    int size() {
        return table.size();
    }

    /** Forgets producers that have not written for so long and have no open transaction. */
    void removeExpired(long nowMs, long expirationMs) {
        if (table.size() > 0) {
            table.retainIf(state -> state.hasOpenTransaction() || nowMs - state.lastUseMs() < expirationMs);
        }
    }

    void clear(long endOffset) {
        table.clear();
        openTransactions.clear();
        unflushedTransactions.clear();
        firstOpenOffset = Long.MAX_VALUE;
        firstUnflushedOffset = Long.MAX_VALUE;
        mapEndOffset = endOffset;
    }

    /** Adds a state read from a snapshot. */
    void restore(ProducerState state) {
        table.add(state);
        if (state.hasOpenTransaction()) {
            openTransactions.put(state.transactionFirstOffset(), state.producerId());
            firstOpenOffset = openTransactions.firstKey();
        }
    }

    List<ProducerState> all() {
        List<ProducerState> states = new ArrayList<>(table.size());
        table.forEach(states::add);
        states.sort(Comparator.comparingLong(ProducerState::producerId));
        return states;
    }

    /** The open transactions: where each begins, and whose it is. */
    Map<Long, Long> openTransactions() {
        return openTransactions;
    }
}
