package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.Message;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.message.ControlRecordTypeSchema;
import io.ottla.protocol.message.EndTxnMarker;
import io.ottla.protocol.message.KRaftVersionRecord;
import io.ottla.protocol.message.LeaderChangeMessage;
import io.ottla.protocol.message.SnapshotFooterRecord;
import io.ottla.protocol.message.SnapshotHeaderRecord;
import io.ottla.protocol.message.VotersRecord;
import java.nio.ByteBuffer;

/**
 * Writes and reads control records: those a broker puts between the records of producers, in batches of their own with
 * the control bit set, and that clients never see.
 *
 * <pre>
 *   key          version int16 = 0 | type int16
 *   value        of ABORT and COMMIT:  version int16 = 0 | coordinatorEpoch int32
 *                of the others: the message, whose first field is its version
 * </pre>
 *
 * <p>Versions above the known ones are read as the highest known, as Kafka does; they only add to it. Stateless.
 *
 * <p>Source: KIP-98, KIP-595, KIP-630, KIP-853; the schemas that Kafka publishes.
 */
public final class ControlRecords {
    private static final short VERSION = 0;

    private ControlRecords() {}

    /**
     * A batch with the marker that ends a transaction; base offset 0 and no leader epoch, for the log to set.
     *
     * @param type COMMIT or ABORT
     * @param timestampMs when the transaction ended, milliseconds since the epoch
     * @param producerId the transaction's producer
     * @param producerEpoch the producer's epoch
     * @param coordinatorEpoch the leader epoch of the coordinator's partition
     */
    public static ByteBuffer endTransaction(
            ControlRecordType type, long timestampMs, long producerId, short producerEpoch, int coordinatorEpoch) {
        if (!type.endsTransaction()) {
            throw new IllegalArgumentException(type + " ends no transaction");
        }
        ProtocolWriter value = new ProtocolWriter();
        value.writeShort(VERSION);
        new EndTxnMarker().coordinatorEpoch(coordinatorEpoch).write(value, VERSION);
        return new RecordBatchBuilder(128)
                .producer(producerId, producerEpoch, RecordBatch.NO_SEQUENCE)
                .transactional(true)
                .control(true)
                .append(timestampMs, key(type), value.toByteBuffer())
                .build();
    }

    /**
     * A batch with one control record of KRaft.
     *
     * @param baseOffset the record's offset
     * @param leaderEpoch the epoch of the leader that writes it
     * @param timestampMs milliseconds since the epoch
     * @param message one of the message types that {@link #append} takes
     */
    public static ByteBuffer batch(long baseOffset, int leaderEpoch, long timestampMs, Message message) {
        RecordBatchBuilder builder =
                new RecordBatchBuilder().control(true).baseOffset(baseOffset).partitionLeaderEpoch(leaderEpoch);
        return append(builder, timestampMs, message).build();
    }

    /**
     * Appends a control record of KRaft to a batch that has the control bit set.
     *
     * @param builder the batch
     * @param timestampMs milliseconds since the epoch
     * @param message a LeaderChangeMessage, SnapshotHeaderRecord, SnapshotFooterRecord, KRaftVersionRecord or VotersRecord
     * @return the builder
     */
    public static RecordBatchBuilder append(RecordBatchBuilder builder, long timestampMs, Message message) {
        ProtocolWriter value = new ProtocolWriter();
        message.write(value, VERSION);
        return builder.append(timestampMs, key(typeOf(message)), value.toByteBuffer());
    }

    /**
     * What a record of a control batch says.
     *
     * @return the type, UNKNOWN if a newer writer made it
     * @throws ApiException CORRUPT_MESSAGE if the key is none of a control record
     */
    public static ControlRecordType type(Record controlRecord) {
        ByteBuffer key = controlRecord.key();
        if (key == null || key.remaining() < Short.BYTES + Short.BYTES) {
            throw corrupt("Invalid control record key: it needs at least 4 bytes");
        }
        short version = key.getShort(key.position());
        if (version < 0) {
            throw corrupt("Invalid version found for control record: " + version + ". May indicate data corruption");
        }
        return ControlRecordType.forId(key.getShort(key.position() + Short.BYTES));
    }

