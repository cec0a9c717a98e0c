package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Producers and consumers that are held to quotas. */
class ClientQuotaTest extends ClientTest {

    private static final String VALUE = "x".repeat(20_000);

    @Override
    protected Map<String, String> brokerConfig() {
        // Short windows: a client that is over its quota by a second's worth waits for a second.
        return Map.of("quota.window.num", "2");
    }

    private void set(String clientId, String key, Double value) throws Exception {
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, clientId));
        get(admin().alterClientQuotas(
                        List.of(new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)))))
                .all());
    }

    private static double metric(Map<MetricName, ? extends Metric> metrics, String name) {
        for (Map.Entry<MetricName, ? extends Metric> each : metrics.entrySet()) {
            if (each.getKey().name().equals(name) && each.getKey().tags().size() == 1) {
                return (Double) each.getValue().metricValue();
            }
        }
        throw new AssertionError("no metric " + name);
    }

    private void produce(Producer<String, String> producer, String topic) throws Exception {
        for (int i = 0; i < 4; i++) {
            send(producer, List.of(new ProducerRecord<>(topic, 0, null, VALUE)));
        }
    }

    @Test
    void shouldSlowDownTheProducerThatHasAQuotaAndNoOther() throws Exception {
        String topic = createTopic(1, Map.of());
        set("limited", "producer_byte_rate", 50_000.0);
        Producer<String, String> limited = producer(Map.of("client.id", "limited"));
        Producer<String, String> free = producer(Map.of("client.id", "free"));
        produce(limited, topic);
        produce(free, topic);
        // 80,000 bytes where 50,000 are free, and one record more before anybody is held back.
        double throttledMs = metric(limited.metrics(), "produce-throttle-time-max");
        assertTrue(throttledMs > 100 && throttledMs < 2000, () -> throttledMs + " ms");
        assertEquals(0.0, metric(free.metrics(), "produce-throttle-time-max"));

        set("limited", "producer_byte_rate", null);
        set("free", "producer_byte_rate", 50_000.0);
        produce(free, topic);
        produce(free, topic);
        assertTrue(metric(free.metrics(), "produce-throttle-time-max") > 100);
    }

    @Test
    void shouldSlowDownTheConsumerThatHasAQuota() throws Exception {
        String topic = createTopic(1, Map.of());
        produce(producer(Map.of()), topic);
        produce(producer(Map.of()), topic);
        set("limited", "consumer_byte_rate", 60_000.0);
        Consumer<String, String> limited =
                consumer(Map.of("client.id", "limited", "max.partition.fetch.bytes", 30_000));
        Consumer<String, String> free = consumer(Map.of("client.id", "free"));
        for (Consumer<String, String> consumer : List.of(limited, free)) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            assertEquals(8, poll(consumer, 8).size());
        }
        double throttledMs = metric(limited.metrics(), "fetch-throttle-time-max");
        assertTrue(throttledMs > 100, () -> throttledMs + " ms");
        assertEquals(0.0, metric(free.metrics(), "fetch-throttle-time-max"));
    }

    @Test
    void shouldKeepQuotasOverARestart(@TempDir Path folder) throws Exception {
        ClientQuotaEntity both = new ClientQuotaEntity(
                Map.of(ClientQuotaEntity.USER, "ANONYMOUS", ClientQuotaEntity.CLIENT_ID, "limited"));
        Map<String, String> defaults = new HashMap<>();
        defaults.put(ClientQuotaEntity.USER, null);
        ClientQuotaEntity everybody = new ClientQuotaEntity(defaults);
        try (EmbeddedBroker first = TestBroker.start(folder, 0, Map.of());
                Admin admin = Admin.create(Map.of("bootstrap.servers", first.bootstrapServers()))) {
            get(admin.alterClientQuotas(List.of(
                            new ClientQuotaAlteration(
                                    both, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1000.0))),
                            new ClientQuotaAlteration(
                                    everybody, List.of(new ClientQuotaAlteration.Op("request_percentage", 200.0)))))
                    .all());
        }
        try (EmbeddedBroker second = TestBroker.start(folder, 0, Map.of());
                Admin admin = Admin.create(Map.of("bootstrap.servers", second.bootstrapServers()))) {
            assertEquals(
                    Map.of(both, Map.of("producer_byte_rate", 1000.0), everybody, Map.of("request_percentage", 200.0)),
                    get(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()));
            assertEquals(
                    Map.of(everybody, Map.of("request_percentage", 200.0)),
                    get(admin.describeClientQuotas(ClientQuotaFilter.containsOnly(
                                    List.of(ClientQuotaFilterComponent.ofDefaultEntity(ClientQuotaEntity.USER))))
                            .entities()));
        }
    }
}
