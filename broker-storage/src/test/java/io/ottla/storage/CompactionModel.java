package io.ottla.storage;

import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.RecordBatches;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** Appends keys, tombstones and transactions by chance, and knows what must be left of them after each compaction. */
final class CompactionModel {

    private static final int KEY_COUNT = 40;
    private static final long IDEMPOTENT = 5;
    private static final long[] TRANSACTIONAL = {6, 7};

    private static final class Batch {
        final boolean transactional;
        final TreeMap<Long, String[]> records = new TreeMap<>();
        Boolean committed;
        long horizonMs = -1;
        long baseOffset;

        Batch(boolean transactional) {
            this.transactional = transactional;
        }

        boolean counts() {
            return !transactional || Boolean.TRUE.equals(committed);
        }
    }

    private final Random random;
    private final ManualClock clock;
    private final List<Batch> batches = new ArrayList<>();

    private final TreeMap<Long, Batch> batchOf = new TreeMap<>();

    private final Map<Long, Integer> sequences = new HashMap<>();
    private final Map<Long, List<Batch>> open = new HashMap<>();
    private final TreeMap<Long, String[]> written = new TreeMap<>();

    CompactionModel(Random random, ManualClock clock) {
        this.random = random;
        this.clock = clock;
    }

    void append(Log log, int count) {
        for (int i = 0; i < count; i++) {
            clock.advance(Duration.ofMillis(random.nextInt(20)));
            if (random.nextInt(6) == 0 && !open.isEmpty()) {
                endTransaction(log, open.keySet().iterator().next(), random.nextInt(3) > 0);
            } else {
                appendBatch(log);
            }
        }
    }

    void endTransactions(Log log) {
        for (long producerId : List.copyOf(open.keySet())) {
            endTransaction(log, producerId, true);
        }
    }

    private void endTransaction(Log log, long producerId, boolean commit) {
        log.append(TestLogs.marker(clock.timeMs(), producerId, (short) 0, commit, 0), AppendOrigin.COORDINATOR, 0);
        open.remove(producerId).forEach(batch -> batch.committed = commit);
    }

