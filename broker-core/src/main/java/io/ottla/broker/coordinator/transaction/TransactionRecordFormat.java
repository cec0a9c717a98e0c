package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorRecordFormat;
import io.ottla.protocol.CoordinatorKey;
import io.ottla.protocol.Message;
import io.ottla.protocol.message.TransactionCoordinatorRecordType;

/** The record types of {@code __transaction_state}. */
final class TransactionRecordFormat extends CoordinatorRecordFormat {

    @Override
    protected CoordinatorKey newKey(short recordType) {
        TransactionCoordinatorRecordType type = TransactionCoordinatorRecordType.forId(recordType);
        return type == null ? null : type.newKey();
    }

    @Override
    protected Message newValue(short recordType) {
        return TransactionCoordinatorRecordType.forId(recordType).newValue();
    }
}
