package io.ottla.broker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records through the real client, without consumer groups. */
class RecordsThroughClientTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Longer than any test may take: what arrives at all was not sent because the time was up. */
    private static final int NEVER_MS = 120_000;

    private static EmbeddedBroker broker;
    private static Admin admin;

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.start();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        broker.close();
    }

    private static TopicPartition createTopic(String name, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, 1, (short) 1).configs(configs)))
                .all()
                .get();
        return new TopicPartition(name, 0);
    }

    private static TopicPartition createTopic(String name) throws Exception {
        return createTopic(name, Map.of());
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", broker.bootstrapServers());
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings, TopicPartition... assigned) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", broker.bootstrapServers());
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.assign(List.of(assigned));
        return consumer;
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> consumer, int count) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (records.size() < count) {
            assertTrue(System.nanoTime() < deadline, () -> "only " + records.size() + " of " + count + " records");
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        return records;
    }

    /** Closes the consumer, for which it ends its fetch session: the fetch that is under way must not keep it. */
    private static void leave(KafkaConsumer<byte[], byte[]> consumer) {
        assertTimeout(Duration.ofSeconds(15), () -> consumer.close());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void shouldGiveBackWhatWasSent(String compression) throws Exception {
        TopicPartition partition = createTopic("codec-" + compression);
        List<Future<RecordMetadata>> sending = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of("compression.type", compression, "linger.ms", 20))) {
            for (int i = 0; i < 50; i++) {
                ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>(
                        partition.topic(),
                        0,
                        1_600_000_000_000L + i,
                        i % 5 == 0 ? null : bytes("key" + i),
                        i % 7 == 0 ? null : bytes("value" + i));
                sent.headers().add("number", new byte[] {(byte) i}).add("empty", null);
                sending.add(producer.send(sent));
            }
            for (Future<RecordMetadata> each : sending) {
                each.get();
            }
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("auto.offset.reset", "earliest"), partition)) {
            List<ConsumerRecord<byte[], byte[]>> records = read(consumer, 50);
            for (int i = 0; i < 50; i++) {
                ConsumerRecord<byte[], byte[]> record = records.get(i);
                assertEquals(i, record.offset());
                assertEquals(1_600_000_000_000L + i, record.timestamp());
                assertArrayEquals(i % 5 == 0 ? null : bytes("key" + i), record.key());
                assertArrayEquals(i % 7 == 0 ? null : bytes("value" + i), record.value());
                assertArrayEquals(
                        new byte[] {(byte) i},
                        record.headers().lastHeader("number").value());
                assertNull(record.headers().lastHeader("empty").value());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "all"})
    void shouldTakeRecordsWithAnyAcks(String acks) throws Exception {
        TopicPartition partition = createTopic("acks-" + acks);
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of("acks", acks, "enable.idempotence", "all".equals(acks)))) {
            for (int i = 0; i < 20; i++) {
                RecordMetadata metadata = producer.send(new ProducerRecord<>(partition.topic(), bytes("v" + i)))
                        .get();
                assertEquals("0".equals(acks) ? -1 : i, metadata.offset());
            }
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("auto.offset.reset", "earliest"), partition)) {
            assertEquals(20, read(consumer, 20).size());
        }
    }

    @Test
    void shouldKeepTheOrderOfAnIdempotentProducer() throws Exception {
        TopicPartition partition = createTopic("ordered");
        int count = 5_000;
        try (KafkaProducer<byte[], byte[]> producer =
                producer(Map.of("batch.size", 200, "max.in.flight.requests.per.connection", 5))) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(new ProducerRecord<>(partition.topic(), bytes("v" + i))));
            }
            for (int i = 0; i < count; i++) {
                assertEquals(i, sent.get(i).get().offset());
            }
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("auto.offset.reset", "earliest"), partition)) {
            List<ConsumerRecord<byte[], byte[]>> records = read(consumer, count);
            for (int i = 0; i < count; i++) {
                assertArrayEquals(bytes("v" + i), records.get(i).value());
            }
        }
    }

    @Test
    void shouldDeliverAtOnceToAConsumerThatWaits() throws Exception {
        TopicPartition partition = createTopic("poll");
        try (KafkaConsumer<byte[], byte[]> consumer =
                        consumer(Map.of("auto.offset.reset", "earliest", "fetch.max.wait.ms", NEVER_MS), partition);
                KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < 20; i++) {
                assertTrue(consumer.poll(Duration.ofMillis(1)).isEmpty());
                producer.send(new ProducerRecord<>(partition.topic(), bytes("v" + i)))
                        .get();
                assertEquals(i, read(consumer, 1).get(0).offset());
            }
            leave(consumer);
        }
    }

    @Test
    void shouldWaitForTheBytesThatTheConsumerWants() throws Exception {
        TopicPartition partition = createTopic("min-bytes");
        Map<String, Object> settings =
                Map.of("auto.offset.reset", "earliest", "fetch.max.wait.ms", NEVER_MS, "fetch.min.bytes", 10_000);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, partition);
                KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < 5; i++) {
                producer.send(new ProducerRecord<>(partition.topic(), new byte[1000]))
                        .get();
            }
            assertTrue(consumer.poll(Duration.ofMillis(300)).isEmpty());
            for (int i = 0; i < 5; i++) {
                producer.send(new ProducerRecord<>(partition.topic(), new byte[1000]))
                        .get();
            }
            assertEquals(10, read(consumer, 10).size());
            leave(consumer);
        }
    }

    @Test
    void shouldFindOffsetsByTime() throws Exception {
        TopicPartition partition = createTopic("times");
        TopicPartition none = createTopic("no-times");
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>(
                                partition.topic(), 0, 1_600_000_000_000L + i * 1000L, null, bytes("v" + i)))
                        .get();
            }
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of(), partition, none)) {
            Map<TopicPartition, OffsetAndTimestamp> found =
                    consumer.offsetsForTimes(Map.of(partition, 1_600_000_004_500L, none, 0L));
            assertEquals(5, found.get(partition).offset());
            assertEquals(1_600_000_005_000L, found.get(partition).timestamp());
            assertNull(found.get(none));
            assertEquals(Map.of(partition, 0L, none, 0L), consumer.beginningOffsets(List.of(partition, none)));
            assertEquals(Map.of(partition, 10L, none, 0L), consumer.endOffsets(List.of(partition, none)));
            consumer.seek(partition, found.get(partition).offset());
            assertEquals(5, read(consumer, 5).get(0).offset());
        }
    }

    @Test
    void shouldDeleteRecordsAndTellConsumersBehind() throws Exception {
        TopicPartition partition = createTopic("shortened");
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>(partition.topic(), bytes("v" + i)))
                        .get();
            }
        }
        assertEquals(
                7,
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(7)))
                        .lowWatermarks()
                        .get(partition)
                        .get()
                        .lowWatermark());
        ExecutionException beyond = assertThrows(
                ExecutionException.class, () -> admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(11)))
                        .all()
                        .get());
        assertInstanceOf(OffsetOutOfRangeException.class, beyond.getCause());
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("auto.offset.reset", "earliest"), partition)) {
            consumer.seek(partition, 2);
            assertEquals(7, read(consumer, 3).get(0).offset());
        }
    }

    @Test
    void shouldCarryLargeRecordsWhole() throws Exception {
        TopicPartition partition = createTopic("large", Map.of("max.message.bytes", "5000000"));
        byte[] large = new byte[4_000_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) (i * 31 + i / 1000);
        }
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("max.request.size", 8_000_000))) {
            for (int i = 0; i < 3; i++) {
                producer.send(new ProducerRecord<>(partition.topic(), large)).get();
            }
            ExecutionException tooLarge = assertThrows(ExecutionException.class, () -> producer.send(
                            new ProducerRecord<>(partition.topic(), new byte[5_500_000]))
                    .get());
            assertInstanceOf(RecordTooLargeException.class, tooLarge.getCause());
        }
        Map<String, Object> small =
                Map.of("auto.offset.reset", "earliest", "max.partition.fetch.bytes", 1000, "fetch.max.bytes", 1000);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(small, partition)) {
            List<ConsumerRecord<byte[], byte[]>> records = read(consumer, 3);
            records.forEach(record -> assertArrayEquals(large, record.value()));
        }
    }

    @Test
    void shouldReadManyPartitionsInOneSession() throws Exception {
        int partitionCount = 50;
        admin.createTopics(List.of(new NewTopic("wide", partitionCount, (short) 1)))
                .all()
                .get();
        TopicPartition[] partitions = new TopicPartition[partitionCount];
        for (int i = 0; i < partitionCount; i++) {
            partitions[i] = new TopicPartition("wide", i);
        }
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of());
                KafkaConsumer<byte[], byte[]> consumer =
                        consumer(Map.of("auto.offset.reset", "earliest", "fetch.max.wait.ms", NEVER_MS), partitions)) {
            for (int round = 0; round < 3; round++) {
                List<Future<RecordMetadata>> sending = new ArrayList<>();
                for (int i = round; i < partitionCount; i += 3) {
                    sending.add(producer.send(new ProducerRecord<>("wide", i, null, bytes("v" + i))));
                }
                for (Future<RecordMetadata> each : sending) {
                    each.get();
                }
                int expected = (partitionCount - round + 2) / 3;
                assertEquals(expected, read(consumer, expected).size());
            }
            consumer.pause(List.of(partitions[0]));
            producer.send(new ProducerRecord<>("wide", 0, null, bytes("paused")))
                    .get();
            producer.send(new ProducerRecord<>("wide", 1, null, bytes("next"))).get();
            assertEquals(1, read(consumer, 1).get(0).partition());
            consumer.resume(List.of(partitions[0]));
            assertEquals(0, read(consumer, 1).get(0).partition());
            leave(consumer);
        }
    }

    @Test
    void shouldDescribeItsLogDirectory() throws Exception {
        TopicPartition partition = createTopic("described");
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            producer.send(new ProducerRecord<>(partition.topic(), new byte[1000]))
                    .get();
        }
        Map<String, LogDirDescription> directories =
                admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
        assertEquals(1, directories.size());
        LogDirDescription directory = directories.values().iterator().next();
        assertNull(directory.error());
        assertTrue(directory.totalBytes().getAsLong() > 0);
        assertTrue(directory.replicaInfos().get(partition).size() > 1000);
        assertFalse(directory.replicaInfos().get(partition).isFuture());
    }
}
