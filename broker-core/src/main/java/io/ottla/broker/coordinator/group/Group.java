package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import java.util.List;

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
     * Checks that an offset of one partition may be committed, by who has passed the check of the group.
     *
     * @param commit who commits
     * @param topic the topic's name
     * @param topicId the topic's id
     * @param partition the partition
     * @throws ApiException if not
     */
    void validateOffsetCommit(CommitIdentity commit, String topic, Uuid topicId, int partition);

    /**
     * Checks that offsets may be fetched.
     *
     * @param memberId the member, or null
     * @param memberEpoch its epoch, or -1
     * @throws ApiException if not
     */
    void validateOffsetFetch(String memberId, int memberEpoch);

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

    /** The records that remove the group from the log, without its offsets. */
    List<CoordinatorRecord> tombstones();

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
     * @param apiVersion the version of the request
     */
    record CommitIdentity(
            String memberId, String groupInstanceId, int generationId, boolean transactional, short apiVersion) {}

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
