package io.ottla.broker.coordinator.group;

import io.ottla.protocol.ApiException;

/** What every kind of group answers, whichever protocol its members speak. */
interface Group {

    String groupId();

    GroupType type();

    /** The name of the group's state, as clients see it. */
    String stateName();

    /** The protocol type that clients see; empty if the group has none. */
    String protocolTypeOrEmpty();

    /** Whether the group has no members. */
    boolean isEmpty();

    /**
     * Checks that offsets may be committed.
     *
     * @param commit who commits
     * @throws ApiException if not
     */
    void validateOffsetCommit(CommitIdentity commit);

    /**
     * Checks that offsets may be deleted.
     *
     * @throws ApiException if not
     */
    void validateOffsetDelete();

    /**
     * Checks that the group may be deleted.
     *
     * @throws ApiException if not
     */
    void validateDelete();

    /** Whether a member reads the topic, as far as the coordinator can know. */
    boolean isSubscribedTo(String topic);

    /** From when on the time of an offset counts for its expiry. */
    OffsetExpiry offsetExpiry();

    /** The time that the group last changed its state, in milliseconds since the epoch; -1 if it is not known. */
    long stateTimestampMs();

    /**
     * Who commits offsets.
     *
     * @param memberId the member, or empty
     * @param groupInstanceId the static member, or null
     * @param generationId the generation or member epoch; negative if the client is no member of a group
     * @param transactional whether the commit is part of a transaction
     */
    record CommitIdentity(String memberId, String groupInstanceId, int generationId, boolean transactional) {}

    /** How the age of a group's offsets is counted. */
    enum OffsetExpiry {
        /** Offsets do not expire now. */
        NEVER,
        /** From the commit of each offset. */
        SINCE_COMMIT,
        /** From when the group lost its last member; from the commit if that is not known. */
        SINCE_EMPTY
    }
}
