package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has written what was deleted is still known when the power has failed: the next batch continues the sequence. */
class ProducersOfDeletedRecordsTest {

    private static final Path PATH = Path.of("/data");
    private static final int POWER_FAILURES = 40;

    private final ManualClock clock = new ManualClock(START_MS);

    private LogDirectory open(SimulatedFiles files) throws IOException {
        return LogDirectory.open(
                PATH,
                StorageOptions.of(clock, new TestScheduler())
                        .withFiles(files)
                        .withFlushPolicy(FlushPolicy.POWER_SAFE)
                        .withProducerIdExpirationMs(Long.MAX_VALUE));
    }

    private static ByteBuffer batch(int sequence) {
        return TestLogs.producerBatch(START_MS, 7, (short) 0, sequence, false, "value");
    }

    /** @param filesGo whether the segments were deleted before the power failed, or only marked as such */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldBeKnownAfterAPowerFailure(boolean filesGo) throws IOException {
        for (int seed = 0; seed < POWER_FAILURES; seed++) {
            SimulatedFiles files = new SimulatedFiles(clock, new Random(seed));
            LogDirectory directory = open(files);
            Log log = directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT);
            TestLogs.append(log, batch(0));
            log.rollSegment();
            TestLogs.append(log, TestLogs.batch(START_MS, "other"));
            log.syncRecords();
            log.deleteRecordsBefore(1);
            if (filesGo) {
                assertEquals(1, log.enforceRetention());
            }
            directory.checkpoint();
            files.restart(true);
            directory = open(files);
            log = directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT);
            assertEquals(1, log.logStartOffset(), "seed " + seed);
            assertEquals(2, TestLogs.append(log, batch(1)).baseOffset(), "seed " + seed);
            directory.close();
            assertEquals(List.of(), files.verify(PATH));
        }
    }
}
