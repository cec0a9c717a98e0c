package io.ottla.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts the broker as users do, as a process. */
class MainTest {

    private static final int PATIENCE_SECONDS = 60;
    private static final int EXIT_BY_SIGTERM = 128 + 15;

    @TempDir
    private Path folder;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endProcesses() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void shouldSayOnceWhenItIsReadyAndStopOnSigterm() throws Exception {
        Process broker = start("--override", "listeners=PLAINTEXT://localhost:0", "--override", "log.dirs=" + data());
        try (BufferedReader out = broker.inputReader(StandardCharsets.UTF_8)) {
            String ready = lineWith(out, "is ready");
            assertTrue(
                    ready.matches(".*is ready on localhost:[1-9][0-9]* after [0-9]+ ms, data in "
                            + Pattern.quote(data().toString()) + ".*"),
                    ready);
            broker.toHandle().destroy(); // Process.destroy would close the streams as well
            lineWith(out, "Stopped");
            assertTrue(broker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
            assertEquals(EXIT_BY_SIGTERM, broker.exitValue());
        }
    }

    /** The loggers belong to the process, so those who reach its broker may change them. */
    private static void changeALevel(String address) throws Exception {
        ConfigResource loggers = new ConfigResource(ConfigResource.Type.BROKER_LOGGER, "1");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            AlterConfigOp set = new AlterConfigOp(new ConfigEntry("io.netty", "ERROR"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(loggers, List.of(set))).all().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertEquals(
                    "ERROR",
                    admin.describeConfigs(List.of(loggers))
                            .all()
                            .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                            .get(loggers)
                            .get("io.netty")
                            .value());
        }
    }

    @Test
    void shouldOpenTheControlEndPointAndKeepItsData() throws Exception {
        Process broker = start(
                "--control-port",
                "0",
                "--override",
                "listeners=PLAINTEXT://localhost:0",
                "--override",
                "log.dirs=" + data());
        try (BufferedReader out = broker.inputReader(StandardCharsets.UTF_8)) {
            URI control = URI.create(lineWith(out, "Control is open").replaceFirst(".*reach ", ""));
            String address = lineWith(out, "is ready").replaceFirst(".*ready on (\\S+) .*", "$1");
            HttpResponse<String> created = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(control.resolve("/topics"))
                                    .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"orders\"}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(201, created.statusCode(), created::body);
            changeALevel(address);
            broker.toHandle().destroy();
            lineWith(out, "Stopped");
            assertTrue(broker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
        assertTrue(Files.exists(data().resolve("orders-0")));
    }

    @Test
    void shouldReadAPropertiesFile() throws Exception {
        Path file = folder.resolve("server.properties");
        Files.writeString(
                file,
                "listeners=PLAINTEXT://localhost:0\nlog.dirs=" + data()
                        + "\nprocess.roles=broker\ncontroller.quorum.voters=1@localhost:9093\nno.such.key=1\n");
        Process broker = start(file.toString());
        try (BufferedReader out = broker.inputReader(StandardCharsets.UTF_8)) {
            String log = linesUpTo(out, "is ready");
            assertEquals(1, log.split("without effect", -1).length - 1, log);
            assertTrue(log.contains("controller.quorum.voters, process.roles"), log);
            assertTrue(log.contains("Unknown configuration key no.such.key is ignored"), log);
        }
    }

    @Test
    void shouldEndWithOneLineForABadValue() throws Exception {
        assertFailure("num.partitions", start("--override", "num.partitions=many"));
    }

    @Test
    void shouldEndWithOneLineWhenThePortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            Process broker = start(
                    "--override",
                    "listeners=PLAINTEXT://localhost:" + taken.getLocalPort(),
                    "--override",
                    "log.dirs=" + data());
            assertFailure("the port is taken", broker);
        }
    }

    @Test
    void shouldEndWithOneLineWhenTheDataFolderIsUsed() throws Exception {
        String[] arguments = {"--override", "listeners=PLAINTEXT://localhost:0", "--override", "log.dirs=" + data()};
        Process first = start(arguments);
        try (BufferedReader out = first.inputReader(StandardCharsets.UTF_8)) {
            lineWith(out, "is ready");
            assertFailure(data() + " is used by another process", start(arguments));
        }
    }

    @Test
    void shouldEndWithOneLineWhenTheMetadataIsNotWhole() throws Exception {
        Path log = Files.createDirectories(data().resolve("__cluster_metadata-0"));
        Files.createFile(log.resolve("00000000000000000007.log"));
        assertFailure(
                "begins at offset 7",
                start("--override", "listeners=PLAINTEXT://localhost:0", "--override", "log.dirs=" + data()));
    }

    @Test
    void shouldEndWithOneLineForAnUnknownOption() throws Exception {
        assertFailure("Unknown option --port", start("--port"));
    }

    @Test
    void shouldPrintHelpAndVersion() throws Exception {
        Process help = start("--help");
        assertEquals(CommandLine.USAGE, new String(help.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, help.waitFor());
        Process version = start("--version");
        assertTrue(new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8).startsWith("Ottla "));
        assertEquals(0, version.waitFor());
    }

    private Path data() {
        return folder.resolve("data").toAbsolutePath();
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = Stream.concat(
                        Stream.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Main.class.getName()),
                        Stream.of(arguments))
                .toList();
        Process process = new ProcessBuilder(command).directory(folder.toFile()).start();
        started.add(process);
        return process;
    }

    private static String linesUpTo(BufferedReader out, String part) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            lines.append(line).append('\n');
            if (line.contains(part)) {
                return lines.toString();
            }
        }
        throw new IOException("The process ended without a line with '" + part + "': " + lines);
    }

    private static String lineWith(BufferedReader out, String part) throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.contains(part)) {
                return line;
            }
        }
        throw new IOException("The process ended without a line with '" + part + "'");
    }

    private static void assertFailure(String part, Process process) throws Exception {
        List<String> lines;
        try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
            lines = err.lines().toList();
        }
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertEquals(1, process.exitValue());
        assertEquals(1, lines.size(), () -> String.join("\n", lines));
        assertTrue(lines.get(0).contains(part), lines.get(0));
    }
}