    private void appendBatch(Log log) {
        int kind = random.nextInt(4);
        long producerId = kind == 0
                ? RecordBatch.NO_PRODUCER_ID
                : kind == 1 ? IDEMPOTENT : TRANSACTIONAL[random.nextInt(TRANSACTIONAL.length)];
        Batch batch = new Batch(kind > 1);
        int count = 1 + random.nextInt(4);
        CompressionType[] codecs = CompressionType.values();
        RecordBatchBuilder builder = new RecordBatchBuilder()
                .compression(codecs[random.nextInt(codecs.length)])
                .transactional(batch.transactional);
        if (kind > 0) {
            int sequence = sequences.getOrDefault(producerId, 0);
            builder.producer(producerId, (short) 0, sequence);
            sequences.put(producerId, sequence + count);
        }
        List<String[]> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = "key-" + random.nextInt(KEY_COUNT);
            String value = random.nextInt(6) == 0 ? null : "value-" + random.nextInt(1 << 30);
            byte[] valueBytes = value == null ? null : TestLogs.bytes(value);
            builder.append(clock.timeMs() + i, TestLogs.bytes(key), valueBytes);
            records.add(new String[] {key, value});
        }
        batch.baseOffset = TestLogs.append(log, builder.build()).baseOffset();
        for (int i = 0; i < count; i++) {
            batch.records.put(batch.baseOffset + i, records.get(i));
            written.put(batch.baseOffset + i, records.get(i));
        }
        batches.add(batch);
        batchOf.put(batch.baseOffset, batch);
        if (batch.transactional) {
            open.computeIfAbsent(producerId, id -> new ArrayList<>()).add(batch);
        }
    }

    /** Follows a compaction: keys are unique up to one offset, segments were rewritten up to another. */
    void cleaned(long cleanedOffset, long rewrittenOffset, long deleteRetentionMs) {
        Map<String, Long> latest = new HashMap<>();
        for (Batch batch : batches) {
            if (batch.counts()) {
                long base = batch.baseOffset;
                written.subMap(base, end(batch)).forEach((offset, record) -> {
                    if (offset < cleanedOffset) {
                        latest.put(record[0], offset);
                    }
                });
            }
        }
        long nowMs = clock.timeMs();
        for (Batch batch : batches) {
            if (batch.baseOffset >= rewrittenOffset) {
                continue;
            }
            boolean expired = batch.horizonMs >= 0 && batch.horizonMs <= nowMs;
            batch.records.entrySet().removeIf(entry -> {
                String[] record = entry.getValue();
                boolean superseded = entry.getKey() < cleanedOffset
                        && (entry.getKey() < latest.getOrDefault(record[0], -1L) || (record[1] == null && expired));
                return Boolean.FALSE.equals(batch.committed) || superseded;
            });
            boolean tombstone = batch.records.values().stream().anyMatch(record -> record[1] == null);
            if (tombstone && batch.horizonMs < 0) {
                batch.horizonMs = nowMs + deleteRetentionMs;
            }
        }
    }

    private long end(Batch batch) {
        Long next = batchOf.higherKey(batch.baseOffset);
        return next == null ? Long.MAX_VALUE : next;
    }

    /** What must be in the log, by offset. */
    Map<Long, String> expected() {
        Map<Long, String> expected = new TreeMap<>();
        batches.forEach(batch -> batch.records.forEach((offset, record) -> expected.put(offset, text(record))));
        return expected;
    }

    /** The value of each key that was decided below an offset, tombstones taken away: compaction never changes it. */
    Map<String, String> expectedValues(long lastStableOffset) {
        Map<String, String> values = new TreeMap<>();
        for (Batch batch : batches) {
            if (batch.counts() && batch.baseOffset < lastStableOffset) {
                written.subMap(batch.baseOffset, end(batch))
                        .values()
                        .forEach(record -> put(values, record[0], record[1]));
            }
        }
        return values;
    }

    Map<Long, String> written() {
        Map<Long, String> all = new TreeMap<>();
        written.forEach((offset, record) -> all.put(offset, text(record)));
        return all;
    }

    private static String text(String[] record) {
        return record[0] + "=" + record[1];
    }

    private static void put(Map<String, String> values, String key, String value) {
        if (value == null) {
            values.remove(key);
        } else {
            values.put(key, value);
        }
    }

    private static String text(Record record) {
        String value = record.hasValue() ? TestLogs.text(record.value()) : null;
        return TestLogs.text(record.key()) + "=" + value;
    }

    /** The records in a log, control records left out, by offset. */
    static Map<Long, String> content(Log log) {
        Map<Long, String> content = new TreeMap<>();
        long next = log.logStartOffset();
        while (next < log.logEndOffset()) {
            long before = next;
            for (RecordBatch batch : TestLogs.batches(log, next, 1 << 20)) {
                if (!batch.isControlBatch()) {
                    batch.records().forEach(record -> content.put(record.offset(), text(record)));
                }
                next = batch.nextOffset();
            }
            if (next == before) {
                throw new AssertionError("no progress at offset " + next + " of " + log.logEndOffset());
            }
        }
        return content;
    }

    /** The value of each key as a read_committed consumer sees it. */
    static Map<String, String> committedValues(Log log) {
        Map<String, String> values = new TreeMap<>();
        long next = log.logStartOffset();
        long end = log.lastStableOffset();
        while (next < end) {
            LogRead read = log.read(next, 500, end, true);
            if (read.records().sizeBytes() == 0) {
                break;
            }
            PriorityQueue<AbortedTransaction> aborted =
                    new PriorityQueue<>(Comparator.comparingLong(AbortedTransaction::firstOffset));
            aborted.addAll(read.abortedTransactions());
            ByteBuffer batches = ByteBuffer.allocate(read.records().sizeBytes());
            read.records().readInto(batches);
            read.records().release();
            Set<Long> abortedProducers = new HashSet<>();
            for (RecordBatch batch : RecordBatches.iterate(batches.flip())) {
                while (!aborted.isEmpty() && aborted.peek().firstOffset() <= batch.lastOffset()) {
                    abortedProducers.add(aborted.poll().producerId());
                }
                consume(batch, abortedProducers, values);
                next = batch.nextOffset();
            }
        }
        return values;
    }

    private static void consume(RecordBatch batch, Set<Long> abortedProducers, Map<String, String> values) {
        if (batch.isControlBatch()) {
            for (Record marker : batch.records()) {
                if (ControlRecords.type(marker) == ControlRecordType.ABORT) {
                    abortedProducers.remove(batch.producerId());
                }
            }
        } else if (!batch.isTransactional() || !abortedProducers.contains(batch.producerId())) {
            for (Record record : batch.records()) {
                ByteBuffer value = record.value();
                put(values, TestLogs.text(record.key()), value == null ? null : TestLogs.text(value));
            }
        }
    }
}
