package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.TransactionLogValue;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The end of transactions: the outcome is decided by one record, then the markers are written, then another record says that they
 * are. In between the transaction is prepared, and whoever finds it so, live or after a restart, has its markers written; no other
 * way leads out of that state.
 */
final class TransactionEnding {

    private static final long FIRST_RETRY_MS = 20;
    private static final long LONGEST_RETRY_MS = 1000;

    private final TransactionStates states;
    private final TransactionConfig config;
    private final LongSupplier producerIds;
    private final Reply<MarkerRound> markers;

    /**
     * The end of transactions.
     *
     * @param producerIds gives producer ids that nobody has had
     * @param markers is given a round when the outcome is committed in the log; it answers by {@link #onMarkers}
     */
    TransactionEnding(
            TransactionStates states, TransactionConfig config, LongSupplier producerIds, Reply<MarkerRound> markers) {
        this.states = states;
        this.config = config;
        this.producerIds = producerIds;
        this.markers = markers;
    }

    /** Whether an epoch may not be followed by another one that is given to a producer: that one is kept for fencing. */
    static boolean isLastEpoch(short epoch) {
        return epoch >= Short.MAX_VALUE - 1;
    }

    /**
     * Handles EndTxn.
     *
     * @param bumpsEpoch whether the client is of transaction version 2, which counts the epoch on with each transaction
     * @param reply gets the answer if this returns null
     */
    ProducerIdentity end(
            EndTxnRequest request, boolean bumpsEpoch, Reply<ProducerIdentity> reply, CoordinatorOutput out) {
        Transaction transaction = states.find(request.transactionalId());
        if (transaction == null) {
            return ProducerIdentity.failed(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
        }
        if (!bumpsEpoch) {
            ErrorCode error = identify(transaction, request);
            if (error != ErrorCode.NONE) {
                return ProducerIdentity.failed(error);
            }
        }
        if (transaction.state().isPrepared()) {
            if (!transaction.isWorthWaiting()) {
                return ProducerIdentity.failed(ErrorCode.CONCURRENT_TRANSACTIONS);
            }
            transaction.await(reply, later -> end(request, bumpsEpoch, reply, later));
            return null;
        }
        return bumpsEpoch ? endAndBump(transaction, request, out) : end(transaction, request, out);
    }

    private static ErrorCode identify(Transaction transaction, EndTxnRequest request) {
        if (transaction.producerId() != request.producerId()) {
            return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        }
        return transaction.producerEpoch() == request.producerEpoch() ? ErrorCode.NONE : ErrorCode.PRODUCER_FENCED;
    }

    /** The old protocol: a repeated request looks like the first one. */
    private ProducerIdentity end(Transaction transaction, EndTxnRequest request, CoordinatorOutput out) {
        if (transaction.state() == TransactionState.ONGOING) {
            prepare(
                    transaction,
                    transaction
                            .next(outcome(request.committed()), out.nowMs())
                            .nextProducerId(RecordBatch.NO_PRODUCER_ID)
                            .clientTransactionVersion((short) 0),
                    transaction.lastProducerEpoch(),
                    out);
            return ProducerIdentity.unchanged();
        }
        return transaction.state() == completed(request.committed())
                ? ProducerIdentity.unchanged()
                : ProducerIdentity.failed(ErrorCode.INVALID_TXN_STATE);
    }

    /** Transaction version 2: a repeated request has the epoch before, and a transaction without partitions may be aborted. */
    private ProducerIdentity endAndBump(Transaction transaction, EndTxnRequest request, CoordinatorOutput out) {
        TransactionState state = transaction.state();
        // An end of the old protocol leaves the epoch: the one before it is that of a fenced producer, not of a
        // repeated request.
        boolean bumped = transaction.clientTransactionVersion() >= TransactionStates.EPOCH_BUMP_VERSION;
        boolean overflowed = bumped
                && transaction.previousProducerId() == request.producerId()
                && request.producerEpoch() == Short.MAX_VALUE - 1
                && transaction.producerEpoch() == 0;
        boolean ended = state == TransactionState.COMPLETE_COMMIT || state == TransactionState.COMPLETE_ABORT;
        boolean repeated =
                ended && bumped && (overflowed || transaction.producerEpoch() == request.producerEpoch() + 1);
        if (transaction.producerId() != request.producerId() && !overflowed) {
            return ProducerIdentity.failed(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
        }
        if (!repeated && transaction.producerEpoch() != request.producerEpoch()) {
            return ProducerIdentity.failed(ErrorCode.PRODUCER_FENCED);
        }
        if (repeated) {
            return state == completed(request.committed())
                    ? ProducerIdentity.of(transaction.producerId(), transaction.producerEpoch())
                    : ProducerIdentity.failed(ErrorCode.INVALID_TXN_STATE);
        }
        if (state != TransactionState.ONGOING && request.committed()) {
            return ProducerIdentity.failed(ErrorCode.INVALID_TXN_STATE);
        }
        try {
            return bump(transaction, request.committed(), out);
        } catch (ApiException e) {
            return ProducerIdentity.failed(e.error());
        }
    }

    private ProducerIdentity bump(Transaction transaction, boolean committed, CoordinatorOutput out) {
        short epoch = transaction.producerEpoch();
        long nextProducerId = isLastEpoch(epoch) ? producerIds.getAsLong() : RecordBatch.NO_PRODUCER_ID;
        TransactionLogValue next = transaction
                .next(outcome(committed), out.nowMs())
                .producerEpoch(following(epoch))
                .nextProducerId(nextProducerId)
                .clientTransactionVersion(TransactionStates.EPOCH_BUMP_VERSION);
        if (transaction.state() != TransactionState.ONGOING) {
            next.transactionStartTimestampMs(out.nowMs()).transactionPartitions(List.of());
        }
        prepare(transaction, next, epoch, out);
        return nextProducerId == RecordBatch.NO_PRODUCER_ID
                ? ProducerIdentity.of(next.producerId(), next.producerEpoch())
                : ProducerIdentity.of(nextProducerId, (short) 0);
    }

    private static short following(short epoch) {
        return epoch == Short.MAX_VALUE ? epoch : (short) (epoch + 1);
    }

    private static TransactionState outcome(boolean committed) {
        return committed ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT;
    }

    private static TransactionState completed(boolean committed) {
        return committed ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT;
    }

    /**
     * Aborts an open transaction with an epoch that its producer does not have.
     *
     * @throws ApiException if there is no producer id to be had for a producer whose epochs are used up
     */
    void fence(Transaction transaction, CoordinatorOutput out) {
        if (states.bumpsEpochs()) {
            bump(transaction, false, out);
            return;
        }
        prepare(
                transaction,
                transaction
                        .next(TransactionState.PREPARE_ABORT, out.nowMs())
                        .producerEpoch(following(transaction.producerEpoch()))
                        .nextProducerId(RecordBatch.NO_PRODUCER_ID)
                        .clientTransactionVersion((short) 0),
                RecordBatch.NO_PRODUCER_EPOCH,
                out);
    }

    private void prepare(
            Transaction transaction, TransactionLogValue next, short lastProducerEpoch, CoordinatorOutput out) {
        states.append(transaction.transactionalId(), next, out);
        transaction.lastProducerEpoch(lastProducerEpoch);
        finish(transaction, out);
    }

    /** Has the markers of a prepared transaction written. */
    private void finish(Transaction transaction, CoordinatorOutput out) {
        List<TopicPartition> partitions = transaction.partitions();
        if (partitions.isEmpty()) {
            complete(transaction, out);
        } else {
            transaction.round(new MarkerRound(transaction, partitions, 0));
            // A reply is held back until the records before it are committed: there is no marker without its cause.
            out.reply(markers, transaction.round());
        }
    }

    private void complete(Transaction transaction, CoordinatorOutput out) {
        TransactionLogValue next = transaction
                .next(completed(transaction.state() == TransactionState.PREPARE_COMMIT), out.nowMs())
                .transactionPartitions(List.of())
                .nextProducerId(RecordBatch.NO_PRODUCER_ID);
        if (transaction.nextProducerId() != RecordBatch.NO_PRODUCER_ID) {
            next.producerId(transaction.nextProducerId()).producerEpoch((short) 0);
        }
        states.append(transaction.transactionalId(), next, out);
        transaction.round(null);
        scheduleExpiry(transaction, out);
    }

    /**
     * Takes what became of a round.
     *
     * @param round the round; of no interest if it is not the latest of its transaction
     * @param results by partition; what is missing is taken as an error that a later try may not meet
     */
    void onMarkers(MarkerRound round, Map<TopicPartition, ErrorCode> results, CoordinatorOutput out) {
        Transaction transaction = states.find(round.transactionalId());
        if (transaction == null || transaction.round() != round) {
            return;
        }
        List<TopicPartition> missing = new ArrayList<>();
        for (TopicPartition partition : round.partitions()) {
            if (!isSettled(results.get(partition))) {
                missing.add(partition);
            }
        }
        if (missing.isEmpty()) {
            complete(transaction, out);
        } else {
            int failureCount = round.failureCount() + 1;
            transaction.round(new MarkerRound(transaction, missing, failureCount));
            out.schedule(
                    new TransactionTimer.MarkerRetry(round.transactionalId()),
                    Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS << Math.min(failureCount - 1, 10)));
        }
        transaction.release(out);
    }

    /** Whether the partition has its marker, or needs none any more: it is gone, or somebody newer has ended the transaction there. */
    private static boolean isSettled(ErrorCode result) {
        return result == ErrorCode.NONE
                || result == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                || result == ErrorCode.INVALID_PRODUCER_EPOCH
                || result == ErrorCode.TRANSACTION_COORDINATOR_FENCED;
    }

    /** Takes up an id that has been loaded. */
    void onLoaded(Transaction transaction, CoordinatorOutput out) {
        if (transaction.state().isPrepared()) {
            finish(transaction, out);
        } else if (transaction.state() == TransactionState.ONGOING) {
            scheduleTimeout(transaction, out);
        }
        scheduleExpiry(transaction, out);
    }

    void onRetryTimer(Transaction transaction, CoordinatorOutput out) {
        if (transaction.round() != null) {
            out.reply(markers, transaction.round());
        }
    }

    /** Sees to it that a transaction that starts is looked at when its time is up. The timer is never stopped: that would cost more. */
    static void scheduleTimeout(Transaction transaction, CoordinatorOutput out) {
        if (transaction.timeoutMs() != Integer.MAX_VALUE) {
            out.schedule(
                    new TransactionTimer.Timeout(transaction.transactionalId()),
                    transaction.startMs() + transaction.timeoutMs() - out.nowMs());
        }
    }

    void onTimeoutTimer(Transaction transaction, CoordinatorOutput out) {
        if (transaction.state() != TransactionState.ONGOING) {
            return;
        }
        if (transaction.startMs() + transaction.timeoutMs() > out.nowMs()) {
            scheduleTimeout(transaction, out);
        } else {
            try {
                fence(transaction, out);
            } catch (ApiException e) {
                out.schedule(new TransactionTimer.Timeout(transaction.transactionalId()), LONGEST_RETRY_MS);
            }
        }
    }

    void scheduleExpiry(Transaction transaction, CoordinatorOutput out) {
        if (!transaction.isExpiryScheduled()) {
            transaction.expiryScheduled(true);
            out.schedule(
                    new TransactionTimer.Expiry(transaction.transactionalId()),
                    transaction.lastUpdateMs() + config.idExpirationMs() - out.nowMs());
        }
    }

    void onExpiryTimer(Transaction transaction, CoordinatorOutput out) {
        transaction.expiryScheduled(false);
        if (transaction.lastUpdateMs() + config.idExpirationMs() > out.nowMs()) {
            scheduleExpiry(transaction, out);
        } else if (transaction.state().isExpirable()) {
            states.remove(transaction.transactionalId(), out);
        }
        // Else its end schedules the timer again.
    }
}
