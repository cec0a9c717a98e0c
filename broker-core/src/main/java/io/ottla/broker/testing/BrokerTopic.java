package io.ottla.broker.testing;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A topic as a test sees it: its records are read without a consumer and written without a producer.
 *
 * <pre>{@code
 * broker.topic("orders").write("42", "created");
 * broker.topic("invoices").records().filter(record -> record.keyText().equals("42")).findFirst();
 * broker.topic("invoices").assertValues("created", "paid");
 * }</pre>
 *
 * <p>What is said of the <em>committed</em> records is what a consumer with {@code isolation.level=read_committed} sees: those of aborted
 * transactions are left out, and so is all behind the beginning of one that is open. All methods throw {@link IllegalArgumentException}
 * if there is no such topic, and {@link IllegalStateException} if the broker does not run. Stays good when the broker is restarted, and
 * when the topic is deleted and made anew. Thread-safe.
 */
public final class BrokerTopic {

    private static final short ALL_ACKS = -1;
    private static final int MAX_SHOWN = 50;

    private final String name;
    private final Supplier<BrokerParts> broker;

    /** For the broker, which gives it out as {@code broker.topic(name)}. */
    public BrokerTopic(String name, Supplier<BrokerParts> broker) {
        this.name = name;
        this.broker = broker;
    }

    public String name() {
        return name;
    }

    /** Whether the broker has the topic. */
    public boolean exists() {
        return !broker.get().partitions().partitions(name).isEmpty();
    }

    public int partitionCount() {
        return partitions().size();
    }

    /** The offset of the first record that is left in a partition. */
    public long startOffset(int partition) {
        return partition(partition).log().logStartOffset();
    }

    /** The offset that the next record of a partition gets. */
    public long endOffset(int partition) {
        return partition(partition).log().logEndOffset();
    }

    /** How many bytes the records of all partitions have. */
    public long sizeBytes() {
        return partitions().stream()
                .mapToLong(partition -> partition.log().sizeBytes())
                .sum();
    }

    private List<Partition> partitions() {
        BrokerParts parts = broker.get();
        List<Partition> partitions = parts.partitions().partitions(name);
        if (partitions.isEmpty()) {
            throw new IllegalArgumentException("There is no topic " + name + ", there are "
                    + parts.metadata().image().topics().stream()
                            .map(topic -> topic.name())
                            .toList());
        }
        return partitions;
    }

    private Partition partition(int index) {
        List<Partition> partitions = partitions();
        if (index < 0 || index >= partitions.size()) {
            throw new IllegalArgumentException(
                    "There is no partition " + index + " of " + name + ", there are " + partitions.size());
        }
        return partitions.get(index);
    }

    // Reading

    /**
     * The records that are there now, whatever has become of their transactions: partition by partition, in the order of their offsets.
     * They are read as the stream is consumed.
     */
    public Stream<StoredRecord> records() {
        return recordsAndControlRecords().filter(record -> !record.isControl());
    }

    /** As {@link #records()}, of one partition. */
    public Stream<StoredRecord> records(int partition) {
        return stream(partition(partition)).filter(record -> !record.isControl());
    }

    /** As {@link #records()}, with the control records that end transactions. */
    public Stream<StoredRecord> recordsAndControlRecords() {
        return partitions().stream().flatMap(BrokerTopic::stream);
    }

    /** The committed records: partition by partition, in the order of their offsets. */
    public Stream<StoredRecord> committedRecords() {
        return partitions().stream().flatMap(partition -> {
            long stableOffset = partition.log().lastStableOffset();
            return stream(partition)
                    .takeWhile(record -> record.offset() < stableOffset)
                    .filter(record -> !record.isControl() && record.transaction() != TransactionOutcome.ABORTED);
        });
    }

