package io.ottla.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start makes of what moves have left; when they were cut short, {@link StoreSimulationTest} tries out. */
class InterruptedMovesTest {

    private static final Uuid ID = new Uuid(4, 2);

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private final StorageOptions options = StorageOptions.of(clock, (task, delayMs) -> task.run());
    private final List<LogDirectory> directories = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        for (String name : List.of("a", "b")) {
            directories.add(LogDirectory.open(folder.resolve(name), options));
        }
    }

    @AfterEach
    void stop() throws IOException {
        directories.forEach(LogDirectory::close);
        for (String name : List.of("a", "b")) {
            assertEquals(List.of(), LogVerifier.verify(folder.resolve(name), StorageFiles.system()));
        }
    }

    private void restart() throws IOException {
        directories.forEach(LogDirectory::abandon);
        directories.clear();
        start();
    }

    private Log open(int directory) throws IOException {
        return directories.get(directory).open("orders", 0, ID, LogConfig.DEFAULT);
    }

    private Log fill(int directory, int count) throws IOException {
        Log log = open(directory);
        for (int i = 0; i < count; i++) {
            log.append(
                    new RecordBatchBuilder()
                            .append(clock.timeMs(), null, new byte[100])
                            .build(),
                    AppendOrigin.CLIENT,
                    0);
        }
        return log;
    }

    private LogMove begin(Log log) throws IOException {
        return LogMove.begin(log, directories.get(0), directories.get(1), ID);
    }

    private List<String> names(String directory) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(directory))) {
            return files.map(file -> file.getFileName().toString().replaceAll("[0-9a-f]{32}", "<id>"))
                    .filter(file -> file.startsWith("orders"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void shouldTakeACopyAwayAndSayWhereItWasGoingTo() throws IOException {
        LogMove move = begin(fill(0, 10));
        assertTrue(move.copy(300) > 0);
        assertTrue(move.endOffset() > 0 && move.endOffset() < 10);
        assertEquals(10 - move.endOffset(), move.offsetLag());
        move.interrupt();
        restart();
        assertEquals(List.of("orders-0.<id>-future"), names("b"));
        List<InterruptedMoves.Unfinished> unfinished = InterruptedMoves.settle(directories);
        assertEquals(1, unfinished.size());
        assertEquals("orders", unfinished.get(0).log().topic());
        assertEquals(directories.get(1), unfinished.get(0).target());
        assertEquals(List.of(), names("b"));
        assertEquals(10, open(0).logEndOffset());
    }

    @Test
    void shouldLetTheNewerOfTwoLogsCount() throws IOException {
        Log log = fill(0, 10);
        LogMove move = begin(log);
        while (move.copy(1000) > 0) {
            // All of it.
        }
        assertTrue(move.prepare());
        copy("a/orders-0", "old");
        Log[] moved = new Log[1];
        assertTrue(move.swap(inPlace -> moved[0] = inPlace));
        assertNull(directories.get(0).log("orders", 0));
        assertEquals(moved[0], directories.get(1).log("orders", 0));
        // As if the process had died before it could take the old one away.
        Files.createFile(folder.resolve("b/orders-0").resolve(DirectoryMoves.MARKER));
        copy("old", "a/orders-0");
        restart();
        assertEquals(List.of(), InterruptedMoves.settle(directories));
        assertEquals(Map.of(), InterruptedMoves.doubles(directories));
        assertEquals(List.of(), names("a"));
        assertFalse(Files.exists(folder.resolve("b/orders-0").resolve(DirectoryMoves.MARKER)));
        assertEquals(10, open(1).logEndOffset());
    }

    private void copy(String from, String to) throws IOException {
        Path target = Files.createDirectory(folder.resolve(to));
        try (Stream<Path> files = Files.list(folder.resolve(from))) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void shouldNotDecideBetweenTwoLogsThatLookAlike() throws IOException {
        fill(0, 10);
        copy("a/orders-0", "b/orders-0");
        restart();
        assertEquals(List.of(), InterruptedMoves.settle(directories));
        LogDamageException doubt = InterruptedMoves.doubles(directories).get("orders-0");
        assertEquals(
                folder.resolve("a/orders-0") + " cannot be right: there is another log of this partition, "
                        + folder.resolve("b/orders-0"),
                doubt.getMessage());
        assertEquals(List.of("orders-0"), names("a"));
        assertEquals(List.of("orders-0"), names("b"));
        directories.get(1).delete("orders", 0);
    }

    /** The directory of the original is not among the log directories any more. */
    @Test
    void shouldKeepACopyThatNothingIsTheOriginalOf() throws IOException {
        LogMove move = begin(fill(0, 10));
        move.copy(300);
        move.interrupt();
        directories.get(0).delete("orders", 0);
        restart();
        assertEquals(List.of(), InterruptedMoves.settle(directories));
        assertEquals(List.of("orders-0.<id>-stray"), names("b"));
    }

    @Test
    void shouldGiveUpACopy() throws IOException {
        Log log = fill(0, 10);
        LogMove move = begin(log);
        move.copy(300);
        assertEquals(List.of("orders-0.<id>-future"), names("b"));
        move.giveUp();
        assertEquals(List.of(), names("b"));
        assertEquals(0, move.copy(300));
        assertFalse(move.prepare());
        assertFalse(move.swap(inPlace -> {}));
        fill(0, 5);
        assertEquals(15, log.logEndOffset());
        begin(log).giveUp();
    }
}
