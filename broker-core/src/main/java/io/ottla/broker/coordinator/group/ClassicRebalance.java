package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rebalance of a classic group: the join phase, in which all members come back, and the sync phase, in which the leader assigns.
 *
 * <pre>
 *   EMPTY ------> PREPARING_REBALANCE ------> COMPLETING_REBALANCE ------> STABLE
 *     ^   join       |     ^         all joined        |      leader's sync    |
 *     |              |     +---------------------------+-----------------------+
 *     +--------------+                join, leave, member lost
 *       nobody left
 * </pre>
 */
final class ClassicRebalance {

    private static final Logger log = LoggerFactory.getLogger(ClassicRebalance.class);

    /**
     * How long the first rebalance of a group waits for members that have been told their id and have not come back with it. They
     * need a round trip; waiting for it spares them a second rebalance, which the others would notice at their next heartbeat only.
     */
    static final long PENDING_JOIN_GRACE_MS = 200;

    private final GroupConfig config;

    ClassicRebalance(GroupConfig config) {
        this.config = config;
    }

    /** Starts a rebalance, or ends the join phase of the one under way if everybody is there. */
    void prepareOrCompleteJoin(ClassicGroup group, String reason, CoordinatorOutput out) {
        if (group.state().canRebalance()) {
            prepare(group, reason, out);
        } else {
            completeJoinIfAllThere(group, out);
        }
    }

    /** Starts a rebalance. */
    void prepare(ClassicGroup group, String reason, CoordinatorOutput out) {
        if (group.isIn(ClassicGroupState.COMPLETING_REBALANCE)) {
            // Those who wait for their assignment have to join again.
            for (ClassicMember member : group.members()) {
                member.assignment(ClassicMember.NO_ASSIGNMENT);
                if (group.answerSync(
                        member, new SyncGroupResponse().errorCode(ErrorCode.REBALANCE_IN_PROGRESS.code()), out)) {
                    restartSession(member, out);
                }
            }
        }
        group.pendingSyncIds().clear();
        out.cancel(new GroupTimer.Sync(group.groupId()));
        group.prepareRebalance(out.nowMs());
        log.debug("group {}: rebalance after generation {}: {}", group.groupId(), group.generationId(), reason);
        if (group.isInitialRebalance()) {
            startInitialDelay(group, out);
        } else if (group.haveAllJoined()) {
            completeJoin(group, out);
        } else {
            out.schedule(new GroupTimer.Join(group.groupId()), group.rebalanceTimeoutMs());
        }
    }

    private void startInitialDelay(ClassicGroup group, CoordinatorOutput out) {
        group.newMemberAdded(false);
        group.initialDelayRemainingMs(Math.max(0, group.rebalanceTimeoutMs() - config.initialRebalanceDelayMs()));
        if (config.initialRebalanceDelayMs() > 0) {
            out.schedule(new GroupTimer.Join(group.groupId()), config.initialRebalanceDelayMs());
        } else if (group.hasPendingJoins()) {
            out.schedule(new GroupTimer.Join(group.groupId()), PENDING_JOIN_GRACE_MS);
        } else {
            completeJoin(group, out);
        }
    }

    /** Ends the join phase if everybody is there, but not before the delay of an initial rebalance is over. */
    void completeJoinIfAllThere(ClassicGroup group, CoordinatorOutput out) {
        boolean delayed = group.isInitialRebalance() && config.initialRebalanceDelayMs() > 0;
        if (group.isIn(ClassicGroupState.PREPARING_REBALANCE) && !delayed && group.haveAllJoined()) {
            completeJoin(group, out);
        }
    }

    /** The time for joining is over. */
    void onJoinTimer(ClassicGroup group, CoordinatorOutput out) {
        if (!group.isIn(ClassicGroupState.PREPARING_REBALANCE)) {
            return;
        }
        int remainingMs = group.initialDelayRemainingMs();
        if (group.isInitialRebalance()
                && group.newMemberAdded()
                && config.initialRebalanceDelayMs() > 0
                && remainingMs > 0) {
            group.newMemberAdded(false);
            int delayMs = Math.min(config.initialRebalanceDelayMs(), remainingMs);
            group.initialDelayRemainingMs(Math.max(0, remainingMs - delayMs));
            out.schedule(new GroupTimer.Join(group.groupId()), delayMs);
        } else {
            completeJoin(group, out);
        }
    }

