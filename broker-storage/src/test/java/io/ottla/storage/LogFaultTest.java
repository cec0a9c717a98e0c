package io.ottla.storage;

import static io.ottla.storage.LogTest.assertError;
import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static io.ottla.storage.TestLogs.producerBatch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFaultTest {

    @TempDir
    Path path;

    private final UnsyncedFiles files = new UnsyncedFiles();
    private final TestScheduler scheduler = new TestScheduler();
    private final ManualClock clock = new ManualClock(START_MS);
    private LogDirectory directory;
    private Log log;

    @BeforeEach
    void open() throws IOException {
        open(FlushPolicy.PROCESS_CRASH_SAFE);
    }

    private void open(FlushPolicy policy) throws IOException {
        directory = LogDirectory.open(
                path, StorageOptions.of(clock, scheduler).withFiles(files).withFlushPolicy(policy));
        log = directory.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    @Test
    void shouldGoOnWhenThereIsRoomAgain() throws IOException {
        append(log, producerBatch(START_MS, 1, (short) 0, 0, false, "a"));
        for (int room = 0; room < 80; room += 7) {
            files.roomBytes(room);
            assertError(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    () -> append(log, producerBatch(START_MS, 1, (short) 0, 1, false, "b".repeat(30))));
            assertEquals(1, log.logEndOffset());
            assertEquals(List.of("a"), TestLogs.values(log, 0));
            assertEquals(log.sizeBytes(), java.nio.file.Files.size(path.resolve("topic-0/00000000000000000000.log")));
        }
        files.roomBytes(Integer.MAX_VALUE);
        assertEquals(
                1,
                append(log, producerBatch(START_MS, 1, (short) 0, 1, false, "b"))
                        .baseOffset());
    }

    @Test
    void shouldNotRollHalfWhenTheDiskIsFull() {
        List<String> values = new ArrayList<>();
        while (log.segmentCount() < 2) {
            append(log, batch(START_MS, "a"));
            values.add("a");
        }
        files.roomBytes(0);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, log::rollSegment);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "b")));
        assertEquals(2, log.segmentCount());
        files.roomBytes(Integer.MAX_VALUE);
        log.rollSegment();
        append(log, batch(START_MS, "b"));
        values.add("b");
        assertEquals(values, TestLogs.values(log, 0));
    }

    @Test
    void shouldTakeNoAppendsAfterAWriteThatCannotBeUndone() throws IOException {
        append(log, batch(START_MS, "a"));
        files.roomBytes(20);
        files.truncateFails(true);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "b")));
        files.roomBytes(Integer.MAX_VALUE);
        files.truncateFails(false);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "b")));
        assertEquals(List.of("a"), TestLogs.values(log, 0));
        reopenAfterFailure();
        assertEquals(List.of("a"), TestLogs.values(log, 0));
        append(log, batch(START_MS, "b"));
    }

    @Test
    void shouldTakeNoAppendsAfterAFailedSync() throws IOException {
        append(log, batch(START_MS, "a"));
        files.syncFails(true);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, log::flush);
        files.syncFails(false);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, log::flush);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "b")));
        assertEquals(0, log.recoveryPoint());
        assertEquals(List.of("a"), TestLogs.values(log, 0));
        reopenAfterFailure();
    }

    private void reopenAfterFailure() throws IOException {
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, directory::close);
        open();
        assertFalse(directory.wasClosedCleanly());
    }

    @Test
    void shouldShowOnlyWhatIsSyncedWhenPowerSafe() throws IOException {
        directory.close();
        open(FlushPolicy.POWER_SAFE);
        append(log, producerBatch(START_MS, 1, (short) 0, 0, true, "a"));
        assertEquals(0, log.highWatermark());
        log.flush();
        assertEquals(1, log.highWatermark());
        assertEquals(0, log.lastStableOffset());
        log.append(TestLogs.marker(START_MS, 1, (short) 0, true, 0), AppendOrigin.COORDINATOR, 0);
        assertEquals(0, log.lastStableOffset());
        log.syncRecords();
        assertEquals(2, log.highWatermark());
        assertEquals(2, log.lastStableOffset());
        append(log, batch(START_MS, "b"));
        LogRead read = log.read(0, 10_000, log.highWatermark(), true);
        assertTrue(read.records().sizeBytes() < log.sizeBytes());
        read.records().release();
    }

    @Test
    void shouldTryAgainToFlushWhenThereIsRoomAgain() {
        append(log, batch(START_MS, "a"));
        files.roomBytes(0);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, log::flush);
        files.roomBytes(Integer.MAX_VALUE);
        log.flush();
        assertEquals(1, log.recoveryPoint());
        append(log, batch(START_MS, "b"));
    }

    @Test
    void shouldBoundHowManyAcknowledgedRecordsAreNotSynced() {
        log.config(TestLogs.SMALL_SEGMENTS.toBuilder().flushMessages(3).build());
        append(log, batch(START_MS, "a", "b"));
        assertTrue(log.mayAcknowledge(2));
        append(log, batch(START_MS, "c"));
        assertFalse(log.mayAcknowledge(3));
        log.syncRecords();
        assertTrue(log.mayAcknowledge(3));
        assertEquals(3, log.flushedOffset());
        append(log, batch(START_MS, "d", "e", "f"));
        assertEquals(6, log.highWatermark());
        assertFalse(log.mayAcknowledge(6));
        log.config(TestLogs.SMALL_SEGMENTS);
        assertTrue(log.mayAcknowledge(6));
    }

    @Test
    void shouldRollWhenFilesCanBeOpenedAgain() {
        append(log, batch(START_MS, "a"));
        files.opensLeft(0);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, log::rollSegment);
        append(log, batch(START_MS, "b"));
        assertEquals(1, log.segmentCount());
        for (int opens = 1; opens < 6 && log.segmentCount() == 1; opens++) {
            files.opensLeft(opens);
            try {
                log.rollSegment();
            } catch (io.ottla.protocol.ApiException e) {
                assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, e.error());
                assertEquals(1, log.segmentCount());
                append(log, batch(START_MS, "x"));
            }
        }
        assertEquals(2, log.segmentCount());
        files.opensLeft(Integer.MAX_VALUE);
        append(log, batch(START_MS, "c"));
        List<String> values = TestLogs.values(log, 0);
        assertEquals("c", values.get(values.size() - 1));
        assertEquals(log.logEndOffset(), values.size());
    }

    @Test
    void shouldDeleteOldSegmentsWhenTheDiskIsFull() throws IOException {
        for (int i = 0; i < 40; i++) {
            append(log, batch(START_MS, "a".repeat(50)));
        }
        log.rollSegment();
        append(log, batch(START_MS, "last"));
        files.roomBytes(0);
        log.config(TestLogs.SMALL_SEGMENTS.toBuilder().retentionBytes(0).build());
        int before = log.segmentCount();
        assertTrue(log.enforceRetention() >= before - 1);
        assertEquals(40, log.logStartOffset());
        scheduler.runAll();
        files.roomBytes(Integer.MAX_VALUE);
        append(log, batch(START_MS, "more"));
        directory.close();
        open();
        assertEquals(40, log.logStartOffset());
        assertEquals(List.of("last", "more"), TestLogs.values(log, 40));
    }

    @Test
    void shouldPreallocateSegmentsAndGiveBackWhatIsLeft() throws IOException {
        LogConfig preallocating =
                TestLogs.SMALL_SEGMENTS.toBuilder().preallocate(true).build();
        append(log, batch(START_MS, "a"));
        Path first = path.resolve("topic-0/00000000000000000000.log");
        assertEquals(log.sizeBytes(), java.nio.file.Files.size(first));
        log.config(preallocating);
        log.rollSegment();
        append(log, batch(START_MS, "b"));
        Path second = path.resolve("topic-0/00000000000000000001.log");
        assertEquals(1000, java.nio.file.Files.size(second));
        assertEquals(List.of("a", "b"), TestLogs.values(log, 0));
        log.rollSegment();
        long batchSizeBytes = java.nio.file.Files.size(first);
        assertEquals(batchSizeBytes, java.nio.file.Files.size(second));
        append(log, batch(START_MS, "c"));
        Path third = path.resolve("topic-0/00000000000000000002.log");
        assertEquals(1000, java.nio.file.Files.size(third));
        directory.close();
        assertEquals(batchSizeBytes, java.nio.file.Files.size(third));
        open();
        assertTrue(directory.wasClosedCleanly());
        assertEquals(List.of("a", "b", "c"), TestLogs.values(log, 0));
        log.config(preallocating);
        log.rollSegment();
        append(log, batch(START_MS, "d"));
        directory.abandon();
        open();
        assertEquals(List.of("a", "b", "c", "d"), TestLogs.values(log, 0));
    }

    @Test
    void shouldFlushWhenTheTimeHasCome() {
        log.config(TestLogs.SMALL_SEGMENTS.toBuilder().flushMs(1000).build());
        append(log, batch(START_MS, "a"));
        assertEquals(1000, log.flushDelayMs());
        clock.advance(java.time.Duration.ofMillis(999));
        log.flushIfDue();
        assertEquals(0, log.recoveryPoint());
        clock.advance(java.time.Duration.ofMillis(1));
        log.flushIfDue();
        assertEquals(1, log.recoveryPoint());
        assertEquals(1000, log.flushDelayMs());
        log.config(TestLogs.SMALL_SEGMENTS);
        assertEquals(Long.MAX_VALUE, log.flushDelayMs());
    }

    @Test
    void shouldSurviveAnInterruptedThread() throws IOException {
        directory.close();
        directory = LogDirectory.open(path, StorageOptions.of(clock, scheduler));
        log = directory.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
        append(log, batch(START_MS, "a"));
        Thread.currentThread().interrupt();
        append(log, batch(START_MS, "b"));
        assertEquals(List.of("a", "b"), TestLogs.values(log, 0));
        assertTrue(Thread.interrupted());
        append(log, batch(START_MS, "c"));
        assertEquals(List.of("a", "b", "c"), TestLogs.values(log, 0));
    }
}
