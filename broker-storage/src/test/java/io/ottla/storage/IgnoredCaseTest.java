package io.ottla.storage;

import static io.ottla.storage.TestLogs.START_MS;
import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A data directory where the file system does not tell upper case from lower case. */
class IgnoredCaseTest {

    @TempDir
    Path root;

    private final ManualClock clock = new ManualClock(START_MS);
    private final TestScheduler scheduler = new TestScheduler();
    private Path data;
    private LogDirectory directory;

    /** Finds files by their names in any case, as macOS and Windows do. */
    private final class IgnoringFiles extends DelegatingFiles {

        IgnoringFiles() {
            super(new UnsyncedFiles());
        }

        private Path found(Path path) {
            Path found = root;
            for (Path name : root.relativize(path)) {
                found = found.resolve(nameIn(found, name.toString()));
            }
            return found;
        }

        private static String nameIn(Path directory, String name) {
            try (Stream<Path> entries = Files.list(directory)) {
                return entries.map(entry -> entry.getFileName().toString())
                        .filter(name::equalsIgnoreCase)
                        .findAny()
                        .orElse(name);
            } catch (IOException e) {
                return name;
            }
        }

        @Override
        public boolean exists(Path path) {
            return super.exists(found(path));
        }

        @Override
        public boolean isDirectory(Path path) {
            return super.isDirectory(found(path));
        }

        @Override
        public void createDirectories(Path path) throws IOException {
            super.createDirectories(found(path));
        }

        @Override
        public StorageFile openForWriting(Path path) throws IOException {
            return super.openForWriting(found(path));
        }

        @Override
        public List<Path> list(Path path) throws IOException {
            return super.list(found(path));
        }
    }

    @BeforeEach
    void open() throws IOException {
        data = root.resolve("data");
        directory = open(new IgnoringFiles());
    }

    @AfterEach
    void close() throws IOException {
        directory.close();
        assertEquals(List.of(), LogVerifier.verify(data));
    }

    private LogDirectory open(StorageFiles files) throws IOException {
        return LogDirectory.open(data, StorageOptions.of(clock, scheduler).withFiles(files));
    }

    private Log open(String topic, int partition) throws IOException {
        return directory.open(topic, partition, Uuid.ZERO, LogConfig.DEFAULT);
    }

    private void assertRefused(String topic, int partition, String other) {
        IOException refused = assertThrows(IOException.class, () -> open(topic, partition));
        assertEquals(
                data.resolve(topic + "-" + partition) + " would be the directory of " + other
                        + ": this file system does not tell upper case from lower case",
                refused.getMessage());
    }

    @Test
    void shouldRefuseALogWhoseDirectoryWouldBeAnothers() throws IOException {
        Log log = open("Orders", 0);
        append(log, batch(START_MS, "a"));
        assertRefused("orders", 0, "Orders-0");
        append(open("orders", 1), batch(START_MS, "b"));
        // Neither is anything taken from the one that is there when the one that is not is deleted.
        directory.delete("orders", 0);
        scheduler.runAll();
        assertEquals(List.of("a"), TestLogs.values(log, 0));
        directory.close();
        directory = open(new IgnoringFiles());
        assertRefused("ORDERS", 1, "orders-1");
        assertEquals(List.of("a"), TestLogs.values(open("Orders", 0), 0));
    }

    @Test
    void shouldTakeTheNameOfALogThatIsDeleted() throws IOException {
        append(open("Orders", 0), batch(START_MS, "a"));
        directory.delete("Orders", 0);
        append(open("orders", 0), batch(START_MS, "b"));
        scheduler.runAll();
        assertEquals(List.of("b"), TestLogs.values(open("orders", 0), 0));
    }

    @Test
    void shouldKeepBothWhereCaseTells() throws IOException {
        directory.close();
        directory = open(new UnsyncedFiles());
        append(open("Orders", 0), batch(START_MS, "a"));
        append(open("orders", 0), batch(START_MS, "b"));
        assertEquals(List.of("a"), TestLogs.values(open("Orders", 0), 0));
        assertEquals(List.of("b"), TestLogs.values(open("orders", 0), 0));
        assertTrue(Files.exists(data.resolve("Orders-0")));
    }
}
