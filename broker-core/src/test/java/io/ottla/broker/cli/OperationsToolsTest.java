package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tools that look after a broker, with their main options, in this JVM. The transcripts beside this class are what they print against Apache Kafka,
 * which {@link ToolsWithApacheKafkaTest} looks after.
 */
class OperationsToolsTest {
    private static final long FIRST_RECORD_MS = 1_767_225_600_000L;

    static final Map<String, String> FILES = Map.of(
            "<topics.json>", "{\"topics\":[{\"topic\":\"readings\"}],\"version\":1}",
            "<same.json>", "{\"version\":1,\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"replicas\":[1]}]}",
            "<other.json>",
                    "{\"version\":1,\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"replicas\":[2]}]}",
            "<election.json>",
                    "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0},{\"topic\":\"alarms\",\"partition\":0}]}",
            "<delete-all.json>",
                    "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"offset\":-1}],\"version\":1}",
            "<nowhere.json>",
                    "{\"version\":1,\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"replicas\":[1],\"log_dirs\":[\"/no/such/folder\"]}]}",
            "<delete.json>", "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"offset\":1}],\"version\":1}",
            "<too-far.json>", "{\"partitions\":[{\"topic\":\"readings\",\"partition\":0,\"offset\":9}],\"version\":1}");

    @TempDir
    Path folder;

    @Test
    void shouldPrintWhatTheyPrintWithApacheKafka() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            prepare(broker.bootstrapServers());
            Transcript transcript = new Transcript(broker.bootstrapServers(), folder, FILES);
            assertEquals(Transcript.load("topics.txt").strip(), transcript.play("topics.txt"));
            assertEquals(Transcript.load("operations.txt").strip(), transcript.play("operations.txt"));
        }
    }

    /** Makes two topics, one with three records. */
    static void prepare(String server) throws Exception {
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
}
