package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.tools.ClientMetricsCommand;
import org.apache.kafka.tools.ClusterTool;
import org.apache.kafka.tools.DeleteRecordsCommand;
import org.apache.kafka.tools.FeatureCommand;
import org.apache.kafka.tools.GetOffsetShell;
import org.apache.kafka.tools.LeaderElectionCommand;
import org.apache.kafka.tools.LogDirsCommand;
import org.apache.kafka.tools.MetadataQuorumCommand;
import org.apache.kafka.tools.reassign.ReassignPartitionsCommand;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tools that look after a broker, with their main options, in this JVM. The transcript beside this class is what they print against Apache
 * Kafka: {@code -Dapache.kafka=host:port} runs the test there, on a broker that has no topic yet.
 */
class OperationsToolsTest {
    private static final String APACHE_KAFKA = System.getProperty("apache.kafka");
    private static final long FIRST_RECORD_MS = 1_767_225_600_000L;

    /** The test's logging goes to stdout as well. */
    private static final Pattern LOG_OR_TRACE =
            Pattern.compile("^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]|\\s+at |Caused by)");

    private static final Map<String, String> FILES = Map.of(
            "<topics.json>", "{\"topics\":[{\"topic\":\"readings\"}],\"version\":1}",
            "<same.json>", "{\"version\":1,\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"replicas\":[1]}]}",
            "<other.json>",
                    "{\"version\":1,\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"replicas\":[2]}]}",
            "<delete.json>", "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"offset\":1}],\"version\":1}",
            "<too-far.json>", "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"offset\":9}],\"version\":1}");

    @TempDir
    Path folder;

    private interface Main {
        void run(String... arguments) throws Exception;
    }

    private static Main main(String tool) {
        return switch (tool) {
            case "client-metrics" -> ClientMetricsCommand::main;
            case "cluster" -> ClusterTool::main;
            case "delete-records" -> DeleteRecordsCommand::main;
            case "features" -> FeatureCommand::main;
            case "get-offsets" -> GetOffsetShell::main;
            case "leader-election" -> LeaderElectionCommand::main;
            case "log-dirs" -> LogDirsCommand::main;
            case "metadata-quorum" -> MetadataQuorumCommand::main;
            case "reassign-partitions" -> ReassignPartitionsCommand::main;
            default -> throw new IllegalArgumentException("No tool " + tool);
        };
    }

    @Test
    void shouldPrintWhatTheyPrintWithApacheKafka() throws Exception {
        if (APACHE_KAFKA != null) {
            assertTranscript(APACHE_KAFKA);
            return;
        }
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            assertTranscript(broker.bootstrapServers());
        }
    }

    private static void prepare(String server) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            admin.createTopics(List.of(new NewTopic("readings", 2, (short) 1), new NewTopic("alarms", 1, (short) 1)))
                    .all()
                    .get();
        }
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", server), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 3; i++) {
                producer.send(new ProducerRecord<>("readings", 0, FIRST_RECORD_MS + i * 1000L, null, "value"))
                        .get();
            }
        }
    }

    private void assertTranscript(String server) throws Exception {
        prepare(server);
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            Files.writeString(path(file.getKey()), file.getValue());
        }
        String expected;
        try (InputStream in = getClass().getResourceAsStream("operations.txt")) {
            expected = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        StringBuilder actual = new StringBuilder();
        for (String line : expected.lines().toList()) {
            if (line.startsWith("#")) {
                actual.append(line).append("\n\n");
            } else if (line.startsWith("$ ")) {
                actual.append(line)
                        .append('\n')
                        .append(run(line.substring(2), server))
                        .append("\n\n");
            }
        }
        // To be compared, and taken over after a run on Apache Kafka.
        Files.writeString(Path.of("target", "operations.txt"), actual);
        assertEquals(expected.strip(), actual.toString().strip());
    }

    private Path path(String name) {
        return folder.resolve(name.substring(1, name.length() - 1));
    }

    private String run(String command, String server) {
        String line = command.replace("<broker>", server);
        for (String file : FILES.keySet()) {
            line = line.replace(file, path(file).toString());
        }
        int space = line.indexOf(' ');
        String printed =
                print(main(line.substring(0, space)), line.substring(space + 1).split(" ", -1));
        return masked(printed.replace(server, "<broker>").replace(folder.toString(), "<folder>"));
    }

    private static String masked(String text) {
        return Tool.masked(text.replace('\t', ' '))
                .replaceAll("Cluster ?I[Dd]: [\\w-]{22}", "ClusterId: <id>")
                .replaceAll("\"directoryId\": \"[\\w-]{22}\"", "\"directoryId\": <id>")
                .replaceAll("directoryId=(?!AAAA)[\\w-]{22}", "directoryId=<id>")
                .replaceAll("HighWatermark: \\d+", "HighWatermark: <offset>")
                .replaceAll("(?m)^1 [\\w-]{22} \\d+ 0 \\d+ \\d+ Leader", "1 <id> <offset> 0 <time> <time> Leader")
                .replaceAll("localhost:\\d+", "localhost:<port>")
                .replaceAll("(?m)^1 localhost \\d+", "1 localhost <port>")
                .replaceAll("\"log_dirs\":\\[\"/[^\"]+\"", "\"log_dirs\":[<folder>")
                .replaceAll("\"logDir\":\"[^\"]+\"", "\"logDir\":<folder>");
    }

    private static String print(Main main, String... arguments) {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(both);
        System.setErr(both);
        List<Integer> exitCodes = new ArrayList<>();
        Exit.setExitProcedure((status, message) -> {
            exitCodes.add(status);
            throw new ToolExit(status);
        });
        try {
            main.run(arguments);
        } catch (ToolExit e) {
            assertEquals(e.status, exitCodes.get(exitCodes.size() - 1));
        } catch (Exception e) {
            both.println(e);
        } finally {
            System.setErr(stderr);
            Exit.resetExitProcedure();
            System.setOut(stdout);
        }
        // Some tools catch whatever is thrown here, and exit once more.
        if (!exitCodes.isEmpty() && exitCodes.get(0) != 0) {
            both.println("exit code " + exitCodes.get(0));
        }
        String exit = ToolExit.class.getName();
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank()
                        && !line.contains(exit)
                        && !line.equals("the tool exits")
                        && !LOG_OR_TRACE.matcher(line).find())
                .collect(Collectors.joining("\n"));
    }

    private static final class ToolExit extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final int status;

        ToolExit(int status) {
            super("the tool exits", null, false, false);
            this.status = status;
        }
    }
}
