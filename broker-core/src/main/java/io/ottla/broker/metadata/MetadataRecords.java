package io.ottla.broker.metadata;

import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.message.MetadataRecordType;
import java.nio.ByteBuffer;

/**
 * The frame of a record in the metadata log (KIP-631):
 *
 * <pre>
 * unsigned varint  frame version, 1
 * unsigned varint  record type
 * unsigned varint  version of the record
 * ...              the record
 * </pre>
 */
final class MetadataRecords {

    private static final int FRAME_VERSION = 1;

    private MetadataRecords() {}

    /** The framed record in its highest version. */
    static ByteBuffer encode(MetadataRecord record) {
        ProtocolWriter out = new ProtocolWriter();
        short version = record.highestSupportedVersion();
        out.writeUnsignedVarint(FRAME_VERSION);
        out.writeUnsignedVarint(record.type().id());
        out.writeUnsignedVarint(version);
        record.write(out, version);
        return out.toByteBuffer();
    }

    /**
     * Reads a framed record.
     *
     * @throws MalformedMessageException where it is none, or of a type or version that this release does not know
     */
    static MetadataRecord decode(ByteBuffer value) {
        ProtocolReader in = new ProtocolReader(value);
        int frameVersion = in.readUnsignedVarint();
        if (frameVersion != FRAME_VERSION) {
            throw new MalformedMessageException("Unknown frame version " + frameVersion + " of a metadata record");
        }
        int id = in.readUnsignedVarint();
        MetadataRecordType type = id > Short.MAX_VALUE ? null : MetadataRecordType.forId((short) id);
        if (type == null) {
            throw new MalformedMessageException("Unknown type " + id + " of a metadata record");
        }
        int version = in.readUnsignedVarint();
        if (version < type.lowestVersion() || version > type.highestVersion()) {
            throw new MalformedMessageException("Unknown version " + version + " of the metadata record " + type);
        }
        MetadataRecord record = type.newRecord();
        record.read(in, (short) version);
        return record;
    }
}
