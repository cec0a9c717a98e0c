package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetDeleteRequest;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestPartition;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import io.ottla.protocol.message.OffsetDeleteResponse;
import io.ottla.protocol.message.OffsetDeleteResponse.OffsetDeleteResponsePartition;
import io.ottla.protocol.message.OffsetDeleteResponse.OffsetDeleteResponseTopic;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;

/** How offsets go: by OffsetDelete, with their group, with their topic, and by age. */
final class OffsetRemoval {

    private final GroupState state;
    private final GroupConfig config;

    OffsetRemoval(GroupState state, GroupConfig config) {
        this.state = state;
        this.config = config;
    }

    /**
     * Handles OffsetDelete.
     *
     * @throws io.ottla.protocol.ApiException if the group is not there or its offsets may not be deleted
     */
    OffsetDeleteResponse delete(OffsetDeleteRequest request, CoordinatorOutput out) {
        Group group = state.group(request.groupId());
        group.validateOffsetDelete();
        OffsetDeleteResponse response = new OffsetDeleteResponse();
        for (OffsetDeleteRequestTopic topic : request.topics()) {
            boolean subscribed = group.isSubscribedTo(topic.name());
            OffsetDeleteResponseTopic result = new OffsetDeleteResponseTopic().name(topic.name());
            for (OffsetDeleteRequestPartition partition : topic.partitions()) {
                int index = partition.partitionIndex();
                if (!subscribed) {
                    deleteIfThere(new OffsetKey(request.groupId(), topic.name(), index), out);
                }
                ErrorCode error = subscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
                result.partitions()
                        .add(new OffsetDeleteResponsePartition()
                                .partitionIndex(index)
                                .errorCode(error.code()));
            }
            response.topics().add(result);
        }
        return response;
    }

    private void deleteIfThere(OffsetKey key, CoordinatorOutput out) {
        if (state.offsets().find(key.groupId(), key.topic(), key.partition()) != null
                || state.hasOpenOffset(key.groupId(), key.topic(), key.partition())) {
            out.append(GroupRecords.offsetTombstone(key));
        }
    }

    /** Deletes a group and all its offsets, those of open transactions too. */
    void deleteGroup(String groupId, CoordinatorOutput out) {
        Set<OffsetKey> keys = new LinkedHashSet<>();
        state.offsets().forEach(groupId, (key, offset) -> keys.add(key));
        for (GroupOffsets open : state.openOffsets()) {
            open.forEach(groupId, (key, offset) -> keys.add(key));
        }
        keys.forEach(key -> out.append(GroupRecords.offsetTombstone(key)));
        state.group(groupId).tombstones().forEach(out::append);
    }

    /**
     * Deletes the offsets of topics that are gone.
     *
     * @param gone says so of a topic's name and of its id, which is {@link Uuid#ZERO} where the offset does not know it
     */
    void dropTopics(BiPredicate<String, Uuid> gone, CoordinatorOutput out) {
        Set<OffsetKey> keys = new LinkedHashSet<>();
        BiConsumer<OffsetKey, CommittedOffset> collector = (key, offset) -> {
            if (gone.test(key.topic(), offset.topicId())) {
                keys.add(key);
            }
        };
        state.offsets().forEach(collector);
        state.openOffsets().forEach(open -> open.forEach(collector));
        keys.forEach(key -> out.append(GroupRecords.offsetTombstone(key)));
    }

    /** Deletes the offsets that have expired, and the groups that have neither offsets nor members left. */
    void expire(CoordinatorOutput out) {
        for (String groupId : state.groupIds()) {
            Group group = state.group(groupId);
            if (!state.offsets().has(groupId) || expireOffsets(group, out)) {
                if (group.isEmpty() && !state.hasOpenTransactions(groupId)) {
                    group.tombstones().forEach(out::append);
                }
            }
        }
    }

    /** True if no offset is left. */
    private boolean expireOffsets(Group group, CoordinatorOutput out) {
        Group.OffsetExpiry rule = group.offsetExpiry();
        if (rule == Group.OffsetExpiry.NEVER) {
            return false;
        }
        Set<OffsetKey> expired = new LinkedHashSet<>();
        state.offsets().forEach(group.groupId(), (key, offset) -> {
            if (!group.isSubscribedTo(key.topic())
                    && isExpired(group, rule, offset, out.nowMs())
                    && !state.hasOpenOffset(key.groupId(), key.topic(), key.partition())) {
                expired.add(key);
            }
        });
        expired.forEach(key -> out.append(GroupRecords.offsetTombstone(key)));
        return !state.offsets().has(group.groupId());
    }

    private boolean isExpired(Group group, Group.OffsetExpiry rule, CommittedOffset offset, long nowMs) {
        if (offset.expireTimestampMs() != CommittedOffset.NO_EXPIRY) {
            // A client before version 5 of OffsetCommit has asked for a time of its own.
            return nowMs >= offset.expireTimestampMs();
        }
        boolean sinceEmpty = rule == Group.OffsetExpiry.SINCE_EMPTY && group.stateTimestampMs() >= 0;
        long sinceMs = sinceEmpty ? group.stateTimestampMs() : offset.commitTimestampMs();
        return nowMs - sinceMs >= config.offsetsRetentionMs();
    }
}
