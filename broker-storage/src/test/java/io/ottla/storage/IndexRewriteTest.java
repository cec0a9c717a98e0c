package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A recovery that makes index files anew, and dies in the middle of it. */
class IndexRewriteTest {

    private static final Path PATH = Path.of("/sim/data");
    private static final Path TIME_INDEX = PATH.resolve("topic-0/00000000000000000000.timeindex");
    private static final LogConfig CONFIG =
            LogConfig.builder().indexIntervalBytes(100).build();

    /** The largest timestamp is that of the first batch. */
    private static final int[] DELAYS_MS = {90, 10, 20, 30, 40, 50};

    private final ManualClock clock = new ManualClock(TestLogs.START_MS);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldMakeTimeIndexAnewWhenEarlierAttemptDied(boolean powerLost) throws IOException {
        SimulatedFiles damaged = withDamagedTimeIndex();
        int deaths = 0;
        boolean died = true;
        for (int change = 0; died; change++) {
            SimulatedFiles files = damaged.copy(new Random(change));
            files.crashAfter(change);
            died = !opens(files);
            deaths += died ? 1 : 0;
            files.restart(powerLost);
            assertTrue(opens(files));
            assertEquals(List.of(), files.verify(PATH), "died at change " + change);
        }
        assertNotEquals(0, deaths);
    }

    @Test
    void shouldExchangeWhatFileHoldsInOneStep() throws IOException {
        Path path = PATH.resolve("file");
        boolean died = true;
        for (int change = 0; died; change++) {
            SimulatedFiles files = new SimulatedFiles(clock, new Random(change));
            files.createDirectories(PATH);
            files.replace(path, TestLogs.bytes("head old tail"), true);
            files.crashAfter(change);
            died = false;
            try {
                IndexFiles.writeTail(files, path, 5, ByteBuffer.wrap(TestLogs.bytes("new")));
            } catch (SimulatedFiles.Crash e) {
                died = true;
            }
            files.restart(false);
            String content = TestLogs.text(ByteBuffer.wrap(files.readAll(path)));
            assertTrue(
                    content.equals("head new") || (died && content.equals("head old tail")),
                    content + " at change " + change);
        }
    }

    private boolean opens(SimulatedFiles files) throws IOException {
        StorageOptions options = StorageOptions.of(clock, new TestScheduler()).withFiles(files);
        try {
            LogDirectory directory = LogDirectory.open(PATH, options);
            directory.open("topic", 0, Uuid.ZERO, CONFIG);
            files.crashNever();
            directory.abandon();
            return true;
        } catch (SimulatedFiles.Crash e) {
            return false;
        }
    }

    /** What a process left that died: the log is flushed in part, and its time index holds what nobody wrote. */
    private SimulatedFiles withDamagedTimeIndex() throws IOException {
        SimulatedFiles files = new SimulatedFiles(clock, new Random(0));
        files.createDirectories(PATH);
        StorageOptions options = StorageOptions.of(clock, new TestScheduler()).withFiles(files);
        LogDirectory directory = LogDirectory.open(PATH, options);
        Log log = directory.open("topic", 0, Uuid.ZERO, CONFIG);
        for (int delayMs : DELAYS_MS) {
            RecordBatchBuilder batch = new RecordBatchBuilder()
                    .append(TestLogs.START_MS + delayMs, TestLogs.bytes("key"), TestLogs.bytes("v".repeat(100)));
            log.append(batch.build(), AppendOrigin.CLIENT, 0);
        }
        log.flush();
        directory.checkpoint();
        directory.abandon();
        SimulatedFiles left = files.copy(new Random(0));
        left.damage(TIME_INDEX, 0, 0x80);
        return left;
    }
}
