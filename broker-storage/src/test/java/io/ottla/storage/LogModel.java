package io.ottla.storage;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
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

/** What one log was given, what of it was acknowledged, and what must therefore be in it after a crash. */
final class LogModel {

    private static final int KEY_COUNT = 12;
    private static final int REMEMBERED_BATCHES = 5;

    /** Behind base offset, length, leader epoch and magic: what the CRC covers, and the CRC itself. */
    private static final int CRC_AT = 17;

    /** One batch as it was handed to the log, in the form that the log gave it. */
    private static final class Batch {
        private final byte[] bytes;
        private final RecordBatch view;

        Batch(ByteBuffer records) {
            bytes = new byte[records.remaining()];
            records.get(records.position(), bytes);
            view = new RecordBatch().wrap(ByteBuffer.wrap(bytes), 0);
        }

        long baseOffset() {
            return view.baseOffset();
        }

        long nextOffset() {
            return view.nextOffset();
        }

        boolean isMarker() {
            return view.isControlBatch();
        }

        boolean isAbort() {
            return ControlRecords.type(view.records().iterator().next()) == ControlRecordType.ABORT;
        }
    }

    private static final class Producer {
        private short epoch;
        private int nextSequence;
        private long openFrom = -1L;
        private final List<Batch> batches = new ArrayList<>();
    }

    final String topic;
    final Uuid id;
    private final List<Batch> batches = new ArrayList<>();
    private final List<Batch> refused = new ArrayList<>();
    private final Map<Long, Producer> producers = new TreeMap<>();
    private LogConfig config;
    private long startOffset;
    private long writtenDownStart;
    private long reachableStart;
    private long acknowledgedOffset;
    private long syncedOffset;
    private int leaderEpoch;
    private boolean cleaned;
    private long cleanedBelow;

    LogModel(String topic, Uuid id, LogConfig config) {
        this.topic = topic;
        this.id = id;
        this.config = config;
    }

    /** The newest leader epoch that was given. */
    int leaderEpoch() {
        return leaderEpoch;
    }

    LogConfig config() {
        return config;
    }

    void config(LogConfig newConfig) {
        config = newConfig;
    }

    long endOffset() {
        return batches.isEmpty()
                ? acknowledgedOffset
                : batches.get(batches.size() - 1).nextOffset();
    }

    /** Appends something; what it throws, and whether the records are there then, is known later. */
    void append(Log log, Random random, long nowMs) {
        leaderEpoch += random.nextInt(20) == 0 ? 1 : 0;
        ByteBuffer records = next(random, nowMs);
        boolean isMarker = new RecordBatch().wrap(records, 0).isControlBatch();
        boolean appended = false;
        long expectedOffset = endOffset();
        try {
            LogAppendResult result =
                    log.append(records, isMarker ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT, leaderEpoch);
            appended = true;
            require(!result.duplicate(), "a new batch passed for a duplicate: " + result);
            require(result.baseOffset() == expectedOffset, "appended at " + result + ", not at " + expectedOffset);
        } finally {
            Batch batch = new Batch(records);
            if (appended || log.logEndOffset() > expectedOffset) {
                // In the log for sure; a sync that followed may have failed, and then it was not acknowledged.
                batches.add(batch);
                apply(batch);
                acknowledgedOffset = appended ? batch.nextOffset() : acknowledgedOffset;
            } else if (batch.baseOffset() == expectedOffset) {
                refused.add(batch);
            }
        }
        noteSynced(log);
    }

    /** What the log says is on the device. */
    void noteSynced(Log log) {
        syncedOffset = Math.max(syncedOffset, log.flushedOffset());
    }

    void noteStart(Log log) {
        startOffset = log.logStartOffset();
        reachableStart = Math.max(reachableStart, startOffset);
    }

    /** Where the log starts is on the device, too. */
    void noteWrittenDown(Log log) {
        writtenDownStart = Math.max(writtenDownStart, log.logStartOffset());
    }

    /** From now on the log may be found to start anywhere up to the offset. */
    void mayStartAt(long offset) {
        reachableStart = Math.max(reachableStart, offset);
    }

    /** From now on records below the offset may be compacted away. */
    void mayBeCleanedBelow(long offset) {
        cleaned = true;
        cleanedBelow = Math.max(cleanedBelow, offset);
    }