    private void completeJoin(ClassicGroup group, CoordinatorOutput out) {
        out.cancel(new GroupTimer.Join(group.groupId()));
        for (ClassicMember member : List.copyOf(group.members())) {
            // Static members that are late stay until their session ends (KIP-345).
            if (!member.isAwaitingJoin() && !member.isStatic()) {
                log.debug("group {}: member {} did not rejoin in time", group.groupId(), member.memberId());
                out.cancel(member.sessionTimer());
                group.remove(member.memberId());
            }
        }
        if (group.size() == 0) {
            out.append(GroupRecords.emptiedGroup(group, out.nowMs()));
        } else if (!group.electJoinedLeader()) {
            // Only late static members are left: wait for them, or for their sessions to end.
            out.schedule(new GroupTimer.Join(group.groupId()), group.rebalanceTimeoutMs());
        } else {
            startGeneration(group, out);
        }
    }

    private void startGeneration(ClassicGroup group, CoordinatorOutput out) {
        group.completeJoin(out.nowMs());
        log.debug("group {}: generation {} has {} members", group.groupId(), group.generationId(), group.size());
        for (ClassicMember member : group.members()) {
            group.answerJoin(member, group.joined(member), out);
            restartSession(member, out);
            member.hasJoined();
        }
        out.schedule(new GroupTimer.Sync(group.groupId()), group.rebalanceTimeoutMs());
    }

    /** The leader has assigned: the generation is settled, and everybody who waits gets what is his. */
    void settle(ClassicGroup group, Map<String, byte[]> assignments, CoordinatorOutput out) {
        out.append(GroupRecords.stableGroup(group, assignments, out.nowMs()));
        for (ClassicMember member : group.members()) {
            if (group.answerSync(member, synced(group, member), out)) {
                // The session may have ended while the member waited; that did not count.
                restartSession(member, out);
            }
        }
    }

    /** What a member is told of its assignment. */
    static SyncGroupResponse synced(ClassicGroup group, ClassicMember member) {
        return new SyncGroupResponse()
                .protocolType(group.protocolType())
                .protocolName(group.protocolName())
                .assignment(member.assignment());
    }

    /** The member has asked for its assignment. */
    void hasSynced(ClassicGroup group, String memberId, CoordinatorOutput out) {
        group.pendingSyncIds().remove(memberId);
        if (group.pendingSyncIds().isEmpty()) {
            out.cancel(new GroupTimer.Sync(group.groupId()));
        }
    }

    /** The time for asking for assignments is over: who has not, is out. */
    void onSyncTimer(ClassicGroup group, CoordinatorOutput out) {
        boolean syncing = group.isIn(ClassicGroupState.COMPLETING_REBALANCE) || group.isIn(ClassicGroupState.STABLE);
        if (!syncing || group.pendingSyncIds().isEmpty()) {
            return;
        }
        List<String> late = List.copyOf(group.pendingSyncIds());
        for (String memberId : late) {
            out.cancel(new GroupTimer.Session(group.groupId(), memberId));
            group.remove(memberId);
        }
        prepare(group, "members " + late + " did not sync in time", out);
    }

    /** Nothing was heard of a member, or of one that was told its id, for its session timeout. */
    void onSessionTimer(ClassicGroup group, String memberId, CoordinatorOutput out) {
        if (group.isPendingJoin(memberId)) {
            group.remove(memberId);
            completeJoinIfAllThere(group, out);
            return;
        }
        ClassicMember member = group.member(memberId);
        if (member == null || member.isAliveWithoutHeartbeat()) {
            return;
        }
        log.debug("group {}: the session of member {} has ended", group.groupId(), memberId);
        removeMember(group, member, out);
        if (group.isIn(ClassicGroupState.PREPARING_REBALANCE)) {
            completeJoinIfAllThere(group, out);
        } else {
            prepareOrCompleteJoin(group, "the session of member " + memberId + " has ended", out);
        }
    }

    /** Takes a member out. If it waits to join, it learns that it is not known any more, and may try again. */
    void removeMember(ClassicGroup group, ClassicMember member, CoordinatorOutput out) {
        group.answerJoin(member, new JoinGroupResponse().errorCode(ErrorCode.UNKNOWN_MEMBER_ID.code()), out);
        group.answerSync(member, new SyncGroupResponse().errorCode(ErrorCode.UNKNOWN_MEMBER_ID.code()), out);
        group.remove(member.memberId());
    }

    void restartSession(ClassicMember member, CoordinatorOutput out) {
        out.schedule(member.sessionTimer(), member.sessionTimeoutMs());
    }
}
