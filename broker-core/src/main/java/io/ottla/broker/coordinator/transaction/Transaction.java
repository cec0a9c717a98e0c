package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.message.TransactionLogValue;
import io.ottla.protocol.message.TransactionLogValue.PartitionsSchema;
import io.ottla.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A transactional id with its producer and its latest transaction. What lasts is the last record of the id; it changes by
 * {@link #replay} alone.
 */
final class Transaction {

    /** The start time of an id without a transaction. */
    static final long NO_START = -1;

    private final String transactionalId;
    private TransactionLogValue record;
    private TransactionState state;

    // What follows is not in the log.

    /**
     * The epoch before the present one, if the producer itself asked for the present one: a producer that did not get the answer
     * asks with it again. As with Apache Kafka, a restart forgets it.
     */
    private short lastProducerEpoch = RecordBatch.NO_PRODUCER_EPOCH;

    private MarkerRound round;
    private List<Waiter<?>> waiters = List.of();
    private boolean expiryScheduled;

    /** A request that came while markers were being written. */
    private record Waiter<R>(Reply<R> reply, Function<CoordinatorOutput, R> request) {

        void run(CoordinatorOutput out) {
            R answer = request.apply(out);
            if (answer != null) {
                out.reply(reply, answer);
            }
        }
    }

    Transaction(String transactionalId) {
        this.transactionalId = transactionalId;
    }

    /** Takes over what a record says. */
    void replay(TransactionLogValue value) {
        record = value;
        state = TransactionState.forId(value.transactionStatus());
    }

    /** A new record that differs from the last one in the state and the time only. */
    TransactionLogValue next(TransactionState nextState, long nowMs) {
        return new TransactionLogValue()
                .producerId(record.producerId())
                .previousProducerId(record.producerId())
                .nextProducerId(record.nextProducerId())
                .producerEpoch(record.producerEpoch())
                .transactionTimeoutMs(record.transactionTimeoutMs())
                .transactionStatus(nextState.id())
                .transactionPartitions(record.transactionPartitions())
                .transactionLastUpdateTimestampMs(nowMs)
                .transactionStartTimestampMs(record.transactionStartTimestampMs())
                .clientTransactionVersion(record.clientTransactionVersion());
    }

    String transactionalId() {
        return transactionalId;
    }

    TransactionState state() {
        return state;
    }

    long producerId() {
        return record.producerId();
    }

    /** The producer id before the record that last changed anything. */
    long previousProducerId() {
        return record.previousProducerId();
    }

    /** The producer id that follows when the markers are written, -1 for the present one. */
    long nextProducerId() {
        return record.nextProducerId();
    }

    short producerEpoch() {
        return record.producerEpoch();
    }

    /** The version of transactions that the last step of the transaction was of: 2 for KIP-890, 0 for what was before. */
    short clientTransactionVersion() {
        return record.clientTransactionVersion();
    }

    int timeoutMs() {
        return record.transactionTimeoutMs();
    }

    /** When the transaction started, in milliseconds since the epoch, {@link #NO_START} if there was none yet. */
    long startMs() {
        return record.transactionStartTimestampMs();
    }

    long lastUpdateMs() {
        return record.transactionLastUpdateTimestampMs();
    }

    /** The partitions of the transaction by topic, as the record has them; not to be changed. */
    List<PartitionsSchema> partitionsByTopic() {
        return record.transactionPartitions() == null ? List.of() : record.transactionPartitions();
    }

    List<TopicPartition> partitions() {
        List<TopicPartition> flat = new ArrayList<>();
        for (PartitionsSchema topic : partitionsByTopic()) {
            for (int partition : topic.partitionIds()) {
                flat.add(new TopicPartition(topic.topic(), partition));
            }
        }
        return flat;
    }

    boolean contains(TopicPartition partition) {
        for (PartitionsSchema topic : partitionsByTopic()) {
            if (topic.topic().equals(partition.topic())) {
                return topic.partitionIds().contains(partition.partition());
            }
        }
        return false;
    }

    boolean containsAll(List<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            if (!contains(partition)) {
                return false;
            }
        }
        return true;
    }

    short lastProducerEpoch() {
        return lastProducerEpoch;
    }

    void lastProducerEpoch(short epoch) {
        lastProducerEpoch = epoch;
    }

    /** The attempt under way to write markers, or the failed one that is to be repeated; null if none is due. */
    MarkerRound round() {
        return round;
    }

    void round(MarkerRound next) {
        round = next;
    }

    /** Whether a request may wait for the markers: they are being written, and no attempt has failed. */
    boolean isWorthWaiting() {
        return state.isPrepared() && round != null && round.failureCount() == 0;
    }

    /**
     * Keeps a request until the markers are written or could not be written; it is then handled again.
     *
     * @param reply gets the answer
     * @param request handles the request; null if it has to wait again
     */
    <R> void await(Reply<R> reply, Function<CoordinatorOutput, R> request) {
        if (waiters.isEmpty()) {
            waiters = new ArrayList<>();
        }
        waiters.add(new Waiter<>(reply, request));
    }

    /** Handles all requests that wait, in their order. */
    void release(CoordinatorOutput out) {
        if (waiters.isEmpty()) {
            return;
        }
        List<Waiter<?>> released = waiters;
        waiters = List.of();
        for (Waiter<?> waiter : released) {
            waiter.run(out);
        }
    }

    void drainReplies(Consumer<Reply<?>> taker) {
        for (Waiter<?> waiter : waiters) {
            taker.accept(waiter.reply());
        }
        waiters = List.of();
    }

    boolean isExpiryScheduled() {
        return expiryScheduled;
    }

    void expiryScheduled(boolean scheduled) {
        expiryScheduled = scheduled;
    }
}
