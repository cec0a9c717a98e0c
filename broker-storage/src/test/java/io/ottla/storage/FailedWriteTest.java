package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a failed write leaves is cut off, and does not come back with a power failure. */
class FailedWriteTest {

    private static final Path PATH = Path.of("/data");
    private static final int POWER_FAILURES = 40;

    private final ManualClock clock = new ManualClock(START_MS);

    private LogDirectory open(SimulatedFiles files) throws IOException {
        return LogDirectory.open(
                PATH,
                StorageOptions.of(clock, new TestScheduler()).withFiles(files).withFlushPolicy(FlushPolicy.POWER_SAFE));
    }

    @Test
    void shouldNotTakeLaterSegmentsAlongInAPowerFailure() throws IOException {
        for (int seed = 0; seed < POWER_FAILURES; seed++) {
            SimulatedFiles files = new SimulatedFiles(clock, new Random(seed));
            LogDirectory directory = open(files);
            Log log = directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT);
            TestLogs.append(log, batch(START_MS, "before"));
            log.syncRecords();
            files.failWrites(1);
            assertThrows(ApiException.class, () -> TestLogs.append(log, batch(START_MS, "refused")));
            log.rollSegment();
            TestLogs.append(log, batch(START_MS, "after"));
            log.syncRecords();
            files.restart(true);
            directory = open(files);
            Log found = directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT);
            assertEquals(List.of("before", "after"), TestLogs.values(found, 0), "seed " + seed);
            directory.close();
            assertEquals(List.of(), files.verify(PATH));
        }
    }
}
