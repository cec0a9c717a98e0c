package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorTimer;

/** The timers of a shard of the group coordinator. */
sealed interface GroupTimer extends CoordinatorTimer {

    /** A timer of one group. */
    sealed interface OfGroup extends GroupTimer {
        String groupId();
    }

    /** A member's session: expires when nothing was heard of the member for its session timeout. */
    record Session(String groupId, String memberId) implements OfGroup {}

    /** The time that a member of a consumer group has to give up partitions. */
    record Revocation(String groupId, String memberId) implements OfGroup {}

    /** The time that a classic member of a consumer group has to rejoin, from when it was told to. */
    record Rejoin(String groupId, String memberId) implements OfGroup {}

    /** The time that a classic member of a consumer group has to ask for its assignment, from its join. */
    record MemberSync(String groupId, String memberId) implements OfGroup {}

    /** The join phase of a rebalance. */
    record Join(String groupId) implements OfGroup {}

    /** The sync phase of a rebalance. */
    record Sync(String groupId) implements OfGroup {}

    /** The next look for expired offsets. */
    record OffsetExpiry() implements GroupTimer {}
}
