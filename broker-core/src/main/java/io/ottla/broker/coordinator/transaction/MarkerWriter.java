package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import java.util.List;
import java.util.Map;

/** Ends a transaction on the partitions that it wrote to, by a control record (marker) in each of them (KIP-98). */
@FunctionalInterface
public interface MarkerWriter {

    /**
     * Writes one marker to each of the partitions. Writing a marker again does no harm: a partition that has no open transaction of
     * the producer just gets a marker that ends nothing.
     *
     * @param end whose transaction ended, and how
     * @param partitions where it wrote, partitions of the topic of committed offsets among them
     * @param reply gets what became of each partition, once the markers are committed; NONE, or why there is no marker:
     *     UNKNOWN_TOPIC_OR_PARTITION (there is no such partition: there never will be a marker),
     *     INVALID_PRODUCER_EPOCH or TRANSACTION_COORDINATOR_FENCED (somebody newer has the transaction), or an error that a later
     *     try may not meet, such as KAFKA_STORAGE_ERROR
     */
    void write(TransactionEnd end, List<TopicPartition> partitions, Reply<Map<TopicPartition, ErrorCode>> reply);
}
