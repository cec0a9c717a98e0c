package io.ottla.storage;

import static io.ottla.storage.LogTest.assertError;
import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static io.ottla.storage.TestLogs.producerBatch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogRetentionTest {

    @TempDir
    Path path;

    private final ManualClock clock = new ManualClock(START_MS);
    private final TestScheduler scheduler = new TestScheduler();
    private LogDirectory directory;

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(path, TestLogs.options(clock, scheduler));
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    private Log log(LogConfig config) throws IOException {
        return directory.open("topic", 0, Uuid.ZERO, config);
    }

    private long filesWith(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(path.resolve("topic-0"))) {
            return files.filter(file -> file.toString().endsWith(suffix)).count();
        }
    }

    @Test
    void shouldDeleteByTimeEvenTheActiveSegment() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        append(log, batch(START_MS, "a"));
        append(log, batch(START_MS + 1000, "b"));
        clock.advance(Duration.ofDays(7));
        assertEquals(0, log.enforceRetention());
        clock.advance(Duration.ofSeconds(1));
        assertEquals(0, log.enforceRetention());
        clock.advance(Duration.ofMillis(1));
        assertEquals(1, log.enforceRetention());
        assertEquals(2, log.logStartOffset());
        assertEquals(2, log.logEndOffset());
        assertEquals(0, log.sizeBytes());
        assertError(ErrorCode.OFFSET_OUT_OF_RANGE, () -> log.read(1, 100, 2, true));
        assertEquals(2, append(log, batch(clock.timeMs(), "c")).baseOffset());
    }

    @Test
    void shouldDeleteOnlyWholeSegmentsByTimeAndSize() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS);
        for (int i = 0; i < 60; i++) {
            append(log, batch(START_MS + 1000L * i, "value-" + i));
        }
        int before = log.segmentCount();
        long sizeBefore = log.sizeBytes();
        log.config(TestLogs.SMALL_SEGMENTS.toBuilder().retentionBytes(2500).build());
        int deleted = log.enforceRetention();
        assertTrue(deleted > 0);
        assertEquals(before - deleted, log.segmentCount());
        assertTrue(log.sizeBytes() >= 2500 && log.sizeBytes() < 3600, sizeBefore + " -> " + log.sizeBytes());
        assertEquals(deleted, filesWith(".log.deleted"));
        scheduler.runUpTo(59_999);
        assertEquals(deleted, filesWith(".log.deleted"));
        scheduler.runUpTo(60_000);
        assertEquals(0, filesWith(".deleted"));
        assertEquals(log.segmentCount(), filesWith(".log"));
        assertEquals(
                "value-" + log.logStartOffset(),
                TestLogs.values(log, log.logStartOffset()).get(0));
    }

    @Test
    void shouldEndATransactionWhoseFirstRecordsAreGone() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        append(log, producerBatch(START_MS, 7, (short) 0, 0, true, "gone"));
        append(log, producerBatch(START_MS, 8, (short) 0, 0, false, "plain"));
        clock.advance(Duration.ofDays(8));
        log.rollSegment();
        append(log, producerBatch(clock.timeMs(), 7, (short) 0, 1, true, "late"));
        assertEquals(0, log.lastStableOffset());
        assertEquals(1, log.enforceRetention());
        assertEquals(2, log.logStartOffset());
        assertEquals(2, log.lastStableOffset());

        directory.close();
        open();
        Log reopened = log(LogConfig.DEFAULT);
        assertEquals(2, reopened.lastStableOffset());
        reopened.append(TestLogs.marker(clock.timeMs(), 7, (short) 0, false, 0), AppendOrigin.COORDINATOR, 0);
        assertEquals(4, reopened.lastStableOffset());
        LogRead read = reopened.read(2, 1000, 4, true);
        assertEquals(7, read.abortedTransactions().get(0).producerId());
        read.records().release();
    }

    @Test
    void shouldKeepEverythingWhenOnlyCompacting() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS.toBuilder()
                .cleanupPolicy(false, true)
                .retentionBytes(0)
                .retentionMs(0)
                .build());
        for (int i = 0; i < 60; i++) {
            append(log, batch(START_MS, "value-" + i));
        }
        clock.advance(Duration.ofDays(100));
        assertEquals(0, log.enforceRetention());
        log.deleteRecordsBefore(60);
        assertEquals(log.segmentCount() - 1 > 0 ? log.segmentCount() - 1 : 0, log.enforceRetention());
    }

    @Test
    void shouldDeleteRecordsAndRememberIt() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS);
        for (int i = 0; i < 60; i++) {
            append(log, batch(START_MS, "value-" + i));
        }
        assertError(ErrorCode.OFFSET_OUT_OF_RANGE, () -> log.deleteRecordsBefore(61));
        log.deleteRecordsBefore(33);
        log.deleteRecordsBefore(10);
        assertEquals(33, log.logStartOffset());
        assertError(ErrorCode.OFFSET_OUT_OF_RANGE, () -> log.read(32, 100, 60, true));
        assertTrue(log.enforceRetention() > 0);
        assertEquals(33, log.logStartOffset());
        assertEquals("value-33", TestLogs.values(log, 33).get(0));
        directory.close();
        open();
        Log again = log(TestLogs.SMALL_SEGMENTS);
        assertEquals(33, again.logStartOffset());
        assertEquals(60, again.logEndOffset());
        assertEquals(new TimestampOffset(START_MS, 33, 0), again.offsetForTimestamp(0));
    }

    @Test
    void shouldRollByTheTimeOfRecords() throws IOException {
        Log log = log(LogConfig.builder().segmentMs(10_000).build());
        append(log, batch(START_MS, "a"));
        append(log, batch(START_MS + 10_000, "b"));
        assertEquals(1, log.segmentCount());
        append(log, batch(START_MS + 10_001, "c"));
        assertEquals(2, log.segmentCount());
        append(log, batch(START_MS, "d"));
        assertEquals(2, log.segmentCount());
    }

    @Test
    void shouldDeleteATopicBehindItsReaders() throws IOException {
        Log log = directory.open("t".repeat(240), 7, Uuid.random(), LogConfig.DEFAULT);
        append(log, batch(START_MS, "a"));
        FileRecords records = log.read(0, 100, 1, true).records();
        directory.delete("t".repeat(240), 7);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "b")));
        Log next = directory.open("t".repeat(240), 7, Uuid.random(), LogConfig.DEFAULT);
        assertEquals(0, next.logEndOffset());
        records.readInto(java.nio.ByteBuffer.allocate(records.sizeBytes()));
        records.release();
        scheduler.runAll();
        try (Stream<Path> entries = Files.list(path)) {
            assertEquals(1, entries.filter(Files::isDirectory).count());
        }
    }

    @Test
    void shouldNotMeasureANewTopicByAnOldOnesCheckpoints(@TempDir Path other) throws IOException {
        Log log = log(LogConfig.DEFAULT);
        for (int i = 0; i < 10; i++) {
            append(log, batch(START_MS, "a"));
        }
        log.deleteRecordsBefore(10);
        log.flush();
        directory.checkpoint();
        directory.delete("topic", 0);
        Log next = log(LogConfig.DEFAULT);
        append(next, batch(START_MS, "new"));
        TestLogs.copy(path, other.resolve("copy"));
        try (LogDirectory copy = LogDirectory.open(other.resolve("copy"), TestLogs.options(clock, scheduler))) {
            assertEquals(List.of("new"), TestLogs.values(copy.open("topic", 0, Uuid.ZERO, LogConfig.DEFAULT), 0));
        }
    }
}
