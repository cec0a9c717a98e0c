package io.ottla.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineTest {

    @TempDir
    private Path folder;

    @Test
    void shouldStartWithDefaultsWithoutArguments() throws IOException {
        CommandLine commandLine = CommandLine.parse();
        assertEquals(CommandLine.Action.START, commandLine.action());
        assertEquals(Map.of(), commandLine.properties());
    }

    @Test
    void shouldReadTheFileAndLetOverridesGoFirst() throws IOException {
        Path file = folder.resolve("server.properties");
        Files.writeString(file, "# comment\nnum.partitions=3\nlog.dirs = /data \nbroker.rack=a\n");
        CommandLine commandLine =
                CommandLine.parse(file.toString(), "--override", "num.partitions=5", "--override=broker.rack=b=c");
        assertEquals(
                Map.of("num.partitions", "5", "log.dirs", "/data", "broker.rack", "b=c"), commandLine.properties());
    }

    @Test
    void shouldTakeTheAddressOfTheControlEndPoint() {
        assertNull(CommandLine.parse().control());
        assertEquals(
                new ControlEndpoint.Address(null, 0),
                CommandLine.parse("--control-port", "0").control());
        assertEquals(
                new ControlEndpoint.Address("0.0.0.0", 8090),
                CommandLine.parse("--control-host", "0.0.0.0", "--control-port", "8090")
                        .control());
        for (String[] wrong : new String[][] {
            {"--control-port"}, {"--control-port", "-1"}, {"--control-port", "65536"}, {"--control-host", "localhost"}
        }) {
            assertThrows(CommandLine.UsageException.class, () -> CommandLine.parse(wrong));
        }
    }

    @Test
    void shouldKnowHelpAndVersion() {
        assertEquals(CommandLine.Action.HELP, CommandLine.parse("--help").action());
        assertEquals(
                CommandLine.Action.VERSION, CommandLine.parse("x", "--version").action());
    }

    @Test
    void shouldTakeAFolderToVerify() {
        CommandLine commandLine = CommandLine.parse("verify", "data");
        assertEquals(CommandLine.Action.VERIFY, commandLine.action());
        assertEquals(Path.of("data"), commandLine.file());
        assertEquals(
                CommandLine.Action.HELP, CommandLine.parse("verify", "--help").action());
    }

    @Test
    void shouldSayWhatIsWrong() {
        assertFailure("verify needs one data folder", "verify");
        assertFailure("verify needs one data folder", "verify", "a", "b");
        assertFailure("Unknown option --fix of verify", "verify", "--fix");
        assertFailure("Unknown option --overide", "--overide", "a=b");
        assertFailure("--override needs key=value", "--override");
        assertFailure("--override needs key=value, not a", "--override", "a");
        assertFailure("--override needs key=value, not =a", "--override", "=a");
        assertFailure("More than one configuration file: a and b", "a", "b");
    }

    @Test
    void shouldNameAFileThatIsNotThere() {
        Path file = folder.resolve("none.properties");
        IOException failure = assertThrows(
                IOException.class, () -> CommandLine.parse(file.toString()).properties());
        assertEquals("There is no configuration file " + file, failure.getMessage());
    }

    private static void assertFailure(String message, String... arguments) {
        CommandLine.UsageException failure =
                assertThrows(CommandLine.UsageException.class, () -> CommandLine.parse(arguments));
        assertTrue(failure.getMessage().startsWith(message), failure.getMessage());
    }
}
