package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The producers of one log: which sequence number each must send next, which epoch it must have, which transactions are open
 * and how far a read_committed consumer may read.
 *
 * <p>Source: KIP-98 (idempotence, transactions, fencing), KIP-360 (a producer without state may begin anywhere), KIP-890 (no record
 * of a transaction that the coordinator does not know of, and an epoch for each transaction).
 *
 * <p>The public methods may be called on any thread; all others need the log's lock.
 */
public final class ProducerStates {

    private static final short ABORT = 0;
    private static final int CONTROL_KEY_SIZE_BYTES = 4;
    private static final int MARKER_VALUE_SIZE_BYTES = 6;

    /** From this version of transactions on, a marker carries the epoch that comes after the transaction's (KIP-890). */
    private static final short EPOCH_BUMP_VERSION = 2;

    private final String logName;
    private final ReentrantLock lock;
    private final ProducerTable table = new ProducerTable();
    private final Map<Long, VerificationGuard> guards = new HashMap<>();
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

    /**
     * Asks for the leave to append transactional records.
     *
     * @param sequence the first sequence number of the records
     * @param epochBump whether the producer gets a new epoch after every transaction (transaction version 2)
     * @return null if the producer's transaction is open in this log, so that there is nothing to ask; else the guard to append with
     * @throws ApiException INVALID_PRODUCER_EPOCH
     */
    public VerificationGuard beginVerification(
            long producerId, short epoch, int sequence, boolean epochBump, long nowMs) {
        lock.lock();
        try {
            if (isOpen(producerId, epoch)) {
                return null;
            }
            VerificationGuard guard = guards.get(producerId);
            if (guard == null) {
                guard = new VerificationGuard(epoch, sequence, epochBump, nowMs);
                guards.put(producerId, guard);
            } else {
                guard.askedAgain(epoch, sequence);
            }
            return guard;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether transactional records may be appended: the producer's transaction is open in this log, or the guard has not been taken
     * away since it was given.
     *
     * @param guard what {@link #beginVerification} gave, null if the transaction was open then
     * @throws ApiException INVALID_PRODUCER_EPOCH
     */
    public boolean isVerified(long producerId, short epoch, VerificationGuard guard) {
        lock.lock();
        try {
            return isOpen(producerId, epoch) || isValid(producerId, guard);
        } finally {
            lock.unlock();
        }
    }

    private boolean isOpen(long producerId, short epoch) {
        ProducerState state = table.find(producerId);
        if (state == null) {
            return false;
        }
        if (epoch < state.epoch()) {
            throw new ApiException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "Epoch of producer " + producerId + " is " + epoch + ", which is smaller than the last seen epoch "
                            + state.epoch());
        }
        return epoch == state.epoch() && state.hasOpenTransaction();
    }

    @SuppressWarnings("ReferenceEquality") // a guard given anew is another one, whatever is in it
    private boolean isValid(long producerId, VerificationGuard guard) {
        return guard == VerificationGuard.UNCHECKED || (guard != null && guards.get(producerId) == guard);
    }

    ProducerState find(long producerId) {
        return table.find(producerId);
    }

    /**
     * Checks whether a batch may be appended now.
     *
     * @param guard the leave to begin a transaction with this batch, null if there is none
     * @param transactionVersion of a marker: the version of transactions that it belongs to
     * @throws ApiException INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE,
     *     TRANSACTION_COORDINATOR_FENCED
     */
    void check(RecordBatch batch, AppendOrigin origin, VerificationGuard guard, short transactionVersion) {
        ProducerState state = table.find(batch.producerId());
        if (batch.isControlBatch()) {
            if (state != null) {
                checkMarker(batch, state, transactionVersion);
            }
            return;
        }
        if (state != null) {
            checkEpoch(batch, state);
        }
        boolean open = state != null && state.hasOpenTransaction() && state.epoch() == batch.producerEpoch();
        if (batch.isTransactional() && !open && !isValid(batch.producerId(), guard)) {
            throw new ApiException(ErrorCode.INVALID_TXN_STATE, "Record was not part of an ongoing transaction");
        }
        if (origin == AppendOrigin.CLIENT) {
            checkFirstSequence(batch, state);
            if (state != null) {
                checkSequence(batch, state);
            }
        }
        if (state != null && state.hasOpenTransaction() && !batch.isTransactional()) {
            throw new ApiException(
                    ErrorCode.INVALID_TXN_STATE,
                    "Expected transactional write from producer " + batch.producerId() + " in " + logName);
        }
    }

    private void checkEpoch(RecordBatch batch, ProducerState state) {
        if (batch.producerEpoch() < state.epoch()) {
            throw new ApiException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "Epoch of producer " + batch.producerId() + " in " + logName + " is " + batch.producerEpoch()
                            + ", which is smaller than the last seen epoch " + state.epoch());
        }
    }

    /** While a producer's first batches are verified, the first of them must stay the first. */
    private void checkFirstSequence(RecordBatch batch, ProducerState state) {
        VerificationGuard pending = guards.isEmpty() ? null : guards.get(batch.producerId());
        if (pending == null) {
            return;
        }
        int sequence = batch.baseSequence();
        if (pending.hasEpochBump() && sequence != 0 && (state == null || state.isEmpty())) {
            throw new ApiException(
                    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                    "Invalid sequence number for producer " + batch.producerId() + " in " + logName + ": " + sequence
                            + " (incoming seq. number). Expected sequence 0 for transactions v2 idempotent producer with no"
                            + " existing state.");
        }
        if (sequence > pending.lowestSequence()) {
            throw new ApiException(
                    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                    "Out of order sequence number for producer " + batch.producerId() + " in " + logName + ": "
                            + sequence + " (incoming seq. number), " + pending.lowestSequence()
                            + " (earliest seen sequence)");
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

    private void checkMarker(RecordBatch batch, ProducerState state, short transactionVersion) {
        checkEpoch(batch, state);
        boolean sameEpoch = batch.producerEpoch() == state.epoch() && batch.producerEpoch() != Short.MAX_VALUE;
        if (transactionVersion >= EPOCH_BUMP_VERSION && sameEpoch && state.hasOpenTransaction()) {
            // It comes late: what is open in its epoch is the transaction after the one that it ends.
            throw new ApiException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "Epoch of producer " + batch.producerId() + " in " + logName + " is " + batch.producerEpoch()
                            + ", which is <= the last seen epoch " + state.epoch() + " (TV" + transactionVersion + ")");
        }
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
        if (batch.isTransactional() && !guards.isEmpty()) {
            takeGuard(batch);
        }
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

    /** The first batch has used the guard; a marker makes it worthless, unless it is about a later transaction than the marker. */
    private void takeGuard(RecordBatch batch) {
        VerificationGuard guard = guards.get(batch.producerId());
        if (guard != null
                && !(batch.isControlBatch() && guard.hasEpochBump() && guard.epoch() == batch.producerEpoch())) {
            guards.remove(batch.producerId());
        }
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

    /** Takes the lock; forgets producers that have not written for so long and have no open transaction. */
    void removeExpired(long nowMs, long expirationMs) {
        lock.lock();
        try {
            if (table.size() > 0) {
                table.retainIf(state -> state.hasOpenTransaction() || nowMs - state.lastUseMs() < expirationMs);
            }
            guards.values().removeIf(guard -> nowMs - guard.createdMs() >= expirationMs);
        } finally {
            lock.unlock();
        }
    }

    void clear(long endOffset) {
        table.clear();
        guards.clear();
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
