package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupCommitTest {

    @TempDir
    Path path;

    private final BreakableFiles files = new BreakableFiles();
    private final ManualClock clock = new ManualClock(START_MS);
    private final Deque<Runnable> rounds = new ArrayDeque<>();
    private final List<String> told = new ArrayList<>();
    private LogDirectory directory;
    private Log log;
    private GroupCommit commits;

    /** The machine's files; counts fsyncs of logs instead of doing them, and fails them or the opening of directories. */
    private static final class BreakableFiles extends DelegatingFiles {

        private int syncs;
        private int directorySyncs;
        private boolean syncFails;
        private boolean openFails;

        BreakableFiles() {
            super(StorageFiles.system());
        }

        @Override
        StorageFile opened(StorageFile file) {
            return new DelegatingFile(file) {
                @Override
                public void sync() throws IOException {
                    syncs++;
                    if (syncFails) {
                        throw new IOException("Input/output error");
                    }
                }
            };
        }

        @Override
        public void syncDirectory(Path path) throws IOException {
            if (openFails) {
                throw new OpenFailedException(new IOException("Too many open files"));
            }
            directorySyncs++;
        }
    }

    @BeforeEach
    void open() throws IOException {
        directory = LogDirectory.open(
                path,
                StorageOptions.of(clock, (task, delayMs) -> {})
                        .withFiles(files)
                        .withFlushPolicy(FlushPolicy.POWER_SAFE));
        log = directory.open("topic", 0, Uuid.random(), TestLogs.SMALL_SEGMENTS);
        commits = new GroupCommit(log, rounds::add, () -> told.add("up to " + log.highWatermark()));
        files.syncs = 0;
    }

    @AfterEach
    void close() throws IOException {
        directory.abandon();
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    private void appendAndWait(String value) {
        long endOffset = append(log, batch(START_MS, value)).lastOffset() + 1;
        commits.whenCommitted(endOffset, failure -> told.add(value + (failure == null ? "" : " " + failure.error())));
    }

    private void runRound() {
        rounds.remove().run();
    }

    private void runRounds() {
        while (!rounds.isEmpty()) {
            runRound();
        }
    }

    @Test
    void shouldSyncOnceForAllWhoWait() {
        int waiting = 32;
        for (int i = 0; i < waiting; i++) {
            appendAndWait("x");
        }
        assertEquals(List.of(), told);
        assertEquals(0, log.highWatermark());
        int before = log.segmentCount();
        runRounds();
        assertEquals(before, files.syncs, "one fsync of each segment");
        assertEquals(waiting + 1, told.size());
        assertEquals("up to 32", told.get(0), "readers hear of it before those who wait");
        assertEquals(waiting, log.highWatermark());
    }

    @Test
    void shouldBeginTheNextRoundForThoseWhoCameMeanwhile() {
        appendAndWait("a");
        Runnable first = rounds.remove();
        appendAndWait("b");
        assertTrue(rounds.isEmpty(), "one round at a time");
        first.run();
        // The first round began after both had been appended.
        assertEquals(List.of("up to 2", "a", "b"), told);
        runRounds();
        assertEquals(1, files.syncs);
        appendAndWait("c");
        runRound();
        assertEquals(2, files.syncs);
        assertEquals(List.of("up to 2", "a", "b", "up to 3", "c"), told);
    }

    @Test
    void shouldTellAtOnceWhatIsSyncedAlready() {
        appendAndWait("a");
        runRounds();
        told.clear();
        commits.whenCommitted(1, failure -> told.add("again"));
        assertEquals(List.of("again"), told);
        assertTrue(rounds.isEmpty());
    }

    @Test
    void shouldAcknowledgeNothingAfterAFailedSync() {
        appendAndWait("a");
        appendAndWait("b");
        files.syncFails = true;
        runRounds();
        assertEquals(List.of("a KAFKA_STORAGE_ERROR", "b KAFKA_STORAGE_ERROR"), told);
        files.syncFails = false;
        commits.whenCommitted(2, failure -> told.add("later " + failure.error()));
        runRounds();
        assertEquals("later KAFKA_STORAGE_ERROR", told.get(2));
        assertEquals(0, log.highWatermark());
        LogTest.assertError(ErrorCode.KAFKA_STORAGE_ERROR, () -> append(log, batch(START_MS, "c")));
        assertEquals(List.of("a", "b"), TestLogs.values(log, 0));
    }

    @Test
    void shouldTryAgainWhatCouldNotBeOpenedForSyncing() {
        log.rollSegment();
        while (log.segmentCount() < 2) {
            append(log, batch(START_MS, "x"));
        }
        files.openFails = true;
        appendAndWait("a");
        runRounds();
        assertEquals(List.of("a KAFKA_STORAGE_ERROR"), told);
        assertEquals(0, log.highWatermark());
        files.openFails = false;
        appendAndWait("b");
        runRounds();
        assertEquals("b", told.get(2));
        assertEquals(log.logEndOffset(), log.highWatermark());
    }

    @Test
    void shouldSyncTheNamesOfNewFiles() throws IOException {
        int before = files.directorySyncs;
        directory.open("other", 0, Uuid.random(), TestLogs.SMALL_SEGMENTS);
        assertTrue(files.directorySyncs >= before + 2, "that of the log and that of its directory");
        int opened = files.directorySyncs;
        appendAndWait("a");
        runRounds();
        assertEquals(opened, files.directorySyncs);
        log.rollSegment();
        appendAndWait("b");
        runRounds();
        assertEquals(opened + 1, files.directorySyncs);
    }

    @Test
    void shouldKeepReadableWhatWasReadableWhenThePolicyChanges() throws IOException {
        LogDirectory relaxed = LogDirectory.open(
                path.resolve("relaxed"),
                StorageOptions.of(clock, (task, delayMs) -> {}).withFiles(files));
        Log other = relaxed.open("topic", 0, Uuid.ZERO, TestLogs.SMALL_SEGMENTS);
        append(other, batch(START_MS, "a"));
        assertEquals(1, other.highWatermark());
        assertTrue(other.mayAcknowledge(1));
        other.config(TestLogs.SMALL_SEGMENTS.toBuilder().flushMessages(1).build());
        append(other, batch(START_MS, "b"));
        assertEquals(1, other.highWatermark());
        assertFalse(other.mayAcknowledge(1));
        other.syncRecords();
        assertEquals(2, other.highWatermark());
        append(other, batch(START_MS, "c"));
        other.config(TestLogs.SMALL_SEGMENTS);
        assertEquals(3, other.highWatermark());
        assertTrue(other.mayAcknowledge(3));
        relaxed.close();
    }

    @Test
    void shouldFailWhoWaitsWhenTheExecutorIsClosed() {
        GroupCommit late = new GroupCommit(
                log,
                task -> {
                    throw new java.util.concurrent.RejectedExecutionException();
                },
                () -> {});
        long endOffset = append(log, batch(START_MS, "a")).lastOffset() + 1;
        List<ApiException> failures = new ArrayList<>();
        late.whenCommitted(endOffset, failures::add);
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, failures.get(0).error());
    }
}
