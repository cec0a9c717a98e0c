package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Partitions' directories that do not say to which topic they belong. */
class NamelessDirectoryTest {

    private static final Uuid OLD = new Uuid(1, 1);
    private static final Uuid NEW = new Uuid(1, 2);

    @TempDir
    Path data;

    private final ManualClock clock = new ManualClock(START_MS);

    @AfterEach
    void verify() throws IOException {
        assertEquals(List.of(), LogVerifier.verify(data));
    }

    private LogDirectory open() throws IOException {
        return open(new UnsyncedFiles());
    }

    private LogDirectory open(StorageFiles files) throws IOException {
        return LogDirectory.open(
                data, StorageOptions.of(clock, new TestScheduler()).withFiles(files));
    }

    private static Log open(LogDirectory directory, Uuid topicId) throws IOException {
        return directory.open("topic", 0, topicId, TestLogs.SMALL_SEGMENTS);
    }

    private void write(Uuid topicId, boolean cleanly) throws IOException {
        LogDirectory directory = open();
        append(open(directory, topicId), batch(START_MS, "old"));
        if (cleanly) {
            directory.close();
        } else {
            directory.abandon();
        }
    }

    private Path metadata() {
        return data.resolve("topic-0").resolve(PartitionMetadataFile.FILE_NAME);
    }

    private List<Path> strays() throws IOException {
        try (var entries = Files.list(data)) {
            return entries.filter(entry -> entry.getFileName().toString().matches("topic-0\\.[0-9a-f]{32}-stray"))
                    .toList();
        }
    }

    private void assertBeginsAnew() throws IOException {
        try (LogDirectory directory = open()) {
            Log log = open(directory, NEW);
            assertEquals(0, log.logEndOffset());
            assertEquals(0, append(log, batch(START_MS, "new")).baseOffset());
        }
        assertEquals(1, strays().size());
        assertTrue(Files.size(strays().get(0).resolve("00000000000000000000.log")) > 0);
        try (LogDirectory directory = open()) {
            assertEquals(List.of("new"), TestLogs.values(open(directory, NEW), 0));
        }
        assertEquals(1, strays().size());
    }

    @Test
    void shouldNotGiveRecordsToATopicAfterACrashThatMayBeAnothers() throws IOException {
        write(OLD, false);
        Files.delete(metadata());
        assertBeginsAnew();
    }

    @Test
    void shouldNotTrustAFileThatThePowerFailureHasLeftWithoutContent() throws IOException {
        write(OLD, false);
        Files.write(metadata(), new byte[43]);
        assertBeginsAnew();
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 21, 42})
    void shouldNotTrustAFileWhoseEndThePowerFailureHasTaken(int bytesLeft) throws IOException {
        write(OLD, false);
        byte[] whole = Files.readAllBytes(metadata());
        Files.write(metadata(), Arrays.copyOf(whole, bytesLeft));
        assertBeginsAnew();
        Path again = strays().get(0).resolve(PartitionMetadataFile.FILE_NAME);
        byte[] endsWithZeros = Arrays.copyOf(Arrays.copyOf(whole, bytesLeft), whole.length);
        Files.write(again, endsWithZeros);
        assertNull(PartitionMetadataFile.read(StorageFiles.system(), strays().get(0)));
    }

    /** All records had been deleted, but they were there. */
    @Test
    void shouldNotBeginWhereAnotherTopicEnded() throws IOException {
        try (LogDirectory directory = open()) {
            Log log = open(directory, OLD);
            append(log, batch(START_MS, "old"));
            log.deleteRecordsBefore(1);
            directory.checkpoint();
            directory.abandon();
        }
        Files.delete(metadata());
        Files.write(data.resolve("topic-0").resolve("00000000000000000000.log"), new byte[0]);
        try (LogDirectory directory = open()) {
            assertEquals(0, open(directory, NEW).logStartOffset());
        }
        assertEquals(1, strays().size());
    }

    @Test
    void shouldKeepADirectoryThatNeverHadARecord() throws IOException {
        LogDirectory directory = open();
        open(directory, NEW);
        directory.abandon();
        Files.delete(metadata());
        try (LogDirectory again = open()) {
            append(open(again, NEW), batch(START_MS, "new"));
        }
        assertEquals(NEW, PartitionMetadataFile.read(StorageFiles.system(), data.resolve("topic-0")));
        assertEquals(List.of(), strays());
    }

    /** All of it is on the device then: who took the file away was no crash. */
    @Test
    void shouldKeepWhatACleanStopHasLeft() throws IOException {
        write(OLD, true);
        Files.delete(metadata());
        try (LogDirectory directory = open()) {
            assertEquals(List.of("old"), TestLogs.values(open(directory, NEW), 0));
        }
        assertEquals(NEW, PartitionMetadataFile.read(StorageFiles.system(), data.resolve("topic-0")));
        assertEquals(List.of(), strays());
    }

    /** The cluster's metadata have one id for ever. */
    @Test
    void shouldKeepTheMetadata() throws IOException {
        write(Uuid.ONE, false);
        Files.delete(metadata());
        try (LogDirectory directory = open()) {
            assertEquals(List.of("old"), TestLogs.values(open(directory, Uuid.ONE), 0));
        }
        assertEquals(List.of(), strays());
    }

    @Test
    void shouldNotServeWhatADeletionCouldNotRename() throws IOException {
        boolean[] stuck = {true};
        try (LogDirectory directory = open(new DelegatingFiles(new UnsyncedFiles()) {
            @Override
            public void rename(Path from, Path to) throws IOException {
                if (stuck[0] && from.endsWith("topic-0")) {
                    throw new IOException("the directory is in use");
                }
                super.rename(from, to);
            }
        })) {
            append(open(directory, OLD), batch(START_MS, "old"));
            assertThrows(ApiException.class, () -> directory.delete("topic", 0));
            assertThrows(ApiException.class, () -> open(directory, NEW));
            stuck[0] = false;
            Log log = open(directory, NEW);
            assertEquals(0, log.logEndOffset());
            append(log, batch(START_MS, "new"));
        }
        assertEquals(1, strays().size());
    }
}
