package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.CoordinatorShard;
import io.ottla.broker.coordinator.CoordinatorTimer;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The group coordinator for one partition of {@code __consumer_offsets}: a state machine without I/O and without a clock. */
final class GroupShard implements CoordinatorShard {

    private final GroupState state = new GroupState();
    private final GroupConfig config;
    private final ClassicRebalance rebalance;
    private final ClassicJoin join;
    private final ClassicMembership membership;
    private final OffsetCommits commits;
    private final OffsetQueries offsetQueries;
    private final OffsetRemoval removal;
    private final GroupQueries queries;
    private final ConsumerMembership consumers;
    private final ConsumerHeartbeat consumerHeartbeat;
    private final GroupWatch watch;

    /**
     * An empty shard.
     *
     * @param config the settings
     * @param consumerConfig the settings for groups of the consumer protocol
     * @param randomIds gives the part of a member id that makes it unique
     */
    GroupShard(GroupConfig config, ConsumerGroupConfig consumerConfig, Supplier<String> randomIds) {
        this(config, consumerConfig, randomIds, new GroupEvents());
    }

    /**
     * An empty shard.
     *
     * @param config the settings
     * @param consumerConfig the settings for groups of the consumer protocol
     * @param randomIds gives the part of a member id that makes it unique
     * @param events is told what happens to groups
     */
    GroupShard(GroupConfig config, ConsumerGroupConfig consumerConfig, Supplier<String> randomIds, GroupEvents events) {
        this.config = config;
        watch = new GroupWatch(state, events);
        rebalance = new ClassicRebalance(config);
        commits = new OffsetCommits(state, config, rebalance, consumerConfig.topics());
        offsetQueries = new OffsetQueries(state);
        removal = new OffsetRemoval(state, config);
        queries = new GroupQueries(state, removal, consumerConfig);
        ConsumerTargets targets = new ConsumerTargets(consumerConfig);
        GroupMigration migration = new GroupMigration(state, config, consumerConfig, rebalance);
        consumers = new ConsumerMembership(state, consumerConfig, targets, migration);
        consumerHeartbeat = new ConsumerHeartbeat(state, consumerConfig, targets, consumers, migration, randomIds);
        MixedMembership mixed = new MixedMembership(consumerConfig, targets, consumers, migration, randomIds);
        join = new ClassicJoin(state, config, rebalance, mixed, randomIds);
        membership = new ClassicMembership(state, rebalance, mixed);
    }

    GroupState state() {
        return state;
    }

    ClassicJoin join() {
        return join;
    }

    ClassicMembership membership() {
        return membership;
    }

    OffsetCommits commits() {
        return commits;
    }

    OffsetQueries offsetQueries() {
        return offsetQueries;
    }

    OffsetRemoval removal() {
        return removal;
    }

    GroupQueries queries() {
        return queries;
    }

    GroupWatch watch() {
        return watch;
    }

    ConsumerHeartbeat consumerHeartbeat() {
        return consumerHeartbeat;
    }

    /** Handles LeaveGroup, which administrators send to groups of either protocol. */
    LeaveGroupResponse leave(String groupId, List<MemberIdentity> members, CoordinatorOutput out) {
        ConsumerGroup group = state.findConsumer(groupId);
        return group == null ? membership.leave(groupId, members, out) : consumers.leave(group, members, out);
    }

    @Override
    public void replay(CoordinatorRecord record, long offset, long producerId) {
        state.replay(record, offset, producerId);
    }

    @Override
    public void replayEndTransaction(long producerId, boolean committed) {
        state.replayEndTransaction(producerId, committed);
    }

    /** Gives every member of the log its session, and time to show up. */
    @Override
    public void onLoaded(CoordinatorOutput out) {
        out.schedule(new GroupTimer.OffsetExpiry(), config.offsetsRetentionCheckIntervalMs());
        for (Group group : List.copyOf(state.groups())) {
            if (group instanceof ClassicGroup classic) {
                for (ClassicMember member : classic.members()) {
                    rebalance.restartSession(member, out);
                }
                if (classic.size() > config.maxSize()) {
                    rebalance.prepare(classic, "the group is larger than group.max.size", out);
                }
            } else if (group instanceof ConsumerGroup consumer) {
                consumers.onLoaded(consumer, out);
            }
        }
    }

    @Override
    public void onTimer(CoordinatorTimer timer, CoordinatorOutput out) {
        fire(timer, out);
        if (timer instanceof GroupTimer.OfGroup ofGroup) {
            watch.look(ofGroup.groupId(), true);
        }
    }

    private void fire(CoordinatorTimer timer, CoordinatorOutput out) {
        if (timer instanceof GroupTimer.OffsetExpiry) {
            removal.expire(out);
            out.schedule(timer, config.offsetsRetentionCheckIntervalMs());
        } else if (timer instanceof GroupTimer.Session session) {
            ClassicGroup group = state.findClassic(session.groupId());
            if (group != null) {
                rebalance.onSessionTimer(group, session.memberId(), out);
            }
            ConsumerGroup consumer = state.findConsumer(session.groupId());
            if (consumer != null) {
                consumers.onLate(consumer, session.memberId(), out);
            }
        } else if (timer instanceof GroupTimer.Revocation revocation) {
            ConsumerGroup group = state.findConsumer(revocation.groupId());
            if (group != null) {
                consumers.onRevocationTimer(group, revocation.memberId(), out);
            }
        } else if (timer instanceof GroupTimer.Rejoin rejoin) {
            onLate(rejoin.groupId(), rejoin.memberId(), out);
        } else if (timer instanceof GroupTimer.MemberSync sync) {
            onLate(sync.groupId(), sync.memberId(), out);
        } else if (timer instanceof GroupTimer.Join phase) {
            ClassicGroup group = state.findClassic(phase.groupId());
            if (group != null) {
                rebalance.onJoinTimer(group, out);
            }
        } else if (timer instanceof GroupTimer.Sync phase) {
            ClassicGroup group = state.findClassic(phase.groupId());
            if (group != null) {
                rebalance.onSyncTimer(group, out);
            }
        }
    }

    private void onLate(String groupId, String memberId, CoordinatorOutput out) {
        ConsumerGroup group = state.findConsumer(groupId);
        if (group != null) {
            consumers.onLate(group, memberId, out);
        }
    }

    @Override
    public void drainReplies(Consumer<Reply<?>> taker) {
        for (Group group : state.groups()) {
            if (group instanceof ClassicGroup classic) {
                for (ClassicMember member : classic.members()) {
                    if (member.awaitingJoin() != null) {
                        taker.accept(member.awaitingJoin());
                    }
                    if (member.awaitingSync() != null) {
                        taker.accept(member.awaitingSync());
                    }
                }
            }
        }
    }
}
