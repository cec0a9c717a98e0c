package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentKey;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataKey;
import io.ottla.protocol.message.ConsumerGroupMetadataKey;
import io.ottla.protocol.message.ConsumerGroupMetadataValue;
import io.ottla.protocol.message.ConsumerGroupRegularExpressionKey;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberKey;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberValue.TopicPartition;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataKey;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/** The records of groups of the consumer protocol, in the versions that Apache Kafka 4.3.1 writes. */
final class ConsumerGroupRecords {

    private static final short VERSION = 0;

    private ConsumerGroupRecords() {}

    static CoordinatorRecord group(String groupId, int groupEpoch, long metadataHash) {
        return new CoordinatorRecord(
                new ConsumerGroupMetadataKey().groupId(groupId),
                new ConsumerGroupMetadataValue().epoch(groupEpoch).metadataHash(metadataHash),
                VERSION);
    }

    static CoordinatorRecord groupTombstone(String groupId) {
        return CoordinatorRecord.tombstone(new ConsumerGroupMetadataKey().groupId(groupId));
    }

    static CoordinatorRecord member(String groupId, String memberId, MemberSubscription subscription) {
        return new CoordinatorRecord(
                new ConsumerGroupMemberMetadataKey().groupId(groupId).memberId(memberId),
                subscription.toValue(),
                VERSION);
    }

    static CoordinatorRecord assignment(String groupId, String memberId, MemberAssignment assignment) {
        return new CoordinatorRecord(
                new ConsumerGroupCurrentMemberAssignmentKey().groupId(groupId).memberId(memberId),
                assignment.toValue(),
                VERSION);
    }

    static ConsumerGroupTargetAssignmentMemberValue targetValue(SortedSet<TopicIdPartition> target) {
        Map<Uuid, TopicPartition> topics = new LinkedHashMap<>();
        for (TopicIdPartition partition : target) {
            topics.computeIfAbsent(partition.topicId(), id -> new TopicPartition().topicId(id))
                    .partitions()
                    .add(partition.partition());
        }
        return new ConsumerGroupTargetAssignmentMemberValue().topicPartitions(new ArrayList<>(topics.values()));
    }

    static CoordinatorRecord target(String groupId, String memberId, SortedSet<TopicIdPartition> target) {
        return new CoordinatorRecord(
                new ConsumerGroupTargetAssignmentMemberKey().groupId(groupId).memberId(memberId),
                targetValue(target),
                VERSION);
    }

    static CoordinatorRecord targetEpoch(String groupId, int epoch, long timestampMs) {
        return new CoordinatorRecord(
                new ConsumerGroupTargetAssignmentMetadataKey().groupId(groupId),
                new ConsumerGroupTargetAssignmentMetadataValue()
                        .assignmentEpoch(epoch)
                        .assignmentTimestamp(timestampMs),
                VERSION);
    }

    static CoordinatorRecord targetEpochTombstone(String groupId) {
        return CoordinatorRecord.tombstone(new ConsumerGroupTargetAssignmentMetadataKey().groupId(groupId));
    }

    static CoordinatorRecord regex(String groupId, String regex, ResolvedRegex resolved) {
        return new CoordinatorRecord(
                new ConsumerGroupRegularExpressionKey().groupId(groupId).regularExpression(regex),
                resolved.toValue(),
                VERSION);
    }

    static CoordinatorRecord regexTombstone(String groupId, String regex) {
        return CoordinatorRecord.tombstone(
                new ConsumerGroupRegularExpressionKey().groupId(groupId).regularExpression(regex));
    }

    /** What removes a member, in the order that Apache Kafka wants to read it in. */
    static List<CoordinatorRecord> memberTombstones(String groupId, String memberId) {
        return List.of(
                CoordinatorRecord.tombstone(new ConsumerGroupCurrentMemberAssignmentKey()
                        .groupId(groupId)
                        .memberId(memberId)),
                CoordinatorRecord.tombstone(new ConsumerGroupTargetAssignmentMemberKey()
                        .groupId(groupId)
                        .memberId(memberId)),
                CoordinatorRecord.tombstone(
                        new ConsumerGroupMemberMetadataKey().groupId(groupId).memberId(memberId)));
    }
}
