package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorRecordFormat;
import io.ottla.protocol.CoordinatorKey;
import io.ottla.protocol.Message;
import io.ottla.protocol.message.GroupCoordinatorRecordType;
import io.ottla.protocol.message.OffsetCommitKey;
import io.ottla.protocol.message.OffsetCommitValue;

/** The record types of {@code __consumer_offsets}. */
final class GroupRecordFormat extends CoordinatorRecordFormat {

    /** What brokers before 0.8.2 wrote; the fields are those of {@link OffsetCommitKey}. */
    private static final short LEGACY_OFFSET_COMMIT = 0;

    @Override
    protected CoordinatorKey newKey(short recordType) {
        if (recordType == LEGACY_OFFSET_COMMIT) {
            return new OffsetCommitKey();
        }
        GroupCoordinatorRecordType type = GroupCoordinatorRecordType.forId(recordType);
        return type == null ? null : type.newKey();
    }

    @Override
    protected Message newValue(short recordType) {
        if (recordType == LEGACY_OFFSET_COMMIT) {
            return new OffsetCommitValue();
        }
        return GroupCoordinatorRecordType.forId(recordType).newValue();
    }
}
