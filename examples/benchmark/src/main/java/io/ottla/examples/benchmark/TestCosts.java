package io.ottla.examples.benchmark;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.TestRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What a broker costs a test, in a JVM that has run some: from the start to the first acknowledged record, reset, snapshot and restore. Prints
 * the best and the median of some rounds; the best says what it costs, the median what else the machine had to do.
 */
public final class TestCosts {

    private static final int TOPICS = 10;
    private static final int RECORD_SIZE_BYTES = 100_000;

    private final Map<String, List<Double>> figures = new LinkedHashMap<>();

    private final int rounds;
    private final int stateSizeMb;

    private TestCosts(int rounds, int stateSizeMb) {
        this.rounds = rounds;
        this.stateSizeMb = stateSizeMb;
    }

    /**
     * Measures.
     *
     * @param args how many rounds, and how many MB of records the snapshots are of
     */
    public static void main(String[] args) throws Exception {
        TestCosts costs = new TestCosts(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
        costs.measure();
        // What the first rounds compile and load is not of interest.
        costs.figures.clear();
        costs.measure();
        costs.print();
    }

    private void measure() throws Exception {
        for (int i = 0; i < rounds; i++) {
            measureStart();
        }
        EmbeddedBroker.Builder builder = EmbeddedBroker.builder();
        for (int i = 0; i < TOPICS; i++) {
            builder.topic("topic-" + i, 1);
        }
        try (EmbeddedBroker broker = builder.start()) {
            for (int i = 0; i < rounds; i++) {
                measureReset(broker);
            }
            measureSnapshots(broker);
        }
    }

    private static double millisSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e6;
    }

    private void add(String what, double ms) {
        figures.computeIfAbsent(what, unused -> new ArrayList<>()).add(ms);
    }

    private static Producer<String, String> producer(EmbeddedBroker broker) {
        return new KafkaProducer<>(broker.clientProperties(), new StringSerializer(), new StringSerializer());
    }

    private void measureStart() throws Exception {
        long startNanos = System.nanoTime();
        EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start();
        add("start with a topic", millisSince(startNanos));
        try (Producer<String, String> producer = producer(broker)) {
            producer.send(new ProducerRecord<>("orders", "first")).get();
            add("start to the first acknowledged record, producer included", millisSince(startNanos));
        }
        long closeNanos = System.nanoTime();
        broker.close();
        add("close", millisSince(closeNanos));
    }

    private void measureReset(EmbeddedBroker broker) {
        for (int i = 0; i < TOPICS; i++) {
            broker.topic("topic-" + i).write("key", "value");
        }
        long startNanos = System.nanoTime();
        broker.reset();
        add("reset of " + TOPICS + " topics with records", millisSince(startNanos));
    }

    private void measureSnapshots(EmbeddedBroker broker) {
        byte[] value = new byte[RECORD_SIZE_BYTES];
        int records = stateSizeMb * 1_000_000 / RECORD_SIZE_BYTES;
        for (int i = 0; i < records; i++) {
            broker.topic("topic-" + i % TOPICS).write(TestRecord.of(null, value));
        }
        for (int i = 0; i < rounds; i++) {
            broker.topic("topic-0").write(TestRecord.of(null, value));
            long startNanos = System.nanoTime();
            try (BrokerSnapshot snapshot = broker.snapshot()) {
                add("snapshot of " + stateSizeMb + " MB in " + TOPICS + " topics", millisSince(startNanos));
                for (int topic = 0; topic < TOPICS; topic++) {
                    broker.topic("topic-" + topic).write("key", "later");
                }
                long restoreNanos = System.nanoTime();
                broker.restore(snapshot);
                add("restore of it", millisSince(restoreNanos));
            }
            long advanceNanos = System.nanoTime();
            broker.clock().advance(Duration.ofMinutes(1));
            add("advance of the clock by a minute", millisSince(advanceNanos));
        }
    }

    private void print() {
        System.out.println("| | best ms | median ms |\n| --- | ---: | ---: |");
        figures.forEach((what, ms) -> {
            List<Double> sorted = ms.stream().sorted().toList();
            System.out.printf(
                    Locale.ROOT, "| %s | %.1f | %.1f |%n", what, sorted.get(0), sorted.get(sorted.size() / 2));
        });
    }
}
