package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.TimestampType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTest {

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
        return directory.open("topic", 0, new Uuid(1, 2), config);
    }

    @Test
    void shouldGiveOffsetsAndReadBack() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        assertEquals(new LogAppendResult(0, 1, -1, 0, false), append(log, batch(START_MS, "a", "b")));
        assertEquals(new LogAppendResult(2, 2, -1, 0, false), log.append(batch(START_MS, "c"), AppendOrigin.CLIENT, 3));
        assertEquals(3, log.logEndOffset());
        assertEquals(3, log.highWatermark());
        assertEquals(List.of("a", "b", "c"), TestLogs.values(log, 0));
        assertEquals(List.of("b", "c"), TestLogs.values(log, 1));
        List<RecordBatch> batches = TestLogs.batches(log, 2, 1000);
        assertEquals(1, batches.size());
        assertEquals(2, batches.get(0).baseOffset());
        assertEquals(3, batches.get(0).partitionLeaderEpoch());
        assertTrue(batches.get(0).isCrcValid());
    }

    @Test
    void shouldBoundReadsByOffsetAndBytes() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        int sizeBytes = batch(START_MS, "a").remaining();
        for (int i = 0; i < 200; i++) {
            append(log, batch(START_MS, "a"));
        }
        for (long offset : new long[] {0, 1, 99, 150, 199}) {
            LogRead read = log.read(offset, 1 << 20, 200, true);
            assertEquals((200 - offset) * sizeBytes, read.records().sizeBytes());
            assertEquals(offset * sizeBytes, read.records().position());
            read.records().release();
        }
        LogRead bounded = log.read(10, 1 << 20, 15, true);
        assertEquals(5 * sizeBytes, bounded.records().sizeBytes());
        bounded.records().release();
        LogRead small = log.read(10, 1, 200, true);
        assertEquals(sizeBytes, small.records().sizeBytes());
        small.records().release();
        LogRead smaller = log.read(10, 1, 200, false);
        assertEquals(1, smaller.records().sizeBytes());
        smaller.records().release();
        assertEquals(0, log.read(200, 100, 200, true).records().sizeBytes());
        assertEquals(0, log.read(100, 100, 100, true).records().sizeBytes());
        assertError(ErrorCode.OFFSET_OUT_OF_RANGE, () -> log.read(201, 100, 201, true));
        assertError(ErrorCode.OFFSET_OUT_OF_RANGE, () -> log.read(-1, 100, 200, true));
    }

    @Test
    void shouldReadAcrossSegmentsAndRestarts() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            append(log, batch(START_MS + i, "value-" + i, "second-" + i));
            expected.add("value-" + i);
            expected.add("second-" + i);
        }
        assertTrue(log.segmentCount() > 5);
        assertEquals(expected, TestLogs.values(log, 0));
        directory.close();
        open();
        log = log(TestLogs.SMALL_SEGMENTS);
        assertTrue(directory.wasClosedCleanly());
        assertEquals(200, log.logEndOffset());
        assertEquals(expected, TestLogs.values(log, 0));
        for (int offset = 0; offset < 200; offset++) {
            assertEquals(expected.subList(offset, 200), TestLogs.values(log, offset));
        }
        assertEquals(200, append(log, batch(START_MS, "next")).baseOffset());
    }

    @Test
    void shouldRefuseWhatIsNotARecordBatchOfAClient() throws IOException {
        Log log = log(LogConfig.builder().maxMessageBytes(500).build());
        ByteBuffer broken = batch(START_MS, "a");
        broken.put(broken.limit() - 1, (byte) 77);
        assertError(ErrorCode.CORRUPT_MESSAGE, () -> append(log, broken));
        assertError(ErrorCode.MESSAGE_TOO_LARGE, () -> append(log, batch(START_MS, "x".repeat(600))));
        ByteBuffer control = TestLogs.marker(START_MS, 1, (short) 0, true, 0);
        assertError(ErrorCode.INVALID_RECORD, () -> append(log, control));
        ByteBuffer one = batch(START_MS, "a");
        ByteBuffer two = ByteBuffer.allocate(2 * one.remaining())
                .put(one.duplicate())
                .put(one.duplicate())
                .flip();
        assertError(ErrorCode.INVALID_RECORD, () -> append(log, two));
        assertEquals(0, log.logEndOffset());
        assertEquals(0, log.sizeBytes());
    }

    @Test
    void shouldCheckTimestamps() throws IOException {
        Log log = log(LogConfig.builder()
                .messageTimestampAfterMaxMs(1000)
                .messageTimestampBeforeMaxMs(5000)
                .build());
        assertError(ErrorCode.INVALID_TIMESTAMP, () -> append(log, batch(START_MS + 1001, "a")));
        assertError(ErrorCode.INVALID_TIMESTAMP, () -> append(log, batch(START_MS - 5001, "a")));
        append(log, batch(START_MS + 1000, "a"));
        append(log, batch(START_MS - 5000, "b"));
        assertEquals(2, log.logEndOffset());
    }

    @Test
    void shouldStampWithLogAppendTime() throws IOException {
        Log log = log(LogConfig.builder()
                .messageTimestampType(TimestampType.LOG_APPEND_TIME)
                .build());
        LogAppendResult result = append(log, batch(5, "a"));
        assertEquals(START_MS, result.logAppendTimeMs());
        RecordBatch stored = TestLogs.batches(log, 0, 1000).get(0);
        assertEquals(TimestampType.LOG_APPEND_TIME, stored.timestampType());
        assertEquals(START_MS, stored.maxTimestampMs());
        assertTrue(stored.isCrcValid());
        assertEquals(START_MS, stored.records().iterator().next().timestampMs());
    }

    @Test
    void shouldCompressAsTheTopicSays() throws IOException {
        Log log = log(LogConfig.builder().compressionType(CompressionType.GZIP).build());
        String value = "abc".repeat(100);
        append(log, TestLogs.producerBatch(START_MS, 7, (short) 1, 0, false, value, value));
        RecordBatch stored = TestLogs.batches(log, 0, 1000).get(0);
        assertEquals(CompressionType.GZIP, stored.compressionType());
        assertEquals(7, stored.producerId());
        assertEquals(1, stored.lastSequence());
        assertEquals(List.of(value, value), TestLogs.values(log, 0));
        log.config(
                log.config().toBuilder().compressionType(CompressionType.NONE).build());
        append(
                log,
                new RecordBatchBuilder()
                        .compression(CompressionType.ZSTD)
                        .append(START_MS, null, TestLogs.bytes(value))
                        .build());
        assertEquals(CompressionType.NONE, TestLogs.batches(log, 2, 1000).get(0).compressionType());
        assertEquals(List.of(value, value, value), TestLogs.values(log, 0));
    }

    @Test
    void shouldFindTheLargestTimestampForAsLongAsItsSegmentIsThere() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        append(log, batch(START_MS, "old"));
        append(log, batch(START_MS + 100, "newest"));
        append(log, batch(START_MS + 50, "late"));
        TimestampOffset newest = new TimestampOffset(START_MS + 100, 1, 0);
        log.deleteRecordsBefore(2);
        assertEquals(newest, log.maxTimestampOffset());
        assertEquals(new TimestampOffset(START_MS + 50, 2, 0), log.offsetForTimestamp(START_MS));
        log.deleteRecordsBefore(3);
        assertEquals(newest, log.maxTimestampOffset());
        assertNull(log.offsetForTimestamp(START_MS));
    }

    @Test
    void shouldFindOffsetsByTimestamp() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS);
        assertNull(log.offsetForTimestamp(0));
        assertNull(log.maxTimestampOffset());
        for (int i = 0; i < 100; i++) {
            append(log, batch(START_MS + 10L * i, "value-" + i));
        }
        append(log, batch(START_MS + 5, "late"));
        for (int i = 0; i < 100; i++) {
            assertEquals(new TimestampOffset(START_MS + 10L * i, i, 0), log.offsetForTimestamp(START_MS + 10L * i));
            assertEquals(i, log.offsetForTimestamp(START_MS + 10L * i - 9).offset());
        }
        assertNull(log.offsetForTimestamp(START_MS + 991));
        assertEquals(new TimestampOffset(START_MS + 990, 99, 0), log.maxTimestampOffset());
    }

    @Test
    void shouldKnowWhereEpochsEnd() throws IOException {
        Log log = log(LogConfig.DEFAULT);
        assertEquals(new EpochEndOffset(-1, -1), log.endOffsetForEpoch(0));
        log.append(batch(START_MS, "a", "b"), AppendOrigin.CLIENT, 1);
        log.append(batch(START_MS, "c"), AppendOrigin.CLIENT, 4);
        directory.close();
        open();
        log = log(LogConfig.DEFAULT);
        assertEquals(new EpochEndOffset(0, 0), log.endOffsetForEpoch(0));
        assertEquals(new EpochEndOffset(1, 2), log.endOffsetForEpoch(1));
        assertEquals(new EpochEndOffset(1, 2), log.endOffsetForEpoch(3));
        assertEquals(new EpochEndOffset(4, 3), log.endOffsetForEpoch(4));
        assertEquals(new EpochEndOffset(-1, -1), log.endOffsetForEpoch(5));
        assertEquals(1, log.leaderEpochOf(1));
        assertEquals(4, log.leaderEpochOf(2));
    }

    @Test
    void shouldKeepAFileOpenForItsReader() throws IOException {
        Log log = log(TestLogs.SMALL_SEGMENTS.toBuilder().retentionMs(0).build());
        append(log, batch(START_MS - 10, "first"));
        FileRecords records = log.read(0, 1000, 1, true).records();
        assertEquals(1, log.enforceRetention());
        scheduler.runAll();
        ByteBuffer copy = ByteBuffer.allocate(records.sizeBytes());
        records.readInto(copy);
        assertEquals(
                "first",
                TestLogs.text(new RecordBatch()
                        .wrap(copy, 0)
                        .records()
                        .iterator()
                        .next()
                        .value()));
        assertTrue(records.channel().isOpen());
        records.release();
        assertFalse(records.channel().isOpen());
    }

    static void assertError(ErrorCode expected, Runnable action) {
        assertEquals(expected, assertThrows(ApiException.class, action::run).error());
    }
}
