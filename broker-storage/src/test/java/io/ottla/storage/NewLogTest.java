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

/** A log that nobody has written to costs no sync; there is nothing that the power could take. */
class NewLogTest {

    private static final Path PATH = Path.of("/data");

    private final ManualClock clock = new ManualClock(START_MS);

    private LogDirectory open(SimulatedFiles files) throws IOException {
        return LogDirectory.open(
                PATH, StorageOptions.of(clock, new TestScheduler()).withFiles(files));
    }

    private static Log log(LogDirectory directory) throws IOException {
        return directory.open("topic", 0, new Uuid(1, 1), LogConfig.DEFAULT, 0);
    }

    @Test
    void shouldSyncALogWithItsFirstRecords() throws IOException {
        SimulatedFiles files = new SimulatedFiles(clock, new Random(1));
        LogDirectory directory = open(files);
        Log log = log(directory);
        files.failSyncs(1);
        log.flush();
        log.append(batch(START_MS, "a"), AppendOrigin.CLIENT, 0);
        assertThrows(ApiException.class, log::flush);
        directory.abandon();
    }

    @Test
    void shouldMakeANewLogAgainThatThePowerHasTaken() throws IOException {
        for (int seed = 0; seed < 60; seed++) {
            SimulatedFiles files = new SimulatedFiles(clock, new Random(seed));
            files.createDirectories(PATH);
            files.syncDirectory(PATH.getParent());
            LogDirectory first = open(files);
            log(first);
            first.close();
            files.restart(true);
            assertEquals(List.of(), files.verify(PATH), "seed " + seed);
            LogDirectory second = open(files);
            log(second).append(batch(START_MS, "a"), AppendOrigin.CLIENT, 0);
            second.close();
            files.restart(true);
            LogDirectory third = open(files);
            assertEquals(List.of("a"), TestLogs.values(log(third), 0), "seed " + seed);
            third.close();
            assertEquals(List.of(), files.verify(PATH), "seed " + seed);
        }
    }
}
