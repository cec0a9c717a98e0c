package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * JoinGroup to a classic group.
 *
 * <p>What versions changed for the coordinator: 1 the rebalance timeout, 4 a new member is told its id and joins with it (KIP-394), 5
 * static members (KIP-345), 9 a returning leader is told to skip the assignment (KIP-814).
 */
final class ClassicJoin {

    private static final short KNOWN_MEMBER_ID_VERSION = 4;
    private static final short SKIP_ASSIGNMENT_VERSION = 9;

    /**
     * How long a new member may wait to join, in milliseconds. Its client may be gone without anybody noticing: it cannot send
     * heartbeats before it knows its id.
     */
    private static final long NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;

    private final GroupState state;
    private final GroupConfig config;
    private final ClassicRebalance rebalance;
    private final MixedMembership mixed;
    private final Supplier<String> randomIds;

    /** One JoinGroup request on its way. */
    private record Joining(
            ClassicGroup group,
            JoinGroupRequest request,
            GroupClient client,
            Reply<JoinGroupResponse> reply,
            CoordinatorOutput out) {

        void refuse(ErrorCode error, String memberId) {
            out.reply(reply, new JoinGroupResponse().errorCode(error.code()).memberId(memberId));
        }

        String reason(String event) {
            return event + "; client reason: " + (request.reason() == null ? "not provided" : request.reason());
        }
    }

    ClassicJoin(
            GroupState state,
            GroupConfig config,
            ClassicRebalance rebalance,
            MixedMembership mixed,
            Supplier<String> randomIds) {
        this.state = state;
        this.config = config;
        this.rebalance = rebalance;
        this.mixed = mixed;
        this.randomIds = randomIds;
    }

