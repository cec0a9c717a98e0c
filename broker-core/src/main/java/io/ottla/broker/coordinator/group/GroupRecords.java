package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.message.GroupMetadataKey;
import io.ottla.protocol.message.GroupMetadataValue;
import io.ottla.protocol.message.OffsetCommitKey;
import io.ottla.protocol.message.OffsetCommitValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The records of {@code __consumer_offsets}, in the versions that Apache Kafka 4.3.1 writes. */
final class GroupRecords {

    private static final short GROUP_METADATA_VERSION = 3;
    private static final short OFFSET_COMMIT_VERSION = 4;

    /** The one version that has a time of expiry; for clients that ask for a retention of their own. */
    private static final short OFFSET_COMMIT_VERSION_WITH_EXPIRY = 1;

    private GroupRecords() {}

    /** A group that has not had members. */
    static CoordinatorRecord newGroup(String groupId, long nowMs) {
        return group(
                groupId,
                new GroupMetadataValue()
                        .protocolType("")
                        .protocol(null)
                        .leader(null)
                        .currentStateTimestamp(nowMs));
    }

    /** A group that has lost its last member, in a generation of its own. */
    static CoordinatorRecord emptiedGroup(ClassicGroup group, long nowMs) {
        return group(
                group.groupId(),
                new GroupMetadataValue()
                        .protocolType(group.protocolTypeOrEmpty())
                        .generation(group.generationId() + 1)
                        .protocol(null)
                        .leader(null)
                        .currentStateTimestamp(nowMs));
    }

    /** A group with its members, who get the assignments; none for members that are not named. */
    static CoordinatorRecord stableGroup(ClassicGroup group, Map<String, byte[]> assignments, long nowMs) {
        List<GroupMetadataValue.MemberMetadata> members = new ArrayList<>(group.size());
        for (ClassicMember member : group.members()) {
            members.add(new GroupMetadataValue.MemberMetadata()
                    .memberId(member.memberId())
                    .groupInstanceId(member.groupInstanceId())
                    .clientId(member.clientId())
                    .clientHost(member.clientHost())
                    .rebalanceTimeout(member.rebalanceTimeoutMs())
                    .sessionTimeout(member.sessionTimeoutMs())
                    .subscription(member.metadata(group.protocolName()))
                    .assignment(assignments.getOrDefault(member.memberId(), ClassicMember.NO_ASSIGNMENT)));
        }
        return group(
                group.groupId(),
                new GroupMetadataValue()
                        .protocolType(group.protocolTypeOrEmpty())
                        .generation(group.generationId())
                        .protocol(group.protocolName())
                        .leader(group.leaderId())
                        .currentStateTimestamp(nowMs)
                        .members(members));
    }

    static CoordinatorRecord groupTombstone(String groupId) {
        return CoordinatorRecord.tombstone(new GroupMetadataKey().group(groupId));
    }

    private static CoordinatorRecord group(String groupId, GroupMetadataValue value) {
        return new CoordinatorRecord(new GroupMetadataKey().group(groupId), value, GROUP_METADATA_VERSION);
    }

    static CoordinatorRecord offset(OffsetKey key, CommittedOffset offset) {
        short version = offset.expireTimestampMs() == CommittedOffset.NO_EXPIRY
                ? OFFSET_COMMIT_VERSION
                : OFFSET_COMMIT_VERSION_WITH_EXPIRY;
        return new CoordinatorRecord(
                recordKey(key),
                new OffsetCommitValue()
                        .offset(offset.offset())
                        .leaderEpoch(offset.leaderEpoch())
                        .metadata(offset.metadata())
                        .commitTimestamp(offset.commitTimestampMs())
                        .expireTimestamp(offset.expireTimestampMs())
                        .topicId(offset.topicId()),
                version);
    }

    static CoordinatorRecord offsetTombstone(OffsetKey key) {
        return CoordinatorRecord.tombstone(recordKey(key));
    }

    private static OffsetCommitKey recordKey(OffsetKey key) {
        return new OffsetCommitKey().group(key.groupId()).topic(key.topic()).partition(key.partition());
    }
}