    /**
     * The coordinator epoch of a marker that ends a transaction.
     *
     * @throws ApiException CORRUPT_MESSAGE if the record is no such marker
     */
    public static int coordinatorEpoch(Record marker) {
        if (!type(marker).endsTransaction()) {
            throw corrupt("The control record of type " + type(marker) + " ends no transaction");
        }
        ByteBuffer value = marker.value();
        if (value == null || value.remaining() < Short.BYTES + Integer.BYTES) {
            throw corrupt("Invalid end transaction marker: its value needs at least 6 bytes");
        }
        short version = value.getShort(value.position());
        if (version < 0) {
            throw corrupt(
                    "Invalid version found for end transaction marker: " + version + ". May indicate data corruption");
        }
        return value.getInt(value.position() + Short.BYTES);
    }

    /** Reads a leader change, or throws ApiException CORRUPT_MESSAGE. */
    public static LeaderChangeMessage leaderChange(Record controlRecord) {
        return read(controlRecord, new LeaderChangeMessage());
    }

    /** Reads the header of a snapshot, or throws ApiException CORRUPT_MESSAGE. */
    public static SnapshotHeaderRecord snapshotHeader(Record controlRecord) {
        return read(controlRecord, new SnapshotHeaderRecord());
    }

    /** Reads the footer of a snapshot, or throws ApiException CORRUPT_MESSAGE. */
    public static SnapshotFooterRecord snapshotFooter(Record controlRecord) {
        return read(controlRecord, new SnapshotFooterRecord());
    }

    /** Reads a KRaft version, or throws ApiException CORRUPT_MESSAGE. */
    public static KRaftVersionRecord kraftVersion(Record controlRecord) {
        return read(controlRecord, new KRaftVersionRecord());
    }

    /** Reads a set of voters, or throws ApiException CORRUPT_MESSAGE. */
    public static VotersRecord voters(Record controlRecord) {
        return read(controlRecord, new VotersRecord());
    }

    private static <M extends Message> M read(Record controlRecord, M message) {
        ControlRecordType expected = typeOf(message);
        if (type(controlRecord) != expected) {
            throw corrupt("Expected a control record of type " + expected + ", found " + type(controlRecord));
        }
        ByteBuffer value = controlRecord.value();
        if (value == null || value.remaining() < Short.BYTES || value.getShort(value.position()) < 0) {
            throw corrupt("The control record of type " + expected + " has no valid version");
        }
        short version = value.getShort(value.position());
        try {
            message.read(
                    new ProtocolReader(value.slice()), (short) Math.min(version, message.highestSupportedVersion()));
        } catch (MalformedMessageException e) {
            throw corrupt("The control record of type " + expected + " is damaged: " + e.getMessage());
        }
        return message;
    }

    private static ControlRecordType typeOf(Message message) {
        if (message instanceof LeaderChangeMessage) {
            return ControlRecordType.LEADER_CHANGE;
        }
        if (message instanceof SnapshotHeaderRecord) {
            return ControlRecordType.SNAPSHOT_HEADER;
        }
        if (message instanceof SnapshotFooterRecord) {
            return ControlRecordType.SNAPSHOT_FOOTER;
        }
        if (message instanceof KRaftVersionRecord) {
            return ControlRecordType.KRAFT_VERSION;
        }
        if (message instanceof VotersRecord) {
            return ControlRecordType.KRAFT_VOTERS;
        }
        throw new IllegalArgumentException("No control record: " + message);
    }

    private static ByteBuffer key(ControlRecordType type) {
        ProtocolWriter key = new ProtocolWriter();
        key.writeShort(VERSION);
        new ControlRecordTypeSchema().type(type.id()).write(key, VERSION);
        return key.toByteBuffer();
    }

    private static ApiException corrupt(String message) {
        return new ApiException(ErrorCode.CORRUPT_MESSAGE, message);
    }
}
