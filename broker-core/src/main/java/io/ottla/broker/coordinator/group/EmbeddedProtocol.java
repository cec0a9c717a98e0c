package io.ottla.broker.coordinator.group;

import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.Message;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerProtocolAssignment;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What consumers embed in the classic protocol: their subscriptions, and the assignments that they get. Both begin with a version of
 * two bytes; a version newer than ours is read as our newest, as newer versions only append fields.
 */
final class EmbeddedProtocol {

    private static final int VERSION_SIZE_BYTES = 2;

    private EmbeddedProtocol() {}

    /**
     * Reads a subscription.
     *
     * @throws io.ottla.protocol.MalformedMessageException if it is none
     */
    static ConsumerProtocolSubscription subscription(byte[] bytes) {
        return read(bytes, new ConsumerProtocolSubscription());
    }

    /**
     * Reads an assignment.
     *
     * @throws io.ottla.protocol.MalformedMessageException if it is none
     */
    static ConsumerProtocolAssignment assignment(byte[] bytes) {
        return read(bytes, new ConsumerProtocolAssignment());
    }

    private static <M extends Message> M read(byte[] bytes, M message) {
        ProtocolReader reader = new ProtocolReader(ByteBuffer.wrap(bytes));
        short version = reader.readShort();
        if (version < message.lowestSupportedVersion()) {
            throw new MalformedMessageException("unknown version " + version);
        }
        message.read(reader, (short) Math.min(version, message.highestSupportedVersion()));
        return message;
    }

    /** The partitions of an assignment, without those of topics that are not there. */
    static SortedSet<TopicIdPartition> partitions(ConsumerProtocolAssignment assignment, GroupTopics topics) {
        SortedSet<TopicIdPartition> partitions = new TreeSet<>();
        assignment.assignedPartitions().forEach(topic -> add(topics.id(topic.topic()), topic.partitions(), partitions));
        return partitions;
    }

    /** The partitions that a member says it has, without those of topics that are not there. */
    static SortedSet<TopicIdPartition> owned(ConsumerProtocolSubscription subscription, GroupTopics topics) {
        SortedSet<TopicIdPartition> partitions = new TreeSet<>();
        subscription.ownedPartitions().forEach(topic -> add(topics.id(topic.topic()), topic.partitions(), partitions));
        return partitions;
    }

    private static void add(Uuid topicId, List<Integer> indexes, SortedSet<TopicIdPartition> partitions) {
        if (topicId != null) {
            indexes.forEach(index -> partitions.add(new TopicIdPartition(topicId, index)));
        }
    }

    /**
     * Writes an assignment.
     *
     * @param partitions the partitions; those of topics that are not there are left out
     * @param topics the topics
     * @param subscription the member's subscription, whose version the assignment takes
     */
    static byte[] assignment(Set<TopicIdPartition> partitions, GroupTopics topics, byte[] subscription) {
        Map<Uuid, ConsumerProtocolAssignment.TopicPartition> byTopic = new LinkedHashMap<>();
        for (TopicIdPartition partition : partitions) {
            String name = topics.name(partition.topicId());
            if (name != null) {
                byTopic.computeIfAbsent(
                                partition.topicId(), id -> new ConsumerProtocolAssignment.TopicPartition().topic(name))
                        .partitions()
                        .add(partition.partition());
            }
        }
        short asked = subscription.length < VERSION_SIZE_BYTES
                ? 0
                : ByteBuffer.wrap(subscription).getShort();
        short version = (short) Math.max(0, Math.min(asked, ConsumerProtocolAssignment.HIGHEST_SUPPORTED_VERSION));
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort(version);
        new ConsumerProtocolAssignment()
                .assignedPartitions(new ArrayList<>(byTopic.values()))
                .write(writer, version);
        byte[] bytes = new byte[writer.position()];
        writer.toByteBuffer().get(bytes);
        return bytes;
    }
}
