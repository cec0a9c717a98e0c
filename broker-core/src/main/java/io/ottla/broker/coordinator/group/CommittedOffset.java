package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetCommitValue;

/**
 * A committed offset.
 *
 * @param offset the offset that the group reads next
 * @param leaderEpoch the leader epoch of the last record read, or -1
 * @param metadata what the client keeps with it
 * @param commitTimestampMs when it was committed, in milliseconds since the epoch
 * @param expireTimestampMs when it expires, or {@link #NO_EXPIRY} for the broker's rule
 * @param topicId the id of the topic, or {@link Uuid#ZERO} in a record that does not know it
 * @param recordOffset where the record is in the coordinator's log
 */
record CommittedOffset(
        long offset,
        int leaderEpoch,
        String metadata,
        long commitTimestampMs,
        long expireTimestampMs,
        Uuid topicId,
        long recordOffset) {

    static final long NO_EXPIRY = -1L;

    static CommittedOffset of(OffsetCommitValue value, long recordOffset) {
        return new CommittedOffset(
                value.offset(),
                value.leaderEpoch(),
                value.metadata(),
                value.commitTimestamp(),
                value.expireTimestamp(),
                value.topicId(),
                recordOffset);
    }
}
