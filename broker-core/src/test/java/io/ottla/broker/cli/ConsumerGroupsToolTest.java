package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.tools.consumer.group.ConsumerGroupCommand;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kafka-consumer-groups} with each of its options, in this JVM. The transcripts beside this class are what it prints
 * against Apache Kafka: {@code -Dapache.kafka=host:port} runs the test there, on a broker that has no topic and no group yet.
 */
class ConsumerGroupsToolTest {
    private static final String APACHE_KAFKA = System.getProperty("apache.kafka");
    private static final Instant FIRST_RECORD = Instant.parse("2026-01-01T00:00:00Z");

    /** The test's logging goes to stdout as well. */
    private static final Pattern LOG_OR_TRACE = Pattern.compile("^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]|\tat )");

    @TempDir
    Path folder;

    private EmbeddedBroker broker;
    private String server;
    private final List<Consumer<String, String>> members = new ArrayList<>();

    /** Two groups with a member each, one of each protocol, and one that only has offsets. */
    @BeforeEach
    void start() throws Exception {
        broker = APACHE_KAFKA == null ? EmbeddedBroker.start() : null;
        server = APACHE_KAFKA == null ? broker.bootstrapServers() : APACHE_KAFKA;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            admin.createTopics(List.of(
                            new NewTopic("readings", 2, (short) 1).configs(Map.of("retention.ms", "-1")),
                            new NewTopic("alarms", 1, (short) 1)))
                    .all()
                    .get();
            admin.alterConsumerGroupOffsets(
                            "offsets", Map.of(new TopicPartition("alarms", 0), new OffsetAndMetadata(1)))
                    .all()
                    .get();
        }
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", server), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 10; i++) {
                long timestampMs = FIRST_RECORD.plus(Duration.ofMinutes(i)).toEpochMilli();
                producer.send(new ProducerRecord<>("readings", 0, timestampMs, null, "value"))
                        .get();
            }
            producer.send(new ProducerRecord<>("readings", 1, FIRST_RECORD.toEpochMilli(), null, "value"))
                    .get();
            producer.send(new ProducerRecord<>("alarms", 0, null, "value")).get();
        }
    }

    @AfterEach
    void stop() throws Exception {
        closeMembers();
        if (broker != null) {
            broker.close();
            return;
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            // A static member does not leave when it closes.
            awaitEnd(admin.removeMembersFromConsumerGroup("movers", new RemoveMembersFromConsumerGroupOptions())
                    .all());
            awaitEnd(admin.deleteTopics(List.of("readings", "alarms")).all());
            awaitEnd(admin.deleteConsumerGroups(List.of("sensors", "movers", "offsets"))
                    .all());
        }
    }

    private static void awaitEnd(KafkaFuture<?> future) {
        future.toCompletionStage()
                .handle((done, e) -> done)
                .toCompletableFuture()
                .join();
    }

    private void closeMembers() {
        members.forEach(Consumer::close);
        members.clear();
    }

    private void startMember(Map<String, Object> config, Map<TopicPartition, OffsetAndMetadata> offsets)
            throws Exception {
        Map<String, Object> all = new HashMap<>(config);
        all.put("bootstrap.servers", server);
        all.put("enable.auto.commit", false);
        Consumer<String, String> consumer =
                new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
        members.add(consumer);
        List<String> topics =
                offsets.keySet().stream().map(TopicPartition::topic).distinct().toList();
        consumer.subscribe(topics);
        Await.until("the partitions are assigned", () -> {
            consumer.poll(Duration.ofMillis(50));
            return consumer.assignment().equals(offsets.keySet());
        });
        consumer.commitSync(offsets);
    }

    private void startSensors() throws Exception {
        startMember(
                Map.of("group.id", "sensors", "client.id", "one"),
                Map.of(
                        new TopicPartition("readings", 0), new OffsetAndMetadata(4),
                        new TopicPartition("readings", 1), new OffsetAndMetadata(1)));
    }

    private void startMovers() throws Exception {
        startMember(
                Map.of(
                        "group.id", "movers",
                        "client.id", "two",
                        "group.instance.id", "static",
                        "group.protocol", "consumer"),
                Map.of(
                        new TopicPartition("alarms", 0), new OffsetAndMetadata(0),
                        new TopicPartition("readings", 0), new OffsetAndMetadata(10),
                        new TopicPartition("readings", 1), new OffsetAndMetadata(0)));
    }

    @Test
    void shouldShowGroupsWithMembers() throws Exception {
        startSensors();
        startMovers();
        assertTranscript("groups-with-members.txt");
    }

    @Test
    void shouldMoveAndDeleteTheOffsetsOfGroupsWithoutMembers() throws Exception {
        startSensors();
        closeMembers();
        assertTranscript("groups-without-members.txt");
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

    /** What the command prints, without what differs from run to run; {@code > file} keeps it for a later command. */
    private String run(String command) throws Exception {
        String[] parts = command.split(" > ", -1);
        String arguments =
                parts[0].replace("plan.csv", folder.resolve("plan.csv").toString());
        if (!arguments.contains("--validate-regex")) {
            arguments += " --bootstrap-server " + server;
        }
        String printed = print(arguments.split(" ", -1));
        if (parts.length > 1) {
            Files.writeString(folder.resolve(parts[1]), printed);
        }
        String masked = masked(printed);
        // The order of groups is nobody's promise.
        boolean ordered = !arguments.contains("--list") && !arguments.contains("--all-groups");
        Stream<String> lines = ordered
                ? masked.lines()
                : masked.lines().filter(line -> !line.isEmpty()).sorted();
        return lines.collect(Collectors.joining("\n"));
    }

    private String masked(String text) {
        return Tool.masked(text.replace(server, "<broker>"))
                .replaceAll("\\b[\\w-]+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b", "<member>")
                .replaceAll("(?<= )[\\w-]{22}(?= )", "<member>")
                .replaceAll(" Stable \\d+ \\d+ ", " Stable <epoch> <epoch> ")
                .replaceAll(" \\d+ (\\w+:\\d\\S* )\\d+ (\\w+:\\d)", " <epoch> $1<epoch> $2");
    }

    private static String print(String... arguments) {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(both);
        System.setErr(both);
        Exit.setExitProcedure((status, message) -> {
            throw new ToolExit(status);
        });
        try {
            ConsumerGroupCommand.main(arguments);
        } catch (ToolExit e) {
            both.println("exit code " + e.status);
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

        ToolExit(int status) {
            super("exit code " + status, null, false, false);
            this.status = status;
        }
    }
}
