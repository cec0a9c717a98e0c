package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.partition.TopicPartition;
import java.util.List;

/**
 * One attempt to write the markers of a transaction whose outcome is in the log. A shard has at most one for each transaction and
 * listens to no other: what the attempt of a shard that is gone has come to does not matter.
 */
final class MarkerRound {

    private final String transactionalId;
    private final long producerId;
    private final short producerEpoch;
    private final boolean committed;
    private final short transactionVersion;
    private final List<TopicPartition> partitions;
    private final int failureCount;

    /** Read by the thread that is to write the markers. */
    private volatile boolean cancelled;

    /**
     * An attempt.
     *
     * @param transaction a prepared transaction
     * @param partitions where markers are missing
     * @param failureCount how many attempts of the shard have failed before
     */
    MarkerRound(Transaction transaction, List<TopicPartition> partitions, int failureCount) {
        this.transactionalId = transaction.transactionalId();
        this.producerId = transaction.producerId();
        this.producerEpoch = transaction.producerEpoch();
        this.committed = transaction.state() == TransactionState.PREPARE_COMMIT;
        this.transactionVersion = transaction.clientTransactionVersion();
        this.partitions = List.copyOf(partitions);
        this.failureCount = failureCount;
    }

    String transactionalId() {
        return transactionalId;
    }

    long producerId() {
        return producerId;
    }

    /** The epoch that the markers carry: with transaction version 2 already the one after the transaction's. */
    short producerEpoch() {
        return producerEpoch;
    }

    boolean isCommitted() {
        return committed;
    }

    short transactionVersion() {
        return transactionVersion;
    }

    List<TopicPartition> partitions() {
        return partitions;
    }

    int failureCount() {
        return failureCount;
    }

    /** The shard is gone: its successor writes the markers. */
    void cancel() {
        cancelled = true;
    }

    boolean isCancelled() {
        return cancelled;
    }
}
