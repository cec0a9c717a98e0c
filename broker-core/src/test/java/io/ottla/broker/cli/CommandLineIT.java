package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command line of the runnable jar. */
class CommandLineIT {
    @TempDir
    Path folder;

    @Test
    void shouldExplainItself() throws Exception {
        try (BrokerProcess help = BrokerProcess.run("--help");
                BrokerProcess version = BrokerProcess.run("--version")) {
            assertEquals(0, help.exitCode(), help::toString);
            assertTrue(help.stdout().contains("--override"), help::toString);
            assertTrue(help.stdout().contains("server.properties"), help::toString);
            assertEquals(0, version.exitCode(), version::toString);
            assertTrue(version.stdout().matches("(?is)ottla \\d+\\.\\d+\\.\\d+.*"), version::toString);
        }
    }

    @Test
    void shouldSayWhenItIsReady() throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(folder)) {
            assertTrue(broker.readyLine().contains(broker.bootstrapServers()), broker::toString);
            assertTrue(broker.readyLine().contains(folder.toString()), broker::toString);
            assertTrue(broker.readyLine().matches("(?s).*\\d+ ms.*"), broker::toString);
        }
    }

    @Test
    void shouldTakeAPropertiesFile() throws Exception {
        Path file = Files.writeString(
                folder.resolve("server.properties"),
                String.join(
                        "\n",
                        "# as Apache Kafka's",
                        "process.roles=broker,controller",
                        "node.id=7",
                        "controller.quorum.voters=7@localhost:9093",
                        "offsets.topic.replication.factor=1",
                        "no.such.key=1",
                        "num.partitions=4",
                        "listeners=PLAINTEXT://localhost:0",
                        "log.dirs=" + folder.resolve("data")));
        try (BrokerProcess broker = BrokerProcess.run(file.toString(), "--override", "num.partitions=2")) {
            broker.await("the broker is ready", () -> (broker.stdout() + broker.stderr()).contains("ready"));
            String server = " --bootstrap-server " + broker.bootstrapServers();
            Tool.TOPICS.run("--create --topic defaults" + server);

            String described = Tool.TOPICS.run("--describe --topic defaults" + server);

            assertTrue(described.contains("PartitionCount: 2"), described);
            assertTrue(described.contains("Leader: 7"), described);
            assertEquals(1, linesWith(broker, "process.roles").size(), broker::toString);
            List<String> unknown = linesWith(broker, "no.such.key");
            assertEquals(1, unknown.size(), broker::toString);
            assertTrue(unknown.get(0).contains("WARN"), broker::toString);
        }
    }

    private static List<String> linesWith(BrokerProcess broker, String text) {
        return (broker.stdout() + broker.stderr())
                .lines()
                .filter(line -> line.contains(text))
                .collect(Collectors.toList());
    }

    @Test
    void shouldNameABadValueAndWhatIsAllowed() throws Exception {
        assertRefuses("num.partitions", "--override", "num.partitions=none");
        assertRefuses("num.partitions", "--override", "num.partitions=0");
        assertRefuses("listeners", "--override", "listeners=nonsense");
        assertRefuses("no-such-file", folder.resolve("no-such-file").toString());
        assertRefuses("--no-such-option", "--no-such-option");
    }

    @Test
    void shouldNameAFolderThatItCannotUseAndWhy() throws Exception {
        String below = Files.writeString(folder.resolve("file"), "content") + "/data";
        assertRefuses(below + ": Not a directory", "--override", "log.dirs=" + below);
        assertEquals("content", Files.readString(folder.resolve("file")));
    }

    /** The kernel's own file system takes nobody's files, whatever his rights. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldNameAFolderThatTakesNoFiles() throws Exception {
        assertRefuses("NoSuchFileException: /proc/ottla", "--override", "log.dirs=/proc/ottla");
        assertRefuses("NoSuchFileException: /proc/self/.lock", "--override", "log.dirs=/proc/self");
    }

    private static void assertRefuses(String name, String... arguments) throws Exception {
        try (BrokerProcess broker = BrokerProcess.run(arguments)) {
            assertNotEquals(0, broker.exitCode(), broker::toString);
            List<String> lines = (broker.stdout() + broker.stderr()).lines().collect(Collectors.toList());
            assertTrue(lines.stream().anyMatch(line -> line.contains(name)), broker::toString);
            assertTrue(lines.size() <= 2, broker::toString);
        }
    }

    @Test
    void shouldNotShareADataFolder() throws Exception {
        try (BrokerProcess first = BrokerProcess.start(folder);
                BrokerProcess second = BrokerProcess.run(
                        "--override", "listeners=PLAINTEXT://localhost:0", "--override", "log.dirs=" + folder)) {
            assertNotEquals(0, second.exitCode(), second::toString);
            String output = second.stdout() + second.stderr();
            assertTrue(output.contains(folder.toString()), second::toString);
            assertTrue(output.contains("another"), second::toString);
            Tool.TOPICS.run("--list --bootstrap-server " + first.bootstrapServers());
        }
    }

    @Test
    void shouldVerifyADataFolder() throws Exception {
        Path data = folder.resolve("data");
        try (BrokerProcess broker = BrokerProcess.start(data)) {
            String server = " --bootstrap-server " + broker.bootstrapServers();
            Tool.CONSOLE_PRODUCER.run("--topic test-topic" + server, 0, "Hello Kafka", "This is message 2");
            assertVerified(2, "is used by another process", data);
            broker.terminate();
        }
        assertVerified(0, "Nothing is wrong in 2 logs with ", data);
        Path log = data.resolve("test-topic-0/00000000000000000000.log");
        byte[] bytes = Files.readAllBytes(log);
        bytes[bytes.length - 2] ^= 1;
        Files.write(log, bytes);
        assertVerified(1, log + " at position ", data);
        assertVerified(2, "is no folder", folder.resolve("none"));
        assertVerified(2, "is no data folder", Files.createDirectory(folder.resolve("empty")));
        try (BrokerProcess usage = BrokerProcess.run("verify")) {
            assertEquals(2, usage.exitCode(), usage::toString);
            assertTrue(usage.stderr().contains("verify needs one data folder"), usage::toString);
        }
    }

    private static void assertVerified(int exitCode, String part, Path data) throws Exception {
        try (BrokerProcess verify = BrokerProcess.run("verify", data.toString())) {
            assertEquals(exitCode, verify.exitCode(), verify::toString);
            assertTrue((verify.stdout() + verify.stderr()).contains(part), verify::toString);
        }
    }

    @Test
    void shouldNameATakenPort() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"));
                BrokerProcess broker = BrokerProcess.run(
                        "--override",
                        "listeners=PLAINTEXT://localhost:" + taken.getLocalPort(),
                        "--override",
                        "log.dirs=" + folder)) {
            assertNotEquals(0, broker.exitCode(), broker::toString);
            String output = broker.stdout() + broker.stderr();
            assertTrue(output.contains(Integer.toString(taken.getLocalPort())), broker::toString);
            assertTrue(output.lines().count() <= 3, broker::toString);
        }
    }
}
