package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentKey;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentValue;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataKey;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue;
import io.ottla.protocol.message.ConsumerGroupMetadataKey;
import io.ottla.protocol.message.ConsumerGroupMetadataValue;
import io.ottla.protocol.message.ConsumerGroupRegularExpressionKey;
import io.ottla.protocol.message.ConsumerGroupRegularExpressionValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberKey;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataKey;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataValue;
import io.ottla.protocol.message.GroupMetadataKey;
import io.ottla.protocol.message.GroupMetadataValue;
import io.ottla.protocol.message.OffsetCommitKey;
import io.ottla.protocol.message.OffsetCommitValue;
import io.ottla.protocol.record.RecordBatch;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The groups and offsets of a shard, and the one place where records change them. */
final class GroupState {

    private final Map<String, Group> groups = new HashMap<>();
    private final GroupOffsets offsets = new GroupOffsets();

    /** Offsets of transactions that have not ended, by producer id. */
    private final Map<Long, GroupOffsets> openOffsets = new HashMap<>();

    /** Which producers have offsets of a group in open transactions. */
    private final Map<String, Set<Long>> openProducers = new HashMap<>();

    // Groups.

    /** The group, or null. */
    Group find(String groupId) {
        return groups.get(groupId);
    }

    /** The group if it is a classic one, else null. */
    ClassicGroup findClassic(String groupId) {
        return groups.get(groupId) instanceof ClassicGroup classic ? classic : null;
    }

    /** The group if it is one of the consumer protocol, else null. */
    ConsumerGroup findConsumer(String groupId) {
        return groups.get(groupId) instanceof ConsumerGroup consumer ? consumer : null;
    }

