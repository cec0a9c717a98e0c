package io.ottla.storage;

import static io.ottla.storage.LogTest.assertError;
import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.marker;
import static io.ottla.storage.TestLogs.producerBatch;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogProducerTest {

    private static final short EPOCH = 3;

    @TempDir
    Path path;

    private final ManualClock clock = new ManualClock(START_MS);
    private LogDirectory directory;
    private Log log;

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(path, TestLogs.options(clock, new TestScheduler()));
        log = directory.open("topic", 0, Uuid.ZERO, LogConfig.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    private static ByteBuffer batch(int sequence, String... values) {
        return producerBatch(START_MS, 9, EPOCH, sequence, false, values);
    }

    @Test
    void shouldAnswerDuplicatesOfTheLastFiveBatches() {
        for (int i = 0; i < 6; i++) {
            append(log, batch(2 * i, "a", "b"));
        }
        for (int i = 1; i < 6; i++) {
            LogAppendResult result = append(log, batch(2 * i, "a", "b"));
            assertTrue(result.duplicate());
            assertEquals(2L * i, result.baseOffset());
            assertEquals(2L * i + 1, result.lastOffset());
        }
        assertError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, () -> append(log, batch(0, "a", "b")));
        assertEquals(12, log.logEndOffset());
    }

    @Test
    void shouldKnowDuplicatesAfterRestart() throws IOException {
        for (int i = 0; i < 6; i++) {
            append(log, batch(2 * i, "a", "b"));
        }
        directory.close();
        open();
        assertFalse(append(log, batch(12, "c")).duplicate());
        for (int i = 1; i < 6; i++) {
            assertEquals(i < 2, isRefused(batch(2 * i, "a", "b")), "batch " + i);
        }
    }

    private boolean isRefused(ByteBuffer batch) {
        try {
            assertTrue(append(log, batch).duplicate());
            return false;
        } catch (io.ottla.protocol.ApiException e) {
            assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, e.error());
            return true;
        }
    }

    @Test
    void shouldRefuseGapsAndOldEpochs() {
        append(log, batch(0, "a"));
        assertError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, () -> append(log, batch(2, "c")));
        assertError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                () -> append(log, producerBatch(START_MS, 9, (short) 2, 0, false, "a")));
        assertError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> append(log, producerBatch(START_MS, 9, (short) 4, 1, false, "a")));
        append(log, producerBatch(START_MS, 9, (short) 4, 0, false, "a"));
        assertEquals(2, log.logEndOffset());
        assertEquals(
                List.of(new ActiveProducer(9, (short) 4, 0, START_MS, -1, -1)),
                log.producerStates().activeProducers());
    }

    @Test
    void shouldWrapSequences() {
        append(log, batch(Integer.MAX_VALUE - 1, "a", "b"));
        append(log, batch(0, "c"));
        assertTrue(append(log, batch(Integer.MAX_VALUE - 1, "a", "b")).duplicate());
        assertError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, () -> append(log, batch(2, "d")));
    }

    @Test
    void shouldForgetIdleProducers() {
        append(log, batch(5, "a"));
        clock.advance(Duration.ofHours(23));
        log.removeExpiredProducers();
        assertEquals(1, log.producerStates().activeProducers().size());
        clock.advance(Duration.ofHours(1));
        log.removeExpiredProducers();
        assertEquals(0, log.producerStates().activeProducers().size());
        append(log, batch(77, "b"));
    }

    @Test
    void shouldHoldTheLastStableOffsetAtTheFirstOpenTransaction() throws IOException {
        append(log, producerBatch(START_MS, 1, EPOCH, 0, false, "x"));
        append(log, producerBatch(START_MS, 2, EPOCH, 0, true, "a"));
        append(log, producerBatch(START_MS, 3, EPOCH, 0, true, "b"));
        assertEquals(1, log.lastStableOffset());
        assertTrue(log.producerStates().hasOpenTransaction(2));
        assertError(ErrorCode.INVALID_TXN_STATE, () -> append(log, producerBatch(START_MS, 2, EPOCH, 1, false, "c")));
        log.append(marker(START_MS, 2, EPOCH, false, 5), AppendOrigin.COORDINATOR, 0);
        assertEquals(2, log.lastStableOffset());
        directory.close();
        open();
        assertEquals(2, log.lastStableOffset());
        log.append(marker(START_MS, 3, (short) (EPOCH + 1), true, 5), AppendOrigin.COORDINATOR, 0);
        assertEquals(5, log.lastStableOffset());
        assertError(
                ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                () -> log.append(marker(START_MS, 2, EPOCH, true, 4), AppendOrigin.COORDINATOR, 0));
        assertError(
                ErrorCode.INVALID_PRODUCER_EPOCH, () -> append(log, producerBatch(START_MS, 3, EPOCH, 1, true, "d")));
        append(log, producerBatch(START_MS, 3, (short) (EPOCH + 1), 0, true, "d"));
        assertEquals(5, log.lastStableOffset());
        LogRead read = log.read(0, 10_000, log.lastStableOffset(), true);
        assertEquals(List.of(new AbortedTransaction(2, 1, 3, 2)), read.abortedTransactions());
        read.records().release();
    }

    @Test
    void shouldNotShowOpenTransactionsToReadCommitted() {
        append(log, producerBatch(START_MS, 1, EPOCH, 0, false, "x"));
        append(log, producerBatch(START_MS, 2, EPOCH, 0, true, "a"));
        LogRead read = log.read(0, 10_000, log.lastStableOffset(), true);
        RecordBatch first = TestLogs.batches(log, 0, 10_000).get(0);
        assertEquals(first.sizeBytes(), read.records().sizeBytes());
        read.records().release();
    }

    @Test
    void shouldRebuildTheTransactionIndexAfterACrash(@TempDir Path other) throws IOException {
        log.config(TestLogs.SMALL_SEGMENTS);
        for (int i = 0; i < 40; i++) {
            append(log, producerBatch(START_MS, 2, EPOCH, i, true, "a".repeat(50)));
            log.append(marker(START_MS, 2, EPOCH, i % 3 == 0, 5), AppendOrigin.COORDINATOR, 0);
            if (i == 20) {
                log.flush();
                directory.checkpoint();
            }
        }
        append(log, producerBatch(START_MS, 2, EPOCH, 40, true, "open"));
        LogRead before = log.read(0, 1 << 20, log.lastStableOffset(), true);
        before.records().release();
        List<AbortedTransaction> aborted = before.abortedTransactions();
        TestLogs.copy(path, other.resolve("copy"));
        try (LogDirectory copy =
                LogDirectory.open(other.resolve("copy"), TestLogs.options(clock, new TestScheduler()))) {
            Log reopened = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            assertEquals(log.logEndOffset(), reopened.logEndOffset());
            assertEquals(80, reopened.lastStableOffset());
            LogRead after = reopened.read(0, 1 << 20, reopened.lastStableOffset(), true);
            after.records().release();
            assertEquals(aborted, after.abortedTransactions());
            assertEquals(
                    log.producerStates().activeProducers(),
                    reopened.producerStates().activeProducers());
        }
        assertEquals(List.of(), LogVerifier.verify(other.resolve("copy")));
    }

    /** Aborted and committed transactions of two producers in many segments; some begin in one and end in another. */
    private List<AbortedTransaction> appendTransactions() {
        log.config(TestLogs.SMALL_SEGMENTS);
        int[] sequences = new int[2];
        for (int i = 0; i < 60; i++) {
            int producer = i % 7 < 4 ? 0 : 1;
            append(log, producerBatch(START_MS, producer, EPOCH, sequences[producer]++, true, "a".repeat(60)));
            if (i % 3 == 2) {
                log.append(marker(START_MS, producer, EPOCH, i % 2 == 0, 5), AppendOrigin.COORDINATOR, 0);
            }
        }
        log.append(marker(START_MS, 0, EPOCH, false, 5), AppendOrigin.COORDINATOR, 0);
        log.append(marker(START_MS, 1, EPOCH, false, 5), AppendOrigin.COORDINATOR, 0);
        return aborted(log);
    }

    private static List<AbortedTransaction> aborted(Log from) {
        LogRead read = from.read(0, 1 << 20, from.lastStableOffset(), true);
        read.records().release();
        return read.abortedTransactions();
    }

    private static List<Path> transactionIndexes(Path data) throws IOException {
        try (var files = Files.list(data.resolve("topic-0"))) {
            return files.filter(file -> file.toString().endsWith(".txnindex"))
                    .sorted()
                    .toList();
        }
    }

    private void assertAbortedAreKnown(Path data, List<AbortedTransaction> expected, String what) throws IOException {
        try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
            Log reopened = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            assertEquals(expected, aborted(reopened), what);
        }
        assertEquals(List.of(), LogVerifier.verify(data), what);
    }

    @Test
    void shouldMakeADamagedTransactionIndexAnew(@TempDir Path other) throws IOException {
        List<AbortedTransaction> aborted = appendTransactions();
        directory.close();
        List<Path> indexes = transactionIndexes(path);
        assertTrue(indexes.size() > 5, indexes::toString);
        for (Path index : indexes) {
            byte[] intact = Files.readAllBytes(index);
            Path copy = other.resolve(index.getFileName());
            TestLogs.copy(path, copy);
            Path damaged = copy.resolve("topic-0").resolve(index.getFileName());
            // Version, producer and marker: nothing but the right ones fits to the log.
            for (int position : new int[] {0, 1, 2, 9, 10, 18, 25}) {
                byte[] bytes = intact.clone();
                bytes[position] ^= 1;
                Files.write(damaged, bytes);
                assertAbortedAreKnown(copy, aborted, index + " at " + position);
                assertArrayEquals(intact, Files.readAllBytes(damaged), index + " at " + position);
            }
            Files.write(damaged, Arrays.copyOf(intact, intact.length - 1));
            assertAbortedAreKnown(copy, aborted, index + " cut");
            Files.deleteIfExists(path(copy, index, ".snapshot"));
            Files.write(damaged, Arrays.copyOf(intact, intact.length + 1));
            assertAbortedAreKnown(copy, aborted, index + " extended, and without its snapshot");
        }
        directory = LogDirectory.open(path, TestLogs.options(clock, new TestScheduler()));
        log = directory.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
    }

    private static Path path(Path data, Path index, String suffix) {
        return data.resolve("topic-0").resolve(index.getFileName().toString().replace(".txnindex", suffix));
    }

    @Test
    void shouldMakeADamagedTransactionIndexAnewAfterACrash(@TempDir Path other) throws IOException {
        List<AbortedTransaction> aborted = appendTransactions();
        log.flush();
        directory.checkpoint();
        for (Path index : transactionIndexes(path)) {
            Path copy = other.resolve(index.getFileName());
            TestLogs.copy(path, copy);
            Path damaged = copy.resolve("topic-0").resolve(index.getFileName());
            byte[] bytes = Files.readAllBytes(damaged);
            bytes[9] ^= 1;
            Files.write(damaged, bytes);
            assertAbortedAreKnown(copy, aborted, index.toString());
        }
    }

    @Test
    void shouldMakeNoTransactionIndexOfADamagedLog() throws IOException {
        appendTransactions();
        directory.close();
        Path index = transactionIndexes(path).get(1);
        byte[] intact = Files.readAllBytes(index);
        Files.write(index, new byte[] {1});
        Path segment = path(path, index, ".log");
        byte[] records = Files.readAllBytes(segment);
        byte[] damaged = records.clone();
        damaged[0] ^= 1;
        Files.write(segment, damaged);
        directory = LogDirectory.open(path, TestLogs.options(clock, new TestScheduler()));
        log = directory.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> aborted(log));
        Files.write(segment, records);
        Files.write(index, intact);
    }

    private LogAppendResult appendVerified(ByteBuffer batch, VerificationGuard guard) {
        return log.append(batch, AppendOrigin.CLIENT, 0, guard, (short) 0);
    }

    private VerificationGuard ask(int sequence, short epoch, boolean epochBump) {
        return log.producerStates().beginVerification(2, epoch, sequence, epochBump, START_MS);
    }

    private static ByteBuffer transactional(short epoch, int sequence) {
        return producerBatch(START_MS, 2, epoch, sequence, true, "a");
    }

    private void endTransaction(short epoch, int transactionVersion) {
        log.append(marker(START_MS, 2, epoch, true, 5), AppendOrigin.COORDINATOR, 0, null, (short) transactionVersion);
    }

    @Test
    void shouldTakeTheFirstRecordsOfATransactionWithAGuardOnly() {
        assertError(ErrorCode.INVALID_TXN_STATE, () -> appendVerified(transactional(EPOCH, 0), null));
        VerificationGuard guard = ask(0, EPOCH, false);
        appendVerified(transactional(EPOCH, 0), guard);
        assertNull(ask(1, EPOCH, false), "the transaction is open");
        appendVerified(transactional(EPOCH, 1), null);
        endTransaction(EPOCH, 1);
        assertError(ErrorCode.INVALID_TXN_STATE, () -> appendVerified(transactional(EPOCH, 2), null));
        assertError(ErrorCode.INVALID_TXN_STATE, () -> appendVerified(transactional(EPOCH, 2), guard));
        assertEquals(3, log.lastStableOffset());
    }

    @Test
    void shouldTakeTheGuardAwayWithAMarker() {
        VerificationGuard guard = ask(0, EPOCH, false);
        assertTrue(log.producerStates().isVerified(2, EPOCH, guard));
        endTransaction(EPOCH, 1);
        assertFalse(log.producerStates().isVerified(2, EPOCH, guard));
        assertError(ErrorCode.INVALID_TXN_STATE, () -> appendVerified(transactional(EPOCH, 0), guard));
        VerificationGuard next = ask(0, EPOCH, false);
        assertError(ErrorCode.INVALID_TXN_STATE, () -> appendVerified(transactional(EPOCH, 0), guard));
        appendVerified(transactional(EPOCH, 0), next);
        assertEquals(1, log.lastStableOffset());
    }

    @Test
    void shouldFenceByTheEpochOfAMarker() {
        appendVerified(transactional(EPOCH, 0), ask(0, EPOCH, true));
        short next = EPOCH + 1;
        endTransaction(next, 2);
        assertError(ErrorCode.INVALID_PRODUCER_EPOCH, () -> ask(1, EPOCH, true));
        assertError(ErrorCode.INVALID_PRODUCER_EPOCH, () -> appendVerified(transactional(EPOCH, 1), null));
        VerificationGuard guard = ask(0, next, true);
        // Once more the same marker: the transaction that is being verified is another one.
        endTransaction(next, 2);
        assertError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, () -> appendVerified(transactional(next, 1), guard));
        appendVerified(transactional(next, 0), guard);
        assertError(ErrorCode.INVALID_PRODUCER_EPOCH, () -> endTransaction(next, 2));
        assertEquals(3, log.lastStableOffset());
        endTransaction((short) (next + 1), 2);
        assertEquals(5, log.lastStableOffset());
    }

    @Test
    void shouldTakeTheLowestOfSeveralFirstBatchesFirst() {
        VerificationGuard second = ask(1, EPOCH, false);
        VerificationGuard first = ask(0, EPOCH, false);
        assertError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, () -> appendVerified(transactional(EPOCH, 1), second));
        appendVerified(transactional(EPOCH, 0), first);
        appendVerified(transactional(EPOCH, 1), second);
        assertEquals(2, log.logEndOffset());
    }

    @Test
    void shouldExpectSequence0OfAnUnknownProducerWithAnEpochForEachTransaction() {
        assertError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                () -> appendVerified(transactional(EPOCH, 7), ask(7, EPOCH, true)));
        clock.advance(Duration.ofHours(24));
        log.removeExpiredProducers();
        appendVerified(transactional(EPOCH, 7), ask(7, EPOCH, false));
    }

    @Test
    void shouldNotHoldTheLastStableOffsetBelowTheStartOfTheLog() {
        append(log, producerBatch(START_MS, 2, EPOCH, 0, true, "a"));
        append(log, producerBatch(START_MS, 1, EPOCH, 0, false, "x", "y"));
        assertEquals(0, log.lastStableOffset());
        log.deleteRecordsBefore(2);
        assertEquals(2, log.lastStableOffset());
        append(log, producerBatch(START_MS, 2, EPOCH, 1, true, "b"));
        assertEquals(2, log.lastStableOffset());
        endTransaction(EPOCH, 1);
        assertEquals(log.highWatermark(), log.lastStableOffset());
    }
}
