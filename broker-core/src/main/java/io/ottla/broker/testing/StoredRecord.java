package io.ottla.broker.testing;

import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A record as it lies in a log. Immutable, but for the arrays that it gives out.
 *
 * <pre>{@code
 * StoredRecord first = broker.topic("orders").records(0).findFirst().orElseThrow();
 * System.out.println(first.offset() + ": " + first.keyText() + " = " + first.valueText());
 * }</pre>
 */
public final class StoredRecord {

    private static final int MAX_SHOWN_LENGTH = 60;

    private final String topic;
    private final int partition;
    private final long offset;
    private final long timestampMs;
    private final byte[] key;
    private final byte[] value;
    private final List<Header> headers;
    private final boolean control;
    private final long producerId;
    private final short producerEpoch;
    private final TransactionOutcome transaction;

    /** A header; several headers of a record may have the same name. */
    public static final class Header {

        private final String key;
        private final byte[] value;

        Header(RecordHeader header) {
            this.key = header.key();
            this.value = bytes(header.value());
        }

        /** The name. */
        public String key() {
            return key;
        }

        /** The value, null if there is none. */
        public byte[] value() {
            return value;
        }

        /** The value as UTF-8 text, null if there is none. */
        public String valueText() {
            return text(value);
        }

        @Override
        public String toString() {
            return key + "=" + valueText();
        }
    }

    StoredRecord(String topic, int partition, RecordBatch batch, Record record, TransactionOutcome transaction) {
        this.topic = topic;
        this.partition = partition;
        this.offset = record.offset();
        this.timestampMs = record.timestampMs();
        this.key = bytes(record.key());
        this.value = bytes(record.value());
        List<Header> copied = new ArrayList<>(record.headers().size());
        for (RecordHeader header : record.headers()) {
            copied.add(new Header(header));
        }
        this.headers = List.copyOf(copied);
        this.control = batch.isControlBatch();
        this.producerId = batch.producerId();
        this.producerEpoch = batch.producerEpoch();
        this.transaction = transaction;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    public String topic() {
        return topic;
    }

    public int partition() {
        return partition;
    }

    public long offset() {
        return offset;
    }

    /** In milliseconds since 1970-01-01T00:00Z, -1 if the record has none. */
    public long timestampMs() {
        return timestampMs;
    }

    /** When the record was made or appended, as the topic's {@code message.timestamp.type} says. */
    public Instant timestamp() {
        return Instant.ofEpochMilli(timestampMs);
    }

    /** The key as it was sent, null if there is none. */
    public byte[] key() {
        return key;
    }

    /** The key as UTF-8 text, null if there is none. */
    public String keyText() {
        return text(key);
    }

    /** The value as it was sent, null for a tombstone. */
    public byte[] value() {
        return value;
    }

    /** The value as UTF-8 text, null for a tombstone. */
    public String valueText() {
        return text(value);
    }

    /** All headers in their order. */
    public List<Header> headers() {
        return headers;
    }

    /** The last header of a name as UTF-8 text, null if there is none. */
    public String header(String name) {
        String found = null;
        for (Header header : headers) {
            if (header.key().equals(name)) {
                found = header.valueText();
            }
        }
        return found;
    }

    /** Whether this is no record of a client, but one that ends a transaction. */
    public boolean isControl() {
        return control;
    }

    /** Who wrote it, -1 if the producer is neither idempotent nor transactional. */
    public long producerId() {
        return producerId;
    }

    /** The epoch of the producer, -1 if it is neither idempotent nor transactional. */
    public short producerEpoch() {
        return producerEpoch;
    }

    /** What has become of its transaction. */
    public TransactionOutcome transaction() {
        return transaction;
    }

    /** Short, for messages of failed tests. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(topic + "-" + partition + "@" + offset + " ");
        text.append(control ? "control record" : shortened(keyText()) + "=" + shortened(valueText()));
        if (!headers.isEmpty()) {
            text.append(' ').append(headers);
        }
        if (transaction != TransactionOutcome.NONE) {
            text.append(" (").append(transaction).append(')');
        }
        return text.toString();
    }

    private static String shortened(String text) {
        return text == null || text.length() <= MAX_SHOWN_LENGTH ? text : text.substring(0, MAX_SHOWN_LENGTH) + "...";
    }
}
