package io.ottla.broker.durability;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many requests one fsync serves with {@code ottla.durability=power-safe}, with real producers; the JDK counts the fsyncs. How many it is
 * depends on the disk and on how busy the producers' machine is. {@code power-safe.wanted} says how many times the rate of one producer,
 * which has one fsync per request, that of all must be.
 */
class PowerSafeProducersTest {
    private static final int PRODUCERS = 32;
    private static final int RECORDS_EACH = Integer.getInteger("power-safe.records", 20);
    private static final int WANTED = Integer.getInteger("power-safe.wanted", 0);

    @TempDir
    Path folder;

    /** What happened while some producers each had one request in flight. */
    private record Round(long requests, long syncs, long nanos) {
        double requestsPerSync() {
            return (double) requests / syncs;
        }

        double requestsPerSecond() {
            return requests * 1e9 / nanos;
        }

        @Override
        public String toString() {
            return "%d requests, %d fsyncs, %.0f requests/s".formatted(requests, syncs, requestsPerSecond());
        }
    }

    @Test
    void shouldServeManyRequestsWithOneSync() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .config("ottla.durability", "power-safe")
                .config("log.flush.offset.checkpoint.interval.ms", "3600000")
                .topic("topic", 1)
                .start()) {
            List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
            try {
                for (int i = 0; i < PRODUCERS; i++) {
                    producers.add(new KafkaProducer<>(
                            Map.of("bootstrap.servers", broker.bootstrapServers(), "enable.idempotence", false),
                            new ByteArraySerializer(),
                            new ByteArraySerializer()));
                }
                write(producers, 1);
                Round one = measure(producers.subList(0, 1), RECORDS_EACH);
                Round many = measure(producers, RECORDS_EACH);
                System.out.println("power-safe: with 1 in flight " + one + "; with " + PRODUCERS + " " + many);
                assertTrue(one.syncs() >= one.requests(), one::toString);
                assertTrue(many.requestsPerSync() >= 1, many::toString);
                assertTrue(many.requestsPerSecond() >= WANTED * one.requestsPerSecond(), () -> one + "; " + many);
            } finally {
                producers.forEach(KafkaProducer::close);
            }
        }
    }

    private Round measure(List<KafkaProducer<byte[], byte[]>> producers, int recordsEach) throws Exception {
        Path file = folder.resolve("events.jfr");
        try (Recording events = new Recording()) {
            events.enable("jdk.FileForce").withoutThreshold().withoutStackTrace();
            events.start();
            long nanos = write(producers, recordsEach);
            events.stop();
            events.dump(file);
            long requests = (long) producers.size() * recordsEach;
            return new Round(requests, RecordingFile.readAllEvents(file).size(), nanos);
        }
    }

    /** Each producer waits for one record before it sends the next. Returns how long it took. */
    private static long write(List<KafkaProducer<byte[], byte[]>> producers, int recordsEach) throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        long startNanos = System.nanoTime();
        for (KafkaProducer<byte[], byte[]> producer : producers) {
            Thread thread = new Thread(() -> {
                try {
                    for (int i = 0; i < recordsEach; i++) {
                        producer.send(new ProducerRecord<>("topic", new byte[100]))
                                .get(1, TimeUnit.MINUTES);
                    }
                } catch (Exception e) {
                    failure.compareAndSet(null, e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (failure.get() != null) {
            throw new AssertionError("a producer has failed", failure.get());
        }
        return System.nanoTime() - startNanos;
    }
}
