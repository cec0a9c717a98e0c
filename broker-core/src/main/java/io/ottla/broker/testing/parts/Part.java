package io.ottla.broker.testing.parts;

/**
 * A topic or a partition that a message is about.
 *
 * @param topic the topic's name, or its id if nobody knows a name for it
 * @param partition the partition, or -1 for the topic as such
 */
public record Part(String topic, int partition) {

    /** The partition of a part that is a topic as such. */
    public static final int NO_PARTITION = -1;

    @Override
    public String toString() {
        return partition == NO_PARTITION ? topic : topic + "-" + partition;
    }
}
