package io.ottla.examples.benchmark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The time from {@code subscribe} to the first record for the only consumer of a new group, all clients at their defaults. */
final class FirstRecordTime implements Measurement {
    private static final int WARM_UP_GROUPS = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Row row;
    private final String groupProtocol;
    private final Map<String, String> kafkaSettings;
    private final int groups;

    private FirstRecordTime(String what, String groupProtocol, Map<String, String> kafkaSettings, int groups) {
        this.row = Row.cost(what, "ms");
        this.groupProtocol = groupProtocol;
        this.kafkaSettings = kafkaSettings;
        this.groups = groups;
    }

    static FirstRecordTime classic(int groups) {
        return new FirstRecordTime("first record of a new group, classic protocol", "classic", Map.of(), groups);
    }

    /** Beside an Apache Kafka that does not wait for more members either. */
    static FirstRecordTime classicWithoutDelay(int groups) {
        return new FirstRecordTime(
                "the same, Apache Kafka without initial rebalance delay", "classic", NO_REBALANCE_DELAY, groups);
    }

    static FirstRecordTime consumer(int groups) {
        return new FirstRecordTime(
                "first record of a new group, consumer protocol", "consumer", NO_REBALANCE_DELAY, groups);
    }

    @Override
    public List<Row> rows() {
        return List.of(row);
    }

    @Override
    public Map<String, String> kafkaSettings() {
        return kafkaSettings;
    }

    @Override
    public Map<Row, Double> measure(MeasuredBroker broker) throws Exception {
        String topic = "first-" + UUID.randomUUID();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "first")).get();
        }
        for (int i = 0; i < WARM_UP_GROUPS; i++) {
            millisToFirstRecord(broker, topic);
        }
        List<Double> figures = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            figures.add(millisToFirstRecord(broker, topic));
        }
        return Map.of(row, Figures.median(figures));
    }

    private double millisToFirstRecord(MeasuredBroker broker, String topic) {
        Map<String, Object> config = Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "group.id",
                "group-" + UUID.randomUUID(),
                "group.protocol",
                groupProtocol,
                "auto.offset.reset",
                "earliest");
        try (Consumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            long startNanos = System.nanoTime();
            consumer.subscribe(List.of(topic));
            while (consumer.poll(Duration.ofSeconds(1)).isEmpty()) {
                if (System.nanoTime() - startNanos > PATIENCE.toNanos()) {
                    throw new IllegalStateException("no record came within " + PATIENCE);
                }
            }
            return (System.nanoTime() - startNanos) / 1e6;
        }
    }
}
