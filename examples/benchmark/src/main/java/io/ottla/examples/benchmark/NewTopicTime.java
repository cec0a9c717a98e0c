package io.ottla.examples.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** The time from {@code createTopics} until the first record of the topic is acknowledged, for clients that are connected already. */
final class NewTopicTime implements Measurement {
    private static final int WARM_UP_TOPICS = 100;

    private final Row time = Row.cost("a new topic, until its first record is acknowledged", "ms");
    private final Row cpu = Row.cost("the same, CPU per topic", "ms");
    private final int topics;

    NewTopicTime(int topics) {
        this.topics = topics;
    }

    @Override
    public List<Row> rows() {
        return List.of(time, cpu);
    }

    @Override
    public Map<String, String> kafkaSettings() {
        return NO_REBALANCE_DELAY; // without meaning here: it saves a process
    }

    @Override
    public Map<Row, Double> measure(MeasuredBroker broker) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
                Producer<String, String> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", broker.bootstrapServers(), "linger.ms", 0),
                        new StringSerializer(),
                        new StringSerializer())) {
            for (int i = 0; i < WARM_UP_TOPICS; i++) {
                millisToFirstRecord(admin, producer);
            }
            long cpuNanos = broker.cpuNanos();
            List<Double> figures = new ArrayList<>();
            for (int i = 0; i < topics; i++) {
                figures.add(millisToFirstRecord(admin, producer));
            }
            double cpuMs = (broker.cpuNanos() - cpuNanos) / 1e6 / topics;
            return Map.of(time, Figures.median(figures), cpu, cpuMs);
        }
    }

    private static double millisToFirstRecord(Admin admin, Producer<String, String> producer) throws Exception {
        String topic = "new-" + UUID.randomUUID();
        long startNanos = System.nanoTime();
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        producer.send(new ProducerRecord<>(topic, "first")).get();
        return (System.nanoTime() - startNanos) / 1e6;
    }
}
