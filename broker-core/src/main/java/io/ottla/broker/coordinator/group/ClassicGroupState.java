package io.ottla.broker.coordinator.group;

/** The states of a group whose members speak the classic protocol. */
enum ClassicGroupState {
    /** No members; maybe offsets. Joining members move it to PREPARING_REBALANCE. */
    EMPTY("Empty"),
    /** Waits until all members have (re)joined. */
    PREPARING_REBALANCE("PreparingRebalance"),
    /** All members know the generation; waits for the leader's assignment. */
    COMPLETING_REBALANCE("CompletingRebalance"),
    /** All members have their assignment. */
    STABLE("Stable"),
    /** What a group that does not exist is described as. */
    DEAD("Dead");

    private final String label;

    ClassicGroupState(String label) {
        this.label = label;
    }

    /** The name that clients see. */
    String label() {
        return label;
    }

    /** Whether a rebalance may start in this state; otherwise one is under way. */
    boolean canRebalance() {
        return this == EMPTY || this == COMPLETING_REBALANCE || this == STABLE;
    }
}
