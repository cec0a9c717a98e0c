package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
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
