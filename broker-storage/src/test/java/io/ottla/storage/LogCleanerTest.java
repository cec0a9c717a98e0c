package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.bytes;
import static io.ottla.storage.TestLogs.marker;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogCleanerTest {

    private static final LogConfig COMPACTED = LogConfig.builder()
            .cleanupPolicy(false, true)
            .minCleanableDirtyRatio(0.0)
            .deleteRetentionMs(1000)
            .build();

    @TempDir
    Path path;

    private final ManualClock clock = new ManualClock(START_MS);
    private final TestScheduler scheduler = new TestScheduler();
    private LogDirectory directory;
    private LogCleaner cleaner;
    private boolean damaged;

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(path, TestLogs.options(clock, scheduler));
        cleaner = new LogCleaner(List.of(directory), LogCleanerConfig.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        cleaner.close();
        directory.close();
        if (!damaged) {
            assertEquals(List.of(), LogVerifier.verify(path));
        }
    }

    private Log log(String topic, LogConfig config) throws IOException {
        return directory.open(topic, 0, Uuid.ZERO, config);
    }

    private Log log() throws IOException {
        return log("topic", COMPACTED);
    }

    private void reopen() throws IOException {
        directory.close();
        open();
    }

    /** A batch of {@code key=value}; {@code key=} is a tombstone. */
    private ByteBuffer batch(String... records) {
        return fill(new RecordBatchBuilder(), records);
    }

    private ByteBuffer producerBatch(long producerId, int sequence, boolean transactional, String... records) {
        return fill(
                new RecordBatchBuilder()
                        .producer(producerId, (short) 0, sequence)
                        .transactional(transactional),
                records);
    }

    private ByteBuffer fill(RecordBatchBuilder builder, String... records) {
        for (String record : records) {
            int at = record.indexOf('=');
            String value = record.substring(at + 1);
            builder.append(clock.timeMs(), bytes(record.substring(0, at)), value.isEmpty() ? null : bytes(value));
        }
        return builder.build();
    }

    private static List<String> content(Log log) {
        List<String> content = new ArrayList<>();
        CompactionModel.content(log).forEach((offset, record) -> content.add(offset + ":" + record));
        return content;
    }

    private static int batchCount(Log log) {
        int count = 0;
        long next = log.logStartOffset();
        while (next < log.logEndOffset()) {
            List<RecordBatch> batches = TestLogs.batches(log, next, 1 << 20);
            count += batches.size();
            next = batches.isEmpty()
                    ? log.logEndOffset()
                    : batches.get(batches.size() - 1).nextOffset();
        }
        return count;
    }

    /** Adds a segment of one record with another key, so that there is something dirty, and cleans. */
    private void cleanAgain(Log log, String record) {
        append(log, batch(record));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
    }

    /** Were the marker lost with the power, the transaction would be open again, and lack records. */
    @Test
    void shouldHaveTheMarkersOnTheDeviceThatItFollows() throws IOException {
        Log log = log();
        append(log, producerBatch(7, 0, true, "a=1"));
        log.rollSegment();
        log.append(marker(clock.timeMs(), 7, (short) 0, false, 0), AppendOrigin.COORDINATOR, 0);
        assertEquals(0, log.flushedOffset());
        assertNotNull(cleaner.cleanDirtiest());
        assertEquals(2, log.flushedOffset());
    }

    @Test
    void shouldKeepTheLastValueOfEachKey() throws IOException {
        Log log = log();
        append(log, batch("a=1", "b=1", "a=2"));
        append(log, batch("b=2", "c=1"));
        log.rollSegment();
        append(log, batch("a=3"));
        LogCleaner.Cleaning done = cleaner.cleanDirtiest();
        assertEquals(5, done.cleanedOffset());
        assertEquals(List.of("2:a=2", "3:b=2", "4:c=1", "5:a=3"), content(log));
        assertNull(cleaner.cleanDirtiest());
        assertEquals("0\n1\ntopic 0 5\n", Files.readString(path.resolve("cleaner-offset-checkpoint")));
        log.rollSegment();
        assertEquals(6, cleaner.cleanDirtiest().cleanedOffset());
        assertEquals(List.of("3:b=2", "4:c=1", "5:a=3"), content(log));
        assertEquals(2, log.segmentCount());
        reopen();
        assertEquals(List.of("3:b=2", "4:c=1", "5:a=3"), content(log()));
        assertEquals(6, log().logEndOffset());
        assertNull(cleaner.cleanDirtiest());
        assertEquals(6, append(log(), batch("d=1")).baseOffset());
    }

    @Test
    void shouldKeepTombstonesForAWhile() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        append(log, batch("a="));
        log.rollSegment();
        clock.advance(Duration.ofDays(1));
        assertNotNull(cleaner.cleanDirtiest());
        assertEquals(List.of("1:a=null"), content(log));
        RecordBatch kept = TestLogs.batches(log, 0, 1000).get(0);
        assertTrue(kept.hasDeleteHorizon());
        assertEquals(clock.timeMs() + 1000, kept.deleteHorizonMs());
        assertEquals(START_MS, kept.records().iterator().next().timestampMs());
        clock.advance(Duration.ofMillis(999));
        cleanAgain(log, "b=1");
        assertEquals(List.of("1:a=null", "2:b=1"), content(log));
        clock.advance(Duration.ofMillis(1));
        cleanAgain(log, "b=2");
        assertEquals(List.of("3:b=2"), content(log));
        assertEquals(4, log.logEndOffset());
    }

    @Test
    void shouldDropAbortedRecordsAndMarkersLater() throws IOException {
        Log log = log();
        append(log, producerBatch(7, 0, true, "a=aborted"));
        log.append(marker(START_MS, 7, (short) 0, false, 0), AppendOrigin.COORDINATOR, 0);
        append(log, producerBatch(8, 0, true, "a=committed"));
        log.append(marker(START_MS, 8, (short) 0, true, 0), AppendOrigin.COORDINATOR, 0);
        append(log, batch("a=plain"));
        log.rollSegment();
        // The two producers write on: the batches above are not what their states come from.
        append(log, producerBatch(7, 1, true, "x=1"));
        log.append(marker(START_MS, 7, (short) 0, true, 0), AppendOrigin.COORDINATOR, 0);
        append(log, producerBatch(8, 1, true, "y=1"));
        log.append(marker(START_MS, 8, (short) 0, true, 0), AppendOrigin.COORDINATOR, 0);
        assertNotNull(cleaner.cleanDirtiest());
        assertEquals(List.of("4:a=plain", "5:x=1", "7:y=1"), content(log));
        assertEquals(7, batchCount(log));
        cleanAgain(log, "b=1");
        assertEquals(8, batchCount(log));
        clock.advance(Duration.ofSeconds(1));
        cleanAgain(log, "b=2");
        // Both old markers are gone, b=1 too; the markers of x and y stay as long as x and y do.
        assertEquals(List.of("4:a=plain", "5:x=1", "7:y=1", "10:b=2"), content(log));
        assertEquals(6, batchCount(log));
        assertEquals(List.of(), log.read(0, 1000, 11, true).abortedTransactions());
    }

    @Test
    void shouldNotTouchAnOpenTransaction() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        log.rollSegment();
        append(log, producerBatch(7, 0, true, "a=2"));
        log.rollSegment();
        append(log, batch("a=3"));
        log.rollSegment();
        assertEquals(1, cleaner.cleanDirtiest().cleanedOffset());
        assertEquals(List.of("0:a=1", "1:a=2", "2:a=3"), content(log));
        assertNull(cleaner.cleanDirtiest());
    }

    @Test
    void shouldRememberProducersByEmptyBatches() throws IOException {
        Log log = log();
        append(log, producerBatch(5, 0, false, "a=1"));
        append(log, producerBatch(5, 1, false, "a=2"));
        append(log, batch("a=3"));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
        assertEquals(List.of("2:a=3"), content(log));
        assertEquals(2, batchCount(log));
        directory.close();
        try (var files = Files.list(path.resolve("topic-0"))) {
            for (Path file :
                    files.filter(name -> name.toString().endsWith(".snapshot")).toList()) {
                Files.delete(file);
            }
        }
        open();
        Log again = log();
        assertTrue(append(again, producerBatch(5, 1, false, "a=2")).duplicate());
        assertEquals(3, append(again, producerBatch(5, 2, false, "a=4")).baseOffset());
    }

    @Test
    void shouldKeepCompressionAndTimestamps() throws IOException {
        Log log = log();
        for (CompressionType codec : CompressionType.values()) {
            String name = codec.configName();
            append(log, fill(new RecordBatchBuilder().compression(codec), name + "=1", "z=1"));
            clock.advance(Duration.ofMillis(1));
        }
        append(log, batch("z=2"));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
        List<RecordBatch> batches = TestLogs.batches(log, 0, 10_000);
        for (CompressionType codec : CompressionType.values()) {
            RecordBatch batch = batches.get(codec.id());
            assertEquals(codec, batch.compressionType());
            assertEquals(2L * codec.id(), batch.baseOffset());
            assertEquals(1, batch.recordCount());
            assertEquals(START_MS + codec.id(), batch.maxTimestampMs());
            assertEquals(1, batch.lastOffsetDelta());
        }
    }

    @Test
    void shouldWaitUntilEnoughIsDirtyAndOld() throws IOException {
        Log log = log("topic", COMPACTED.toBuilder().minCleanableDirtyRatio(0.5).build());
        append(log, batch("a=1", "b=1", "c=1"));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
        append(log, batch("a=2"));
        log.rollSegment();
        assertNull(cleaner.cleanDirtiest());
        log.config(COMPACTED.toBuilder()
                .minCleanableDirtyRatio(0.5)
                .maxCompactionLagMs(100)
                .build());
        assertNull(cleaner.cleanDirtiest());
        clock.advance(Duration.ofMillis(101));
        assertNotNull(cleaner.cleanDirtiest());
        log.config(COMPACTED.toBuilder().minCompactionLagMs(100).build());
        append(log, batch("a=3"));
        log.rollSegment();
        clock.advance(Duration.ofMillis(99));
        assertNull(cleaner.cleanDirtiest());
        clock.advance(Duration.ofMillis(1));
        assertNotNull(cleaner.cleanDirtiest());
    }

    @Test
    void shouldRollForMaxCompactionLag() throws IOException {
        Log log = log("topic", COMPACTED.toBuilder().maxCompactionLagMs(100).build());
        append(log, batch("a=1"));
        clock.advance(Duration.ofMillis(101));
        append(log, batch("a=2"));
        assertEquals(2, log.segmentCount());
    }

    @Test
    void shouldCleanTheDirtiestFirst() throws IOException {
        Log dirty = log("dirty", COMPACTED);
        Log dirtier = log("dirtier", COMPACTED);
        log("other", LogConfig.DEFAULT);
        for (Log log : List.of(dirty, dirtier)) {
            append(log, batch("a=1"));
            log.rollSegment();
        }
        assertNotNull(cleaner.cleanDirtiest());
        assertNotNull(cleaner.cleanDirtiest());
        append(dirty, batch("a=2"));
        append(dirtier, batch("a=2", "b=2", "c=2"));
        dirty.rollSegment();
        dirtier.rollSegment();
        assertEquals(dirtier, cleaner.cleanDirtiest().log());
        assertEquals(dirty, cleaner.cleanDirtiest().log());
        assertNull(cleaner.cleanDirtiest());
    }

    @Test
    void shouldSayHowLongToPause() throws IOException {
        LogCleaner slow = new LogCleaner(List.of(directory), new LogCleanerConfig(1 << 20, 0.9, 1000.0));
        Log log = log();
        append(log, batch("a=1"));
        log.rollSegment();
        LogCleaner.Cleaning done = slow.cleanDirtiest();
        assertEquals(done.bytesMoved(), done.pauseMs());
        assertTrue(done.pauseMs() > 100, done.toString());
    }

    @Test
    void shouldServeWhoReadsTheOldSegments() throws IOException {
        Log log = log("topic", COMPACTED.toBuilder().segmentBytes(200).build());
        for (int i = 0; i < 20; i++) {
            append(log, batch("key=value-" + i));
        }
        LogRead before = log.read(0, 1 << 20, 20, true);
        long sizeBytes = log.sizeBytes();
        assertNotNull(cleaner.cleanDirtiest());
        assertTrue(log.sizeBytes() < sizeBytes);
        scheduler.runAll();
        ByteBuffer old = ByteBuffer.allocate(before.records().sizeBytes());
        before.records().readInto(old);
        before.records().release();
        assertEquals(0, new RecordBatch().wrap(old.flip(), 0).baseOffset());
        try (var files = Files.list(path.resolve("topic-0"))) {
            assertFalse(files.anyMatch(file -> file.toString().matches(".*\\.(deleted|swap|cleaned)")));
        }
    }

    @Test
    void shouldLeaveADamagedLogAlone() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        append(log, batch("a=2"));
        log.rollSegment();
        Log other = log("other", COMPACTED);
        append(other, batch("a=1"));
        other.rollSegment();
        try (RandomAccessFile file = new RandomAccessFile(
                path.resolve("topic-0/00000000000000000000.log").toFile(), "rw")) {
            file.seek(65);
            file.write(99);
        }
        damaged = true;
        assertEquals(other, cleaner.cleanDirtiest().log());
        assertNull(cleaner.cleanDirtiest());
        assertEquals(2, log.logEndOffset());
        assertEquals(2, append(log, batch("a=3")).baseOffset());
    }

    @Test
    void shouldDoNothingOnceClosed() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        log.rollSegment();
        cleaner.close();
        assertNull(cleaner.cleanDirtiest());
        assertTrue(cleaner.hasCompactedLogs());
        log.config(LogConfig.DEFAULT);
        assertFalse(cleaner.hasCompactedLogs());
    }

    @Test
    void shouldOpenACompactedLogThatIsNotCompactedAnyMore() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        append(log, batch("b=1"));
        append(log, batch("a=2"));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
        directory.abandon();
        Files.delete(path.resolve("recovery-point-offset-checkpoint"));
        open();
        assertEquals(List.of("1:b=1", "2:a=2"), content(log("topic", LogConfig.DEFAULT)));
    }

    @Test
    void shouldForgetTheCheckpointOfADeletedTopic() throws IOException {
        Log log = log();
        append(log, batch("a=1"));
        append(log, batch("a=2"));
        log.rollSegment();
        assertNotNull(cleaner.cleanDirtiest());
        directory.delete("topic", 0);
        Log next = log();
        append(next, batch("a=1"));
        append(next, batch("a=2"));
        next.rollSegment();
        assertEquals(2, cleaner.cleanDirtiest().cleanedOffset());
        assertEquals(List.of("1:a=2"), content(next));
    }
}
