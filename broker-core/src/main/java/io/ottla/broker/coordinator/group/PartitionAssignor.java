package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;

/** Decides which member of a consumer group is to read which partition. Implementations keep no state. */
interface PartitionAssignor {

    /**
     * A member, to an assignor.
     *
     * @param instanceId the id of a static member, or null
     * @param topics the topics that it reads and that are there
     * @param previous the target that it had
     */
    record Candidate(String instanceId, Set<Uuid> topics, Set<TopicIdPartition> previous) {}

    /**
     * Gives each partition that a member reads to exactly one that does.
     *
     * @param members by member id
     * @param partitionCounts how many partitions each topic has
     * @return by member id, for all members
     */
    Map<String, SortedSet<TopicIdPartition>> assign(
            SortedMap<String, Candidate> members, Map<Uuid, Integer> partitionCounts);

    /** The name of an assignor that a configuration names so, or by the class that it is in Apache Kafka. */
    static String nameOf(String configured) {
        return switch (configured) {
            case "org.apache.kafka.coordinator.group.assignor.UniformAssignor" -> "uniform";
            case "org.apache.kafka.coordinator.group.assignor.RangeAssignor" -> "range";
            default -> configured;
        };
    }

    /** The assignor of this name, or null. */
    static PartitionAssignor named(String name) {
        return switch (name) {
            case "uniform" -> new UniformAssignor();
            case "range" -> new RangeAssignor();
            default -> null;
        };
    }
}
