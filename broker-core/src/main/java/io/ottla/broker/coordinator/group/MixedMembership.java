package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue.ClassicProtocol;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.List;
import java.util.function.Supplier;

/**
 * The members of a consumer group that speak the classic protocol (KIP-848). Each of them is led to its target as the others are, by
 * other means: it says in its join what it has, its generation is its epoch, its answer to SyncGroup is what it has got, and a
 * heartbeat tells it to rejoin when it has to give up partitions or can get more. None of them is the leader, and none waits for
 * another.
 */
final class MixedMembership {

    private static final short KNOWN_MEMBER_ID_VERSION = 4;

    private final ConsumerGroupConfig config;
    private final ConsumerTargets targets;
    private final ConsumerMembership membership;
    private final GroupMigration migration;
    private final Supplier<String> randomIds;

    MixedMembership(
            ConsumerGroupConfig config,
            ConsumerTargets targets,
            ConsumerMembership membership,
            GroupMigration migration,
            Supplier<String> randomIds) {
        this.config = config;
        this.targets = targets;
        this.membership = membership;
        this.migration = migration;
        this.randomIds = randomIds;
    }

    /**
     * Handles JoinGroup.
     *
     * @throws ApiException INCONSISTENT_GROUP_PROTOCOL, GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID; nothing has
     *     changed then
     */
    void join(
            ConsumerGroup group,
            JoinGroupRequest request,
            GroupClient client,
            Reply<JoinGroupResponse> reply,
            CoordinatorOutput out) {
        boolean isNewMember = request.memberId().isEmpty();
        String memberId = isNewMember ? randomIds.get() : request.memberId();
        String instanceId = request.groupInstanceId();
        validateJoin(group, memberId, request);
        if (isNewMember && instanceId == null && client.apiVersion() >= KNOWN_MEMBER_ID_VERSION) {
            out.reply(
                    reply,
                    new JoinGroupResponse()
                            .errorCode(ErrorCode.MEMBER_ID_REQUIRED.code())
                            .memberId(memberId));
            return;
        }
        ConsumerMember replaced = null;
        ConsumerMember before = null;
        if (instanceId == null) {
            before = group.find(memberId);
        } else if (isNewMember) {
            replaced = group.findStatic(instanceId);
        } else {
            before = ConsumerMembership.identify(group, memberId, instanceId);
        }
        ConsumerProtocolSubscription subscription = subscriptionOf(request);

        // From here on nothing is refused.
        boolean downgrades =
                replaced != null && migration.isDowngradedWithout(group, List.of(replaced.memberId()), group.size());
        if (replaced != null) {
            before = ConsumerMembership.replace(group, replaced, memberId, out);
        }
        MemberSubscription said = before == null ? MemberSubscription.NONE : before.subscription();
        MemberSubscription says = said.updated(request, subscription, client);
        if (before == null || !says.equals(said)) {
            out.append(ConsumerGroupRecords.member(group.groupId(), memberId, says));
        }
        targets.refresh(group, !says.readsAs(said), out);
        MemberAssignment has = membership.reconcile(
                group,
                memberId,
                EmbeddedProtocol.owned(subscription, config.topics().get()),
                out);
        group.cancelTimers(memberId, out);
        if (downgrades) {
            ClassicGroup classic = migration.downgrade(group, List.of(), false, out);
            out.reply(reply, joined(memberId, classic.generationId(), classic.protocolName()));
            return;
        }
        membership.restartSession(group, group.member(memberId), out);
        out.schedule(new GroupTimer.MemberSync(group.groupId(), memberId), says.rebalanceTimeoutMs());
        out.reply(
                reply, joined(memberId, has.epoch(), request.protocols().get(0).name()));
    }

    private static JoinGroupResponse joined(String memberId, int generationId, String protocolName) {
        return new JoinGroupResponse()
                .memberId(memberId)
                .generationId(generationId)
                .protocolType(ClassicGroup.CONSUMER_PROTOCOL_TYPE)
                .protocolName(protocolName);
    }

    private void validateJoin(ConsumerGroup group, String memberId, JoinGroupRequest request) {
        if (config.migrationPolicy() == MigrationPolicy.DISABLED) {
            throw new ApiException(
                    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                    "Cannot join the consumer group " + group.groupId()
                            + " with the classic protocol because the group migration is disabled.");
        }
        membership.checkRoom(group, memberId);
        if (!group.supportsClassic(request.protocolType(), request.protocols())) {
            throw new ApiException(
                    ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "Member " + memberId + "'s protocols are not supported.");
        }
    }

