package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs that are emptied in place, and what that costs. */
class EmptiedLogTest {

    private static final Uuid TOPIC_ID = Uuid.random();

    @TempDir
    Path root;

    private final ManualClock clock = new ManualClock(START_MS);
    private final TestScheduler scheduler = new TestScheduler();
    private final CountedFiles files = new CountedFiles();
    private LogDirectory directory;

    /** Writes down what is asked of the file system, and never syncs. */
    private static final class CountedFiles extends DelegatingFiles {

        private final List<String> calls = new ArrayList<>();

        CountedFiles() {
            super(new UnsyncedFiles());
        }

        private void note(String call, Path path) {
            calls.add(call + " " + path.getFileName());
        }

        @Override
        public boolean isSynced() {
            return false;
        }

        @Override
        public StorageFile openForWriting(Path path) throws IOException {
            note(super.exists(path) ? "open" : "make", path);
            return super.openForWriting(path);
        }

        @Override
        public StorageFile openExisting(Path path) throws IOException {
            note("open", path);
            return super.openExisting(path);
        }

        @Override
        public StorageFile openForReading(Path path) throws IOException {
            note("read", path);
            return super.openForReading(path);
        }

        @Override
        public boolean exists(Path path) {
            note("look for", path);
            return super.exists(path);
        }

        @Override
        public List<Path> list(Path path) throws IOException {
            note("list", path);
            return super.list(path);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            note("rename", from);
            super.rename(from, to);
        }

        @Override
        public boolean deleteIfExists(Path path) throws IOException {
            note("delete", path);
            return super.deleteIfExists(path);
        }
    }

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(root, StorageOptions.of(clock, scheduler).withFiles(files));
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(root));
    }

    private Log log() throws IOException {
        return directory.open("orders", 0, TOPIC_ID, LogConfig.DEFAULT, 0);
    }

    private Log emptied() throws IOException {
        assertTrue(directory.empty("orders", 0, TOPIC_ID, LogConfig.DEFAULT, 0));
        return log();
    }

    private void dieAndOpen() throws IOException {
        directory.abandon();
        open();
    }

    private static void fill(Log log) {
        for (int part = 0; part < 2; part++) {
            append(log, batch(START_MS, "v".repeat(EmptiedLog.MAX_EMPTIED_SIZE_BYTES / 2)));
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(root.resolve("orders-0"))) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void shouldEmptyAFewRecordsWithoutMakingRenamingOrDeletingFiles() throws IOException {
        append(log(), batch(START_MS, "a", "b"));
        files.calls.clear();
        Log log = emptied();
        assertEquals(
                List.of("list orders-0", "open 00000000000000000000.log", "open 00000000000000000000.log"),
                files.calls);
        assertEquals(0, scheduler.size());
        assertEquals(0, log.logEndOffset());
        assertEquals(-1, log.latestLeaderEpoch());
        append(log, batch(START_MS, "c"));
        assertEquals(List.of("c"), TestLogs.values(log, 0));
        assertEquals(0, log.latestLeaderEpoch());
    }

    @Test
    void shouldLeaveManyRecordsToBeDeletedLater() throws IOException {
        for (int round = 0; round < 2; round++) {
            fill(log());
            assertEquals(0, emptied().logEndOffset());
        }
        assertEquals(
                2, names().stream().filter(name -> name.endsWith(".deleted")).count());
        assertEquals(2, scheduler.size());
        append(log(), batch(START_MS, "c"));
        scheduler.runUpTo(0);
        assertEquals(
                0, names().stream().filter(name -> name.endsWith(".deleted")).count());
        assertEquals(List.of("c"), TestLogs.values(log(), 0));
    }

    @Test
    void shouldFindNothingOfThemAfterTheProcessHasDied() throws IOException {
        append(log(), batch(START_MS, "a"));
        fill(log());
        emptied();
        dieAndOpen();
        assertEquals(0, log().logEndOffset());
        assertEquals(-1, log().latestLeaderEpoch());
        assertFalse(names().stream().anyMatch(name -> name.endsWith(".deleted")));
        append(log(), batch(START_MS, "b"));
        emptied();
        append(log(), batch(START_MS, "c"));
        dieAndOpen();
        assertEquals(List.of("c"), TestLogs.values(log(), 0));
    }

    @Test
    void shouldEmptyWhatAnEarlierProcessHasWritten() throws IOException {
        append(log(), batch(START_MS, "a"));
        directory.close();
        open();
        assertEquals(1, log().logEndOffset());
        assertEquals(0, emptied().logEndOffset());
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(root));
        open();
        append(log(), batch(START_MS, "b"));
        assertEquals(List.of("b"), TestLogs.values(log(), 0));
    }

    @Test
    void shouldNotEmptyWhatHasToOutliveThePowerOrHasSeveralSegments() throws IOException {
        Log log = directory.open("many", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS, 0);
        while (log.segments().length == 1) {
            append(log, batch(START_MS, "v".repeat(100)));
        }
        assertFalse(directory.empty("many", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS, 0));
        assertTrue(log.logEndOffset() > 0);
    }

    @Test
    void shouldDeleteWhatWaitsForThatWhenAsked() throws IOException {
        append(log(), batch(START_MS, "a"));
        directory.delete("orders", 0);
        scheduler.runUpTo(0);
        assertEquals(1, retired());
        directory.hastenDeletion();
        scheduler.runUpTo(0);
        assertEquals(0, retired());
        directory.hastenDeletion();
        scheduler.runAll();
    }

    private long retired() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> entry.toString().endsWith(PartitionDirectory.DELETE_SUFFIX))
                    .count();
        }
    }
}
