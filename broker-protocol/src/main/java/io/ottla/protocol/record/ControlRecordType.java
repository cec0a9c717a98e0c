package io.ottla.protocol.record;

/**
 * What a control record says: the second int16 of its key.
 *
 * <p>Source: KIP-98 (abort, commit), KIP-595 (leader change), KIP-630 (snapshots), KIP-853 (KRaft version, voters).
 */
public enum ControlRecordType {
    ABORT(0),
    COMMIT(1),
    LEADER_CHANGE(2),
    SNAPSHOT_HEADER(3),
    SNAPSHOT_FOOTER(4),
    KRAFT_VERSION(5),
    KRAFT_VOTERS(6),
    /** A type that a newer writer knows: readers skip it. */
    UNKNOWN(-1);

    private static final ControlRecordType[] BY_ID = values();

    private final short id;

    ControlRecordType(int id) {
        this.id = (short) id;
    }

    /** The id in the key, or -1 for UNKNOWN. */
    public short id() {
        return id;
    }

    /** Whether this ends a transaction. */
    public boolean endsTransaction() {
        return this == ABORT || this == COMMIT;
    }

    /** The type with that id, or UNKNOWN. */
    public static ControlRecordType forId(short id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : UNKNOWN;
    }
}
