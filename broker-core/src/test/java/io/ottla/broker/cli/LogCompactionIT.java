package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Apache Kafka's own tester of log compaction: it writes keys many times over, deletes some, waits for the cleaner, reads all, and
 * compares the last value of each key with what it wrote. It reads until nothing has come for 20 seconds, so it is not part of each
 * build.
 */
class LogCompactionIT {
    private static final int MESSAGE_COUNT = 20_000;
    private static final int DUPLICATES = 20;
    private static final Pattern ROWS = Pattern.compile("(\\d+) rows of data produced, (\\d+) rows of data consumed");

    @TempDir
    Path dataFolder;

    @Test
    void shouldPassTheTesterOfApacheKafka() throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(
                dataFolder,
                "log.roll.ms=50",
                "log.cleaner.backoff.ms=100",
                "log.cleaner.min.cleanable.ratio=0.01",
                "log.segment.delete.delay.ms=100",
                "log.initial.task.delay.ms=100")) {
            String output = Tool.LOG_COMPACTION_TESTER.run("--bootstrap-server " + broker.bootstrapServers()
                    + " --messages " + MESSAGE_COUNT + " --duplicates " + DUPLICATES
                    + " --percent-deletes 30 --compression-type lz4 --sleep 1");

            assertTrue(output.endsWith("Data verification is completed"), output);
            assertTrue(output.contains(" values, 0 mismatches."), output);
            Matcher rows = ROWS.matcher(output);
            assertTrue(rows.find(), output);
            assertEquals(MESSAGE_COUNT, Integer.parseInt(rows.group(1)), output);
            // All that may be there twice is what the active segment holds and what has come since the last cleaning.
            assertTrue(Integer.parseInt(rows.group(2)) < MESSAGE_COUNT / 2, output);
            assertTrue(hasCompacted(), output);
            broker.terminate();
        }
        try (BrokerProcess verify = BrokerProcess.run("verify", dataFolder.toString())) {
            assertEquals(0, verify.exitCode(), verify::toString);
        }
    }

    /** The cleaner's checkpoint names each log that it has compacted, and up to where. */
    private boolean hasCompacted() throws Exception {
        try (Stream<Path> files = Files.list(dataFolder)) {
            List<Path> checkpoints = files.filter(file -> file.endsWith("cleaner-offset-checkpoint"))
                    .toList();
            return !checkpoints.isEmpty()
                    && Files.readAllLines(checkpoints.get(0)).stream()
                            .anyMatch(line -> line.matches("log-cleaner-test-.* [1-9]\\d*"));
        }
    }
}
