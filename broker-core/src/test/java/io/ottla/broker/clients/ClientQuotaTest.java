package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.storage.ManualClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that are held to quotas by a broker whose clock the test advances. Clients wait by their own clock as well for as long as they are told
 * to, so what they are told is short.
 */
class ClientQuotaTest extends ClientTest {

    private final ManualClock clock = new ManualClock(1_700_000_000_000L);

    @TempDir
    private Path folder;

    private EmbeddedBroker broker;

    @Override
    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @BeforeEach
    void start() {
        open();
    }

    private void open() {
        broker = EmbeddedBroker.builder()
                .clock(clock)
                .dataFolder(folder)
                .config("log.message.timestamp.type", "LogAppendTime")
                .config("quota.window.num", 2)
                .config("metadata.log.max.record.bytes.between.snapshots", 1)
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        closeClients();
        broker.close();
    }

    private static ClientQuotaAlteration alteration(ClientQuotaEntity entity, String key, Double value) {
        return new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)));
    }

    private void set(String clientId, String key, Double value) throws Exception {
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, clientId));
        get(admin().alterClientQuotas(List.of(alteration(entity, key, value))).all());
    }

    private static double metric(Map<MetricName, ? extends Metric> metrics, String name) {
        for (Map.Entry<MetricName, ? extends Metric> each : metrics.entrySet()) {
            if (each.getKey().name().equals(name) && each.getKey().tags().size() == 1) {
                return (Double) each.getValue().metricValue();
            }
        }
        throw new AssertionError("no metric " + name);
    }

    private static ProducerRecord<String, String> record(String topic, int sizeBytes) {
        return new ProducerRecord<>(topic, 0, null, "x".repeat(sizeBytes));
    }

    @Test
    void shouldHoldBackTheProducerThatHasAQuotaAndNoOther() throws Exception {
        String topic = createTopic(1, Map.of());
        set("limited", "producer_byte_rate", 16_000.0);
        Producer<String, String> limited = producer(Map.of("client.id", "limited"));
        Producer<String, String> free = producer(Map.of("client.id", "free"));
        // A quarter more than what one second may bring, which is the time that counts when the first bytes come.
        send(limited, List.of(record(topic, 20_000)));
        double throttledMs = metric(limited.metrics(), "produce-throttle-time-max");
        assertTrue(throttledMs >= 250 && throttledMs < 270, () -> throttledMs + " ms");

        Future<RecordMetadata> waiting = limited.send(record(topic, 100));
        Await.until("it is sent", () -> metric(limited.metrics(), "requests-in-flight") == 1.0);
        for (int i = 0; i < 10; i++) {
            send(free, List.of(record(topic, 20_000)));
        }
        assertEquals(0.0, metric(free.metrics(), "produce-throttle-time-max"));
        assertFalse(waiting.isDone());
        clock.advance(Duration.ofSeconds(5));
        assertEquals(11, waiting.get(30, TimeUnit.SECONDS).offset());

        set("limited", "producer_byte_rate", null);
        send(limited, List.of(record(topic, 100_000)));
        assertEquals(throttledMs, metric(limited.metrics(), "produce-throttle-time-max"));
    }

    @Test
    void shouldHoldBackTheConsumerThatHasAQuotaAndLoseNothing() throws Exception {
        String topic = createTopic(1, Map.of());
        Producer<String, String> producer = producer(Map.of());
        for (int i = 0; i < 4; i++) {
            send(producer, List.of(record(topic, 10_000)));
        }
        set("limited", "consumer_byte_rate", 16_000.0);
        Consumer<String, String> free = consumer(Map.of("client.id", "free"));
        free.assign(Set.of(new TopicPartition(topic, 0)));
        Consumer<String, String> limited = consumer(Map.of("client.id", "limited", "max.partition.fetch.bytes", 5_000));
        limited.assign(Set.of(new TopicPartition(topic, 0)));
        assertEquals(1, poll(limited, 1).size());
        Await.until("it is held back", () -> {
            assertTrue(limited.poll(Duration.ofMillis(10)).isEmpty());
            return metric(limited.metrics(), "fetch-throttle-time-max") > 0.0;
        });
        double throttledMs = metric(limited.metrics(), "fetch-throttle-time-max");
        assertTrue(throttledMs >= 250 && throttledMs < 300, () -> throttledMs + " ms");
        assertEquals(4, poll(free, 4).size());
        assertEquals(0.0, metric(free.metrics(), "fetch-throttle-time-max"));

        List<ConsumerRecord<String, String>> rest = new ArrayList<>();
        Await.until("all have come", () -> {
            clock.advance(Duration.ofSeconds(1));
            limited.poll(Duration.ofMillis(100)).forEach(rest::add);
            return rest.size() >= 3;
        });
        assertEquals(
                List.of(1L, 2L, 3L), rest.stream().map(ConsumerRecord::offset).toList());
    }

    @Test
    void shouldRefuseTopicsOverTheQuotaUntilTheTimeIsOver() throws Exception {
        Admin admin = admin();
        ClientQuotaEntity everybody = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "ANONYMOUS"));
        get(admin.alterClientQuotas(List.of(alteration(everybody, "controller_mutation_rate", 5.0)))
                .all());
        // The bucket holds the tokens of 11 seconds; this takes one more.
        createTopic(56, Map.of());
        ThrottlingQuotaExceededException refused =
                refusal(admin.createTopics(topic("refused"), new CreateTopicsOptions().retryOnQuotaViolation(false))
                        .all());
        assertEquals(200, refused.throttleTimeMs());
        KafkaFuture<Void> patient = admin.createTopics(topic("patient")).all();
        Await.until("it has been made", () -> {
            clock.advance(Duration.ofMillis(100));
            return patient.isDone();
        });
        get(patient);
        assertFalse(get(admin.listTopics().names()).contains("refused"));
    }

    private static List<NewTopic> topic(String name) {
        return List.of(new NewTopic(name, 1, (short) 1));
    }

    private static ThrottlingQuotaExceededException refusal(KafkaFuture<?> future) {
        Throwable cause =
                assertThrows(ExecutionException.class, () -> get(future)).getCause();
        return assertThrows(ThrottlingQuotaExceededException.class, () -> {
            throw cause;
        });
    }

    @Test
    void shouldKeepQuotasOverRestarts() throws Exception {
        ClientQuotaEntity both = new ClientQuotaEntity(
                Map.of(ClientQuotaEntity.USER, "ANONYMOUS", ClientQuotaEntity.CLIENT_ID, "limited"));
        Map<String, String> defaults = new HashMap<>();
        defaults.put(ClientQuotaEntity.USER, null);
        ClientQuotaEntity everybody = new ClientQuotaEntity(defaults);
        get(admin().alterClientQuotas(List.of(
                        alteration(both, "producer_byte_rate", 16_000.0),
                        alteration(everybody, "request_percentage", 200.0)))
                .all());
        get(admin().alterClientQuotas(List.of(alteration(everybody, "consumer_byte_rate", 1.0)))
                .all());
        get(admin().alterClientQuotas(List.of(alteration(everybody, "consumer_byte_rate", null)))
                .all());
        String topic = createTopic(1, Map.of());
        Await.until("a snapshot has been written", () -> {
            try (Stream<Path> files = Files.list(folder.resolve("__cluster_metadata-0"))) {
                return files.anyMatch(file -> file.toString().endsWith(".checkpoint"));
            }
        });
        for (int restarts = 0; restarts < 2; restarts++) {
            closeClients();
            broker.close();
            open();
            Admin admin = admin();
            assertEquals(
                    Map.of(
                            both,
                            Map.of("producer_byte_rate", 16_000.0),
                            everybody,
                            Map.of("request_percentage", 200.0)),
                    get(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()));
            assertEquals(
                    Map.of(everybody, Map.of("request_percentage", 200.0)),
                    get(admin.describeClientQuotas(ClientQuotaFilter.containsOnly(
                                    List.of(ClientQuotaFilterComponent.ofDefaultEntity(ClientQuotaEntity.USER))))
                            .entities()));
            Producer<String, String> limited = producer(Map.of("client.id", "limited"));
            send(limited, List.of(record(topic, 20_000)));
            assertTrue(metric(limited.metrics(), "produce-throttle-time-max") > 0);
            clock.advance(Duration.ofSeconds(5));
        }
    }
}
