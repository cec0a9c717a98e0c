package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.broker.clients.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Large records and a broker with a heap of 64 MB, which all tests of this package give to its process. */
class SmallHeapIT {

    private static final int MB = 1_000_000;
    private static final int PRODUCERS = 3;
    private static final int RECORDS_EACH = 60;
    private static final int RECORD_SIZE_BYTES = 900_000;

    @TempDir
    Path folder;

    private BrokerProcess broker;

    @BeforeEach
    void start() throws Exception {
        broker = BrokerProcess.start(folder);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("large", 4, (short) 1)
                            .configs(Map.of("max.message.bytes", Integer.toString(100 * MB)))))
                    .all()
                    .get();
        }
    }

    @AfterEach
    void stop() throws Exception {
        broker.close();
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", broker.bootstrapServers());
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private long received(String group, int atLeast) throws Exception {
        Map<String, Object> config = Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "group.id",
                group,
                "auto.offset.reset",
                "earliest",
                "max.partition.fetch.bytes",
                20 * MB);
        long[] count = new long[1];
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of("large"));
            Await.until(() -> count[0] + " records", () -> {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
                count[0] += records.count();
                return count[0] >= atLeast;
            });
        }
        return count[0];
    }

    @Test
    void shouldTakeAndGiveSeveralTimesItsHeap() throws Exception {
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        List<Future<?>> sent = new ArrayList<>();
        for (int i = 0; i < PRODUCERS; i++) {
            producers.add(producer(Map.of("buffer.memory", 64 * MB)));
        }
        for (int i = 0; i < RECORDS_EACH; i++) {
            for (KafkaProducer<byte[], byte[]> producer : producers) {
                sent.add(producer.send(new ProducerRecord<>("large", new byte[RECORD_SIZE_BYTES])));
            }
        }
        for (Future<?> one : sent) {
            one.get();
        }
        producers.forEach(KafkaProducer::close);
        assertEquals(sent.size(), received("billing", sent.size()));
        assertEquals(sent.size(), received("audit", sent.size()));
        assertFalse((broker.stdout() + broker.stderr()).contains("OutOfMemory"), broker::toString);
    }

    @Test
    void shouldOutliveARequestThatItHasNoMemoryFor() throws Exception {
        Map<String, Object> reckless = Map.of(
                "max.request.size",
                100 * MB,
                "buffer.memory",
                200 * MB,
                "retries",
                0,
                "enable.idempotence",
                false,
                "request.timeout.ms",
                30_000,
                "delivery.timeout.ms",
                31_000);
        try (KafkaProducer<byte[], byte[]> modest = producer(Map.of());
                KafkaProducer<byte[], byte[]> producer = producer(reckless)) {
            modest.send(new ProducerRecord<>("large", new byte[1000])).get();
            Future<?> tooLarge = producer.send(new ProducerRecord<>("large", 0, null, new byte[90 * MB]));
            assertThrows(ExecutionException.class, tooLarge::get);
            broker.await("it says why", () -> broker.stdout().contains("no memory for its request"));
            modest.send(new ProducerRecord<>("large", new byte[1000])).get();
        }
        assertEquals(2, received("billing", 2));
    }
}
