package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogRecoveryTest {

    @TempDir
    Path root;

    private final ManualClock clock = new ManualClock(START_MS);
    private LogDirectory directory;
    private Log log;
    private int copies;

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(root.resolve("data"), TestLogs.options(clock, new TestScheduler()));
        log = directory.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(root.resolve("data")));
    }

    /** What the death of the process leaves. */
    private Path crash() {
        Path copy = root.resolve("copy-" + copies++);
        TestLogs.copy(root.resolve("data"), copy);
        return copy;
    }

    private static Path lastLogFile(Path data) throws IOException {
        try (var files = Files.list(data.resolve("topic-0"))) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .max(java.util.Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    private static void cut(Path file, long sizeBytes) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(sizeBytes);
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(position);
            int old = access.read();
            access.seek(position);
            access.write(old ^ 0x10);
        }
    }

    /** Opens what a crash left, checks the prefix, appends, closes, verifies, and opens once more. */
    private void assertRecovers(Path data, List<String> expected) throws IOException {
        try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
            Log recovered = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            assertFalse(copy.wasClosedCleanly());
            assertEquals(expected, TestLogs.values(recovered, 0));
            assertEquals(
                    expected.size(), append(recovered, batch(START_MS, "after")).baseOffset());
        }
        assertEquals(List.of(), LogVerifier.verify(data));
        try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
            Log reopened = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            assertTrue(copy.wasClosedCleanly());
            assertEquals(expected.size() + 1, TestLogs.values(reopened, 0).size());
        }
    }

    private List<String> fill(int count) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            append(log, batch(START_MS + i, "value-" + i));
            values.add("value-" + i);
        }
        return values;
    }

    @Test
    void shouldComeBackAfterADeathOfTheProcess() throws IOException {
        assertRecovers(crash(), List.of());
        List<String> values = fill(3);
        assertRecovers(crash(), values);
        log.flush();
        directory.checkpoint();
        assertRecovers(crash(), values);
        values.addAll(fillFrom(3, 100));
        assertRecovers(crash(), values);
    }

    private List<String> fillFrom(int from, int to) {
        List<String> values = new ArrayList<>();
        for (int i = from; i < to; i++) {
            append(log, batch(START_MS + i, "value-" + i));
            values.add("value-" + i);
            if (i == 50) {
                log.flush();
                directory.checkpoint();
            }
        }
        return values;
    }

    @Test
    void shouldCutATornTailAtEveryByte() throws IOException {
        List<String> values = fill(4);
        long before = log.sizeBytes();
        append(log, batch(START_MS, "torn"));
        long after = log.sizeBytes();
        for (long size = before; size < after; size++) {
            Path data = crash();
            cut(lastLogFile(data), size);
            assertRecovers(data, values);
        }
    }

    @Test
    void shouldCutWhereAWriteWasLost() throws IOException {
        log.config(LogConfig.DEFAULT);
        append(log, batch(START_MS, "a"));
        long before = log.sizeBytes();
        append(log, batch(START_MS, "x".repeat(3000)));
        append(log, batch(START_MS, "c"));
        Path data = crash();
        try (RandomAccessFile access = new RandomAccessFile(lastLogFile(data).toFile(), "rw")) {
            access.seek(1024);
            access.write(new byte[1024]);
        }
        assertTrue(before < 1024);
        assertRecovers(data, List.of("a"));
    }

    @Test
    void shouldRefuseDamageInTheMiddle() throws IOException {
        fill(5);
        long size = log.sizeBytes();
        long batchSize = size / 5;
        for (long position = batchSize; position < 2 * batchSize; position++) {
            Path data = crash();
            Path file = lastLogFile(data);
            flip(file, position);
            try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
                LogDamageException damage = assertThrows(
                        LogDamageException.class,
                        () -> copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS),
                        "flipped at " + position);
                assertEquals(file, damage.file());
                // A leader epoch that became larger is seen where the next batch has a smaller one.
                long inBatch = position - batchSize;
                long found = inBatch >= 12 && inBatch < 16 ? 2 * batchSize : batchSize;
                assertEquals(found, damage.position(), "flipped at " + position);
                Log other = copy.open("other", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
                append(other, batch(START_MS, "still served"));
            }
            assertFalse(Files.exists(data.resolve(".kafka_cleanshutdown")));
            assertEquals(size, Files.size(file));
        }
    }

    @Test
    void shouldRefuseALogThatLostWhatWasSynced() throws IOException {
        fill(5);
        log.flush();
        directory.checkpoint();
        Path data = crash();
        cut(lastLogFile(data), log.sizeBytes() / 5 * 4);
        assertDamaged(data);
        directory.close();
        Path clean = crash();
        cut(lastLogFile(clean), Files.size(lastLogFile(clean)) / 5 * 4);
        assertDamaged(clean);
        Files.delete(lastLogFile(clean));
        assertDamaged(clean);
        open();
    }

    private void assertDamaged(Path data) throws IOException {
        try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
            assertThrows(LogDamageException.class, () -> copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS));
        }
    }

    private static List<Path> logFiles(Path data) throws IOException {
        return files(data, ".log").stream().sorted().toList();
    }

    @Test
    void shouldRefuseWhatIsMissingInTheMiddleAfterACleanStop() throws IOException {
        List<String> values = fill(60);
        directory.close();
        Path file = logFiles(root.resolve("data")).get(2);
        String name = file.getFileName().toString();
        long size = Files.size(file);
        Path emptied = crash();
        cut(emptied.resolve("topic-0").resolve(name), 0);
        assertDamaged(emptied);
        Path missing = crash();
        Files.delete(missing.resolve("topic-0").resolve(name));
        assertDamaged(missing);
        long end = Long.parseLong(
                logFiles(root.resolve("data")).get(3).getFileName().toString().substring(0, 20));
        for (long shorter = size - 1; shorter > 0; shorter--) {
            Path data = crash();
            cut(data.resolve("topic-0").resolve(name), shorter);
            assertReadsNothingBehindTheDamage(data, values, end);
        }
        Path all = crash();
        for (String suffix : List.of(".log", ".index", ".timeindex")) {
            Files.delete(all.resolve("topic-0").resolve(name.replace(".log", suffix)));
        }
        assertReadsNothingBehindTheDamage(all, values, end);
        open();
    }

    /** Nobody may be led from before the damage to behind it; what lies behind it is served to those who ask for it. */
    private void assertReadsNothingBehindTheDamage(Path data, List<String> values, long end) throws IOException {
        try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
            Log damaged = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            ApiException refused = assertThrows(ApiException.class, () -> TestLogs.values(damaged, 0));
            assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
            assertTrue(refused.getMessage().contains(".log is damaged at position "), refused.getMessage());
            assertEquals(values.subList((int) end, values.size()), TestLogs.values(damaged, end));
        }
    }

    @Test
    void shouldFindDamageThatTheCrcDoesNotCoverInTheLastBatch() throws IOException {
        fill(5);
        long size = log.sizeBytes();
        long last = size - size / 5;
        // Not the leader epoch: only after a clean stop all of them are known.
        for (long position = last; position < last + 8; position++) {
            Path data = crash();
            flip(lastLogFile(data), position);
            assertDamaged(data);
        }
        directory.close();
        for (long position = last; position < last + 16; position++) {
            Path data = crash();
            flip(lastLogFile(data), position);
            assertDamaged(data);
        }
        open();
    }

    @Test
    void shouldNotBelieveEpochsThatTheBatchesContradict() throws IOException {
        List<String> values = fill(5);
        Path epochs = root.resolve("data/topic-0/leader-epoch-checkpoint");
        Path crashed = crash();
        Files.writeString(crashed.resolve("topic-0").resolve(epochs.getFileName()), "0\n1\n7 0\n");
        assertRecovers(crashed, values);
        directory.close();
        Path closed = crash();
        Files.writeString(closed.resolve("topic-0").resolve(epochs.getFileName()), "0\n1\n7 0\n");
        try (LogDirectory copy = LogDirectory.open(closed, TestLogs.options(clock, new TestScheduler()))) {
            Log reopened = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
            assertEquals(values, TestLogs.values(reopened, 0));
            assertEquals(0, reopened.latestLeaderEpoch());
        }
        open();
    }

    @Test
    void shouldRebuildIndexesThatAreMissingOrDamaged() throws IOException {
        List<String> values = fill(60);
        directory.close();
        for (String suffix : List.of(".index", ".timeindex", ".snapshot", "leader-epoch-checkpoint")) {
            Path missing = crash();
            Path damaged = crash();
            for (Path file : files(missing, suffix)) {
                Files.delete(file);
            }
            for (Path file : files(damaged, suffix)) {
                if (Files.size(file) > 4) {
                    flip(file, 3);
                }
            }
            for (Path data : List.of(missing, damaged)) {
                try (LogDirectory copy = LogDirectory.open(data, TestLogs.options(clock, new TestScheduler()))) {
                    Log reopened = copy.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
                    for (int i = 0; i < 60; i++) {
                        assertEquals(values.subList(i, 60), TestLogs.values(reopened, i), suffix);
                        assertEquals(
                                i, reopened.offsetForTimestamp(START_MS + i).offset(), suffix);
                    }
                }
            }
        }
        open();
    }

    private static List<Path> files(Path data, String suffix) throws IOException {
        try (var files = Files.list(data.resolve("topic-0"))) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    @Test
    void shouldTellASecondOpenerThatTheDirectoryIsUsed() {
        IOException refused = assertThrows(
                IOException.class,
                () -> LogDirectory.open(root.resolve("data"), TestLogs.options(clock, new TestScheduler())));
        assertTrue(refused.getMessage().contains("is used by another broker of this process"), refused.getMessage());
    }

    @Test
    void shouldKeepWhoseDirectoryItIs() throws IOException {
        MetaProperties mine = new MetaProperties("cluster", 1, Uuid.random());
        directory.metaProperties(mine);
        directory.close();
        open();
        assertEquals(mine, directory.metaProperties());
        assertThrows(IOException.class, () -> directory.metaProperties(new MetaProperties("other", 1, Uuid.random())));
    }
}
