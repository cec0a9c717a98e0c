package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.message.ConsumerGroupMetadataValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataValue;
import io.ottla.protocol.message.ConsumerProtocolAssignment;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns live groups of one protocol into groups of the other (KIP-848): a classic group becomes a consumer group when the first
 * member of the consumer protocol comes, and is a classic one again when the last of them has gone. Members stay members, the
 * generation becomes the epoch and the epoch the generation.
 */
final class GroupMigration {

    private static final Logger log = LoggerFactory.getLogger(GroupMigration.class);

    private final GroupState state;
    private final GroupConfig config;
    private final ConsumerGroupConfig consumerConfig;
    private final ClassicRebalance rebalance;

    GroupMigration(
            GroupState state, GroupConfig config, ConsumerGroupConfig consumerConfig, ClassicRebalance rebalance) {
        this.state = state;
        this.config = config;
        this.consumerConfig = consumerConfig;
        this.rebalance = rebalance;
    }

    // From classic to consumer.

    /**
     * What a classic group with members would be as a consumer group. Changes nothing.
     *
     * @throws ApiException GROUP_ID_NOT_FOUND if it may not become one
     */
    ConsumerGroup upgraded(ClassicGroup group) {
        String refusal = null;
        if (!consumerConfig.migrationPolicy().mayUpgrade()) {
            refusal = "online upgrade is disabled.";
        } else if (!group.usesConsumerProtocol()) {
            refusal = "the group does not use the consumer embedded protocol.";
        } else if (group.size() > consumerConfig.maxSize()) {
            refusal = "the group size exceeds the consumer group maximum size.";
        }
        if (refusal != null) {
            throw refusedUpgrade(group, refusal);
        }
        try {
            return convert(group);
        } catch (MalformedMessageException e) {
            log.warn(
                    "group {}: what its members say of themselves cannot be read: {}", group.groupId(), e.getMessage());
            throw refusedUpgrade(group, "the embedded consumer protocol is malformed.");
        }
    }

    private static ApiException refusedUpgrade(ClassicGroup group, String reason) {
        return new ApiException(
                ErrorCode.GROUP_ID_NOT_FOUND,
                "Cannot upgrade classic group " + group.groupId() + " to consumer group because " + reason);
    }

    private ConsumerGroup convert(ClassicGroup classic) {
        GroupTopics topics = consumerConfig.topics().get();
        int epoch = classic.generationId();
        ConsumerGroup group = new ConsumerGroup(classic.groupId());
        for (ClassicMember member : classic.members()) {
            ConsumerProtocolSubscription subscription =
                    EmbeddedProtocol.subscription(member.metadata(protocolOf(classic)));
            SortedSet<TopicIdPartition> partitions = partitionsOf(classic, member, topics);
            SortedMap<TopicIdPartition, Integer> assigned = new TreeMap<>();
            partitions.forEach(partition -> assigned.put(partition, epoch));
            MemberAssignment assignment =
                    new MemberAssignment(epoch, epoch, MemberAssignment.State.STABLE, assigned, new TreeMap<>());
            group.replayMember(
                    member.memberId(),
                    MemberSubscription.of(member, subscription).toValue());
            group.replayTarget(member.memberId(), ConsumerGroupRecords.targetValue(partitions));
            group.replayAssignment(member.memberId(), assignment.toValue());
        }
        // A leader that had not seen all partitions, or withheld some for another rebalance, will not assign them any
        // more.
        long hash = group.assignsAll(topics) ? ConsumerTargets.hash(group, topics) : ConsumerTargets.NO_TOPICS_HASH;
        group.replay(new ConsumerGroupMetadataValue().epoch(epoch).metadataHash(hash));
        group.replayTarget(new ConsumerGroupTargetAssignmentMetadataValue().assignmentEpoch(epoch));
        return group;
    }

    /** The protocol that the members have chosen, or would choose now if they are about to do so. */
    private static String protocolOf(ClassicGroup group) {
        String chosen = group.protocolName();
        return chosen != null && group.isSupportedByAll(chosen) ? chosen : group.selectProtocol();
    }

