package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compaction of logs that were filled by chance, against a model, and killed between any two changes of a file. */
class LogCleanerSimulationTest {

    private static final long DELETE_RETENTION_MS = 3_000;
    private static final LogConfig COMPACTED = LogConfig.builder()
            .cleanupPolicy(false, true)
            .segmentBytes(2500)
            .indexIntervalBytes(200)
            .minCleanableDirtyRatio(0.1)
            .deleteRetentionMs(DELETE_RETENTION_MS)
            .build();

    @TempDir
    Path root;

    private final ManualClock clock = new ManualClock(TestLogs.START_MS);
    private final TestScheduler scheduler = new TestScheduler();

    private LogDirectory open(Path path, StorageFiles files) throws IOException {
        return LogDirectory.open(
                path, StorageOptions.of(clock, scheduler).withFiles(files).withProducerIdExpirationMs(Long.MAX_VALUE));
    }

    private static Log log(LogDirectory directory) throws IOException {
        return directory.open("topic", 0, Uuid.ZERO, COMPACTED);
    }

    private static LogCleaner cleaner(LogDirectory directory, Random random) {
        // Sometimes too small for all the keys.
        long sizeBytes = random.nextBoolean() ? 1 << 20 : 20L * CleanerKeyMap.SLOT_SIZE_BYTES;
        return new LogCleaner(List.of(directory), new LogCleanerConfig(sizeBytes, 0.9, Double.MAX_VALUE));
    }

    private static long rewrittenOffset(Log log, long cleanedOffset) {
        for (LogSegment segment : log.segments()) {
            if (segment.baseOffset() >= cleanedOffset) {
                return segment.baseOffset();
            }
        }
        throw new AssertionError("The active segment was cleaned");
    }

    private static List<String> producers(Log log) {
        List<String> producers = new ArrayList<>();
        for (ActiveProducer producer : log.producerStates().activeProducers()) {
            producers.add(producer.producerId() + " " + producer.producerEpoch() + " " + producer.lastSequence() + " "
                    + producer.currentTransactionFirstOffset());
        }
        return producers;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldKeepWhatTheModelKeeps(long seed) throws IOException {
        Random random = new Random(seed);
        CompactionModel model = new CompactionModel(random, clock);
        Path path = root.resolve("data");
        LogDirectory directory = open(path, new UnsyncedFiles());
        Log log = log(directory);
        int cleanings = 0;
        for (int round = 0; round < 12; round++) {
            model.append(log, 20 + random.nextInt(60));
            clock.advance(Duration.ofMillis(random.nextInt(4000)));
            LogCleaner cleaner = cleaner(directory, random);
            for (var done = cleaner.cleanDirtiest(); done != null; done = cleaner.cleanDirtiest()) {
                cleanings++;
                model.cleaned(done.cleanedOffset(), rewrittenOffset(log, done.cleanedOffset()), DELETE_RETENTION_MS);
                assertEquals(model.expected(), CompactionModel.content(log), "seed " + seed);
                assertEquals(
                        model.expectedValues(log.lastStableOffset()),
                        CompactionModel.committedValues(log),
                        "seed " + seed);
            }
            if (random.nextInt(3) == 0) {
                scheduler.runAll();
                List<String> producers = producers(log);
                long endOffset = log.logEndOffset();
                directory.close();
                assertEquals(List.of(), LogVerifier.verify(path), "seed " + seed);
                directory = open(path, new UnsyncedFiles());
                log = log(directory);
                assertEquals(endOffset, log.logEndOffset());
                assertEquals(producers, producers(log));
                assertEquals(model.expected(), CompactionModel.content(log), "seed " + seed);
            }
        }
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(path), "seed " + seed);
        assertTrue(cleanings > 3, "only " + cleanings + " cleanings with seed " + seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22})
    void shouldSurviveAKillBetweenAnyTwoChanges(long seed) throws IOException {
        Random random = new Random(seed);
        CompactionModel model = new CompactionModel(random, clock);
        Path path = root.resolve("data");
        WatchedFiles files = new WatchedFiles();
        LogDirectory directory = open(path, files);
        Log log = log(directory);
        model.append(log, 70);
        if (random.nextBoolean()) {
            model.endTransactions(log);
            assertTrue(cleaner(directory, random).cleanDirtiest() != null);
            scheduler.runAll();
            model.append(log, 40);
        }
        model.endTransactions(log);
        model.append(log, 3);
        clock.advance(Duration.ofMillis(DELETE_RETENTION_MS));
        List<Path> copies = new ArrayList<>();
        files.afterEachChange(() -> {
            Path copy = root.resolve("copy-" + copies.size());
            TestLogs.copy(path, copy);
            copies.add(copy);
        });
        assertTrue(cleaner(directory, new Random(seed)).cleanDirtiest() != null);
        scheduler.runAll();
        files.afterEachChange(() -> {});
        assertTrue(copies.size() > 30, copies.size() + " changes");
        for (Path copy : copies) {
            assertSame(copy, model, log, seed);
        }
        directory.close();
    }

    private void assertSame(Path copy, CompactionModel model, Log original, long seed) throws IOException {
        String where = "seed " + seed + ", " + copy.getFileName();
        try (LogDirectory directory = open(copy, new UnsyncedFiles())) {
            Log log = log(directory);
            assertEquals(original.logEndOffset(), log.logEndOffset(), where);
            assertEquals(original.lastStableOffset(), log.lastStableOffset(), where);
            assertEquals(producers(original), producers(log), where);
            Map<String, String> expected = model.expectedValues(log.lastStableOffset());
            assertEquals(expected, CompactionModel.committedValues(log), where);
            Map<Long, String> content = CompactionModel.content(log);
            assertTrue(model.written().entrySet().containsAll(content.entrySet()), where);
            cleaner(directory, new Random(seed)).cleanDirtiest();
            assertEquals(expected, CompactionModel.committedValues(log), where);
        }
        assertEquals(List.of(), LogVerifier.verify(copy), where);
    }

    @Test
    void shouldKeepTheLogReadableWhateverChangeFails() throws IOException {
        for (int failing = 0; failing < 200; failing += 3) {
            CompactionModel model = new CompactionModel(new Random(7), clock);
            WatchedFiles files = new WatchedFiles();
            Path path = root.resolve("data-" + failing);
            LogDirectory directory = open(path, files);
            Log log = log(directory);
            model.append(log, 60);
            files.failAfter(failing);
            boolean cleaned = new LogCleaner(List.of(directory), LogCleanerConfig.DEFAULT).cleanDirtiest() != null;
            files.failAfter(Integer.MAX_VALUE);
            Map<String, String> expected = model.expectedValues(log.lastStableOffset());
            assertEquals(expected, CompactionModel.committedValues(log), "change " + failing);
            directory.abandon();
            try (LogDirectory again = open(path, files)) {
                assertEquals(expected, CompactionModel.committedValues(log(again)), "change " + failing);
            }
            assertEquals(List.of(), LogVerifier.verify(path), "change " + failing);
            if (cleaned) {
                return;
            }
        }
    }
}
