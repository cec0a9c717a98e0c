package io.ottla.broker.testing;

import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a broker holds, as far as a person wants to see it at once. Its {@link #toString} is for the output of a test.
 *
 * <pre>{@code
 * BrokerOverview overview = broker.overview();
 * overview.topics().forEach(topic -> System.out.println(topic.name()));
 * System.out.println(overview);
 * }</pre>
 *
 * @param topics by name, without the broker's own
 * @param groups by id
 */
public record BrokerOverview(List<Topic> topics, List<Group> groups) {

    private static final String LINE_END = "\n";

    /**
     * A topic.
     *
     * @param partitions from 0
     */
    public record Topic(String name, List<PartitionEnds> partitions) {}

    /**
     * A partition.
     *
     * @param startOffset of the first record that is left
     * @param endOffset that the next record gets
     */
    public record PartitionEnds(int partition, long startOffset, long endOffset) {}

    /**
     * A group.
     *
     * @param state as Apache Kafka calls it
     * @param members their client ids, sorted
     * @param offsets what it has committed, by topic and partition
     */
    public record Group(String groupId, String state, List<String> members, List<GroupOffset> offsets) {}

    /**
     * What a group has committed in a partition.
     *
     * @param endOffset that the next record gets; -1 if there is no such partition any more
     */
    public record GroupOffset(String topic, int partition, long committedOffset, long endOffset) {}

    /** For the broker, which gives it out as {@code broker.overview()}. */
    public static BrokerOverview of(BrokerParts broker) {
        return new BrokerOverview(topics(broker), groups(broker));
    }

    private static List<Topic> topics(BrokerParts broker) {
        return broker.metadata().image().topics().stream()
                .map(TopicImage::name)
                .filter(name -> !TopicNames.isInternal(name))
                .sorted()
                .map(name -> new Topic(
                        name,
                        broker.partitions().partitions(name).stream()
                                .map(partition -> new PartitionEnds(
                                        partition.index(),
                                        partition.log().logStartOffset(),
                                        partition.log().logEndOffset()))
                                .toList()))
                .toList();
    }

    private static List<Group> groups(BrokerParts broker) {
        CoordinatorView coordinators = new CoordinatorView(broker);
        return coordinators.groups().stream()
                .map(ListedGroup::groupId)
                .sorted()
                .map(groupId -> {
                    CoordinatorView.GroupView group = coordinators.group(groupId);
                    return new Group(
                            groupId,
                            group.state(),
                            group.members(),
                            offsets(broker, coordinators.committedOffsets(groupId)));
                })
                .toList();
    }

    private static List<GroupOffset> offsets(BrokerParts broker, Map<TopicPartition, Long> committed) {
        Map<TopicPartition, Long> ends =
                new TreeMap<>(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
        committed.keySet().forEach(key -> ends.put(key, -1L));
        for (Partition partition : broker.partitions().all()) {
            ends.replace(
                    new TopicPartition(partition.topic(), partition.index()),
                    partition.log().logEndOffset());
        }
        List<GroupOffset> offsets = new ArrayList<>();
        ends.forEach((key, end) -> offsets.add(new GroupOffset(key.topic(), key.partition(), committed.get(key), end)));
        return offsets;
    }

    /** One line for each topic and group, and each partition that a group has committed offsets of. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Topic topic : topics) {
            text.append("topic ").append(topic.name).append(":");
            for (PartitionEnds ends : topic.partitions) {
                text.append(' ').append(ends.partition).append('[').append(ends.startOffset);
                text.append("..").append(ends.endOffset).append(')');
            }
            text.append(LINE_END);
        }
        for (Group group : groups) {
            text.append("group ").append(group.groupId).append(": ").append(group.state);
            text.append(", members ").append(group.members).append(LINE_END);
            for (GroupOffset offset : group.offsets) {
                text.append("  ").append(offset.topic).append('-').append(offset.partition);
                text.append(" committed ").append(offset.committedOffset);
                text.append(offset.endOffset < 0 ? ", which is gone" : ", end " + offset.endOffset);
                text.append(LINE_END);
            }
        }
        return text.isEmpty() ? "no topics, no groups" + LINE_END : text.toString();
    }
}
