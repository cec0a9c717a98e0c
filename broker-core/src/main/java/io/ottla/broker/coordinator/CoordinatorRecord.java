package io.ottla.broker.coordinator;

import io.ottla.protocol.CoordinatorKey;
import io.ottla.protocol.Message;
import java.util.Objects;

/**
 * One record of a coordinator's log, in Apache Kafka's schemas: a key, whose type says what the record is about, and a value, or
 * none for a tombstone.
 *
 * @param key the key; it is always written in version 0, preceded by its record type
 * @param value the value, or null for a tombstone
 * @param valueVersion the version that the value is written in; 0 for a tombstone
 */
public record CoordinatorRecord(CoordinatorKey key, Message value, short valueVersion) {

    public CoordinatorRecord {
        Objects.requireNonNull(key);
    }

    /** A record that removes what its key names. */
    public static CoordinatorRecord tombstone(CoordinatorKey key) {
        return new CoordinatorRecord(key, null, (short) 0);
    }
}
