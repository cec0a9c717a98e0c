package io.ottla.broker.testing;

import io.ottla.protocol.record.RecordHeader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A record that a test writes without a producer.
 *
 * <pre>{@code
 * broker.topic("orders").write(TestRecord.of("k", "v").header("trace", "42").timestamp(yesterday).partition(2));
 * }</pre>
 *
 * <p>Immutable: each method gives a new record.
 */
public final class TestRecord {

    private final byte[] key;
    private final byte[] value;
    private final List<RecordHeader> headers;

    /** Null for the time of the broker's clock. */
    private final Long timestampMs;

    /** Null to have it chosen. */
    private final Integer partition;

    private TestRecord(byte[] key, byte[] value, List<RecordHeader> headers, Long timestampMs, Integer partition) {
        this.key = key;
        this.value = value;
        this.headers = List.copyOf(headers);
        this.timestampMs = timestampMs;
        this.partition = partition;
    }

    /** A record without a key; null makes a tombstone. */
    public static TestRecord of(String value) {
        return of((byte[]) null, bytes(value));
    }

    /** A record of texts, encoded as UTF-8; both may be null. */
    public static TestRecord of(String key, String value) {
        return of(bytes(key), bytes(value));
    }

    /** A record of bytes; both may be null. */
    public static TestRecord of(byte[] key, byte[] value) {
        return new TestRecord(key, value, List.of(), null, null);
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /** With one header more. */
    public TestRecord header(String name, String text) {
        return header(name, bytes(text));
    }

    /** With one header more. */
    public TestRecord header(String name, byte[] bytes) {
        List<RecordHeader> more = new ArrayList<>(headers);
        more.add(RecordHeader.of(name, bytes));
        return new TestRecord(key, value, more, timestampMs, partition);
    }

    /** With the time at which a producer would have made it; the broker's time unless set. */
    public TestRecord timestamp(Instant time) {
        return new TestRecord(key, value, headers, time.toEpochMilli(), partition);
    }

    /** For this partition; by the hash of the key, as the Java producer does, or in turn if there is no key, unless set. */
    public TestRecord partition(int number) {
        return new TestRecord(key, value, headers, timestampMs, number);
    }

    byte[] key() {
        return key;
    }

    byte[] value() {
        return value;
    }

    List<RecordHeader> headers() {
        return headers;
    }

    long timestampMs(long nowMs) {
        return timestampMs == null ? nowMs : timestampMs;
    }

    /** The partition that it goes to. */
    int choosePartition(int count, long turn) {
        if (partition != null) {
            return partition;
        }
        return key == null ? (int) (turn % count) : (murmur2(key) & Integer.MAX_VALUE) % count;
    }

    /** The 32-bit MurmurHash2 of Austin Appleby with the seed of Apache Kafka's default partitioner. */
    private static int murmur2(byte[] data) {
        int m = 0x5bd1e995;
        int h = 0x9747b28c ^ data.length;
        int wholeWordsEnd = data.length & ~3;
        for (int i = 0; i < wholeWordsEnd; i += 4) {
            int k = (data[i] & 0xff)
                    | (data[i + 1] & 0xff) << 8
                    | (data[i + 2] & 0xff) << 16
                    | (data[i + 3] & 0xff) << 24;
            k *= m;
            k ^= k >>> 24;
            k *= m;
            h *= m;
            h ^= k;
        }
        for (int i = data.length - 1; i >= wholeWordsEnd; i--) {
            h ^= (data[i] & 0xff) << (8 * (i - wholeWordsEnd));
        }
        if (wholeWordsEnd < data.length) {
            h *= m;
        }
        h ^= h >>> 13;
        h *= m;
        return h ^ h >>> 15;
    }
}
