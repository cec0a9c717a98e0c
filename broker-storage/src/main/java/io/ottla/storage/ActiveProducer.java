package io.ottla.storage;

/**
 * What a log knows of an idempotent or transactional producer.
 *
 * @param producerId its id
 * @param producerEpoch the epoch it wrote last with
 * @param lastSequence sequence number of its last record, -1 if none
 * @param lastTimestampMs timestamp of its last batch, -1 if none
 * @param coordinatorEpoch the epoch of the transaction coordinator that wrote its last marker, -1 if none
 * @param currentTransactionFirstOffset where its open transaction begins in this log, -1 if none is open
 */
public record ActiveProducer(
        long producerId,
        short producerEpoch,
        int lastSequence,
        long lastTimestampMs,
        int coordinatorEpoch,
        long currentTransactionFirstOffset) {}
