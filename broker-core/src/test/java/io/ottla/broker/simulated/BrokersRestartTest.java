package io.ottla.broker.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.SimulatedBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A data folder that is opened with several brokers, and with more or fewer of them the next time. */
class BrokersRestartTest {

    private static final TopicPartition SHARED = new TopicPartition("shared", 0);
    private static final TopicPartition ALONE = new TopicPartition("alone", 0);

    @TempDir
    Path folder;

    private EmbeddedBroker start(int brokers) {
        return EmbeddedBroker.builder().dataFolder(folder).brokers(brokers).start();
    }

    private static void send(EmbeddedBroker broker, TopicPartition partition, String value) throws Exception {
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value))
                    .get(30, TimeUnit.SECONDS);
        }
    }

    private static List<String> read(EmbeddedBroker broker, TopicPartition partition, int count) {
        List<String> values = new ArrayList<>();
        try (Consumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            for (int polls = 0; values.size() < count && polls < 100; polls++) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(record.value()));
            }
        }
        return values;
    }

    private static String state(Admin admin, TopicPartition partition) throws Exception {
        TopicDescription topic = admin.describeTopics(List.of(partition.topic()))
                .allTopicNames()
                .get(30, TimeUnit.SECONDS)
                .get(partition.topic());
        var info = topic.partitions().get(0);
        Node leader = info.leader();
        return (leader == null ? "none" : leader.idString()) + " " + ClusterTest.ids(info.replicas()) + " "
                + ClusterTest.ids(info.isr());
    }

    private static Admin admin(EmbeddedBroker broker) {
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @Test
    void shouldFindTheSameClusterAgain() throws Exception {
        try (EmbeddedBroker broker = start(3);
                Admin admin = admin(broker)) {
            admin.createTopics(List.of(
                            new NewTopic("shared", Map.of(0, List.of(2, 3, 1))),
                            new NewTopic("alone", Map.of(0, List.of(3)))))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            send(broker, SHARED, "a");
            broker.moveLeader("shared", 0, 3);
            send(broker, SHARED, "b");
            broker.broker(1).stop();
            broker.broker(1).stop();
        }
        try (EmbeddedBroker broker = start(3);
                Admin admin = admin(broker)) {
            assertTrue(broker.brokers().stream().allMatch(SimulatedBroker::isRunning));
            assertEquals("3 [2, 3, 1] [1, 2, 3]", state(admin, SHARED));
            assertEquals("3 [3] [3]", state(admin, ALONE));
            assertEquals(List.of("a", "b"), read(broker, SHARED, 2));
        }
    }

    @Test
    void shouldServeWhatIsLeftWithFewerBrokers() throws Exception {
        try (EmbeddedBroker broker = start(3);
                Admin admin = admin(broker)) {
            admin.createTopics(List.of(
                            new NewTopic("shared", Map.of(0, List.of(2, 3, 1))),
                            new NewTopic("alone", Map.of(0, List.of(3)))))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            send(broker, SHARED, "a");
            send(broker, ALONE, "b");
        }
        try (EmbeddedBroker broker = start(1);
                Admin admin = admin(broker)) {
            assertEquals("1 [2, 3, 1] [1]", state(admin, SHARED));
            assertEquals("none [3] []", state(admin, ALONE));
            assertEquals(List.of("a"), read(broker, SHARED, 1));
            send(broker, SHARED, "c");
            admin.alterPartitionReassignments(Map.of(ALONE, Optional.of(new NewPartitionReassignment(List.of(1)))))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            assertEquals("1 [1] [1]", state(admin, ALONE));
            assertEquals(List.of("b"), read(broker, ALONE, 1));
        }
        try (EmbeddedBroker broker = start(4);
                Admin admin = admin(broker)) {
            assertEquals("1 [2, 3, 1] [1, 2, 3]", state(admin, SHARED));
            assertEquals("1 [1] [1]", state(admin, ALONE));
            assertEquals(List.of("a", "c"), read(broker, SHARED, 2));
            assertEquals(
                    4, admin.describeCluster().nodes().get(30, TimeUnit.SECONDS).size());
        }
    }

    @Test
    void shouldBringAllBrokersBackAfterAKillAndAReset() throws Exception {
        try (EmbeddedBroker broker = start(3);
                Admin admin = admin(broker)) {
            admin.createTopics(List.of(new NewTopic("shared", Map.of(0, List.of(2, 3, 1)))))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            send(broker, SHARED, "a");
            List<Integer> ports =
                    broker.brokers().stream().map(SimulatedBroker::port).toList();
            broker.broker(2).stop();
            broker.kill();
            broker.restart();
            assertEquals(
                    ports, broker.brokers().stream().map(SimulatedBroker::port).toList());
            assertEquals("3 [2, 3, 1] [1, 2, 3]", state(admin, SHARED));
            assertEquals(List.of("a"), read(broker, SHARED, 1));

            broker.broker(3).stop();
            broker.reset();
            assertTrue(broker.brokers().stream().allMatch(SimulatedBroker::isRunning));
            assertEquals(
                    ports, broker.brokers().stream().map(SimulatedBroker::port).toList());
        }
    }
}
