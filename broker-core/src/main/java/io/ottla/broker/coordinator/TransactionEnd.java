package io.ottla.broker.coordinator;

/**
 * The end of a producer's transaction on one partition.
 *
 * @param producerId the producer
 * @param producerEpoch its epoch
 * @param coordinatorEpoch the epoch of the transaction coordinator that decided
 * @param committed true for a commit, false for an abort
 */
public record TransactionEnd(long producerId, short producerEpoch, int coordinatorEpoch, boolean committed) {}
