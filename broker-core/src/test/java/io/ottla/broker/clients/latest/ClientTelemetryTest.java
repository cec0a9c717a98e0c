package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.ClientMetrics;
import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.shaded.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kafka's own clients push their metrics, in OTLP, and an embedding test reads them (KIP-714). */
class ClientTelemetryTest {

    private final Queue<ClientMetrics> pushed = new ConcurrentLinkedQueue<>();
    private EmbeddedBroker broker;
    private Admin admin;

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.builder().clientMetricsListener(pushed::add).start();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
    }

    private void subscribe(String name, String... keysAndValues) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            changes.add(new AlterConfigOp(
                    new ConfigEntry(keysAndValues[i], keysAndValues[i + 1]), AlterConfigOp.OpType.SET));
        }
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, name), changes))
                .all()
                .get();
    }

    private Producer<String, String> producer(String clientId) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "client.id", clientId),
                new StringSerializer(),
                new StringSerializer());
    }

    private static Set<String> names(ClientMetrics metrics) {
        ByteBuffer payload = metrics.payload().duplicate();
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        try {
            Set<String> names = new TreeSet<>();
            MetricsData.parseFrom(bytes).getResourceMetricsList().forEach(resource -> resource.getScopeMetricsList()
                    .forEach(scope ->
                            scope.getMetricsList().stream().map(Metric::getName).forEach(names::add)));
            return names;
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private boolean hasPushed(String clientId, String metric) {
        return pushed.stream()
                .anyMatch(metrics ->
                        metrics.clientId().equals(clientId) && names(metrics).contains(metric));
    }

    @Test
    void shouldBeGivenWhatAProducerPushes() throws Exception {
        subscribe("all-producers", "interval.ms", "100", "metrics", "org.apache.kafka.producer.");
        String id;
        try (Producer<String, String> producer = producer("sensor")) {
            producer.send(new ProducerRecord<>("readings", "value")).get();
            id = producer.clientInstanceId(Duration.ofSeconds(30)).toString();
            Await.until(
                    "the producer pushes",
                    () -> hasPushed("sensor", "org.apache.kafka.producer.connection.creation.total"));
        }

        for (ClientMetrics metrics : pushed) {
            assertEquals(id, metrics.clientInstanceId());
            for (String name : names(metrics)) {
                assertTrue(name.startsWith("org.apache.kafka.producer."), name);
            }
        }
    }

    @Test
    void shouldBeGivenWhatItAsksForAndOnlyByThoseThatMatch() throws Exception {
        subscribe(
                "one-consumer",
                "interval.ms",
                "100",
                "metrics",
                "org.apache.kafka.consumer.connection.",
                "match",
                "client_id=reader");
        try (KafkaConsumer<String, String> reader = consumer("reader");
                KafkaConsumer<String, String> other = consumer("other")) {
            Await.until("the consumer pushes", () -> {
                other.poll(Duration.ofMillis(10));
                reader.poll(Duration.ofMillis(10));
                return hasPushed("reader", "org.apache.kafka.consumer.connection.creation.total");
            });
        }
        for (ClientMetrics metrics : pushed) {
            assertEquals("reader", metrics.clientId());
            for (String name : names(metrics)) {
                assertTrue(name.startsWith("org.apache.kafka.consumer.connection."), name);
            }
        }
    }

    private KafkaConsumer<String, String> consumer(String clientId) {
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "client.id", clientId, "group.id", clientId),
                new StringDeserializer(),
                new StringDeserializer());
        consumer.subscribe(List.of("readings"));
        return consumer;
    }
}
