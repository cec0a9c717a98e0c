package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import io.ottla.protocol.message.LeaveGroupResponse.MemberResponse;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What members of a classic group do after they have joined: SyncGroup, Heartbeat and LeaveGroup. */
final class ClassicMembership {

    private final GroupState state;
    private final ClassicRebalance rebalance;
    private final MixedMembership mixed;

    ClassicMembership(GroupState state, ClassicRebalance rebalance, MixedMembership mixed) {
        this.mixed = mixed;
        this.state = state;
        this.rebalance = rebalance;
    }

    /** Handles SyncGroup; the reply is kept until the leader has assigned. */
    void sync(SyncGroupRequest request, Reply<SyncGroupResponse> reply, CoordinatorOutput out) {
        ConsumerGroup consumer = state.findConsumer(request.groupId());
        if (consumer != null) {
            out.reply(reply, mixed.sync(consumer, request, out));
            return;
        }
        ClassicGroup group = state.findClassic(request.groupId());
        if (group == null || group.isEmpty()) {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        }
        group.validateMember(request.memberId(), request.groupInstanceId());
        if (request.generationId() != group.generationId()) {
            throw new ApiException(ErrorCode.ILLEGAL_GENERATION);
        }
        if (differs(request.protocolType(), group.protocolType())
                || differs(request.protocolName(), group.protocolName())) {
            throw new ApiException(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        }
        ClassicMember member = group.member(request.memberId());
        switch (group.state()) {
            case PREPARING_REBALANCE -> throw new ApiException(ErrorCode.REBALANCE_IN_PROGRESS);
            case COMPLETING_REBALANCE -> {
                // A client that asks again has given up on the first request.
                group.answerSync(
                        member, new SyncGroupResponse().errorCode(ErrorCode.REBALANCE_IN_PROGRESS.code()), out);
                member.awaitingSync(reply);
                rebalance.hasSynced(group, member.memberId(), out);
                if (group.isLeader(member.memberId())) {
                    rebalance.settle(group, assignmentsOf(request), out);
                }
            }
            case STABLE -> {
                rebalance.hasSynced(group, member.memberId(), out);
                out.reply(reply, ClassicRebalance.synced(group, member));
            }
            case EMPTY, DEAD -> throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        }
    }

    /** Clients before version 5 do not say what they believe the protocol is (KIP-559). */
    private static boolean differs(String asked, String actual) {
        return asked != null && actual != null && !asked.equals(actual);
    }

    private static Map<String, byte[]> assignmentsOf(SyncGroupRequest request) {
        Map<String, byte[]> assignments = new HashMap<>();
        for (SyncGroupRequestAssignment assignment : request.assignments()) {
            assignments.put(assignment.memberId(), assignment.assignment());
        }
        return assignments;
    }

    /**
     * Handles Heartbeat.
     *
     * @return NONE, or REBALANCE_IN_PROGRESS if the member has to rejoin
     */
    ErrorCode heartbeat(HeartbeatRequest request, CoordinatorOutput out) {
        ConsumerGroup consumer = state.findConsumer(request.groupId());
        if (consumer != null) {
            return mixed.heartbeat(consumer, request, out);
        }
        ClassicGroup group = state.findClassic(request.groupId());
        if (group == null) {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        }
        group.validateMember(request.memberId(), request.groupInstanceId());
        if (request.generationId() != group.generationId()) {
            throw new ApiException(ErrorCode.ILLEGAL_GENERATION);
        }
        rebalance.restartSession(group.member(request.memberId()), out);
        return group.isIn(ClassicGroupState.PREPARING_REBALANCE) ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    }

    /** Handles LeaveGroup for some members (KIP-345). */
    LeaveGroupResponse leave(String groupId, List<MemberIdentity> leaving, CoordinatorOutput out) {
        ClassicGroup group = state.findClassic(groupId);
        List<MemberResponse> results = new ArrayList<>(leaving.size());
        List<String> left = new ArrayList<>();
        int sizeBefore = group == null ? 0 : group.size();
        for (MemberIdentity identity : leaving) {
            ErrorCode error = group == null ? ErrorCode.UNKNOWN_MEMBER_ID : leave(group, identity, out);
            results.add(new MemberResponse()
                    .memberId(identity.memberId())
                    .groupInstanceId(identity.groupInstanceId())
                    .errorCode(error.code()));
            if (error == ErrorCode.NONE) {
                left.add(identity.memberId() + " (" + (identity.reason() == null ? "not provided" : identity.reason())
                        + ")");
            }
        }
        if (!left.isEmpty()) {
            String reason = "members left: " + left;
            switch (group.state()) {
                case STABLE, COMPLETING_REBALANCE -> {
                    // Of those that had only been told their ids, nobody has to know.
                    if (group.size() < sizeBefore) {
                        rebalance.prepare(group, reason, out);
                    }
                }
                case PREPARING_REBALANCE -> rebalance.completeJoinIfAllThere(group, out);
                case EMPTY, DEAD -> {
                    // There are no members to tell.
                }
            }
        }
        return new LeaveGroupResponse().members(results);
    }

    private ErrorCode leave(ClassicGroup group, MemberIdentity identity, CoordinatorOutput out) {
        String memberId = identity.memberId();
        if (memberId.isEmpty()) {
            // An administrator takes out a static member.
            String current =
                    identity.groupInstanceId() == null ? null : group.staticMemberId(identity.groupInstanceId());
            if (current == null) {
                return ErrorCode.UNKNOWN_MEMBER_ID;
            }
            memberId = current;
        } else if (group.isPendingJoin(memberId)) {
            out.cancel(new GroupTimer.Session(group.groupId(), memberId));
            group.remove(memberId);
            return ErrorCode.NONE;
        } else {
            try {
                group.validateMember(memberId, identity.groupInstanceId());
            } catch (ApiException e) {
                return e.error();
            }
        }
        ClassicMember member = group.member(memberId);
        out.cancel(member.sessionTimer());
        rebalance.removeMember(group, member, out);
        return ErrorCode.NONE;
    }
}