    /** What the member says under the protocol that it likes best. */
    private static ConsumerProtocolSubscription subscriptionOf(JoinGroupRequest request) {
        try {
            return EmbeddedProtocol.subscription(request.protocols().get(0).metadata());
        } catch (MalformedMessageException e) {
            // As Apache Kafka answers; there is no error for it.
            throw new ApiException(
                    ErrorCode.UNKNOWN_SERVER_ERROR, "Malformed embedded consumer protocol: " + e.getMessage());
        }
    }

    /**
     * Handles SyncGroup.
     *
     * @throws ApiException UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, INCONSISTENT_GROUP_PROTOCOL,
     *     REBALANCE_IN_PROGRESS
     */
    SyncGroupResponse sync(ConsumerGroup group, SyncGroupRequest request, CoordinatorOutput out) {
        ConsumerMember member =
                classicMember(group, request.memberId(), request.groupInstanceId(), request.generationId());
        ClassicProtocol protocol =
                member.subscription().classic().supportedProtocols().get(0);
        if (differs(request.protocolType(), ClassicGroup.CONSUMER_PROTOCOL_TYPE)
                || differs(request.protocolName(), protocol.name())) {
            throw new ApiException(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        }
        boolean givesUp = member.assignment().state() == MemberAssignment.State.UNREVOKED_PARTITIONS;
        if (group.targetEpoch() > member.epoch() && !givesUp) {
            expectRejoin(group, member, out);
            throw new ApiException(
                    ErrorCode.REBALANCE_IN_PROGRESS,
                    "A new rebalance is triggered in group " + group.groupId() + " and member " + member.memberId()
                            + " should rejoin to catch up.");
        }
        out.cancel(new GroupTimer.MemberSync(group.groupId(), member.memberId()));
        membership.restartSession(group, member, out);
        return new SyncGroupResponse()
                .protocolType(request.protocolType())
                .protocolName(request.protocolName())
                .assignment(EmbeddedProtocol.assignment(
                        member.assignment().assigned().keySet(), config.topics().get(), protocol.metadata()));
    }

    /** Clients before version 5 do not say what they believe the protocol is (KIP-559). */
    private static boolean differs(String asked, String actual) {
        return asked != null && !asked.equals(actual);
    }

    /**
     * Handles Heartbeat.
     *
     * @return NONE, or REBALANCE_IN_PROGRESS if the member has to rejoin
     * @throws ApiException UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION
     */
    ErrorCode heartbeat(ConsumerGroup group, HeartbeatRequest request, CoordinatorOutput out) {
        ConsumerMember member =
                classicMember(group, request.memberId(), request.groupInstanceId(), request.generationId());
        membership.restartSession(group, member, out);
        // Where all members are classic ones, nobody else sees that the topics have changed.
        targets.refresh(group, false, out);
        boolean rejoins = member.epoch() < group.targetEpoch()
                || member.assignment().state() == MemberAssignment.State.UNREVOKED_PARTITIONS
                || group.canGetTheRest(member);
        if (rejoins) {
            expectRejoin(group, member, out);
        }
        return rejoins ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    }

    private static ConsumerMember classicMember(
            ConsumerGroup group, String memberId, String instanceId, int generationId) {
        ConsumerMember member = ConsumerMembership.identify(group, memberId, instanceId);
        if (!member.isClassic()) {
            throw new ApiException(
                    ErrorCode.UNKNOWN_MEMBER_ID, "Member " + memberId + " does not use the classic protocol.");
        }
        if (generationId != member.epoch()) {
            throw new ApiException(
                    ErrorCode.ILLEGAL_GENERATION,
                    "The request generation id " + generationId + " is not equal to the member epoch " + member.epoch()
                            + " of member " + memberId + ".");
        }
        return member;
    }

    /** The member has its rebalance timeout to rejoin, from when it was first told so. */
    private static void expectRejoin(ConsumerGroup group, ConsumerMember member, CoordinatorOutput out) {
        if (group.addRejoining(member.memberId())) {
            out.schedule(
                    new GroupTimer.Rejoin(group.groupId(), member.memberId()),
                    member.subscription().rebalanceTimeoutMs());
        }
    }
}
