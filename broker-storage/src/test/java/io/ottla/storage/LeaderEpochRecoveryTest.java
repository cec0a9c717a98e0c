package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The leader epoch of a batch is not covered by its CRC; the last batch has none behind it that would contradict it. */
class LeaderEpochRecoveryTest {

    private static final Path PATH = Path.of("/data");
    private static final Path LOG_FILE = PATH.resolve("topic-0").resolve("00000000000000000000.log");
    private static final int LEADER_EPOCH_AT = 12;

    private final ManualClock clock = new ManualClock(START_MS);
    private final SimulatedFiles files = new SimulatedFiles(clock, new Random(1));
    private LogDirectory directory;
    private Log log;

    @BeforeEach
    void open() throws IOException {
        open(3);
    }

    private void open(int knownEpoch) throws IOException {
        directory = LogDirectory.open(
                PATH, StorageOptions.of(clock, new TestScheduler()).withFiles(files));
        log = directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT, knownEpoch);
    }

    private void append(int epoch, String value) {
        log.append(batch(START_MS, value), AppendOrigin.CLIENT, epoch);
    }

    private List<Integer> epochs() {
        return TestLogs.batches(log, 0, 1 << 20).stream()
                .map(RecordBatch::partitionLeaderEpoch)
                .toList();
    }

    /** Damages the leader epoch of the last batch. */
    private void damageLast() throws IOException {
        int lastBatchAt = (int) files.sizeBytes(LOG_FILE) * 2 / 3;
        files.damage(LOG_FILE, lastBatchAt + LEADER_EPOCH_AT, 0x40);
    }

    @Test
    void shouldWriteTheEpochAgainThatTheLastBatchMustHave() throws IOException {
        append(2, "a");
        append(2, "b");
        append(3, "c");
        directory.abandon();
        damageLast();
        open(3);
        assertEquals(List.of(2, 2, 3), epochs());
        append(3, "d");
        directory.close();
        assertEquals(List.of(), files.verify(PATH));
        open(3);
        assertEquals(List.of("a", "b", "c", "d"), TestLogs.values(log, 0));
        assertEquals(3, log.latestLeaderEpoch());
    }

    @Test
    void shouldDoSoWithoutTheFileOfTheEpochs() throws IOException {
        append(3, "a");
        append(3, "b");
        append(3, "c");
        directory.abandon();
        files.deleteIfExists(PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME));
        damageLast();
        open(3);
        assertEquals(List.of(3, 3, 3), epochs());
    }

    @Test
    void shouldWriteTheFileOfTheFirstEpochOnlyBeforeItIsNeeded() throws IOException {
        Path file = PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME);
        append(3, "a");
        assertFalse(files.exists(file));
        log.flush();
        assertTrue(files.exists(file));
        directory.close();
        open(3);
        assertEquals(3, log.latestLeaderEpoch());
    }

    @Test
    void shouldWriteTheFileBeforeTheSecondEpoch() throws IOException {
        append(3, "a");
        append(4, "b");
        assertEquals(
                "0\n2\n3 0\n4 1\n",
                new String(
                        files.readAll(PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME)),
                        StandardCharsets.UTF_8));
    }

    @Test
    void shouldWriteTheFileBeforeTheRecoveryPointPassesASegment() throws IOException {
        append(3, "a");
        log.lock().lock();
        try {
            log.roller().roll();
        } finally {
            log.lock().unlock();
        }
        assertTrue(files.exists(PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME)));
    }

    @Test
    void shouldLearnTheFirstEpochFromTheBatchesAfterACrash() throws IOException {
        append(3, "a");
        append(3, "b");
        directory.abandon();
        open(3);
        assertEquals(List.of("a", "b"), TestLogs.values(log, 0));
        assertEquals(3, log.latestLeaderEpoch());
        assertEquals(new EpochEndOffset(3, 2), log.endOffsetForEpoch(3));
        directory.close();
        assertEquals(List.of(), files.verify(PATH));
    }

    @Test
    void shouldNotMissTheFileWhereThereAreNoRecords() throws IOException {
        directory.close();
        long before = files.changeCount();
        open(3);
        directory.abandon();
        long changes = files.changeCount() - before;
        open(3);
        assertFalse(files.exists(PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME)));
        append(3, "a");
        directory.close();
        open(3);
        assertEquals(3, log.latestLeaderEpoch());
        // The mark of a clean stop is taken away, and nothing is done to the log.
        assertTrue(changes <= 2, () -> changes + " changes");
    }

    /** The metadata may have lost more than the log when the power went. */
    @Test
    void shouldBelieveAnEpochThatSeveralBatchesHave() throws IOException {
        append(3, "a");
        append(7, "b");
        append(7, "c");
        directory.abandon();
        files.deleteIfExists(PATH.resolve("topic-0").resolve(LeaderEpochs.FILE_NAME));
        open(3);
        assertEquals(List.of(3, 7, 7), epochs());
        assertEquals(7, log.latestLeaderEpoch());
        assertEquals(new EpochEndOffset(3, 1), log.endOffsetForEpoch(3));
    }

    @Test
    void shouldRefuseItAfterACleanStop() throws IOException {
        append(3, "a");
        append(3, "b");
        append(3, "c");
        directory.close();
        damageLast();
        LogDamageException damage = assertThrows(LogDamageException.class, () -> open(3));
        assertEquals(LOG_FILE, damage.file());
        assertEquals(files.sizeBytes(LOG_FILE) * 2 / 3, damage.position());
    }
}