    private static SortedSet<TopicIdPartition> partitionsOf(
            ClassicGroup group, ClassicMember member, GroupTopics topics) {
        if (member.assignment().length == 0) {
            return new TreeSet<>();
        }
        ConsumerProtocolAssignment assignment = EmbeddedProtocol.assignment(member.assignment());
        if (assignment.userData() != null && assignment.userData().hasRemaining()) {
            // What a custom assignor tells its members cannot be carried over.
            throw refusedUpgrade(
                    group,
                    "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default"
                            + " assignor before re-attempting the upgrade.");
        }
        return EmbeddedProtocol.partitions(assignment, topics);
    }

    /**
     * Puts a consumer group in the place of a classic one. Whoever waits for the end of a rebalance has to join again, and does so as
     * a member of the consumer group.
     *
     * @param group what {@link #upgraded} has given
     */
    void upgrade(ClassicGroup classic, ConsumerGroup group, CoordinatorOutput out) {
        short rebalancing = ErrorCode.REBALANCE_IN_PROGRESS.code();
        List<ClassicMember> members = List.copyOf(classic.members());
        for (ClassicMember member : members) {
            classic.answerJoin(
                    member, new JoinGroupResponse().errorCode(rebalancing).memberId(member.memberId()), out);
            classic.answerSync(member, new SyncGroupResponse().errorCode(rebalancing), out);
        }
        out.cancel(new GroupTimer.Join(classic.groupId()));
        out.cancel(new GroupTimer.Sync(classic.groupId()));
        classic.tombstones().forEach(out::append);
        group.records().forEach(out::append);
        for (ClassicMember member : members) {
            rebalance.restartSession(member, out);
        }
        log.info("group {}: from the classic to the consumer protocol", classic.groupId());
    }

    // From consumer to classic.

    /**
     * Whether a group becomes a classic one when some members go.
     *
     * @param leaving the members
     * @param staying how many members there will be
     */
    boolean isDowngradedWithout(ConsumerGroup group, Collection<String> leaving, int staying) {
        return staying > 0
                && group.isClassicWithout(leaving)
                && consumerConfig.migrationPolicy().mayDowngrade()
                && staying <= config.maxSize();
    }

    /**
     * Puts a classic group in the place of a consumer group; all of its members speak the classic protocol.
     *
     * @param leaving members that go
     * @param rebalances whether the members are to join again in any case; they are if some of them still give up partitions
     */
    ClassicGroup downgrade(ConsumerGroup group, Collection<String> leaving, boolean rebalances, CoordinatorOutput out) {
        GroupTopics topics = consumerConfig.topics().get();
        ClassicGroup classic = new ClassicGroup(group.groupId(), group.groupEpoch(), out.nowMs());
        List<ConsumerMember> all = new ArrayList<>(group.members());
        boolean settled = true;
        for (ConsumerMember member : all) {
            group.cancelTimers(member.memberId(), out);
            if (!leaving.contains(member.memberId())) {
                classic.add(new ClassicMember(group.groupId(), member), null);
                settled &= member.assignment().isReconciledTo(group.groupEpoch());
            }
        }
        classic.choose(classic.selectProtocol());
        Map<String, byte[]> assignments = new HashMap<>();
        for (ClassicMember member : classic.members()) {
            assignments.put(
                    member.memberId(),
                    EmbeddedProtocol.assignment(
                            group.target(member.memberId()), topics, member.metadata(classic.protocolName())));
        }
        group.tombstones().forEach(out::append);
        // There before its record is, so that what the members support beside the chosen protocol is not lost.
        state.add(classic);
        out.append(GroupRecords.stableGroup(classic, assignments, out.nowMs()));
        for (ClassicMember member : classic.members()) {
            rebalance.restartSession(member, out);
        }
        log.info("group {}: from the consumer to the classic protocol", group.groupId());
        if (rebalances || !settled) {
            rebalance.prepare(classic, "the group has left the consumer protocol", out);
        }
        return classic;
    }
}
