package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentValue;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How far a member of a consumer group has come on its way to its target. Partitions come with the epoch in which the member got
 * them.
 *
 * @param epoch the epoch of the member; {@link #LEFT_STATIC_EPOCH} for a static member that is away for a while
 * @param previousEpoch the epoch before; a member that has not heard of the new one still comes with it
 * @param state what the member waits for
 * @param assigned what the member may read
 * @param revoking what the member has to give up, and has not yet said that it did
 */
record MemberAssignment(
        int epoch,
        int previousEpoch,
        State state,
        SortedMap<TopicIdPartition, Integer> assigned,
        SortedMap<TopicIdPartition, Integer> revoking) {

    /** What a static member sends that will be back. */
    static final int LEFT_STATIC_EPOCH = -2;

    /** A member that has only just come. */
    static final MemberAssignment NONE =
            new MemberAssignment(0, 0, State.STABLE, Collections.emptySortedMap(), Collections.emptySortedMap());

    /** The state of a member, as Apache Kafka numbers it in its records. */
    enum State {
        /** Has all of the target of its epoch. */
        STABLE(0),
        /** Has to say first that it has given up partitions. */
        UNREVOKED_PARTITIONS(1),
        /** Waits for partitions that other members have to give up. */
        UNRELEASED_PARTITIONS(2);

        private final byte id;

        State(int id) {
            this.id = (byte) id;
        }

        static State forId(byte id) {
            for (State state : values()) {
                if (state.id == id) {
                    return state;
                }
            }
            // Of a newer broker; the next heartbeat starts from what the member has.
            return UNRELEASED_PARTITIONS;
        }
    }

    /** The next step of this member. */
    MemberAssignment next(
            int nextEpoch,
            State nextState,
            SortedMap<TopicIdPartition, Integer> nextAssigned,
            SortedMap<TopicIdPartition, Integer> nextRevoking) {
        return new MemberAssignment(nextEpoch, epoch, nextState, nextAssigned, nextRevoking);
    }

    /** What the member may still be reading: what it has, and what it has not said to have given up. */
    SortedSet<TopicIdPartition> held() {
        SortedSet<TopicIdPartition> held = new TreeSet<>(assigned.keySet());
        held.addAll(revoking.keySet());
        return held;
    }

    boolean isReconciledTo(int targetEpoch) {
        return state == State.STABLE && epoch == targetEpoch;
    }

    static MemberAssignment of(ConsumerGroupCurrentMemberAssignmentValue value) {
        return new MemberAssignment(
                value.memberEpoch(),
                value.previousMemberEpoch(),
                State.forId(value.state()),
                read(value.assignedPartitions(), value.memberEpoch()),
                read(value.partitionsPendingRevocation(), value.memberEpoch()));
    }

    private static SortedMap<TopicIdPartition, Integer> read(List<TopicPartitions> topics, int memberEpoch) {
        SortedMap<TopicIdPartition, Integer> partitions = new TreeMap<>();
        for (TopicPartitions topic : topics) {
            List<Integer> epochs = topic.assignmentEpochs();
            boolean known =
                    epochs != null && epochs.size() == topic.partitions().size();
            for (int i = 0; i < topic.partitions().size(); i++) {
                partitions.put(
                        new TopicIdPartition(topic.topicId(), topic.partitions().get(i)),
                        known ? epochs.get(i) : memberEpoch);
            }
        }
        return partitions;
    }

    ConsumerGroupCurrentMemberAssignmentValue toValue() {
        return new ConsumerGroupCurrentMemberAssignmentValue()
                .memberEpoch(epoch)
                .previousMemberEpoch(previousEpoch)
                .state(state.id)
                .assignedPartitions(write(assigned))
                .partitionsPendingRevocation(write(revoking));
    }

    private static List<TopicPartitions> write(SortedMap<TopicIdPartition, Integer> partitions) {
        Map<Uuid, TopicPartitions> topics = new LinkedHashMap<>();
        partitions.forEach((partition, epoch) -> {
            TopicPartitions topic = topics.computeIfAbsent(
                    partition.topicId(), id -> new TopicPartitions().topicId(id).assignmentEpochs(new ArrayList<>()));
            topic.partitions().add(partition.partition());
            topic.assignmentEpochs().add(epoch);
        });
        return new ArrayList<>(topics.values());
    }
}