    /** Handles the request; the reply is kept until the join phase ends. */
    void join(JoinGroupRequest request, GroupClient client, Reply<JoinGroupResponse> reply, CoordinatorOutput out) {
        boolean isNewMember = request.memberId().isEmpty();
        Group present = state.find(request.groupId());
        if (present == null) {
            if (!isNewMember) {
                out.reply(
                        reply,
                        new JoinGroupResponse()
                                .errorCode(ErrorCode.UNKNOWN_MEMBER_ID.code())
                                .memberId(request.memberId()));
                return;
            }
            out.append(GroupRecords.newGroup(request.groupId(), out.nowMs()));
        } else if (present instanceof ConsumerGroup consumer && !consumer.isEmpty()) {
            joinConsumerGroup(consumer, request, client, reply, out);
            return;
        } else if (present.type() != GroupType.CLASSIC && isNewMember) {
            // Without members, a group may change its protocol.
            present.tombstones().forEach(out::append);
            out.append(GroupRecords.newGroup(request.groupId(), out.nowMs()));
        } else if (present.type() != GroupType.CLASSIC) {
            // An id of a member that has gone, as in a group that is not there.
            out.reply(
                    reply,
                    new JoinGroupResponse()
                            .errorCode(ErrorCode.UNKNOWN_MEMBER_ID.code())
                            .memberId(request.memberId()));
            return;
        }
        ClassicGroup group = state.findClassic(request.groupId());
        Joining joining = new Joining(group, request, client, reply, out);
        if (!hasRoomFor(group, request.memberId())) {
            group.remove(request.memberId());
            joining.refuse(ErrorCode.GROUP_MAX_SIZE_REACHED, "");
        } else if (!group.supports(request.protocolType(), request.protocols())) {
            joining.refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, request.memberId());
        } else if (isNewMember) {
            joinNewMember(joining);
        } else {
            joinKnownMember(joining);
        }
    }

    private void joinConsumerGroup(
            ConsumerGroup group,
            JoinGroupRequest request,
            GroupClient client,
            Reply<JoinGroupResponse> reply,
            CoordinatorOutput out) {
        try {
            mixed.join(group, request, client, reply, out);
        } catch (ApiException e) {
            // Without the member id, other than in a classic group.
            out.reply(reply, new JoinGroupResponse().errorCode(e.error().code()).protocolName(null));
        }
    }

    private boolean hasRoomFor(ClassicGroup group, String memberId) {
        return switch (group.state()) {
            case EMPTY, DEAD -> true;
            // Who waits is counted, not who is there: when the limit was lowered, the last to rejoin are out.
            case PREPARING_REBALANCE ->
                (group.hasMember(memberId) && group.member(memberId).isAwaitingJoin())
                        || group.awaitingJoinCount() < config.maxSize();
            case COMPLETING_REBALANCE, STABLE -> group.hasMember(memberId) || group.size() < config.maxSize();
        };
    }

    private void joinNewMember(Joining joining) {
        ClassicGroup group = joining.group();
        String groupInstanceId = joining.request().groupInstanceId();
        if (groupInstanceId != null) {
            String newMemberId = groupInstanceId + "-" + randomIds.get();
            String oldMemberId = group.staticMemberId(groupInstanceId);
            if (oldMemberId == null) {
                addMember(joining, newMemberId);
            } else {
                replaceStaticMember(joining, oldMemberId, newMemberId);
            }
            return;
        }
        String newMemberId = joining.client().clientId() + "-" + randomIds.get();
        if (joining.client().apiVersion() < KNOWN_MEMBER_ID_VERSION) {
            addMember(joining, newMemberId);
            return;
        }
        group.addPendingJoin(newMemberId);
        joining.out()
                .schedule(
                        new GroupTimer.Session(group.groupId(), newMemberId),
                        joining.request().sessionTimeoutMs());
        joining.refuse(ErrorCode.MEMBER_ID_REQUIRED, newMemberId);
    }

    private void addMember(Joining joining, String memberId) {
        ClassicGroup group = joining.group();
        ClassicMember member = new ClassicMember(memberId, joining.client(), joining.request());
        if (group.isInitialRebalance()) {
            group.newMemberAdded(true);
        }
        group.add(member, joining.reply());
        joining.out().schedule(member.sessionTimer(), NEW_MEMBER_JOIN_TIMEOUT_MS);
        rebalance.prepareOrCompleteJoin(group, joining.reason("member " + memberId + " joins"), joining.out());
    }

    private void joinKnownMember(Joining joining) {
        ClassicGroup group = joining.group();
        JoinGroupRequest request = joining.request();
        String memberId = request.memberId();
        if (group.isPendingJoin(memberId)) {
            if (request.groupInstanceId() != null) {
                // Ids are given to dynamic members only.
                joining.refuse(ErrorCode.UNKNOWN_MEMBER_ID, memberId);
            } else {
                addMember(joining, memberId);
            }
            return;
        }
        try {
            group.validateMember(memberId, request.groupInstanceId());
        } catch (ApiException e) {
            joining.refuse(e.error(), memberId);
            return;
        }
        ClassicMember member = group.member(memberId);
        switch (group.state()) {
            case PREPARING_REBALANCE -> rejoin(joining, member, "member " + memberId + " rejoins");
            case COMPLETING_REBALANCE -> {
                if (member.hasProtocols(request.protocols())) {
                    // The answer to its first join may have been lost.
                    joining.out().reply(joining.reply(), group.joined(member));
                } else {
                    rejoin(joining, member, "member " + memberId + " has changed");
                }
            }
            case STABLE -> {
                if (group.isLeader(memberId)) {
                    // The leader may have seen what is not in its metadata: new partitions, for one.
                    rejoin(joining, member, "leader " + memberId + " rejoins");
                } else if (!member.hasProtocols(request.protocols())) {
                    rejoin(joining, member, "member " + memberId + " has changed");
                } else {
                    joining.out().reply(joining.reply(), group.joined(member));
                }
            }
            case EMPTY, DEAD -> joining.refuse(ErrorCode.UNKNOWN_MEMBER_ID, memberId);
        }
    }

    private void rejoin(Joining joining, ClassicMember member, String event) {
        failEarlierJoin(joining, member);
        joining.group().update(member, joining.request(), joining.reply());
        rebalance.prepareOrCompleteJoin(joining.group(), joining.reason(event), joining.out());
    }

    /** A client that retries a join has given up on the first; its connection still waits in order for an answer. */
    private static void failEarlierJoin(Joining joining, ClassicMember member) {
        joining.group()
                .answerJoin(
                        member,
                        new JoinGroupResponse()
                                .errorCode(ErrorCode.REBALANCE_IN_PROGRESS.code())
                                .memberId(member.memberId()),
                        joining.out());
    }

    /** A static member comes back under its group.instance.id, as a new process does (KIP-345). */
    private void replaceStaticMember(Joining joining, String oldMemberId, String newMemberId) {
        ClassicGroup group = joining.group();
        CoordinatorOutput out = joining.out();
        String previousLeader = group.leaderId();
        out.cancel(new GroupTimer.Session(group.groupId(), oldMemberId));
        ClassicMember member = group.replaceStaticMember(oldMemberId, newMemberId, out);
        group.update(member, joining.request(), joining.reply());
        rebalance.restartSession(member, out);
        switch (group.state()) {
            case STABLE -> {
                if (group.selectProtocol().equals(group.protocolName())) {
                    keepGeneration(joining, member, previousLeader);
                } else {
                    rebalance.prepareOrCompleteJoin(
                            group, joining.reason("static member " + newMemberId + " changes the protocol"), out);
                }
            }
            // The leader may be assigning to the old id.
            case COMPLETING_REBALANCE ->
                rebalance.prepare(group, joining.reason("static member " + newMemberId + " returns"), out);
            default -> rebalance.completeJoinIfAllThere(group, out);
        }
    }

    /** A static member has returned to a stable group: it gets what it had, and the others do not notice. */
    private void keepGeneration(Joining joining, ClassicMember member, String previousLeader) {
        ClassicGroup group = joining.group();
        Map<String, byte[]> assignments = new HashMap<>();
        for (ClassicMember each : group.members()) {
            assignments.put(each.memberId(), each.assignment());
        }
        joining.out()
                .append(GroupRecords.stableGroup(
                        group, assignments, joining.out().nowMs()));
        JoinGroupResponse answer = group.joined(member);
        if (joining.client().apiVersion() >= SKIP_ASSIGNMENT_VERSION) {
            answer.skipAssignment(group.isLeader(member.memberId()));
        } else {
            // A leader that is told its id would assign; told another's, it takes what it had.
            answer.leader(previousLeader).members(new ArrayList<>());
        }
        group.answerJoin(member, answer, joining.out());
    }
}
