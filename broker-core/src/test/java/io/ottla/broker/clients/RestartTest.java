package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestartTest extends ClientTest {
    @TempDir
    Path dataFolder;

    private EmbeddedBroker broker;

    private void start(int port) {
        broker = TestBroker.start(dataFolder, port, Map.of());
    }

    @AfterEach
    void closeBroker() throws Exception {
        closeClients();
        if (broker != null) {
            broker.close();
        }
    }

    @Override
    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    private int port() {
        String address = broker.bootstrapServers();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    @Test
    void shouldKeepTopicsRecordsAndCommits() throws Exception {
        start(0);
        String topic = unique("kept");
        get(admin().createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "86400000"))))
                .all());
        String clusterId = get(admin().describeCluster().clusterId());
        sendNumbers(topic, 0, 3);
        TopicPartition partition = new TopicPartition(topic, 0);
        Consumer<String, String> before = consumer(Map.of("group.id", "kept"));
        before.assign(Set.of(partition));
        before.commitSync(Map.of(partition, new OffsetAndMetadata(2)));
        closeClients();
        broker.close();

        start(0);

        Admin admin = admin();
        assertEquals(clusterId, get(admin.describeCluster().clusterId()));
        assertEquals("86400000", retentionMs(admin, topic));
        sendNumbers(topic, 3, 1);
        Consumer<String, String> after = consumer(Map.of("group.id", "kept"));
        assertEquals(2, after.partitionsFor(topic).size());
        after.assign(Set.of(partition));
        assertEquals(List.of("2", "3"), values(poll(after, 2)));
    }

    private static String retentionMs(Admin admin, String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return get(admin.describeConfigs(List.of(resource)).all())
                .get(resource)
                .get("retention.ms")
                .value();
    }

    @Test
    void shouldServeClientsThatStayedThroughARestart() throws Exception {
        start(0);
        String topic = createTopic(1, Map.of());
        Producer<String, String> producer = producer(Map.of("reconnect.backoff.max.ms", 100));
        Consumer<String, String> consumer =
                consumer(Map.of("group.id", "stayed", "heartbeat.interval.ms", 100, "reconnect.backoff.max.ms", 100));
        consumer.subscribe(List.of(topic));
        send(producer, List.of(new ProducerRecord<>(topic, "before")));
        assertEquals(List.of("before"), values(poll(consumer, 1)));
        consumer.commitSync();
        int port = port();
        broker.close();

        start(port);

        send(producer, List.of(new ProducerRecord<>(topic, "after")));
        assertEquals(List.of("after"), values(poll(consumer, 1)));
        consumer.commitSync();
        TopicPartition partition = new TopicPartition(topic, 0);
        assertEquals(2, consumer.committed(Set.of(partition)).get(partition).offset());
    }

    @Test
    void shouldNotReturnADeletedTopic() throws Exception {
        start(0);
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 3);
        get(admin().deleteTopics(List.of(topic)).all());
        get(admin().createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
        sendNumbers(topic, 10, 1);
        closeClients();
        broker.close();

        start(0);

        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        assertEquals(List.of("10"), values(poll(consumer, 1)));
    }
}
