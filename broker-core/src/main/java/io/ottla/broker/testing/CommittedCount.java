package io.ottla.broker.testing;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.Uuid;
import java.util.List;

/** Counts the committed records of a topic as they come, reading each once. For one thread. */
final class CommittedCount {

    private final String topic;
    private Uuid topicId = Uuid.ZERO;
    private long[] countedTo = {};
    private long[] countedFrom = {};
    private long[] counts = {};

    CommittedCount(String topic) {
        this.topic = topic;
    }

    /** The count as of now; 0 if there is no such topic. */
    long update(BrokerParts broker) {
        List<Partition> partitions = broker.partitions().partitions(topic);
        if (partitions.isEmpty()) {
            topicId = Uuid.ZERO;
            return 0;
        }
        Uuid id = partitions.get(0).topicId();
        if (!id.equals(topicId) || partitions.size() != counts.length) {
            topicId = id;
            countedTo = new long[partitions.size()];
            countedFrom = new long[partitions.size()];
            counts = new long[partitions.size()];
        }
        long sum = 0;
        for (int i = 0; i < counts.length; i++) {
            Partition partition = partitions.get(i);
            long startOffset = partition.log().logStartOffset();
            long endOffset = partition.log().lastStableOffset();
            if (startOffset != countedFrom[i] || endOffset < countedTo[i]) {
                // Some of what was counted is gone.
                countedFrom[i] = startOffset;
                countedTo[i] = startOffset;
                counts[i] = 0;
            }
            counts[i] += PartitionRecords.countCommitted(partition, countedTo[i], endOffset);
            countedTo[i] = Math.max(countedTo[i], endOffset);
            sum += counts[i];
        }
        return sum;
    }
}
