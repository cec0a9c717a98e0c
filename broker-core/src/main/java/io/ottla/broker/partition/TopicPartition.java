package io.ottla.broker.partition;

/**
 * The name of a partition.
 *
 * @param topic the topic's name
 * @param partition the partition's number, 0 or more
 */
public record TopicPartition(String topic, int partition) {

    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}
