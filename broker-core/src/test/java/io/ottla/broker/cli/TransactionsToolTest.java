package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.admin.KafkaWire;
import io.ottla.broker.clients.Await;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.tools.FeatureCommand;
import org.apache.kafka.tools.TransactionsCommand;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * {@code kafka-transactions} and {@code kafka-features} with each of their commands, in this JVM. The transcripts beside this class
 * are what they print against Apache Kafka: {@code -Dapache.kafka=host:port} runs one test there, on a fresh broker of node.id 1.
 */
class TransactionsToolTest {
    private static final String APACHE_KAFKA = System.getProperty("apache.kafka");

    /** The test's logging goes to stdout as well. */
    private static final Pattern LOG_OR_TRACE = Pattern.compile("^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]|\tat )");

    /** The features whose levels are the same. */
    private static final Pattern OTHER_FEATURE =
            Pattern.compile("^Feature: (?!group\\.version|kraft\\.version|transaction\\.version).*");

    private EmbeddedBroker broker;
    private String server;
    private Producer<String, String> open;

    @BeforeEach
    void start() {
        broker = APACHE_KAFKA == null
                ? EmbeddedBroker.builder().config("node.id", 1).start()
                : null;
        server = APACHE_KAFKA == null ? broker.bootstrapServers() : APACHE_KAFKA;
    }

    @AfterEach
    void stop() {
        if (open != null) {
            open.close(Duration.ZERO);
        }
        if (broker != null) {
            broker.close();
        }
    }

    @Test
    void shouldShowAndEndTransactions() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            admin.createTopics(List.of(new NewTopic("orders", 2, (short) 1), new NewTopic("loose", 1, (short) 1)))
                    .all()
                    .get();
            try (Producer<String, String> done = begin("done", 0)) {
                done.commitTransaction();
            }
            Await.until("the markers are written", () -> admin.describeTransactions(Set.of("done"))
                    .description("done")
                    .get()
                    .state()
                    .equals(TransactionState.COMPLETE_COMMIT));
            open = begin("open", 0, 1);
            hang(admin);
        }
        assertTranscript("transactions.txt");
    }

    @Test
    void shouldShowAndChangeFeatures() throws Exception {
        assertTranscript("features.txt");
    }

    private Producer<String, String> begin(String transactionalId, int... partitions) throws Exception {
        Producer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", server, "transactional.id", transactionalId),
                new StringSerializer(),
                new StringSerializer());
        producer.initTransactions();
        producer.beginTransaction();
        for (int partition : partitions) {
            producer.send(new ProducerRecord<>("orders", partition, null, "value"))
                    .get();
        }
        return producer;
    }

    /** Writes what no coordinator knows of, an hour ago. */
    private void hang(Admin admin) throws Exception {
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.BROKER, ""),
                        List.of(new AlterConfigOp(
                                new ConfigEntry("transaction.partition.verification.enable", "false"),
                                AlterConfigOp.OpType.SET))))
                .all()
                .get();
        String[] address = server.split(":", -1);
        ProduceRequestData request = new ProduceRequestData()
                .setTransactionalId("nobody")
                .setAcks((short) -1)
                .setTimeoutMs(30_000);
        request.topicData()
                .add(new ProduceRequestData.TopicProduceData()
                        .setName("loose")
                        .setPartitionData(List.of(new ProduceRequestData.PartitionProduceData()
                                .setIndex(0)
                                .setRecords(MemoryRecords.withTransactionalRecords(
                                        Compression.NONE,
                                        4711L,
                                        (short) 3,
                                        0,
                                        new SimpleRecord(
                                                System.currentTimeMillis()
                                                        - Duration.ofHours(1).toMillis(),
                                                new byte[] {1}))))));
        try (KafkaWire wire = new KafkaWire(address[0], Integer.parseInt(address[1]))) {
            Await.until("the broker verifies no more", () -> {
                ProduceResponseData response = (ProduceResponseData) wire.call(request, 11);
                return response.responses()
                                .find("loose", org.apache.kafka.common.Uuid.ZERO_UUID)
                                .partitionResponses()
                                .get(0)
                                .errorCode()
                        == 0;
            });
        }
    }

    /** Runs each command of the transcript and compares the whole. */
    private void assertTranscript(String resource) throws Exception {
        String expected;
        try (InputStream in = getClass().getResourceAsStream(resource)) {
            expected = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        StringBuilder actual = new StringBuilder();
        for (String line : expected.lines().toList()) {
            if (line.startsWith("#")) {
                actual.append(line).append("\n\n");
            } else if (line.startsWith("$ ")) {
                actual.append(line).append('\n').append(run(line.substring(2))).append("\n\n");
            }
        }
        // To be compared, and taken over after a run on Apache Kafka.
        Files.writeString(Path.of("target", resource), actual);
        assertEquals(expected.strip(), actual.toString().strip());
    }

    private String run(String command) {
        String[] words = command.split(" ", -1);
        List<String> arguments = Stream.concat(
                        Stream.of("--bootstrap-server", server), Arrays.stream(words, 1, words.length))
                .toList();
        String printed = print(words[0], arguments.toArray(String[]::new));
        return Tool.masked(printed.replace(server, "<broker>").replace('\t', ' '))
                .lines()
                .filter(line -> !OTHER_FEATURE.matcher(line).matches())
                .map(line -> line.replaceAll("\\b\\d{13}\\b", "<time>")
                        .replaceAll("<time> \\d+\\b", "<time> <duration>")
                        .replaceAll("\\bEpoch: \\d+", "Epoch: <epoch>"))
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    private static String print(String tool, String... arguments) {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(both);
        System.setErr(both);
        Exit.setExitProcedure((status, message) -> {
            throw new ToolExit(status, message);
        });
        try {
            if (tool.equals("kafka-features")) {
                FeatureCommand.main(arguments);
            } else {
                TransactionsCommand.main(arguments);
            }
        } catch (ToolExit e) {
            if (e.status != 0) {
                both.println("exit code " + e.status + (e.text == null ? "" : ": " + e.text));
            }
        } catch (Exception e) {
            both.println(e);
        } finally {
            System.setErr(stderr);
            Exit.resetExitProcedure();
            System.setOut(stdout);
        }
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !LOG_OR_TRACE.matcher(line).find())
                .collect(Collectors.joining("\n"));
    }

    private static final class ToolExit extends RuntimeException {
        private final int status;
        private final String text;

        ToolExit(int status, String text) {
            super("exit code " + status, null, false, false);
            this.status = status;
            this.text = text;
        }
    }
}
