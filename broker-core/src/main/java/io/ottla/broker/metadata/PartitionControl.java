package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import io.ottla.protocol.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import io.ottla.protocol.message.PartitionChangeRecord;
import io.ottla.storage.CommitCallback;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Elects leaders and reassigns partitions, by the rules and with the words of Apache Kafka. Thread-safe. */
public final class PartitionControl {

    private final MetadataStore store;

    public PartitionControl(MetadataStore store) {
        this.store = store;
    }

    /** Calls back when what has been changed is safe and can be seen, or never will be: see {@link MetadataStore#whenCommitted}. */
    public void whenCommitted(CommitCallback callback) {
        store.whenCommitted(callback);
    }

    /**
     * Elects leaders of some partitions, in one step.
     *
     * @param unclean whether any replica will do where there is no leader; otherwise the preferred one is wanted
     * @param topics the names of the topics
     * @param partitions the partitions of each of these
     * @return for each topic the outcome of each of its partitions
     */
    public List<List<PartitionOutcome>> elect(boolean unclean, List<String> topics, List<List<Integer>> partitions) {
        List<List<PartitionOutcome>> outcomes = new ArrayList<>();
        store.update(image -> {
            List<PartitionChangeRecord> records = new ArrayList<>();
            for (int i = 0; i < topics.size(); i++) {
                List<PartitionOutcome> ofTopic = new ArrayList<>();
                for (int partition : partitions.get(i)) {
                    ofTopic.add(elect(image, topics.get(i), partition, unclean, records));
                }
                outcomes.add(ofTopic);
            }
            return records;
        });
        return outcomes;
    }

    /** Elects leaders wherever that changes something; the outcomes by topic, for all topics. */
    public Map<String, List<PartitionOutcome>> electAll(boolean unclean) {
        Map<String, List<PartitionOutcome>> outcomes = new LinkedHashMap<>();
        store.update(image -> {
            List<PartitionChangeRecord> records = new ArrayList<>();
            for (TopicImage topic : image.topics()) {
                List<PartitionOutcome> ofTopic = new ArrayList<>();
                for (PartitionImage partition : topic.partitions()) {
                    PartitionOutcome outcome = elect(image, topic.name(), partition.partition(), unclean, records);
                    if (outcome.error() != ErrorCode.ELECTION_NOT_NEEDED) {
                        ofTopic.add(outcome);
                    }
                }
                outcomes.put(topic.name(), ofTopic);
            }
            return records;
        });
        return outcomes;
    }

    private PartitionOutcome elect(
            MetadataImage image, String name, int index, boolean unclean, List<PartitionChangeRecord> records) {
        Leadership leadership = new Leadership(image, store.brokerConfig());
        TopicImage topic = image.topic(name);
        if (topic == null) {
            return refused(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "No such topic as " + name);
        }
        PartitionImage partition = topic.partition(index);
        if (partition == null) {
            return refused(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as " + name + "-" + index);
        }
        boolean needed = unclean
                ? partition.leader() == PartitionImage.NO_LEADER
                : partition.leader() != partition.replicas().get(0);
        if (!needed) {
            return refused(index, ErrorCode.ELECTION_NOT_NEEDED, ErrorCode.ELECTION_NOT_NEEDED.message());
        }
        PartitionChange change = leadership.change(topic, partition);
        PartitionChangeRecord record = unclean
                ? change.unclean().record()
                : change.prefer(partition.replicas().get(0)).record();
        if (record == null) {
            ErrorCode error =
                    unclean ? ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE : ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE;
            return refused(index, error, error.message());
        }
        records.add(record);
        return new PartitionOutcome(index, ErrorCode.NONE, null);
    }

    /**
     * Changes which brokers hold partitions, in one step; no replicas cancel a change that is going on.
     *
     * @param allowFactorChange whether the number of replicas may change
     * @return for each topic the outcome of each of its partitions
     */
    public List<List<PartitionOutcome>> reassign(List<ReassignableTopic> topics, boolean allowFactorChange) {
        List<List<PartitionOutcome>> outcomes = new ArrayList<>();
        store.update(image -> {
            List<PartitionChangeRecord> records = new ArrayList<>();
            for (ReassignableTopic topic : topics) {
                List<PartitionOutcome> ofTopic = new ArrayList<>();
                for (ReassignablePartition wish : topic.partitions()) {
                    try {
                        PartitionChangeRecord record = reassign(image, topic.name(), wish, allowFactorChange);
                        if (record != null) {
                            records.add(record);
                        }
                        ofTopic.add(new PartitionOutcome(wish.partitionIndex(), ErrorCode.NONE, null));
                    } catch (ApiException e) {
                        ofTopic.add(refused(wish.partitionIndex(), e.error(), e.getMessage()));
                    }
                }
                outcomes.add(ofTopic);
            }
            return records;
        });
        return outcomes;
    }

    /** The record that does what is wished, null if all is so already. */
    private PartitionChangeRecord reassign(
            MetadataImage image, String name, ReassignablePartition wish, boolean allowFactorChange) {
        TopicImage topic = image.topic(name);
        if (topic == null) {
            throw new ApiException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find a topic named " + name + ".");
        }
        PartitionImage partition = topic.partition(wish.partitionIndex());
        if (partition == null) {
            throw new ApiException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "Unable to find partition " + name + ":" + wish.partitionIndex() + ".");
        }
        PartitionChange change = new Leadership(image, store.brokerConfig()).change(topic, partition);
        List<Integer> target = wish.replicas();
        if (target == null) {
            if (!partition.isReassigning()) {
                throw new ApiException(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, null);
            }
            return change.revert().record();
        }
        ReplicaPlacement.validate(image, target, -1);
        if (!allowFactorChange && target.size() != factor(partition)) {
            throw new ApiException(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "The replication factor would change from " + factor(partition) + " to " + target.size());
        }
        return target.equals(partition.replicas()) && !partition.isReassigning()
                ? null
                : change.reassign(target).record();
    }

    private static int factor(PartitionImage partition) {
        return partition.replicas().size()
                - partition.details().addingReplicas().size();
    }

    private static PartitionOutcome refused(int partition, ErrorCode error, String message) {
        return new PartitionOutcome(partition, error, message);
    }
}