    private ByteBuffer next(Random random, long nowMs) {
        int kind = random.nextInt(10);
        long id = kind < 4 ? RecordBatch.NO_PRODUCER_ID : kind < 7 ? 1 + random.nextInt(2) : 11 + random.nextInt(2);
        boolean transactional = id >= 11;
        Producer producer = id < 0 ? null : producers.computeIfAbsent(id, unused -> new Producer());
        if (transactional && producer.openFrom >= 0 && random.nextInt(3) == 0) {
            return TestLogs.marker(nowMs, id, producer.epoch, random.nextBoolean(), 0);
        }
        if (id > 0 && !transactional && random.nextInt(25) == 0) {
            producer.epoch++;
            producer.nextSequence = 0;
            producer.batches.clear();
        }
        CompressionType[] codecs = CompressionType.values();
        RecordBatchBuilder builder = new RecordBatchBuilder()
                .compression(random.nextInt(12) > 0 ? CompressionType.NONE : codecs[random.nextInt(codecs.length)])
                .transactional(transactional);
        if (id >= 0) {
            builder.producer(id, producer.epoch, producer.nextSequence);
        }
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            byte[] value = random.nextInt(8) == 0 ? null : value(random);
            builder.append(nowMs + i, TestLogs.bytes("key-" + random.nextInt(KEY_COUNT)), value);
        }
        return builder.build();
    }

    private static byte[] value(Random random) {
        byte[] value = new byte[random.nextInt(10) == 0 ? random.nextInt(250) : random.nextInt(60)];
        if (random.nextInt(4) > 0) {
            random.nextBytes(value);
        }
        return value;
    }

    private void apply(Batch batch) {
        if (!batch.view.hasProducerId()) {
            return;
        }
        Producer producer = producers.computeIfAbsent(batch.view.producerId(), unused -> new Producer());
        if (batch.isMarker()) {
            producer.openFrom = -1L;
            return;
        }
        if (batch.view.producerEpoch() != producer.epoch) {
            producer.epoch = batch.view.producerEpoch();
            producer.batches.clear();
        }
        producer.nextSequence = RecordBatch.incrementSequence(batch.view.lastSequence(), 1);
        producer.batches.add(batch);
        if (batch.view.isTransactional() && producer.openFrom < 0) {
            producer.openFrom = batch.baseOffset();
        }
    }

    /**
     * Compares what was found with what must be there, and goes on from it.
     *
     * @param powerLost whether only what was synced had to survive
     */
    void found(Log log, boolean powerLost) {
        long requiredOffset = powerLost ? syncedOffset : acknowledgedOffset;
        long end = log.logEndOffset();
        long start = log.logStartOffset();
        require(end >= requiredOffset, "the log ends at " + end + ", but was acknowledged up to " + requiredOffset);
        if (powerLost && syncedOffset == 0 && end == 0) {
            // What was found may have been another topic's, for all that was left of it, and was set aside.
            writtenDownStart = 0;
            reachableStart = 0;
            cleaned = false;
            cleanedBelow = 0;
        }
        require(
                start >= writtenDownStart && start <= reachableStart,
                "the log starts at " + start + ", not from " + writtenDownStart + " to " + reachableStart);
        adoptRefused(log, end, requiredOffset);
        batches.removeIf(batch -> batch.baseOffset() >= end);
        refused.clear();
        producers.clear();
        if (batches.isEmpty() || endOffset() != end || beginsAnew(log, requiredOffset)) {
            // All that was left had been deleted before: the log begins anew behind it.
            require(start == end, "the log ends at " + end + ", where no batch ends");
            batches.clear();
        }
        batches.forEach(this::apply);
        startOffset = start;
        acknowledgedOffset = end;
        syncedOffset = end;
        verify(log);
    }

    /**
     * Whether nothing is left of the log because it had been deleted beyond what had to survive: also not who had written to it,
     * even where its last batch ended at the very offset that it begins at now.
     */
    private static boolean beginsAnew(Log log, long requiredOffset) {
        return log.logStartOffset() == log.logEndOffset()
                && log.logEndOffset() > requiredOffset
                && log.sizeBytes() == 0
                && log.producerStates().activeProducers().isEmpty();
    }

    /** A batch that was not acknowledged may be there in whole, alone or in the place of another that was not synced. */
    private void adoptRefused(Log log, long end, long requiredOffset) {
        for (Batch candidate : refused) {
            boolean possible = candidate.baseOffset() >= requiredOffset
                    && candidate.nextOffset() <= end
                    && candidate.baseOffset() >= log.logStartOffset();
            if (possible && isThere(log, candidate)) {
                batches.removeIf(batch ->
                        batch.baseOffset() >= candidate.baseOffset() && batch.baseOffset() < candidate.nextOffset());
                batches.add(candidate);
            }
        }
        batches.sort(Comparator.comparingLong(Batch::baseOffset));
    }

    private static boolean isThere(Log log, Batch batch) {
        List<RecordBatch> found = TestLogs.batches(log, batch.baseOffset(), batch.bytes.length);
        return !found.isEmpty() && found.get(0).slice().equals(ByteBuffer.wrap(batch.bytes));
    }

    /** Everything that can be read is what was written, and nothing that must be there is missing. */
    void verify(Log log) {
        verifyCommitted(log, verifyRecords(log));
    }

    /** The same, whoever sees it. */
    List<RecordBatch> verifyRecords(Log log) {
        List<RecordBatch> content = new ArrayList<>();
        long next = log.logStartOffset();
        long end = log.logEndOffset();
        require(end == endOffset(), "the log ends at " + end + ", the model at " + endOffset());
        while (next < end) {
            List<RecordBatch> some = TestLogs.batches(log, next, 1 << 20);
            if (some.isEmpty() && cleaned) {
                break;
            }
            require(!some.isEmpty(), "there is nothing at offset " + next + " of " + end);
            content.addAll(some);
            next = some.get(some.size() - 1).nextOffset();
        }
        if (cleaned) {
            verifyCleaned(content);
        } else {
            verifyBytes(content);
        }
        return content;
    }

    /**
     * What reading a log that may be damaged has shown.
     *
     * @param wrong what was read and never written, though its CRC fits; null if nothing
     * @param headerOnly whether only what no CRC covers is wrong
     * @param refusedByCrc how many batches every client refuses
     */
    record Reading(String wrong, boolean headerOnly, int refusedByCrc) {}

    /** Reads all batches that there are. */
    Reading read(Log log) {
        Map<Long, Batch> written = new HashMap<>();
        Set<ByteBuffer> covered = new HashSet<>();
        for (Batch batch : batches) {
            written.put(batch.baseOffset(), batch);
            covered.add(ByteBuffer.wrap(batch.bytes, CRC_AT, batch.bytes.length - CRC_AT));
        }
        int refused = 0;
        long next = log.logStartOffset();
        while (next < log.logEndOffset()) {
            long before = next;
            for (RecordBatch batch : TestLogs.batches(log, next, 1 << 20)) {
                Batch original = written.get(batch.baseOffset());
                ByteBuffer bytes = batch.slice();
                if (bytes.limit() < RecordBatch.HEADER_SIZE_BYTES || !batch.isCrcValid()) {
                    refused++;
                } else if (original == null || !bytes.equals(ByteBuffer.wrap(original.bytes))) {
                    ByteBuffer rest = bytes.slice(CRC_AT, bytes.limit() - CRC_AT);
                    return new Reading("read " + batch + " before offset " + next, covered.contains(rest), refused);
                }
                next = Math.max(next, batch.nextOffset());
            }
            if (next == before) {
                return new Reading(refused > 0 ? null : "nothing at offset " + next, true, refused);
            }
        }
        return new Reading(null, false, refused);
    }

    /** Whether only the last batch lies behind the offset. */
    boolean isLastBatch(long offset) {
        return batches.get(batches.size() - 1).baseOffset() == offset;
    }

    private void verifyBytes(List<RecordBatch> content) {
        int at = 0;
        for (Batch batch : batches) {
            if (batch.nextOffset() > startOffset) {
                require(at < content.size(), "the batch at offset " + batch.baseOffset() + " is missing");
                require(
                        content.get(at).slice().equals(ByteBuffer.wrap(batch.bytes)),
                        "read " + content.get(at) + " where " + batch.view + " was written");
                at++;
            }
        }
        require(at == content.size(), "there are " + content.size() + " batches, " + at + " were written");
    }

    private static Map<Long, String> records(RecordBatch batch) {
        Map<Long, String> records = new TreeMap<>();
        if (!batch.isControlBatch()) {
            for (Record record : batch.records()) {
                String key = TestLogs.text(record.key());
                int value = record.hasValue() ? record.value().duplicate().hashCode() : -1;
                records.put(record.offset(), key + "=" + value + "@" + record.timestampMs());
            }
        }
        return records;
    }

    /** What compaction left is what was written; the last value of each key, and what it cannot have touched, is there. */
    private void verifyCleaned(List<RecordBatch> content) {
        Map<Long, String> found = new TreeMap<>();
        content.forEach(batch -> found.putAll(records(batch)));
        Map<Long, String> written = new TreeMap<>();
        batches.forEach(batch -> written.putAll(records(batch.view)));
        found.forEach((offset, record) ->
                require(record.equals(written.get(offset)), "read " + record + " at " + offset + " of " + topic));
        written.forEach((offset, record) -> require(
                offset < Math.max(cleanedBelow, startOffset) || found.containsKey(offset),
                "the record at offset " + offset + " is missing, none was cleaned from " + cleanedBelow + " on"));
        Map<String, Long> latest = new HashMap<>();
        Set<Long> aborted = abortedBatches();
        Set<String> deletions = new HashSet<>();
        for (Batch batch : batches) {
            if (!batch.isMarker() && !aborted.contains(batch.baseOffset())) {
                for (Record record : batch.view.records()) {
                    String key = TestLogs.text(record.key());
                    latest.put(key, record.offset());
                    if (record.hasValue()) {
                        deletions.remove(key);
                    } else {
                        deletions.add(key);
                    }
                }
            }
        }
        latest.forEach((key, offset) -> require(
                offset < startOffset || deletions.contains(key) || found.containsKey(offset),
                "the last value of " + key + " at offset " + offset + " is missing"));
    }

    private Set<Long> abortedBatches() {
        Set<Long> aborted = new HashSet<>();
        Map<Long, List<Long>> open = new HashMap<>();
        for (Batch batch : batches) {
            if (batch.isMarker()) {
                List<Long> ended = open.remove(batch.view.producerId());
                if (ended != null && batch.isAbort()) {
                    aborted.addAll(ended);
                }
            } else if (batch.view.isTransactional()) {
                open.computeIfAbsent(batch.view.producerId(), id -> new ArrayList<>())
                        .add(batch.baseOffset());
            }
        }
        return aborted;
    }

    /** A read_committed consumer sees what was committed, and only that. */
    private void verifyCommitted(Log log, List<RecordBatch> content) {
        long firstOpen = Long.MAX_VALUE;
        for (Producer producer : producers.values()) {
            firstOpen = producer.openFrom < 0 ? firstOpen : Math.min(firstOpen, producer.openFrom);
        }
        long stable = log.lastStableOffset();
        if (firstOpen >= startOffset) {
            long bound = Math.min(firstOpen, log.highWatermark());
            require(
                    stable <= bound && (log.isPowerSafe() || stable == bound),
                    "stable up to " + stable + " of " + bound + ", open "
                            + log.producerStates().openTransactions());
        }
        long start = log.logStartOffset();
        if (start >= stable) {
            return;
        }
        LogRead read = log.read(start, 1, stable, true);
        read.records().release();
        PriorityQueue<AbortedTransaction> transactions =
                new PriorityQueue<>(Comparator.comparingLong(AbortedTransaction::firstOffset));
        transactions.addAll(log.reader().abortedTransactions(start, stable));
        Set<Long> aborted = abortedBatches();
        Set<Long> abortedProducers = new HashSet<>();
        for (RecordBatch batch : content) {
            if (batch.baseOffset() >= stable) {
                return;
            }
            while (!transactions.isEmpty() && transactions.peek().firstOffset() <= batch.lastOffset()) {
                abortedProducers.add(transactions.poll().producerId());
            }
            if (batch.isControlBatch()) {
                boolean ends = batch.recordCount() > 0
                        && ControlRecords.type(batch.records().iterator().next()) == ControlRecordType.ABORT;
                if (ends) {
                    abortedProducers.remove(batch.producerId());
                }
            } else if (batch.isTransactional() && batch.recordCount() > 0) {
                boolean hidden = abortedProducers.contains(batch.producerId());
                require(
                        hidden == aborted.contains(batch.baseOffset()),
                        (hidden ? "hidden from" : "shown to") + " read_committed: " + batch);
            }
        }
    }

    /** Every producer may send its last batches again, and is told where they are. */
    void retryBatches(Log log, long nowMs) {
        for (Map.Entry<Long, Producer> entry : producers.entrySet()) {
            List<Batch> known = entry.getValue().batches;
            int first = cleaned ? known.size() - 1 : Math.max(0, known.size() - REMEMBERED_BATCHES);
            for (int i = known.size() - 1; i >= first && i >= 0; i--) {
                RecordBatch before = known.get(i).view;
                if (before.baseOffset() < startOffset) {
                    break;
                }
                RecordBatchBuilder again = new RecordBatchBuilder()
                        .transactional(before.isTransactional())
                        .producer(before.producerId(), before.producerEpoch(), before.baseSequence());
                for (int k = 0; k < before.recordCount(); k++) {
                    again.append(nowMs, TestLogs.bytes("again"), TestLogs.bytes("again"));
                }
                LogAppendResult result = log.append(again.build(), AppendOrigin.CLIENT, 0);
                require(
                        result.duplicate() && result.baseOffset() == before.baseOffset(),
                        "a retry of " + before + " became " + result);
            }
        }
    }

    void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(topic + " (starts at " + startOffset + ", ends at " + endOffset()
                    + ", compacted below " + cleanedBelow + "): " + otherwise);
        }
    }
}
