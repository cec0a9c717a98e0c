package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A view of one record batch, magic 2, that lies in a big-endian buffer; it copies nothing and is reused by wrapping it
 * around the next batch.
 *
 * <pre>
 *   0        8        12      16    17      21        23          27          35          43
 *   +--------+--------+-------+-----+-------+---------+-----------+-----------+-----------+----
 *   | base   | length | leader|magic| crc   |attribu- | last      | base      | max       | ...
 *   | offset | (of the| epoch | = 2 | 32-C  |tes      | offset    | timestamp | timestamp |
 *   | int64  |  rest) | int32 | int8| uint32| int16   | delta i32 | int64     | int64     |
 *   +--------+--------+-------+-----+-------+---------+-----------+-----------+-----------+----
 *                                           |-- the CRC covers from here to the end ----------
 *     43         51        53         57        61
 *   --+----------+---------+----------+---------+---------------------------------------------+
 *     | producer | producer| base     | record  | records, compressed together if the         |
 *     | id       | epoch   | sequence | count   | attributes say so                           |
 *     | int64    | int16   | int32    | int32   |                                             |
 *   --+----------+---------+----------+---------+---------------------------------------------+
 *
 *   attributes   bits 0-2 compression, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon, others unused
 *
 *   record       length varint | attributes int8 (unused) | timestampDelta varlong | offsetDelta varint
 *                | keyLength varint (-1: null) | key | valueLength varint (-1: null) | value
 *                | headerCount varint | headers ...
 *   header       keyLength varint | key UTF-8 | valueLength varint (-1: null) | value
 *                (varints are zig-zag encoded)
 * </pre>
 *
 * <p>If the delete horizon bit is set, the base timestamp is the time in milliseconds from which on the log cleaner may
 * drop the batch's tombstones and markers (KIP-534); the records' deltas count from it all the same.
 *
 * <p>The accessors of the header need only its {@value #HEADER_SIZE_BYTES} bytes to be there. They believe what they
 * read: check the batch first ({@link RecordBatches}, {@link RecordBatchValidator}) if it comes from outside.
 *
 * <p>Not thread-safe, but several views over one buffer may read at the same time: its position and limit are not used.
 *
 * <p>Source: the Kafka protocol's record batch page, KIP-98.
 */
public final class RecordBatch {
    /** Base offset and length: what must be there before the size of a batch is known. */
    public static final int OVERHEAD_SIZE_BYTES = 12;

    /** The whole header: the size of a batch without records. */
    public static final int HEADER_SIZE_BYTES = 61;

    public static final byte MAGIC = 2;
    public static final long NO_PRODUCER_ID = -1L;
    public static final short NO_PRODUCER_EPOCH = -1;
    public static final int NO_SEQUENCE = -1;
    public static final int NO_LEADER_EPOCH = -1;
    public static final long NO_TIMESTAMP_MS = -1L;

    /** How much the records of one batch may decompress to if the reader names no limit: 1 GiB. */
    public static final long DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES = 1L << 30;

    static final int BASE_OFFSET_AT = 0;
    static final int LENGTH_AT = 8;
    static final int LEADER_EPOCH_AT = 12;
    static final int MAGIC_AT = 16;
    static final int CRC_AT = 17;
    static final int ATTRIBUTES_AT = 21;
    static final int LAST_OFFSET_DELTA_AT = 23;
    static final int BASE_TIMESTAMP_AT = 27;
    static final int MAX_TIMESTAMP_AT = 35;
    static final int PRODUCER_ID_AT = 43;
    static final int PRODUCER_EPOCH_AT = 51;
    static final int BASE_SEQUENCE_AT = 53;
    static final int RECORD_COUNT_AT = 57;

    static final int COMPRESSION_MASK = 0x07;
    static final int TIMESTAMP_TYPE_BIT = 0x08;
    static final int TRANSACTIONAL_BIT = 0x10;
    static final int CONTROL_BIT = 0x20;
    static final int DELETE_HORIZON_BIT = 0x40;
    static final int KNOWN_ATTRIBUTES = 0x7f;

    private final CRC32C crc32c = new CRC32C();
    private ByteBuffer buffer;
    private int position;

    /**
     * Points this view at the batch that starts at the absolute position of the buffer.
     *
     * @param batchBuffer a big-endian buffer that holds at least the header
     * @param batchPosition absolute index of the first byte of the batch
     * @return this
     */
    public RecordBatch wrap(ByteBuffer batchBuffer, int batchPosition) {
        this.buffer = batchBuffer;
        this.position = batchPosition;
        return this;
    }

    /** The buffer this view looks into. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Absolute index of the batch's first byte in {@link #buffer()}. */
    public int position() {
        return position;
    }

    public long baseOffset() {
        return buffer.getLong(position + BASE_OFFSET_AT);
    }

    /** The last offset the batch stands for; the cleaner may have removed the record itself. */
    public long lastOffset() {
        return baseOffset() + lastOffsetDelta();
    }

    public long nextOffset() {
        return lastOffset() + 1;
    }

    /** Size of the whole batch, header included; Integer.MAX_VALUE if the length field claims even more. */
    public int sizeBytes() {
        int length = buffer.getInt(position + LENGTH_AT);
        return length > Integer.MAX_VALUE - OVERHEAD_SIZE_BYTES ? Integer.MAX_VALUE : length + OVERHEAD_SIZE_BYTES;
    }

    public int partitionLeaderEpoch() {
        return buffer.getInt(position + LEADER_EPOCH_AT);
    }

    public byte magic() {
        return buffer.get(position + MAGIC_AT);
    }

    /** The stored CRC-32C, as an unsigned number. */
    public long crc() {
        return buffer.getInt(position + CRC_AT) & 0xffffffffL;
    }

    public short attributes() {
        return buffer.getShort(position + ATTRIBUTES_AT);
    }

    /**
     * The compression type.
     *
     * @throws ApiException UNSUPPORTED_COMPRESSION_TYPE if the protocol knows no such type
     */
    public CompressionType compressionType() {
        CompressionType type = CompressionType.forId(attributes() & COMPRESSION_MASK);
        if (type == null) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                    "Unknown compression type id: " + (attributes() & COMPRESSION_MASK));
        }
        return type;
    }

    public boolean isCompressed() {
        return (attributes() & COMPRESSION_MASK) != 0;
    }

    /** Unlike {@link #compressionType()}, asks nothing of an id that no codec has. */
    public boolean isCompressedWith(CompressionType type) {
        return (attributes() & COMPRESSION_MASK) == type.id();
    }

    public TimestampType timestampType() {
        return (attributes() & TIMESTAMP_TYPE_BIT) == 0 ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME;
    }

    public boolean isTransactional() {
        return (attributes() & TRANSACTIONAL_BIT) != 0;
    }

    public boolean isControlBatch() {
        return (attributes() & CONTROL_BIT) != 0;
    }

    public boolean hasDeleteHorizon() {
        return (attributes() & DELETE_HORIZON_BIT) != 0;
    }

    /** From when on the cleaner may drop tombstones and markers, or NO_TIMESTAMP_MS if that is not set yet. */
    public long deleteHorizonMs() {
        return hasDeleteHorizon() ? baseTimestampMs() : NO_TIMESTAMP_MS;
    }

    public int lastOffsetDelta() {
        return buffer.getInt(position + LAST_OFFSET_DELTA_AT);
    }

    /** What the records' timestamp deltas count from. */
    public long baseTimestampMs() {
        return buffer.getLong(position + BASE_TIMESTAMP_AT);
    }

    public long maxTimestampMs() {
        return buffer.getLong(position + MAX_TIMESTAMP_AT);
    }

    public long producerId() {
        return buffer.getLong(position + PRODUCER_ID_AT);
    }

    public boolean hasProducerId() {
        return producerId() > NO_PRODUCER_ID;
    }

    public short producerEpoch() {
        return buffer.getShort(position + PRODUCER_EPOCH_AT);
    }

    public int baseSequence() {
        return buffer.getInt(position + BASE_SEQUENCE_AT);
    }

    /** The sequence number of the last record, or NO_SEQUENCE; after 2^31-1 comes 0. */
    public int lastSequence() {
        int base = baseSequence();
        return base == NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(base, lastOffsetDelta());
    }

    /** How many records are in the batch; below {@code lastOffsetDelta() + 1} once the cleaner has removed some. */
    public int recordCount() {
        return buffer.getInt(position + RECORD_COUNT_AT);
    }

    /** Whether the stored CRC fits the bytes; false too if the size is no possible one or goes beyond the buffer. */
    public boolean isCrcValid() {
        int sizeBytes = sizeBytes();
        return sizeBytes >= HEADER_SIZE_BYTES && sizeBytes <= buffer.limit() - position && crc() == computeCrc();
    }

    /**
     * Checks size and CRC.
     *
     * @throws ApiException CORRUPT_MESSAGE if the batch is smaller than a header, ends outside the buffer, or its CRC
     *     does not fit
     */
    public void ensureValid() {
        int sizeBytes = sizeBytes();
        if (sizeBytes < HEADER_SIZE_BYTES) {
            throw new ApiException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "Record batch is corrupted (the size " + sizeBytes
                            + " is smaller than the minimum allowed overhead " + HEADER_SIZE_BYTES + ")");
        }
        if (sizeBytes > buffer.limit() - position) {
            throw new ApiException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "Record batch is corrupted (its size " + sizeBytes + " exceeds the " + (buffer.limit() - position)
                            + " bytes that are there)");
        }
        long computed = computeCrc();
        if (crc() != computed) {
            throw new ApiException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "Record is corrupt (stored crc = " + crc() + ", computed crc = " + computed + ")");
        }
    }

    /** Sets the base offset in place; the CRC does not cover it. */
    public RecordBatch baseOffset(long offset) {
        buffer.putLong(position + BASE_OFFSET_AT, offset);
        return this;
    }

    /** Sets the leader epoch in place; the CRC does not cover it. */
    public RecordBatch partitionLeaderEpoch(int epoch) {
        buffer.putInt(position + LEADER_EPOCH_AT, epoch);
        return this;
    }

    /** Makes the batch one of type LogAppendTime with that time, and recomputes the CRC unless nothing changed. */
    public RecordBatch logAppendTime(long timeMs) {
        return maxTimestamp(TimestampType.LOG_APPEND_TIME, timeMs);
    }

    /** Sets timestamp type and maximum timestamp in place, and recomputes the CRC unless nothing changed. */
    public RecordBatch maxTimestamp(TimestampType type, long timeMs) {
        if (type == timestampType() && timeMs == maxTimestampMs()) {
            return this;
        }
        int others = attributes() & ~TIMESTAMP_TYPE_BIT;
        int typeBit = type == TimestampType.LOG_APPEND_TIME ? TIMESTAMP_TYPE_BIT : 0;
        buffer.putShort(position + ATTRIBUTES_AT, (short) (others | typeBit));
        buffer.putLong(position + MAX_TIMESTAMP_AT, timeMs);
        updateCrc();
        return this;
    }

    /**
     * The records, in order, decompressed while they are read; the CRC is not checked. An iterator that is left before
     * its end should be closed, see {@link #recordIterator}; the ones that ran to the end have closed themselves.
     * Iterating throws ApiException CORRUPT_MESSAGE on damage.
     */
    public Iterable<Record> records() {
        return this::iteratorWithDefaultLimit;
    }

    private RecordIterator iteratorWithDefaultLimit() {
        return recordIterator(DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES);
    }

    /**
     * Reads the records one by one. The iterator stays valid when this view is wrapped around another batch, but not
     * when the buffer's bytes change.
     *
     * @param maxDecompressedSizeBytes how much the records may decompress to before the reading ends with
     *     MESSAGE_TOO_LARGE
     * @throws ApiException from here or from the iterator: CORRUPT_MESSAGE on damage, UNSUPPORTED_COMPRESSION_TYPE if the
     *     codec is unknown or cannot be loaded
     */
    public RecordIterator recordIterator(long maxDecompressedSizeBytes) {
        return new RecordIterator(this, RecordInput.open(this, maxDecompressedSizeBytes, ErrorCode.CORRUPT_MESSAGE));
    }

    /** A view of the batch's bytes as a buffer of their own. */
    public ByteBuffer slice() {
        return buffer.slice(position, sizeBytes());
    }

    /** The sequence number that many records later; after 2^31-1 comes 0. */
    public static int incrementSequence(int sequence, int increment) {
        return sequence > Integer.MAX_VALUE - increment
                ? increment - (Integer.MAX_VALUE - sequence) - 1
                : sequence + increment;
    }

    /** The sequence number that many records earlier; before 0 comes 2^31-1. */
    public static int decrementSequence(int sequence, int decrement) {
        return sequence < decrement ? Integer.MAX_VALUE - (decrement - sequence) + 1 : sequence - decrement;
    }

    long computeCrc() {
        int start = position + ATTRIBUTES_AT;
        int lengthBytes = sizeBytes() - ATTRIBUTES_AT;
        crc32c.reset();
        if (buffer.hasArray()) {
            crc32c.update(buffer.array(), buffer.arrayOffset() + start, lengthBytes);
        } else {
            // A slice, because update() moves the position of its argument, which others may be reading through.
            crc32c.update(buffer.slice(start, lengthBytes));
        }
        return crc32c.getValue();
    }

    /**
     * Computes the CRC of a batch that ends at the limit of its buffer, allocating nothing: only for a buffer that nobody else reads
     * through meanwhile. Its position is the same afterwards.
     */
    long computeCrcToLimit() {
        if (buffer.hasArray()) {
            return computeCrc();
        }
        int before = buffer.position();
        crc32c.reset();
        crc32c.update(buffer.position(position + ATTRIBUTES_AT));
        buffer.position(before);
        return crc32c.getValue();
    }

    void updateCrc() {
        buffer.putInt(position + CRC_AT, (int) computeCrc());
    }

    @Override
    public String toString() {
        if (buffer == null) {
            return "RecordBatch(nothing wrapped)";
        }
        return "RecordBatch(magic=" + magic() + ", offsets=[" + baseOffset() + ", " + lastOffset() + "], sizeBytes="
                + sizeBytes() + ", recordCount=" + recordCount() + ", partitionLeaderEpoch=" + partitionLeaderEpoch()
                + ", compressionId=" + (attributes() & COMPRESSION_MASK) + ", timestampType=" + timestampType()
                + ", maxTimestampMs=" + maxTimestampMs() + ", producerId=" + producerId() + ", producerEpoch="
                + producerEpoch() + ", baseSequence=" + baseSequence() + ", isTransactional=" + isTransactional()
                + ", isControlBatch=" + isControlBatch() + ", crc=" + crc() + ")";
    }
}