    /**
     * The group.
     *
     * @throws ApiException GROUP_ID_NOT_FOUND if there is none
     */
    Group group(String groupId) {
        Group group = groups.get(groupId);
        if (group == null) {
            throw new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "Group " + groupId + " not found.");
        }
        return group;
    }

    /** Puts a group in its place whose first record comes next. */
    void add(ClassicGroup group) {
        groups.put(group.groupId(), group);
    }

    Collection<Group> groups() {
        return groups.values();
    }

    /** The ids of all groups; a copy, so that groups may be removed on the way. */
    List<String> groupIds() {
        return List.copyOf(groups.keySet());
    }

    // Offsets.

    GroupOffsets offsets() {
        return offsets;
    }

    /** Whether an open transaction has an offset for the partition. */
    boolean hasOpenOffset(String groupId, String topic, int partition) {
        for (Long producerId : openProducers.getOrDefault(groupId, Set.of())) {
            GroupOffsets open = openOffsets.get(producerId);
            if (open != null && open.find(groupId, topic, partition) != null) {
                return true;
            }
        }
        return false;
    }

    boolean hasOpenTransactions(String groupId) {
        return openProducers.containsKey(groupId);
    }

    /** The offsets of open transactions. */
    Collection<GroupOffsets> openOffsets() {
        return openOffsets.values();
    }

    // Records.

    void replay(CoordinatorRecord record, long recordOffset, long producerId) {
        if (record.key() instanceof OffsetCommitKey key) {
            OffsetKey name = new OffsetKey(key.group(), key.topic(), key.partition());
            if (record.value() == null) {
                removeOffset(name);
            } else {
                putOffset(name, CommittedOffset.of((OffsetCommitValue) record.value(), recordOffset), producerId);
            }
        } else if (record.key() instanceof GroupMetadataKey key) {
            if (record.value() == null) {
                if (findClassic(key.group()) != null) {
                    groups.remove(key.group());
                }
            } else {
                replayGroup(key.group(), (GroupMetadataValue) record.value());
            }
        } else {
            replayConsumerGroup(record);
        }
    }

    private void replayConsumerGroup(CoordinatorRecord record) {
        if (record.key() instanceof ConsumerGroupMetadataKey key) {
            if (record.value() == null) {
                if (findConsumer(key.groupId()) != null) {
                    groups.remove(key.groupId());
                }
            } else {
                consumerGroup(key.groupId(), record).replay((ConsumerGroupMetadataValue) record.value());
            }
            return;
        }
        if (record.key() instanceof ConsumerGroupMemberMetadataKey key) {
            ConsumerGroup group = consumerGroup(key.groupId(), record);
            if (group != null) {
                group.replayMember(key.memberId(), (ConsumerGroupMemberMetadataValue) record.value());
            }
        } else if (record.key() instanceof ConsumerGroupCurrentMemberAssignmentKey key) {
            ConsumerGroup group = consumerGroup(key.groupId(), record);
            if (group != null) {
                group.replayAssignment(key.memberId(), (ConsumerGroupCurrentMemberAssignmentValue) record.value());
            }
        } else if (record.key() instanceof ConsumerGroupTargetAssignmentMetadataKey key) {
            ConsumerGroup group = consumerGroup(key.groupId(), record);
            if (group != null) {
                group.replayTarget((ConsumerGroupTargetAssignmentMetadataValue) record.value());
            }
        } else if (record.key() instanceof ConsumerGroupTargetAssignmentMemberKey key) {
            ConsumerGroup group = consumerGroup(key.groupId(), record);
            if (group != null) {
                group.replayTarget(key.memberId(), (ConsumerGroupTargetAssignmentMemberValue) record.value());
            }
        } else if (record.key() instanceof ConsumerGroupRegularExpressionKey key) {
            ConsumerGroup group = consumerGroup(key.groupId(), record);
            if (group != null) {
                group.replayRegex(key.regularExpression(), (ConsumerGroupRegularExpressionValue) record.value());
            }
        }
    }

    /**
     * The group of a record; any of its records may be the first that compaction has left. Null if there is none, for a tombstone.
     * A classic group of the id is one without members that offsets of earlier records have made.
     */
    private ConsumerGroup consumerGroup(String groupId, CoordinatorRecord record) {
        ConsumerGroup group = findConsumer(groupId);
        if (group == null && record.value() != null) {
            group = new ConsumerGroup(groupId);
            groups.put(groupId, group);
        }
        return group;
    }

    private void replayGroup(String groupId, GroupMetadataValue value) {
        ClassicGroup group = findClassic(groupId);
        if (group == null) {
            group = new ClassicGroup(groupId, value.currentStateTimestamp());
            groups.put(groupId, group);
        }
        group.replay(value);
    }

    private void putOffset(OffsetKey key, CommittedOffset offset, long producerId) {
        // Who commits without being a member makes a simple group: a classic one that never has a protocol type.
        groups.computeIfAbsent(key.groupId(), groupId -> new ClassicGroup(groupId, offset.commitTimestampMs()));
        if (producerId == RecordBatch.NO_PRODUCER_ID) {
            offsets.put(key, offset);
        } else {
            openOffsets.computeIfAbsent(producerId, id -> new GroupOffsets()).put(key, offset);
            openProducers.computeIfAbsent(key.groupId(), id -> new HashSet<>()).add(producerId);
        }
    }

    private void removeOffset(OffsetKey key) {
        offsets.remove(key);
        for (Long producerId : openProducers.getOrDefault(key.groupId(), Set.of())) {
            GroupOffsets open = openOffsets.get(producerId);
            if (open != null) {
                open.remove(key);
            }
        }
    }

    void replayEndTransaction(long producerId, boolean committed) {
        GroupOffsets ended = openOffsets.remove(producerId);
        openProducers.values().removeIf(producers -> producers.remove(producerId) && producers.isEmpty());
        if (ended == null || !committed) {
            return;
        }
        ended.forEach((key, offset) -> {
            CommittedOffset present = offsets.find(key.groupId(), key.topic(), key.partition());
            // The later record wins, though its transaction may have ended earlier: so it is after compaction too.
            if (present == null || present.recordOffset() < offset.recordOffset()) {
                offsets.put(key, offset);
            }
        });
    }
}