    private static Stream<StoredRecord> stream(Partition partition) {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(
                        PartitionRecords.all(partition), Spliterator.ORDERED | Spliterator.NONNULL),
                false);
    }

    /** How many committed records there are. */
    public long count() {
        partitions();
        return new CommittedCount(name).update(broker.get());
    }

    // Assertions

    /**
     * Fails unless there are so many committed records.
     *
     * @throws AssertionError with the records that there are
     */
    public void assertCount(long expected) {
        long count = count();
        if (count != expected) {
            throw new AssertionError(
                    "Expected " + expected + " records in " + name + ", but there are " + count + shown());
        }
    }

    /** Fails if there is a committed record. */
    public void assertEmpty() {
        assertCount(0);
    }

    /**
     * Fails unless these are the values of all committed records, in this order: partition by partition, by offset within each.
     *
     * @throws AssertionError with the first difference and the records that there are
     */
    public void assertValues(String... values) {
        assertTexts("values", StoredRecord::valueText, values);
    }

    /** As {@link #assertValues}, of the keys. */
    public void assertKeys(String... keys) {
        assertTexts("keys", StoredRecord::keyText, keys);
    }

    /** Fails unless these are the values of all committed records, in any order. */
    public void assertValuesInAnyOrder(String... values) {
        Map<String, Integer> difference = new TreeMap<>();
        for (String value : values) {
            difference.merge(String.valueOf(value), 1, Integer::sum);
        }
        committedRecords().forEach(record -> difference.merge(String.valueOf(record.valueText()), -1, Integer::sum));
        List<String> missing = new ArrayList<>();
        List<String> unexpected = new ArrayList<>();
        difference.forEach((value, count) -> {
            for (int i = 0; i < Math.abs(count); i++) {
                (count > 0 ? missing : unexpected).add(value);
            }
        });
        if (!missing.isEmpty() || !unexpected.isEmpty()) {
            throw new AssertionError("Of the values of " + name + ", missing are " + missing + ", and not expected "
                    + unexpected + shown());
        }
    }

    private void assertTexts(String what, Function<StoredRecord, String> text, String... expected) {
        List<String> found = committedRecords().map(text).collect(Collectors.toList());
        List<String> wanted = Arrays.asList(expected);
        if (found.equals(wanted)) {
            return;
        }
        int at = 0;
        while (at < Math.min(found.size(), wanted.size()) && Objects.equals(found.get(at), wanted.get(at))) {
            at++;
        }
        throw new AssertionError("The " + what + " of " + name + " differ at index " + at + ": expected "
                + (at < wanted.size() ? wanted.get(at) : "no more") + ", found "
                + (at < found.size() ? found.get(at) : "no more") + shown());
    }

    /**
     * Fails if anything is appended to the topic within a span of real time, committed or not. Returns after it.
     *
     * @throws AssertionError at once, with what has come
     */
    public void assertNothingArrives(Duration realTime) {
        List<Partition> partitions = partitions();
        long[] ends = partitions.stream()
                .mapToLong(partition -> partition.log().logEndOffset())
                .toArray();
        boolean arrived = new Waiting(broker, realTime).comesTrue(parts -> {
            for (int i = 0; i < ends.length; i++) {
                if (partitions.get(i).log().logEndOffset() != ends[i]) {
                    return null;
                }
            }
            return "nothing";
        });
        if (arrived) {
            throw new AssertionError("Expected nothing more in " + name + ", but there came "
                    + recordsAndControlRecords()
                            .filter(record ->
                                    record.partition() >= ends.length || record.offset() >= ends[record.partition()])
                            .limit(MAX_SHOWN)
                            .toList());
        }
    }

    private String shown() {
        StringBuilder text = new StringBuilder();
        records().limit(MAX_SHOWN).forEach(record -> text.append("\n  ").append(record));
        return text.isEmpty() ? "; the topic is empty" : "; in the topic, first to last:" + text;
    }

    // Writing

    /** Writes a record of texts; either may be null. Returns when it is acknowledged. */
    public void write(String key, String value) {
        write(TestRecord.of(key, value));
    }

    /** Writes records, those of a partition as one batch, and returns when they are acknowledged: 0 or more of them. */
    public void write(TestRecord... records) {
        write(Arrays.asList(records));
    }

    /**
     * Writes records, those of a partition as one batch, and returns when they are acknowledged.
     *
     * @throws ApiException as a producer would be told: MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD, KAFKA_STORAGE_ERROR
     * @throws IllegalArgumentException if there is no such topic or partition
     */
    public void write(List<TestRecord> records) {
        List<Partition> partitions = partitions();
        long nowMs = broker.get().clock().timeMs();
        long turn = partitions.stream()
                .mapToLong(partition -> partition.log().logEndOffset())
                .sum();
        Map<Integer, RecordBatchBuilder> batches = new TreeMap<>();
        for (TestRecord record : records) {
            int index = record.choosePartition(partitions.size(), turn++);
            partition(index);
            batches.computeIfAbsent(index, unused -> new RecordBatchBuilder())
                    .append(record.timestampMs(nowMs), wrap(record.key()), wrap(record.value()), record.headers());
        }
        batches.forEach((index, batch) -> append(partitions.get(index), batch.build()));
    }

    private static ByteBuffer wrap(byte[] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }

    private static void append(Partition partition, ByteBuffer batch) {
        long endOffset = partition.append(batch, AppendOrigin.CLIENT, ALL_ACKS).lastOffset() + 1;
        CompletableFuture<ApiException> outcome = new CompletableFuture<>();
        partition.whenCommitted(endOffset, outcome::complete);
        ApiException failure = outcome.join();
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
