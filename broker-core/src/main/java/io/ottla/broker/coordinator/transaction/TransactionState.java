package io.ottla.broker.coordinator.transaction;

/** Where the transaction of a transactional id stands; ids and names are Apache Kafka's (KIP-98). */
enum TransactionState {
    /** The id has a producer and no transaction yet. */
    EMPTY(0, "Empty"),
    /** Partitions have been added. */
    ONGOING(1, "Ongoing"),
    /** Committed: the decision is in the log, the markers follow. */
    PREPARE_COMMIT(2, "PrepareCommit"),
    /** Aborted: the decision is in the log, the markers follow. */
    PREPARE_ABORT(3, "PrepareAbort"),
    /** Committed, with all markers. */
    COMPLETE_COMMIT(4, "CompleteCommit"),
    /** Aborted, with all markers. */
    COMPLETE_ABORT(5, "CompleteAbort"),
    /** A state that Apache Kafka passes through in memory while it forgets an id; never in a log. */
    DEAD(6, "Dead"),
    /** A state that Apache Kafka passes through in memory while it fences a producer; never in a log. */
    PREPARE_EPOCH_FENCE(7, "PrepareEpochFence");

    private static final TransactionState[] BY_ID = values();

    private final byte id;
    private final String label;

    TransactionState(int id, String label) {
        this.id = (byte) id;
        this.label = label;
    }

    /** @throws IllegalStateException if there is no such state */
    static TransactionState forId(byte id) {
        if (id < 0 || id >= BY_ID.length) {
            throw new IllegalStateException("There is no transaction state " + id);
        }
        return BY_ID[id];
    }

    /** The state of this name, null if there is none. */
    static TransactionState forLabel(String label) {
        for (TransactionState state : BY_ID) {
            if (state.label.equals(label)) {
                return state;
            }
        }
        return null;
    }

    byte id() {
        return id;
    }

    String label() {
        return label;
    }

    /** Whether the outcome is decided and not all markers are known to be written. */
    boolean isPrepared() {
        return this == PREPARE_COMMIT || this == PREPARE_ABORT;
    }

    /** Whether the transactional id may be forgotten after a long silence. */
    boolean isExpirable() {
        return this == EMPTY || this == COMPLETE_COMMIT || this == COMPLETE_ABORT;
    }
}
