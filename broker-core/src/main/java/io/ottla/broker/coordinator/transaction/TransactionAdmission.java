package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import java.util.List;
import java.util.Map;

/**
 * Whether a producer may write transactional records to partitions: asked before the first such records of a transaction reach a
 * partition's log, so that no transaction is left hanging there (KIP-890).
 */
public interface TransactionAdmission {

    /** What the question does besides. */
    enum Mode {
        /** The client has added the partitions by AddPartitionsToTxn; they only must be a part of the transaction. */
        VERIFY,
        /** Transaction version 2: the partitions are made a part of the transaction by the write itself. */
        ADD
    }

    /**
     * Asks for some partitions.
     *
     * @param reply gets one answer for each partition, NONE if the records may be written; errors of the coordinator as a whole are
     *     given for each partition, or fail the reply
     */
    void admit(
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            Mode mode,
            Reply<Map<TopicPartition, ErrorCode>> reply);
}
