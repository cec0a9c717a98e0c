package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeReplicaLogDirsResult.ReplicaLogDirInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools that move logs between directories. The transcript is what they print against Apache Kafka, see {@link ToolsWithApacheKafkaTest}. */
class LogDirToolsTest {

    private static final int RECORDS = 30;
    private static final Pattern DIRECTORY =
            Pattern.compile("\\{\"partitions\":\\[[^]]*],\"error\":null,\"logDir\":\"[^\"]+\"}");
    private static final Pattern PARTITION = Pattern.compile("\\{\"partition\":[^}]*}");

    @TempDir
    Path folder;

    @Test
    void shouldPrintWhatTheyPrintWithApacheKafka() throws Exception {
        try (EmbeddedBroker broker =
                EmbeddedBroker.builder().config("log.dirs", directories(folder)).start()) {
            assertEquals(Transcript.load("moves.txt").strip(), play(broker.bootstrapServers(), folder));
        }
    }

    static String directories(Path folder) {
        return folder.resolve("a") + "," + folder.resolve("b") + "," + folder.resolve("c");
    }

    /** Makes a topic in the first of three directories and plays the transcript. */
    static String play(String server, Path folder) throws Exception {
        prepare(server, folder.resolve("a"));
        Map<String, String> files = Map.of(
                "<to-a.json>",
                json(place(0, folder.resolve("a")), place(1, folder.resolve("a"))),
                "<to-b.json>",
                json(place(0, folder.resolve("b")), place(1, folder.resolve("a"))),
                "<to-nowhere.json>",
                json(place(0, folder.resolve("nowhere"))));
        String played = new Transcript(server, folder, files)
                .play("moves.txt", directory -> awaitPlace(server, folder.resolve(directory)));
        return played.lines().map(LogDirToolsTest::inOrder).collect(Collectors.joining("\n"));
    }

    private static String json(String... places) {
        return "{\"version\":1,\"partitions\":[" + String.join(",", places) + "]}";
    }

    private static String place(int partition, Path directory) {
        return "{\"topic\":\"orders\",\"partition\":" + partition + ",\"replicas\":[1],\"log_dirs\":[\"" + directory
                + "\"]}";
    }

    private static void prepare(String server, Path directory) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server));
                Producer<byte[], byte[]> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", server), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int partition = 0; partition < 2; partition++) {
                TopicPartitionReplica replica = new TopicPartitionReplica("orders", partition, 1);
                try {
                    admin.alterReplicaLogDirs(Map.of(replica, directory.toString()))
                            .all()
                            .get(60, TimeUnit.SECONDS);
                } catch (ExecutionException e) {
                    assertEquals(
                            UnknownTopicOrPartitionException.class, e.getCause().getClass());
                }
            }
            admin.createTopics(List.of(new NewTopic("orders", 2, (short) 1)))
                    .all()
                    .get(60, TimeUnit.SECONDS);
            for (int i = 0; i < RECORDS; i++) {
                // A batch each.
                producer.send(new ProducerRecord<>("orders", 0, 1_767_225_600_000L + i, null, new byte[100_000]))
                        .get(60, TimeUnit.SECONDS);
            }
        }
    }

    private static void awaitPlace(String server, Path directory) throws Exception {
        TopicPartitionReplica replica = new TopicPartitionReplica("orders", 0, 1);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            Await.until("the log is in " + directory, () -> {
                ReplicaLogDirInfo place = admin.describeReplicaLogDirs(List.of(replica))
                        .all()
                        .get(60, TimeUnit.SECONDS)
                        .get(replica);
                return place.getFutureReplicaLogDir() == null
                        && directory.toString().equals(place.getCurrentReplicaLogDir());
            });
        }
    }

    /** The tool lists directories and partitions in the order of a hash table; how far a move has come is a matter of time. */
    private static String inOrder(String line) {
        if (!line.startsWith("{\"brokers\":")) {
            return line;
        }
        String masked = line.replaceAll(
                "\"size\":\\d+,\"offsetLag\":\\d+,\"isFuture\":true",
                "\"size\":<size>,\"offsetLag\":<lag>,\"isFuture\":true");
        return sorted(DIRECTORY, sorted(PARTITION, masked));
    }

    /** With what lies side by side and matches in alphabetical order. */
    private static String sorted(Pattern pattern, String text) {
        return Pattern.compile("(?:" + pattern + ",)*" + pattern).matcher(text).replaceAll(row -> {
            String[] found = pattern.matcher(row.group())
                    .results()
                    .map(MatchResult::group)
                    .toArray(String[]::new);
            Arrays.sort(found, Comparator.comparing(LogDirToolsTest::end));
            return Matcher.quoteReplacement(String.join(",", found));
        });
    }

    /** Directories are sorted by their name, which is the last there. */
    private static String end(String text) {
        return text.substring(Math.max(0, text.indexOf("\"logDir\"")));
    }
}
