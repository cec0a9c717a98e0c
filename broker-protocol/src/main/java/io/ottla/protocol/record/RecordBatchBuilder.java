package io.ottla.protocol.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Builds one record batch, magic 2. Settings come first, then records, then {@link #build}; a builder is used once.
 * Uncompressed, the bytes equal those of Kafka's own producer. Not thread-safe.
 */
public final class RecordBatchBuilder {
    private static final int DEFAULT_INITIAL_SIZE_BYTES = 512;

    private Compression compression = Compression.NONE;
    private TimestampType timestampType = TimestampType.CREATE_TIME;
    private long logAppendTimeMs = RecordBatch.NO_TIMESTAMP_MS;
    private long producerId = RecordBatch.NO_PRODUCER_ID;
    private short producerEpoch = RecordBatch.NO_PRODUCER_EPOCH;
    private int baseSequence = RecordBatch.NO_SEQUENCE;
    private boolean isTransactional;
    private boolean isControl;
    private long baseOffset;
    private int partitionLeaderEpoch = RecordBatch.NO_LEADER_EPOCH;
    private long deleteHorizonMs = RecordBatch.NO_TIMESTAMP_MS;

    private byte[] bytes;
    private int sizeBytes = RecordBatch.HEADER_SIZE_BYTES;
    private int recordCount;
    private long lastOffset = -1;
    private long baseTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
    private long maxTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
    private boolean isBuilt;

    public RecordBatchBuilder() {
        this(DEFAULT_INITIAL_SIZE_BYTES);
    }

    /** A builder with room for that many bytes, header included; it grows beyond them. */
    public RecordBatchBuilder(int initialSizeBytes) {
        this.bytes = new byte[Math.max(initialSizeBytes, RecordBatch.HEADER_SIZE_BYTES)];
    }

    /** Compresses the records at the type's default level. Without this they are not compressed. */
    public RecordBatchBuilder compression(CompressionType type) {
        return compression(Compression.of(type));
    }

    public RecordBatchBuilder compression(CompressionType type, int level) {
        return compression(new Compression(type, level));
    }

    public RecordBatchBuilder compression(Compression newCompression) {
        this.compression = newCompression;
        return this;
    }

    /** The timestamp type; without this CreateTime. For LogAppendTime {@link #logAppendTime} also sets the time. */
    public RecordBatchBuilder timestampType(TimestampType type) {
        this.timestampType = type;
        return this;
    }

    /** Makes this a batch of type LogAppendTime with that time as the timestamp of all its records. */
    public RecordBatchBuilder logAppendTime(long timeMs) {
        this.timestampType = TimestampType.LOG_APPEND_TIME;
        this.logAppendTimeMs = timeMs;
        return this;
    }

    /** The idempotent producer that wrote the batch; without this none. */
    public RecordBatchBuilder producer(long id, short epoch, int firstSequence) {
        this.producerId = id;
        this.producerEpoch = epoch;
        this.baseSequence = firstSequence;
        return this;
    }

    public RecordBatchBuilder transactional(boolean transactional) {
        this.isTransactional = transactional;
        return this;
    }

    /** Whether the records are control records; see {@link ControlRecords}. */
    public RecordBatchBuilder control(boolean control) {
        this.isControl = control;
        return this;
    }

    /** The offset of the first record; without this 0. */
    public RecordBatchBuilder baseOffset(long offset) {
        requireNoRecords();
        this.baseOffset = offset;
        return this;
    }

    /** The leader epoch; without this {@link RecordBatch#NO_LEADER_EPOCH}. */
    public RecordBatchBuilder partitionLeaderEpoch(int epoch) {
        this.partitionLeaderEpoch = epoch;
        return this;
    }

    /** From when on tombstones and markers of the batch may be cleaned away (KIP-534); it becomes the base timestamp. */
    public RecordBatchBuilder deleteHorizonMs(long timeMs) {
        requireNoRecords();
        this.deleteHorizonMs = timeMs;
        return this;
    }

    /** Appends a record without headers at the next offset. */
    public RecordBatchBuilder append(long timestampMs, ByteBuffer key, ByteBuffer value) {
        return append(timestampMs, key, value, List.of());
    }

    /** Appends a record without headers at the next offset. */
    public RecordBatchBuilder append(long timestampMs, byte[] key, byte[] value) {
        return append(timestampMs, wrap(key), wrap(value), List.of());
    }

    /**
     * Appends a record at the next offset. The buffers are copied, position to limit; their positions do not move.
     *
     * @param timestampMs milliseconds since the epoch, or {@link RecordBatch#NO_TIMESTAMP_MS}
     * @param key the key or null
     * @param value the value or null
     * @param headers the headers, may be empty
     */
    public RecordBatchBuilder append(long timestampMs, ByteBuffer key, ByteBuffer value, List<RecordHeader> headers) {
        return appendAt(nextOffset(), timestampMs, key, value, headers);
    }

    /** Appends a record as it was read, at its own offset and with its own timestamp. */
    public RecordBatchBuilder append(Record record) {
        return appendAt(record.offset(), record.timestampMs(), record.key(), record.value(), record.headers());
    }

    /**
     * Appends a record at a given offset: for rewriting a batch some of whose records are gone.
     *
     * @throws IllegalArgumentException if the offset does not come after the last one, if it is further from the base
     *     offset than an int counts, or if the timestamp is negative and not NO_TIMESTAMP_MS
     */
    public RecordBatchBuilder appendAt(
            long offset, long timestampMs, ByteBuffer key, ByteBuffer value, List<RecordHeader> headers) {
        requireNotBuilt();
        if (offset < nextOffset() || offset - baseOffset > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Offset " + offset + " cannot follow in a batch from " + baseOffset + " to " + (nextOffset() - 1));
        }
        if (timestampMs < 0 && timestampMs != RecordBatch.NO_TIMESTAMP_MS) {
            throw new IllegalArgumentException("Invalid negative timestamp " + timestampMs);
        }
        if (recordCount == 0) {
            baseTimestampMs = deleteHorizonMs == RecordBatch.NO_TIMESTAMP_MS ? timestampMs : deleteHorizonMs;
        }
        writeRecord((int) (offset - baseOffset), timestampMs - baseTimestampMs, key, value, headers);
        maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
        lastOffset = offset;
        recordCount++;
        return this;
    }

    /** How many records have been appended. */
    public int recordCount() {
        return recordCount;
    }

    /** The size so far, header included, before compression. */
    public int sizeBytes() {
        return sizeBytes;
    }

    /**
     * Lets the batch stand for offsets up to this one although its last record lies before it: for rewriting a batch
     * whose last records are gone. Call it after the last record.
     */
    public RecordBatchBuilder lastOffset(long offset) {
        requireNotBuilt();
        if (offset < nextOffset() - 1 || offset - baseOffset > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Offset " + offset + " cannot end a batch from " + baseOffset + " to " + (nextOffset() - 1));
        }
        lastOffset = offset;
        return this;
    }

    /**
     * Finishes the batch.
     *
     * @return a big-endian buffer whose position is 0 and whose limit is the batch's size; it owns its bytes
     * @throws IllegalStateException if there is no record, or the builder was used before
     * @throws io.ottla.protocol.ApiException UNSUPPORTED_COMPRESSION_TYPE if the codec cannot be loaded
     */
    public ByteBuffer build() {
        requireNotBuilt();
        if (recordCount == 0) {
            throw new IllegalStateException("A batch needs a record");
        }
        isBuilt = true;
        if (compression.type() != CompressionType.NONE) {
            compress();
        }
        ByteBuffer batch = ByteBuffer.wrap(bytes, 0, sizeBytes).slice();
        batch.putLong(RecordBatch.BASE_OFFSET_AT, baseOffset);
        batch.putInt(RecordBatch.LENGTH_AT, sizeBytes - RecordBatch.OVERHEAD_SIZE_BYTES);
        batch.putInt(RecordBatch.LEADER_EPOCH_AT, partitionLeaderEpoch);
        batch.put(RecordBatch.MAGIC_AT, RecordBatch.MAGIC);
        batch.putShort(RecordBatch.ATTRIBUTES_AT, attributes());
        batch.putInt(RecordBatch.LAST_OFFSET_DELTA_AT, (int) (lastOffset - baseOffset));
        batch.putLong(RecordBatch.BASE_TIMESTAMP_AT, baseTimestampMs);
        batch.putLong(
                RecordBatch.MAX_TIMESTAMP_AT,
                timestampType == TimestampType.LOG_APPEND_TIME ? logAppendTimeMs : maxTimestampMs);
        batch.putLong(RecordBatch.PRODUCER_ID_AT, producerId);
        batch.putShort(RecordBatch.PRODUCER_EPOCH_AT, producerEpoch);
        batch.putInt(RecordBatch.BASE_SEQUENCE_AT, baseSequence);
        batch.putInt(RecordBatch.RECORD_COUNT_AT, recordCount);
        new RecordBatch().wrap(batch, 0).updateCrc();
        return batch;
    }

    /**
     * What the cleaner leaves of a batch when all its records are gone but its offsets, its sequence numbers or its leader
     * epoch must stay known: the header alone, uncompressed, with a record count of 0.
     */
    public static ByteBuffer emptied(RecordBatch batch) {
        ByteBuffer empty = ByteBuffer.allocate(RecordBatch.HEADER_SIZE_BYTES);
        empty.put(0, batch.buffer(), batch.position(), RecordBatch.HEADER_SIZE_BYTES);
        int kept = RecordBatch.TIMESTAMP_TYPE_BIT | RecordBatch.TRANSACTIONAL_BIT | RecordBatch.CONTROL_BIT;
        empty.putInt(RecordBatch.LENGTH_AT, RecordBatch.HEADER_SIZE_BYTES - RecordBatch.OVERHEAD_SIZE_BYTES);
        empty.putShort(RecordBatch.ATTRIBUTES_AT, (short) (batch.attributes() & kept));
        empty.putLong(RecordBatch.BASE_TIMESTAMP_AT, RecordBatch.NO_TIMESTAMP_MS);
        empty.putInt(RecordBatch.RECORD_COUNT_AT, 0);
        new RecordBatch().wrap(empty, 0).updateCrc();
        return empty;
    }

    private short attributes() {
        int attributes = compression.type().id();
        if (timestampType == TimestampType.LOG_APPEND_TIME) {
            attributes |= RecordBatch.TIMESTAMP_TYPE_BIT;
        }
        if (isTransactional) {
            attributes |= RecordBatch.TRANSACTIONAL_BIT;
        }
        if (isControl) {
            attributes |= RecordBatch.CONTROL_BIT;
        }
        if (deleteHorizonMs != RecordBatch.NO_TIMESTAMP_MS) {
            attributes |= RecordBatch.DELETE_HORIZON_BIT;
        }
        return (short) attributes;
    }

    private void compress() {
        int plainSizeBytes = sizeBytes - RecordBatch.HEADER_SIZE_BYTES;
        ByteArrayOutputStream out =
                new ByteArrayOutputStream(RecordBatch.HEADER_SIZE_BYTES + Math.max(64, plainSizeBytes / 2));
        try {
            out.write(bytes, 0, RecordBatch.HEADER_SIZE_BYTES);
            compression.compress(bytes, RecordBatch.HEADER_SIZE_BYTES, plainSizeBytes, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        bytes = out.toByteArray();
        sizeBytes = bytes.length;
    }

    private void writeRecord(
            int offsetDelta, long timestampDelta, ByteBuffer key, ByteBuffer value, List<RecordHeader> headers) {
        int headersSizeBytes = varintSizeBytes(headers.size());
        byte[][] headerKeys = new byte[headers.size()][];
        for (int i = 0; i < headerKeys.length; i++) {
            RecordHeader header = headers.get(i);
            headerKeys[i] = header.key().getBytes(StandardCharsets.UTF_8);
            int keySizeBytes = headerKeys[i].length;
            headersSizeBytes = Math.addExact(
                    headersSizeBytes, varintSizeBytes(keySizeBytes) + keySizeBytes + nullableSizeBytes(header.value()));
        }
        long bodySizeBytes = 1L
                + varlongSizeBytes(timestampDelta)
                + varintSizeBytes(offsetDelta)
                + nullableSizeBytes(key)
                + nullableSizeBytes(value)
                + headersSizeBytes;
        int recordSizeBytes = Math.toIntExact(bodySizeBytes);
        ensureRoom(varintSizeBytes(recordSizeBytes) + bodySizeBytes);
        writeVarint(recordSizeBytes);
        bytes[sizeBytes++] = 0;
        writeVarlong(timestampDelta);
        writeVarint(offsetDelta);
        writeNullable(key);
        writeNullable(value);
        writeVarint(headerKeys.length);
        for (int i = 0; i < headerKeys.length; i++) {
            byte[] headerKey = headerKeys[i];
            writeVarint(headerKey.length);
            System.arraycopy(headerKey, 0, bytes, sizeBytes, headerKey.length);
            sizeBytes += headerKey.length;
            writeNullable(headers.get(i).value());
        }
    }

    private void ensureRoom(long moreBytes) {
        int needed = Math.toIntExact(sizeBytes + moreBytes);
        if (needed > bytes.length) {
            long doubled = Math.min(bytes.length * 2L, Integer.MAX_VALUE - 16);
            bytes = Arrays.copyOf(bytes, (int) Math.max(needed, doubled));
        }
    }

    private void writeNullable(ByteBuffer buffer) {
        if (buffer == null) {
            writeVarint(-1);
            return;
        }
        int count = buffer.remaining();
        writeVarint(count);
        buffer.get(buffer.position(), bytes, sizeBytes, count);
        sizeBytes += count;
    }

    private void writeVarint(int value) {
        int raw = (value << 1) ^ (value >> 31);
        while ((raw & ~0x7f) != 0) {
            bytes[sizeBytes++] = (byte) (raw | 0x80);
            raw >>>= 7;
        }
        bytes[sizeBytes++] = (byte) raw;
    }

    private void writeVarlong(long value) {
        long raw = (value << 1) ^ (value >> 63);
        while ((raw & ~0x7fL) != 0) {
            bytes[sizeBytes++] = (byte) (raw | 0x80);
            raw >>>= 7;
        }
        bytes[sizeBytes++] = (byte) raw;
    }

    private static int nullableSizeBytes(ByteBuffer buffer) {
        return buffer == null ? 1 : Math.addExact(varintSizeBytes(buffer.remaining()), buffer.remaining());
    }

    private static int varintSizeBytes(int value) {
        int raw = (value << 1) ^ (value >> 31);
        return (38 - Integer.numberOfLeadingZeros(raw | 1)) / 7;
    }

    private static int varlongSizeBytes(long value) {
        long raw = (value << 1) ^ (value >> 63);
        return (70 - Long.numberOfLeadingZeros(raw | 1)) / 7;
    }

    private long nextOffset() {
        return recordCount == 0 ? baseOffset : lastOffset + 1;
    }

    private void requireNoRecords() {
        if (recordCount > 0) {
            throw new IllegalStateException("Settings come before the first record");
        }
    }

    private void requireNotBuilt() {
        if (isBuilt) {
            throw new IllegalStateException("The batch is already built");
        }
    }

    private static ByteBuffer wrap(byte[] nullable) {
        return nullable == null ? null : ByteBuffer.wrap(nullable);
    }
}
