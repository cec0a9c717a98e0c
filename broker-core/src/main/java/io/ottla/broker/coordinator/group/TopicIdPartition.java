package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;

/** A partition of a topic that is known by its id. */
record TopicIdPartition(Uuid topicId, int partition) implements Comparable<TopicIdPartition> {

    @Override
    public int compareTo(TopicIdPartition other) {
        int order = topicId.compareTo(other.topicId);
        return order == 0 ? Integer.compare(partition, other.partition) : order;
    }
}
