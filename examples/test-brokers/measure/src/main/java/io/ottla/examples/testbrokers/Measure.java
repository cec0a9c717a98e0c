package io.ottla.examples.testbrokers;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Measures the broker of the class path in a JVM of its own, and prints lines of figures: row, tab, figure. */
public final class Measure {

    private static final List<String> ONE_TOPIC = List.of("orders");
    private static final List<String> TOPICS =
            IntStream.range(0, 10).mapToObj(i -> "topic-" + i).toList();
    private static final int RECORD_SIZE_BYTES = 100_000;
    private static final double MB = 1e6;

    private final TestBrokers brokers;
    private final int tests;
    private final int snapshotSizeMb;
    private final PrintStream out;

    Measure(TestBrokers brokers, int tests, int snapshotSizeMb, PrintStream out) {
        this.brokers = brokers;
        this.tests = tests;
        this.snapshotSizeMb = snapshotSizeMb;
        this.out = out;
    }

    /**
     * Measures.
     *
     * @param args how many tests after the first two, and how many MB of records the snapshots are of
     */
    public static void main(String[] args) throws Exception {
        TestBrokers brokers = ServiceLoader.load(TestBrokers.class).findFirst().orElseThrow();
        PrintStream figures = System.out;
        // Some brokers print while they start.
        System.setOut(System.err);
        figures.println("name\t" + brokers.name());
        new Measure(brokers, Integer.parseInt(args[0]), Integer.parseInt(args[1]), figures).run();
        // A broker may leave threads behind that are no daemons.
        System.exit(0);
    }

    void run() throws Exception {
        measureMemory();
        measureTest(Row.SECOND_START);
        for (int i = 0; i < tests; i++) {
            measureTest(Row.LATER_START);
        }
        for (int i = 0; i < tests; i++) {
            measureFirstRead();
        }
        measureCleanStates();
        measureSnapshots();
    }

    private void print(Row row, double figure) {
        out.println(row + "\t" + figure);
    }

    private static double millisSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e6;
    }

    private static Producer<byte[], byte[]> producer(TestBroker broker) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "linger.ms", 0),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private static Consumer<byte[], byte[]> consumer(TestBroker broker) {
        return new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", broker.bootstrapServers(),
                        "group.id", "billing",
                        "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    private static void send(Producer<byte[], byte[]> producer, String topic) throws Exception {
        producer.send(new ProducerRecord<>(topic, new byte[100])).get();
    }

    private static void readOne(TestBroker broker) {
        try (Consumer<byte[], byte[]> consumer = consumer(broker)) {
            awaitRecord(consumer);
        }
    }

    private static void awaitRecord(Consumer<byte[], byte[]> consumer) {
        consumer.subscribe(ONE_TOPIC);
        while (consumer.poll(Duration.ofSeconds(1)).isEmpty()) {
            // It takes as long as it takes.
        }
    }

    /** The first test of the JVM: what it takes, and what the broker takes of the JVM. */
    private void measureMemory() throws Exception {
        int threadsBefore = liveThreads();
        double heapBefore = usedHeapMb();
        long startNanos = System.nanoTime();
        try (TestBroker broker = brokers.start(ONE_TOPIC)) {
            try (Producer<byte[], byte[]> producer = producer(broker)) {
                send(producer, ONE_TOPIC.get(0));
                print(Row.FIRST_START, millisSince(startNanos));
            }
            readOne(broker);
            Optional<Double> processMb = processMb();
            if (processMb.isPresent()) {
                print(Row.PROCESS, processMb.get());
            }
            print(Row.THREADS, liveThreads() - threadsBefore);
            print(Row.HEAP, usedHeapMb() - heapBefore);
        }
    }

    private void measureTest(Row start) throws Exception {
        long startNanos = System.nanoTime();
        TestBroker broker = brokers.start(ONE_TOPIC);
        try (Producer<byte[], byte[]> producer = producer(broker)) {
            send(producer, ONE_TOPIC.get(0));
            print(start, millisSince(startNanos));
        }
        readOne(broker);
        long closeNanos = System.nanoTime();
        broker.close();
        if (start == Row.LATER_START) {
            print(Row.CLOSE, millisSince(closeNanos));
        }
    }

    private void measureFirstRead() throws Exception {
        long startNanos = System.nanoTime();
        try (TestBroker broker = brokers.start(ONE_TOPIC);
                Producer<byte[], byte[]> producer = producer(broker);
                Consumer<byte[], byte[]> consumer = consumer(broker)) {
            send(producer, ONE_TOPIC.get(0));
            awaitRecord(consumer);
            print(Row.FIRST_READ, millisSince(startNanos));
        }
    }

    private void measureCleanStates() throws Exception {
        TestBroker broker = brokers.start(TOPICS);
        for (int i = 0; i < tests; i++) {
            writeToAll(broker, 100);
            long startNanos = System.nanoTime();
            broker.renewTopics();
            print(Row.RENEWED_TOPICS, millisSince(startNanos));
            requireEmpty(broker);
        }
        for (int i = 0; i < tests; i++) {
            writeToAll(broker, 100);
            long startNanos = System.nanoTime();
            broker = broker.renew();
            print(Row.ALL_NEW, millisSince(startNanos));
            requireEmpty(broker);
        }
        broker.close();
    }

    private void measureSnapshots() throws Exception {
        try (TestBroker broker = brokers.start(TOPICS)) {
            if (!broker.canSnapshot()) {
                return;
            }
            int times = snapshotSizeMb * 1_000_000 / RECORD_SIZE_BYTES / TOPICS.size();
            for (int i = 0; i < times; i++) {
                writeToAll(broker, RECORD_SIZE_BYTES);
            }
            for (int i = 0; i < tests; i++) {
                long startNanos = System.nanoTime();
                try (TestBroker.Snapshot snapshot = broker.snapshot()) {
                    print(Row.SNAPSHOT, millisSince(startNanos));
                    writeToAll(broker, 100);
                    long restoreNanos = System.nanoTime();
                    snapshot.restore();
                    print(Row.RESTORE, millisSince(restoreNanos));
                    requireRecords(broker, times);
                }
            }
        }
    }

    private static void writeToAll(TestBroker broker, int sizeBytes) throws Exception {
        try (Producer<byte[], byte[]> producer = producer(broker)) {
            List<Future<?>> sent = new ArrayList<>();
            for (String topic : TOPICS) {
                sent.add(producer.send(new ProducerRecord<>(topic, new byte[sizeBytes])));
            }
            for (Future<?> one : sent) {
                one.get();
            }
        }
    }

    private static void requireEmpty(TestBroker broker) {
        requireRecords(broker, 0);
    }

    /** A quick way to a state that is not the right one does not count. */
    private static void requireRecords(TestBroker broker, long count) {
        List<TopicPartition> partitions =
                TOPICS.stream().map(topic -> new TopicPartition(topic, 0)).toList();
        try (Consumer<byte[], byte[]> consumer = consumer(broker)) {
            consumer.endOffsets(partitions).forEach((partition, endOffset) -> {
                if (endOffset != count) {
                    throw new IllegalStateException(
                            partition + " has " + endOffset + " records and should have " + count);
                }
            });
        }
    }

    /** Threads that live on their own; those of a client that has been closed are gone. */
    private static int liveThreads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private static double usedHeapMb() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MB;
    }

    /** What the process has in memory; only Linux says so. */
    private static Optional<Double> processMb() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return Optional.empty();
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024 / MB)
                    .findFirst();
        }
    }
}
