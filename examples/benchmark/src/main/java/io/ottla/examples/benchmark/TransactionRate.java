package io.ottla.examples.benchmark;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/** One producer that commits transactions of one record, one after the other. */
final class TransactionRate implements Measurement {
    private static final Row RATE = Row.rate("transactions of one record, one producer", "per s");
    private static final Row CPU = Row.cost("the same, CPU per transaction", "us");

    private final Duration load;

    TransactionRate(Duration load) {
        this.load = load;
    }

    @Override
    public List<Row> rows() {
        return List.of(RATE, CPU);
    }

    @Override
    public Map<String, String> kafkaSettings() {
        return NO_REBALANCE_DELAY; // without meaning here: it saves a process
    }

    @Override
    public Map<Row, Double> measure(MeasuredBroker broker) throws Exception {
        String topic = "transactions-" + UUID.randomUUID();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
        Map<String, Object> config =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "transactional.id", topic, "linger.ms", 0);
        try (Producer<String, String> producer =
                new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            try {
                producer.initTransactions();
            } catch (KafkaException e) {
                throw new NotServedException(e);
            }
            commitTransactions(producer, topic);
            long cpuNanos = broker.cpuNanos();
            long startNanos = System.nanoTime();
            long count = commitTransactions(producer, topic);
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            return Map.of(RATE, count / seconds, CPU, (broker.cpuNanos() - cpuNanos) / 1e3 / count);
        }
    }

    private long commitTransactions(Producer<String, String> producer, String topic) throws Exception {
        long endNanos = System.nanoTime() + load.toNanos();
        long count = 0;
        while (System.nanoTime() - endNanos < 0) {
            producer.beginTransaction();
            // The client's sender asks whether anything is unsent before it looks for the end of the transaction: once
            // in some ten
            // thousand times a record and a commit come in between, and the end is sent ahead of the record.
            producer.send(new ProducerRecord<>(topic, "value")).get();
            producer.commitTransaction();
            count++;
        }
        return count;
    }
}
