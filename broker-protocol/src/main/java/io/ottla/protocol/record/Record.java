package io.ottla.protocol.record;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A record as a reader of a log sees it.
 *
 * <p>Key, value and header values read from an uncompressed batch are slices of the batch's buffer and live as long as
 * that buffer does; those of a compressed batch own their bytes.
 *
 * @param offset the offset in the log
 * @param timestampMs the time in milliseconds since the epoch, or {@link RecordBatch#NO_TIMESTAMP_MS}
 * @param key the key, position to limit, or null
 * @param value the value, position to limit, or null (a tombstone in a compacted topic)
 * @param headers the headers in their order, never null
 * @param sequence the producer's sequence number, or {@link RecordBatch#NO_SEQUENCE}
 */
@SuppressWarnings("JavaLangClash") // Kafka's word; java.lang.Record is never named
public record Record(
        long offset, long timestampMs, ByteBuffer key, ByteBuffer value, List<RecordHeader> headers, int sequence) {

    /** A record without a sequence number. */
    public Record(long offset, long timestampMs, ByteBuffer key, ByteBuffer value, List<RecordHeader> headers) {
        this(offset, timestampMs, key, value, headers, RecordBatch.NO_SEQUENCE);
    }

    public boolean hasKey() {
        return key != null;
    }

    public boolean hasValue() {
        return value != null;
    }
}
