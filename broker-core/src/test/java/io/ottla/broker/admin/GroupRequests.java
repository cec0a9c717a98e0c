package io.ottla.broker.admin;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;

/** Short ways to write requests about groups and their offsets down. */
final class GroupRequests {

    /** The topic that all of them are about. */
    static final String TOPIC = "t";

    private GroupRequests() {}

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    static byte[] subscription(int... owned) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (int partition : owned) {
            partitions.add(new TopicPartition(TOPIC, partition));
        }
        return bytes(ConsumerProtocol.serializeSubscription(
                new ConsumerPartitionAssignor.Subscription(List.of(TOPIC), null, partitions)));
    }

    static byte[] assignment(int... partitions) {
        List<TopicPartition> list = new ArrayList<>();
        for (int partition : partitions) {
            list.add(new TopicPartition(TOPIC, partition));
        }
        return bytes(ConsumerProtocol.serializeAssignment(new ConsumerPartitionAssignor.Assignment(list)));
    }

    static JoinGroupRequestData join(String group, String memberId, int... owned) {
        JoinGroupRequestData request = new JoinGroupRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setSessionTimeoutMs(30_000)
                .setRebalanceTimeoutMs(60_000)
                .setProtocolType("consumer");
        return protocol(request, "range", subscription(owned));
    }

    static JoinGroupRequestData protocol(JoinGroupRequestData request, String name, byte[] metadata) {
        request.protocols()
                .add(new JoinGroupRequestData.JoinGroupRequestProtocol()
                        .setName(name)
                        .setMetadata(metadata));
        return request;
    }

    static SyncGroupRequestData sync(String group, String memberId, int generation) {
        return new SyncGroupRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setGenerationId(generation)
                .setProtocolType("consumer")
                .setProtocolName("range");
    }

    static SyncGroupRequestData assign(SyncGroupRequestData request, String memberId, int... partitions) {
        request.assignments()
                .add(new SyncGroupRequestData.SyncGroupRequestAssignment()
                        .setMemberId(memberId)
                        .setAssignment(assignment(partitions)));
        return request;
    }

    static HeartbeatRequestData heartbeat(String group, String memberId, int generation) {
        return new HeartbeatRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setGenerationId(generation);
    }

    static LeaveGroupRequestData.MemberIdentity member(String memberId, String instanceId) {
        return new LeaveGroupRequestData.MemberIdentity().setMemberId(memberId).setGroupInstanceId(instanceId);
    }

    static LeaveGroupRequestData leave(String group, LeaveGroupRequestData.MemberIdentity... members) {
        return new LeaveGroupRequestData().setGroupId(group).setMembers(List.of(members));
    }

    static ConsumerGroupHeartbeatRequestData beat(String group, String memberId, int epoch) {
        return new ConsumerGroupHeartbeatRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setMemberEpoch(epoch);
    }

    static ConsumerGroupHeartbeatRequestData enter(String group, String memberId) {
        return beat(group, memberId, 0)
                .setRebalanceTimeoutMs(60_000)
                .setSubscribedTopicNames(List.of(TOPIC))
                .setTopicPartitions(List.of());
    }

    static ConsumerGroupHeartbeatRequestData owning(
            Uuid topicId, String group, String memberId, int epoch, Integer... partitions) {
        List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned = partitions.length == 0
                ? List.of()
                : List.of(new ConsumerGroupHeartbeatRequestData.TopicPartitions()
                        .setTopicId(topicId)
                        .setPartitions(List.of(partitions)));
        return beat(group, memberId, epoch).setTopicPartitions(owned);
    }

    static OffsetCommitRequestData commit(String group, String memberId, int generation, int... partitions) {
        OffsetCommitRequestData.OffsetCommitRequestTopic topic = new OffsetCommitRequestData.OffsetCommitRequestTopic();
        for (int partition : partitions) {
            topic.partitions()
                    .add(new OffsetCommitRequestData.OffsetCommitRequestPartition()
                            .setPartitionIndex(partition)
                            .setCommittedOffset(7)
                            .setCommittedMetadata("m"));
        }
        return new OffsetCommitRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setGenerationIdOrMemberEpoch(generation)
                .setTopics(List.of(topic.setName(TOPIC)));
    }

    static OffsetFetchRequestData fetch(String group, String memberId, int epoch, Integer... partitions) {
        OffsetFetchRequestData.OffsetFetchRequestGroup asked =
                new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(group);
        asked.setMemberId(memberId).setMemberEpoch(epoch);
        asked.setTopics(
                partitions.length == 0
                        ? null
                        : List.of(new OffsetFetchRequestData.OffsetFetchRequestTopics()
                                .setName(TOPIC)
                                .setPartitionIndexes(List.of(partitions))));
        return new OffsetFetchRequestData().setGroups(List.of(asked));
    }

    static OffsetDeleteRequestData deleteOffset(String group, String topic, int... partitions) {
        OffsetDeleteRequestData.OffsetDeleteRequestTopic asked =
                new OffsetDeleteRequestData.OffsetDeleteRequestTopic().setName(topic);
        for (int partition : partitions) {
            asked.partitions()
                    .add(new OffsetDeleteRequestData.OffsetDeleteRequestPartition().setPartitionIndex(partition));
        }
        OffsetDeleteRequestData request = new OffsetDeleteRequestData().setGroupId(group);
        request.topics().add(asked);
        return request;
    }

    static DescribeGroupsRequestData describe(String... groups) {
        return new DescribeGroupsRequestData().setGroups(List.of(groups));
    }

    static ConsumerGroupDescribeRequestData describeConsumers(String... groups) {
        return new ConsumerGroupDescribeRequestData().setGroupIds(List.of(groups));
    }
}
