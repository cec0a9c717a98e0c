package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import io.ottla.protocol.message.LeaveGroupResponse.MemberResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;

/** Who may speak for a member of a consumer group, and how members go: by themselves, by an administrator, and by being late. */
final class ConsumerMembership {

    private static final String START_OVER = " The member must abandon all its partitions and rejoin.";

    private final GroupState state;
    private final ConsumerGroupConfig config;
    private final ConsumerTargets targets;

    private final GroupMigration migration;

    ConsumerMembership(
            GroupState state, ConsumerGroupConfig config, ConsumerTargets targets, GroupMigration migration) {
        this.state = state;
        this.migration = migration;
        this.config = config;
        this.targets = targets;
    }

    /**
     * The group that a heartbeat is for.
     *
     * @return null if a group is to be made: none is there, or one that is classic and empty; for a classic group with members that may
     *     be upgraded, what it will be, and is not yet
     * @throws ApiException GROUP_ID_NOT_FOUND
     */
    ConsumerGroup groupFor(String groupId, boolean joins) {
        Group present = state.find(groupId);
        if (present instanceof ConsumerGroup group) {
            return group;
        }
        if (present == null && !joins) {
            throw new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "Consumer group " + groupId + " not found.");
        }
        if (present instanceof ClassicGroup classic && joins && !classic.isEmpty()) {
            return migration.upgraded(classic);
        }
        if (present != null && !joins) {
            throw new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "Group " + groupId + " is not a consumer group.");
        }
        return null;
    }

    /**
     * The static member that a joining one takes the place of, or null.
     *
     * @throws ApiException UNRELEASED_INSTANCE_ID if it has not left; one that speaks the classic protocol cannot announce that
     */
    ConsumerMember returningStatic(ConsumerGroup group, String memberId, String instanceId) {
        ConsumerMember owner = instanceId == null ? null : group.findStatic(instanceId);
        if (owner != null && !owner.isClassic() && owner.epoch() != MemberAssignment.LEFT_STATIC_EPOCH) {
            throw new ApiException(
                    ErrorCode.UNRELEASED_INSTANCE_ID,
                    "Static member " + memberId + " with instance id " + instanceId
                            + " cannot join the group because the instance id is owned by " + owner.memberId()
                            + " member.");
        }
        return owner;
    }

    /**
     * The member that a heartbeat is from.
     *
     * @throws ApiException UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, FENCED_MEMBER_EPOCH
     */
    ConsumerMember memberFor(ConsumerGroup group, ConsumerGroupHeartbeatRequest request, Set<TopicIdPartition> owned) {
        ConsumerMember member = identify(group, request.memberId(), request.instanceId());
        int epoch = request.memberEpoch();
        if (epoch > member.epoch()) {
            throw new ApiException(
                    ErrorCode.FENCED_MEMBER_EPOCH,
                    "The consumer group member has a greater member epoch (" + epoch
                            + ") than the one known by the group coordinator (" + member.epoch() + ")." + START_OVER);
        }
        // The answer with the new epoch may have been lost.
        boolean missedOne = epoch == member.assignment().previousEpoch()
                && owned != null
                && member.assignment().assigned().keySet().containsAll(owned);
        if (epoch < member.epoch() && !missedOne) {
            throw new ApiException(
                    ErrorCode.FENCED_MEMBER_EPOCH,
                    "The consumer group member has a smaller member epoch (" + epoch
                            + ") than the one known by the group coordinator (" + member.epoch() + ")." + START_OVER);
        }
        return member;
    }

    /**
     * The member that a client says it is.
     *
     * @throws ApiException UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID
     */
    static ConsumerMember identify(ConsumerGroup group, String memberId, String instanceId) {
        if (instanceId == null) {
            return group.member(memberId);
        }
        ConsumerMember member = staticMember(group, instanceId);
        if (!member.memberId().equals(memberId)) {
            throw new ApiException(
                    ErrorCode.FENCED_INSTANCE_ID,
                    "Static member " + memberId + " with instance id " + instanceId + " was fenced by member "
                            + member.memberId() + ".");
        }
        return member;
    }

    private static ConsumerMember staticMember(ConsumerGroup group, String instanceId) {
        ConsumerMember member = group.findStatic(instanceId);
        if (member == null) {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID, "Instance id " + instanceId + " is unknown.");
        }
        return member;
    }

    // How members come.

    /** Puts a new member in the place of a static one that is away, or that speaks the classic protocol. */
    static ConsumerMember replace(
            ConsumerGroup group, ConsumerMember replaced, String memberId, CoordinatorOutput out) {
        String groupId = group.groupId();
        MemberAssignment had = replaced.assignment();
        MemberAssignment has = new MemberAssignment(0, 0, had.state(), had.assigned(), had.revoking());
        // Copied before it goes with the old member.
        SortedSet<TopicIdPartition> target = group.target(replaced.memberId());
        group.cancelTimers(replaced.memberId(), out);
        ConsumerGroupRecords.memberTombstones(groupId, replaced.memberId()).forEach(out::append);
        out.append(ConsumerGroupRecords.member(groupId, memberId, replaced.subscription()));
        out.append(ConsumerGroupRecords.target(groupId, memberId, target));
        out.append(ConsumerGroupRecords.assignment(groupId, memberId, has));
        return group.member(memberId);
    }

    /** Lets a member take the next step towards its target, given what it says it has; null if it does not say. */
    MemberAssignment reconcile(
            ConsumerGroup group, String memberId, Set<TopicIdPartition> owned, CoordinatorOutput out) {
        MemberAssignment current = group.member(memberId).assignment();
        MemberAssignment next = Reconciliation.step(
                current,
                group.target(memberId),
                group.targetEpoch(),
                owned,
                partition -> group.isFreeFor(partition, memberId));
        if (!next.equals(current)) {
            out.append(ConsumerGroupRecords.assignment(group.groupId(), memberId, next));
            GroupTimer.Revocation revocation = new GroupTimer.Revocation(group.groupId(), memberId);
            if (next.state() == MemberAssignment.State.UNREVOKED_PARTITIONS
                    && !group.member(memberId).isClassic()) {
                out.schedule(revocation, group.member(memberId).subscription().rebalanceTimeoutMs());
            } else {
                out.cancel(revocation);
            }
        }
        return next;
    }

    /** Something was heard of a member. */
    void restartSession(ConsumerGroup group, ConsumerMember member, CoordinatorOutput out) {
        int timeoutMs = member.isClassic()
                ? member.subscription().classic().sessionTimeoutMs()
                : config.sessionTimeoutMs().applyAsInt(group.groupId());
        out.schedule(new GroupTimer.Session(group.groupId(), member.memberId()), timeoutMs);
    }

    /**
     * Checks that a member may join.
     *
     * @throws ApiException GROUP_MAX_SIZE_REACHED
     */
    void checkRoom(ConsumerGroup group, String memberId) {
        if (group.size() >= config.maxSize() && group.find(memberId) == null) {
            throw new ApiException(
                    ErrorCode.GROUP_MAX_SIZE_REACHED,
                    "The consumer group has reached its maximum capacity of " + config.maxSize() + " members.");
        }
    }

    // How members go.

    /**
     * A member leaves; a static one may announce to be back, and then keeps what it has for its session timeout.
     *
     * @throws ApiException as for heartbeats
     */
    void leave(ConsumerGroupHeartbeatRequest request, CoordinatorOutput out) {
        if (!(state.find(request.groupId()) instanceof ConsumerGroup group)) {
            throw new ApiException(ErrorCode.GROUP_ID_NOT_FOUND, "Group " + request.groupId() + " not found.");
        }
        ConsumerMember member = identify(group, request.memberId(), request.instanceId());
        if (request.memberEpoch() == MemberAssignment.LEFT_STATIC_EPOCH) {
            MemberAssignment had = member.assignment();
            out.cancel(new GroupTimer.Revocation(group.groupId(), member.memberId()));
            out.append(ConsumerGroupRecords.assignment(
                    group.groupId(),
                    member.memberId(),
                    new MemberAssignment(
                            MemberAssignment.LEFT_STATIC_EPOCH,
                            had.previousEpoch(),
                            had.state(),
                            had.assigned(),
                            MemberAssignment.NONE.revoking())));
        } else {
            remove(group, List.of(member.memberId()), out);
        }
    }

    /** Handles LeaveGroup, by which administrators take out members (KIP-345). */
    LeaveGroupResponse leave(ConsumerGroup group, List<MemberIdentity> leaving, CoordinatorOutput out) {
        List<MemberResponse> results = new ArrayList<>(leaving.size());
        List<String> gone = new ArrayList<>();
        for (MemberIdentity identity : leaving) {
            ErrorCode error = ErrorCode.NONE;
            try {
                boolean byInstance = identity.memberId().isEmpty() && identity.groupInstanceId() != null;
                ConsumerMember member = byInstance
                        ? staticMember(group, identity.groupInstanceId())
                        : identify(group, identity.memberId(), identity.groupInstanceId());
                if (!gone.contains(member.memberId())) {
                    gone.add(member.memberId());
                }
            } catch (ApiException e) {
                error = e.error();
            }
            results.add(new MemberResponse()
                    .memberId(identity.memberId())
                    .groupInstanceId(identity.groupInstanceId())
                    .errorCode(error.code()));
        }
        remove(group, gone, out);
        return new LeaveGroupResponse().members(results);
    }

    private void remove(ConsumerGroup group, List<String> memberIds, CoordinatorOutput out) {
        if (memberIds.isEmpty()) {
            return;
        }
        if (migration.isDowngradedWithout(group, memberIds, group.size() - memberIds.size())) {
            migration.downgrade(group, memberIds, true, out);
            return;
        }
        for (String memberId : memberIds) {
            group.cancelTimers(memberId, out);
            ConsumerGroupRecords.memberTombstones(group.groupId(), memberId).forEach(out::append);
        }
        targets.memberGone(group, out);
    }

    /** A member is late: nothing has been heard of it for its session timeout, or it has not rejoined or not synced in time. */
    void onLate(ConsumerGroup group, String memberId, CoordinatorOutput out) {
        if (group.find(memberId) != null) {
            remove(group, List.of(memberId), out);
        }
    }

    /** A member has not given up partitions within its rebalance timeout. */
    void onRevocationTimer(ConsumerGroup group, String memberId, CoordinatorOutput out) {
        ConsumerMember member = group.find(memberId);
        if (member != null && member.assignment().state() == MemberAssignment.State.UNREVOKED_PARTITIONS) {
            remove(group, List.of(memberId), out);
        }
    }

    /** The group has been read from the log: its members get time to show up. */
    void onLoaded(ConsumerGroup group, CoordinatorOutput out) {
        for (ConsumerMember member : group.members()) {
            restartSession(group, member, out);
            if (!member.isClassic() && member.assignment().state() == MemberAssignment.State.UNREVOKED_PARTITIONS) {
                out.schedule(
                        new GroupTimer.Revocation(group.groupId(), member.memberId()),
                        member.subscription().rebalanceTimeoutMs());
            }
        }
    }
}
