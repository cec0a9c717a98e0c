package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProduceAndConsumeTest extends ClientTest {
    private static final long TIMESTAMP_MS = 1_700_000_000_000L;

    @ParameterizedTest
    @CsvSource({
        "none, true", "gzip, true", "snappy, true", "lz4, true", "zstd, true",
        "none, false", "gzip, false", "snappy, false", "lz4, false", "zstd, false"
    })
    void shouldReturnWhatWasSent(String compression, boolean idempotent) throws Exception {
        String topic = createTopic(1, Map.of());
        List<ProducerRecord<String, String>> sent = recordsOfAllShapes(topic);
        Producer<String, String> producer = producer(Map.of(
                "compression.type", compression, "enable.idempotence", idempotent, "acks", "all", "linger.ms", 20));

        List<RecordMetadata> acknowledged = send(producer, sent);

        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        List<ConsumerRecord<String, String>> received = poll(consumer, sent.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(i, acknowledged.get(i).offset());
            assertEquals(i, received.get(i).offset());
            assertSame(sent.get(i), received.get(i));
        }
    }

    private static List<ProducerRecord<String, String>> recordsOfAllShapes(String topic) {
        List<Header> none = List.of();
        List<Header> several = List.of(
                new RecordHeader("trace", "1".getBytes(StandardCharsets.UTF_8)),
                new RecordHeader("trace", "2".getBytes(StandardCharsets.UTF_8)),
                new RecordHeader("", new byte[0]),
                new RecordHeader("größe", null));
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (String key : new String[] {null, "", "key", "ключ"}) {
            for (String value : new String[] {null, "", "value", "\uD83D\uDE80", "long ".repeat(20_000)}) {
                for (List<Header> headers : List.of(none, several)) {
                    records.add(new ProducerRecord<>(topic, 0, TIMESTAMP_MS + records.size(), key, value, headers));
                }
            }
        }
        return records;
    }

    private static void assertSame(ProducerRecord<String, String> sent, ConsumerRecord<String, String> received) {
        assertEquals(sent.key(), received.key());
        assertEquals(sent.value(), received.value());
        assertEquals(sent.timestamp(), received.timestamp());
        assertEquals(TimestampType.CREATE_TIME, received.timestampType());
        Header[] expected = sent.headers().toArray();
        Header[] actual = received.headers().toArray();
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i].key(), actual[i].key());
            assertArrayEquals(expected[i].value(), actual[i].value());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, -1", "1, 0", "all, 0"})
    void shouldAnswerAsTheAcknowledgementAsks(String acks, long expectedOffset) throws Exception {
        String topic = createTopic(1, Map.of());
        Producer<String, String> producer = producer(Map.of("acks", acks, "enable.idempotence", false));

        RecordMetadata first =
                send(producer, List.of(new ProducerRecord<>(topic, "value"))).get(0);

        assertEquals(expectedOffset, first.offset());
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        assertEquals(List.of("value"), values(poll(consumer, 1)));
    }

    @Test
    void shouldKeepRecordsOfOneKeyTogetherAndInOrder() throws Exception {
        String topic = createTopic(4, Map.of());
        List<ProducerRecord<String, String>> sent = IntStream.range(0, 400)
                .mapToObj(i -> new ProducerRecord<>(topic, "key-" + i % 10, Integer.toString(i)))
                .collect(Collectors.toList());

        send(producer(Map.of("batch.size", 200)), sent);

        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 4));
        Map<String, Integer> partitionOfKey = new HashMap<>();
        Map<String, Integer> lastOfKey = new HashMap<>();
        Map<Integer, Long> nextOffset = new HashMap<>();
        for (ConsumerRecord<String, String> record : poll(consumer, sent.size())) {
            int partition = partitionOfKey.computeIfAbsent(record.key(), key -> record.partition());
            assertEquals(partition, record.partition());
            int number = Integer.parseInt(record.value());
            Integer before = lastOfKey.put(record.key(), number);
            assertTrue(before == null || before < number, () -> "out of order: " + record);
            assertEquals(nextOffset.getOrDefault(record.partition(), 0L), record.offset());
            nextOffset.put(record.partition(), record.offset() + 1);
        }
        assertEquals(10, lastOfKey.size());
        assertTrue(nextOffset.size() > 1, "all keys went to one partition");
    }

    @Test
    void shouldMakeATopicOnItsFirstUse() throws Exception {
        String topic = unique("made-on-use");

        send(producer(Map.of()), List.of(new ProducerRecord<>(topic, "value")));

        Consumer<String, String> consumer = consumer(Map.of());
        assertEquals(1, consumer.partitionsFor(topic).size());
        consumer.assign(partitions(topic, 1));
        assertEquals(List.of("value"), values(poll(consumer, 1)));
    }

    @Test
    void shouldRefuseABadTopicName() {
        Producer<String, String> producer = producer(Map.of("max.block.ms", 10_000));
        ProducerRecord<String, String> record = new ProducerRecord<>("no blanks, please", "value");

        ExecutionException error = assertThrows(
                ExecutionException.class, () -> producer.send(record).get(30, TimeUnit.SECONDS));

        assertInstanceOf(InvalidTopicException.class, error.getCause());
    }

    @Test
    void shouldRefuseARecordAboveTheLimitOfItsTopic() throws Exception {
        String topic = createTopic(1, Map.of("max.message.bytes", "1000"));
        Producer<String, String> producer = producer(Map.of());
        ProducerRecord<String, String> large = new ProducerRecord<>(topic, 0, null, "x".repeat(2_000));

        ExecutionException error = assertThrows(
                ExecutionException.class, () -> producer.send(large).get(30, TimeUnit.SECONDS));

        assertInstanceOf(RecordTooLargeException.class, error.getCause());
        List<RecordMetadata> next = send(producer, List.of(new ProducerRecord<>(topic, 0, null, "small")));
        assertEquals(0, next.get(0).offset());
    }

    @Test
    void shouldRefuseATimestampThatIsTooFarAway() throws Exception {
        String topic = createTopic(1, Map.of("message.timestamp.before.max.ms", "3600000"));
        Producer<String, String> producer = producer(Map.of());
        ProducerRecord<String, String> old = new ProducerRecord<>(topic, 0, TIMESTAMP_MS, null, "old");

        ExecutionException error =
                assertThrows(ExecutionException.class, () -> producer.send(old).get(30, TimeUnit.SECONDS));

        assertInstanceOf(InvalidTimestampException.class, error.getCause());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "lz4"})
    void shouldStampRecordsOfATopicThatAsksForIt(String compression) throws Exception {
        String topic = createTopic(1, Map.of("message.timestamp.type", "LogAppendTime"));
        long beforeMs = System.currentTimeMillis();

        RecordMetadata acknowledged = send(
                        producer(Map.of("compression.type", compression)),
                        List.of(new ProducerRecord<>(topic, 0, TIMESTAMP_MS, null, "value")))
                .get(0);

        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        ConsumerRecord<String, String> received = poll(consumer, 1).get(0);
        assertEquals(TimestampType.LOG_APPEND_TIME, received.timestampType());
        assertEquals(received.timestamp(), acknowledged.timestamp());
        assertTrue(received.timestamp() >= beforeMs, () -> received + " is older than the test");
    }

    @Test
    void shouldReturnARecordThatIsLargerThanTheFetchAllows() throws Exception {
        String topic = createTopic(2, Map.of());
        String value = "x".repeat(50_000);
        send(
                producer(Map.of()),
                List.of(new ProducerRecord<>(topic, 0, null, value), new ProducerRecord<>(topic, 1, null, value)));

        Consumer<String, String> consumer = consumer(Map.of("fetch.max.bytes", 100, "max.partition.fetch.bytes", 100));
        consumer.assign(partitions(topic, 2));

        assertEquals(List.of(value, value), values(poll(consumer, 2)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "zstd"})
    void shouldReturnManyRecordsOnce(String compression) throws Exception {
        String topic = createTopic(3, Map.of("segment.bytes", "1048576"));
        int count = 30_000;
        List<ProducerRecord<String, String>> sent = IntStream.range(0, count)
                .mapToObj(i -> new ProducerRecord<String, String>(topic, i % 3, null, i + "-" + "x".repeat(i % 200)))
                .collect(Collectors.toList());

        send(producer(Map.of("compression.type", compression, "linger.ms", 5)), sent);

        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 3));
        Map<TopicPartition, Long> next = new HashMap<>();
        for (ConsumerRecord<String, String> record : poll(consumer, count)) {
            TopicPartition partition = new TopicPartition(topic, record.partition());
            long offset = next.getOrDefault(partition, 0L);
            assertEquals(offset, record.offset());
            next.put(partition, offset + 1);
            ProducerRecord<String, String> original = sent.get((int) (offset * 3) + record.partition());
            assertEquals(original.value(), record.value());
        }
        assertEquals(next, consumer.endOffsets(partitions(topic, 3)));
    }

    @Test
    void shouldWakeAConsumerThatWaitsAtTheEnd() throws Exception {
        String topic = createTopic(1, Map.of());
        Consumer<String, String> consumer = consumer(Map.of("fetch.max.wait.ms", 25_000));
        consumer.assign(partitions(topic, 1));
        // The first poll leaves a fetch waiting at the broker.
        assertTrue(consumer.poll(java.time.Duration.ofMillis(200)).isEmpty());
        long startNanos = System.nanoTime();

        sendNumbers(topic, 0, 1);

        assertFalse(poll(consumer, 1).isEmpty());
        assertTrue(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos) < 20, "the fetch waited in vain");
    }
}
