package io.ottla.broker.metadata;

import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.AccessControlEntryRecord;
import io.ottla.protocol.message.DelegationTokenRecord;
import io.ottla.protocol.message.MetadataRecordType;
import io.ottla.protocol.message.RegisterControllerRecord;
import io.ottla.protocol.message.RemoveAccessControlEntryRecord;
import io.ottla.protocol.message.RemoveDelegationTokenRecord;

/**
 * State that no part of the image reads: what Apache Kafka wrote before it handed its folder over. It is kept record by record, the last
 * for each key, so that a snapshot has it when the log has lost it. Immutable.
 */
final class CarriedRecords {

    static final CarriedRecords NONE = new CarriedRecords(PersistentMap.empty());

    private final PersistentMap<Key, MetadataRecord> records;

    /** What a later record replaces or takes away: the type of the record that sets it, and what it is about. */
    private record Key(MetadataRecordType type, Object subject) {}

    private CarriedRecords(PersistentMap<Key, MetadataRecord> records) {
        this.records = records;
    }

    /** These with one more record applied. */
    CarriedRecords with(MetadataRecord record) {
        return switch (record.type()) {
            case ACCESS_CONTROL_ENTRY_RECORD ->
                set(new Key(record.type(), ((AccessControlEntryRecord) record).id()), record);
            case REMOVE_ACCESS_CONTROL_ENTRY_RECORD ->
                remove(new Key(
                        MetadataRecordType.ACCESS_CONTROL_ENTRY_RECORD,
                        ((RemoveAccessControlEntryRecord) record).id()));
            case DELEGATION_TOKEN_RECORD ->
                set(new Key(record.type(), ((DelegationTokenRecord) record).tokenId()), record);
            case REMOVE_DELEGATION_TOKEN_RECORD ->
                remove(new Key(
                        MetadataRecordType.DELEGATION_TOKEN_RECORD, ((RemoveDelegationTokenRecord) record).tokenId()));
            case REGISTER_CONTROLLER_RECORD ->
                set(new Key(record.type(), ((RegisterControllerRecord) record).controllerId()), record);
            case ZK_MIGRATION_STATE_RECORD -> set(new Key(record.type(), ""), record);
            // Says nothing, or speaks of the log itself.
            case NO_OP_RECORD, BEGIN_TRANSACTION_RECORD, END_TRANSACTION_RECORD, ABORT_TRANSACTION_RECORD -> this;
            default ->
                throw new IllegalStateException("No part of the metadata takes a record of type " + record.type());
        };
    }

    private CarriedRecords set(Key key, MetadataRecord record) {
        return new CarriedRecords(records.with(key, record));
    }

    private CarriedRecords remove(Key key) {
        return new CarriedRecords(records.without(key));
    }

    PersistentMap<?, MetadataRecord> records() {
        return records;
    }
}
