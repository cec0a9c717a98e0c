package io.ottla.broker.coordinator;

import io.ottla.protocol.CoordinatorKey;
import io.ottla.protocol.Message;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import java.nio.ByteBuffer;

/**
 * The bytes of a coordinator's records, as Apache Kafka writes them:
 *
 * <pre>
 *   key    | record type (int16) | key fields in version 0     |
 *   value  | version (int16)     | value fields in that version |
 * </pre>
 *
 * <p>Implementations name the key and value classes of a record type; they keep no state and serve all threads.
 */
public abstract class CoordinatorRecordFormat {

    private static final short KEY_VERSION = 0;

    /** A new key of the record type, or null if the type is not known. */
    protected abstract CoordinatorKey newKey(short recordType);

    /** A new value of a record type that is known. */
    protected abstract Message newValue(short recordType);

    /** The bytes of a record's key. */
    final ByteBuffer keyBytes(CoordinatorRecord record) {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort(record.key().recordType());
        record.key().write(writer, KEY_VERSION);
        return writer.toByteBuffer();
    }

    /** The bytes of a record's value, or null for a tombstone. */
    final ByteBuffer valueBytes(CoordinatorRecord record) {
        if (record.value() == null) {
            return null;
        }
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort(record.valueVersion());
        record.value().write(writer, record.valueVersion());
        return writer.toByteBuffer();
    }

    /**
     * Reads a record.
     *
     * @param key the bytes of the key; may be null, for a record that is not a coordinator's
     * @param value the bytes of the value, or null for a tombstone
     * @return the record, or null if its type is not known: a newer broker wrote it
     * @throws io.ottla.protocol.MalformedMessageException if the bytes are not such a record
     * @throws IllegalStateException if the value has a version that is not known
     */
    public final CoordinatorRecord read(ByteBuffer key, ByteBuffer value) {
        if (key == null) {
            return null;
        }
        ProtocolReader keyReader = new ProtocolReader(key);
        short recordType = keyReader.readShort();
        CoordinatorKey parsedKey = newKey(recordType);
        if (parsedKey == null) {
            return null;
        }
        parsedKey.read(keyReader, KEY_VERSION);
        if (value == null) {
            return CoordinatorRecord.tombstone(parsedKey);
        }
        ProtocolReader valueReader = new ProtocolReader(value);
        short version = valueReader.readShort();
        Message parsedValue = newValue(recordType);
        if (version < parsedValue.lowestSupportedVersion() || version > parsedValue.highestSupportedVersion()) {
            throw new IllegalStateException("a coordinator record of type " + recordType + " has a value of version "
                    + version + ", which this broker cannot read");
        }
        parsedValue.read(valueReader, version);
        return new CoordinatorRecord(parsedKey, parsedValue, version);
    }
}
