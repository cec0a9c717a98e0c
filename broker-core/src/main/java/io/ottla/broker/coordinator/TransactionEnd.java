package io.ottla.broker.coordinator;

/**
 * The end of a producer's transaction on one partition.
 *
 * @param producerId the producer
 * @param producerEpoch its epoch; with transaction version 2 the one that comes after the transaction's
 * @param coordinatorEpoch the epoch of the transaction coordinator that decided
 * @param committed true for a commit, false for an abort
 * @param transactionVersion the version of transactions that the producer speaks: 2 for KIP-890, below it for the old ones. With 2, a
 *     marker that comes late cannot end the producer's next transaction.
 */
public record TransactionEnd(
        long producerId, short producerEpoch, int coordinatorEpoch, boolean committed, short transactionVersion) {

    /** The end of a transaction of the old kind. */
    public TransactionEnd(long producerId, short producerEpoch, int coordinatorEpoch, boolean committed) {
        this(producerId, producerEpoch, coordinatorEpoch, committed, (short) 0);
    }
}
