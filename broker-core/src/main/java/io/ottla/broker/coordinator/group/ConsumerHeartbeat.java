package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse.Assignment;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse.TopicPartitions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * ConsumerGroupHeartbeat: members join, say what they read and what they have, hear what they should have, and leave (KIP-848).
 *
 * <p>What versions changed for the coordinator: 1 patterns, and clients make their member id themselves (KIP-1082).
 */
final class ConsumerHeartbeat {

    private static final int LEAVE_EPOCH = -1;

    /** Who waits for partitions of others asks this often, in milliseconds: they come by no other way. */
    private static final int WAITING_INTERVAL_MS = 100;

    private final GroupState state;
    private final ConsumerGroupConfig config;
    private final ConsumerTargets targets;
    private final ConsumerMembership membership;
    private final GroupMigration migration;
    private final Supplier<String> randomIds;

    ConsumerHeartbeat(
            GroupState state,
            ConsumerGroupConfig config,
            ConsumerTargets targets,
            ConsumerMembership membership,
            GroupMigration migration,
            Supplier<String> randomIds) {
        this.state = state;
        this.config = config;
        this.targets = targets;
        this.membership = membership;
        this.migration = migration;
        this.randomIds = randomIds;
    }

    /** Handles the request; errors are answers. */
    ConsumerGroupHeartbeatResponse heartbeat(
            ConsumerGroupHeartbeatRequest request, GroupClient client, CoordinatorOutput out) {
        try {
            validate(request, client.apiVersion());
            if (request.memberEpoch() < 0) {
                membership.leave(request, out);
                return new ConsumerGroupHeartbeatResponse()
                        .memberId(request.memberId())
                        .memberEpoch(request.memberEpoch());
            }
            return beat(request, client, out);
        } catch (ApiException e) {
            // Thrown before the first record is appended.
            return new ConsumerGroupHeartbeatResponse()
                    .errorCode(e.error().code())
                    .errorMessage(e.getMessage());
        }
    }

    private void validate(ConsumerGroupHeartbeatRequest request, short version) {
        int epoch = request.memberEpoch();
        boolean mayHaveNoId = version == 0 && epoch != LEAVE_EPOCH && epoch <= 0;
        check(mayHaveNoId || !request.memberId().isEmpty(), "MemberId can't be empty.");
        check(!request.groupId().isEmpty(), "GroupId can't be empty.");
        check(!"".equals(request.instanceId()), "InstanceId can't be empty.");
        check(!"".equals(request.rackId()), "RackId can't be empty.");
        check(epoch >= MemberAssignment.LEFT_STATIC_EPOCH, "MemberEpoch is invalid.");
        if (epoch == 0) {
            check(request.rebalanceTimeoutMs() != -1, "RebalanceTimeoutMs must be provided in first request.");
            check(
                    request.topicPartitions() != null
                            && request.topicPartitions().isEmpty(),
                    "TopicPartitions must be empty when (re-)joining.");
            check(
                    request.subscribedTopicNames() != null || request.subscribedTopicRegex() != null,
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
        }
        check(epoch != MemberAssignment.LEFT_STATIC_EPOCH || request.instanceId() != null, "InstanceId can't be null.");
        if (request.serverAssignor() != null && !config.assignors().contains(request.serverAssignor())) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_ASSIGNOR,
                    "ServerAssignor " + request.serverAssignor() + " is not supported. Supported assignors: "
                            + String.join(", ", config.assignors()) + ".");
        }
        if (request.subscribedTopicRegex() != null
                && !request.subscribedTopicRegex().isEmpty()) {
            ResolvedRegex.validate(request.subscribedTopicRegex());
        }
    }

    private static void check(boolean valid, String message) {
        if (!valid) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, message);
        }
    }

    private ConsumerGroupHeartbeatResponse beat(
            ConsumerGroupHeartbeatRequest request, GroupClient client, CoordinatorOutput out) {
        boolean joins = request.memberEpoch() == 0;
        String groupId = request.groupId();
        String memberId = request.memberId().isEmpty() ? randomIds.get() : request.memberId();
        Set<TopicIdPartition> owned = ownedBy(request);
        Group present = state.find(groupId);
        ConsumerGroup known = membership.groupFor(groupId, joins);
        if (known != null) {
            membership.checkRoom(known, memberId);
        }
        ConsumerMember replaced = null;
        ConsumerMember before = null;
        if (!joins) {
            before = membership.memberFor(known, request, owned);
        } else if (known != null) {
            replaced = membership.returningStatic(known, memberId, request.instanceId());
            before = replaced == null ? known.find(memberId) : null;
        }

        // From here on nothing is refused.
        if (present instanceof ClassicGroup classic && known != null) {
            migration.upgrade(classic, known, out);
        } else if (known == null && present != null) {
            present.tombstones().forEach(out::append);
        }
        if (replaced != null) {
            before = ConsumerMembership.replace(state.findConsumer(groupId), replaced, memberId, out);
        }
        MemberSubscription said = before == null ? MemberSubscription.NONE : before.subscription();
        MemberSubscription says = said.updated(request, client);
        if (before == null || !says.equals(said)) {
            out.append(ConsumerGroupRecords.member(groupId, memberId, says));
        }
        ConsumerGroup group = state.findConsumer(groupId);
        if (said.classic() != null) {
            group.cancelTimers(memberId, out);
        }
        targets.refresh(group, !says.readsAs(said), out);
        MemberAssignment had = before == null ? MemberAssignment.NONE : before.assignment();
        MemberAssignment has = membership.reconcile(group, memberId, owned, out);
        membership.restartSession(group, group.member(memberId), out);

        boolean fullRequest = request.rebalanceTimeoutMs() != -1
                && (request.subscribedTopicNames() != null || request.subscribedTopicRegex() != null)
                && owned != null;
        boolean changed = !has.assigned().keySet().equals(had.assigned().keySet());
        return new ConsumerGroupHeartbeatResponse()
                .memberId(memberId)
                .memberEpoch(has.epoch())
                .heartbeatIntervalMs(intervalMs(groupId, has))
                .assignment(joins || fullRequest || changed ? assignment(has) : null);
    }

    private int intervalMs(String groupId, MemberAssignment assignment) {
        int intervalMs = config.heartbeatIntervalMs().applyAsInt(groupId);
        return assignment.state() == MemberAssignment.State.UNRELEASED_PARTITIONS
                ? Math.min(intervalMs, WAITING_INTERVAL_MS)
                : intervalMs;
    }

    /** What the member says it has; null if it does not say. */
    private static Set<TopicIdPartition> ownedBy(ConsumerGroupHeartbeatRequest request) {
        if (request.topicPartitions() == null) {
            return null;
        }
        Set<TopicIdPartition> owned = new HashSet<>();
        request.topicPartitions().forEach(topic -> topic.partitions()
                .forEach(partition -> owned.add(new TopicIdPartition(topic.topicId(), partition))));
        return owned;
    }

    private static Assignment assignment(MemberAssignment has) {
        Map<Uuid, TopicPartitions> topics = new LinkedHashMap<>();
        for (TopicIdPartition partition : has.assigned().keySet()) {
            topics.computeIfAbsent(partition.topicId(), id -> new TopicPartitions().topicId(id))
                    .partitions()
                    .add(partition.partition());
        }
        return new Assignment().topicPartitions(new ArrayList<>(topics.values()));
    }
}
