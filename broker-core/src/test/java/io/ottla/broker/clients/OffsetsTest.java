package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffsetsTest extends ClientTest {
    private static final long TIMESTAMP_MS = 1_700_000_000_000L;
    private TopicPartition partition;

    @BeforeEach
    void createTopic() throws Exception {
        partition = new TopicPartition(createTopic(1, Map.of("retention.ms", "-1")), 0);
    }

    private Consumer<String, String> reader(Map<String, Object> overrides) {
        Consumer<String, String> consumer = consumer(overrides);
        consumer.assign(Set.of(partition));
        return consumer;
    }

    private void sendTimed(String compression, int count) throws Exception {
        send(
                producer(Map.of("compression.type", compression, "linger.ms", 20)),
                IntStream.range(0, count)
                        .mapToObj(i -> new ProducerRecord<String, String>(
                                partition.topic(), 0, TIMESTAMP_MS + 1_000L * i, null, Integer.toString(i)))
                        .collect(Collectors.toList()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void shouldSeekByTimestamp(String compression) throws Exception {
        sendTimed(compression, 10);
        Consumer<String, String> consumer = reader(Map.of());

        assertEquals(new OffsetAndTimestamp(0, TIMESTAMP_MS, epoch()), lookUp(consumer, 0));
        assertEquals(new OffsetAndTimestamp(4, TIMESTAMP_MS + 4_000, epoch()), lookUp(consumer, TIMESTAMP_MS + 4_000));
        OffsetAndTimestamp between = lookUp(consumer, TIMESTAMP_MS + 4_001);
        assertEquals(new OffsetAndTimestamp(5, TIMESTAMP_MS + 5_000, epoch()), between);
        assertNull(lookUp(consumer, TIMESTAMP_MS + 9_001));

        consumer.seek(partition, between.offset());
        assertEquals(List.of("5", "6", "7", "8", "9"), values(poll(consumer, 5)));
    }

    private static java.util.Optional<Integer> epoch() {
        return java.util.Optional.of(0);
    }

    private OffsetAndTimestamp lookUp(Consumer<String, String> consumer, long timestampMs) {
        return consumer.offsetsForTimes(Map.of(partition, timestampMs)).get(partition);
    }

    @Test
    void shouldKnowBothEndsOfAPartition() throws Exception {
        Consumer<String, String> consumer = reader(Map.of());
        assertEquals(Map.of(partition, 0L), consumer.beginningOffsets(Set.of(partition)));
        assertEquals(Map.of(partition, 0L), consumer.endOffsets(Set.of(partition)));

        sendNumbers(partition.topic(), 0, 4);

        assertEquals(Map.of(partition, 0L), consumer.beginningOffsets(Set.of(partition)));
        assertEquals(Map.of(partition, 4L), consumer.endOffsets(Set.of(partition)));
    }

    @Test
    void shouldReadFromAnyOffset() throws Exception {
        sendTimed("lz4", 10);
        Consumer<String, String> consumer = reader(Map.of());

        consumer.seek(partition, 7);
        assertEquals(List.of("7", "8", "9"), values(poll(consumer, 3)));
        consumer.seekToBeginning(Set.of(partition));
        assertEquals("0", poll(consumer, 10).get(0).value());
        consumer.seekToEnd(Set.of(partition));
        assertEquals(10, consumer.position(partition));
    }

    @Test
    void shouldSayThatAnOffsetIsOutOfRange() throws Exception {
        sendNumbers(partition.topic(), 0, 2);
        Consumer<String, String> consumer = reader(Map.of("auto.offset.reset", "none"));
        consumer.seek(partition, 3);

        OffsetOutOfRangeException error = assertThrows(
                OffsetOutOfRangeException.class,
                () -> Await.until("the offset is refused", () -> consumer.poll(Duration.ofMillis(50)) == null));

        assertEquals(Map.of(partition, 3L), error.offsetOutOfRangePartitions());
    }

    @Test
    void shouldForgetDeletedRecords() throws Exception {
        sendNumbers(partition.topic(), 0, 5);
        Admin admin = admin();

        long lowWatermark = get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3)))
                        .lowWatermarks()
                        .get(partition))
                .lowWatermark();

        assertEquals(3, lowWatermark);
        Consumer<String, String> consumer = reader(Map.of());
        assertEquals(Map.of(partition, 3L), consumer.beginningOffsets(Set.of(partition)));
        consumer.seek(partition, 0);
        assertEquals(List.of("3", "4"), values(poll(consumer, 2)));
    }

    @Test
    void shouldRefuseToDeleteBeyondTheEnd() throws Exception {
        sendNumbers(partition.topic(), 0, 2);

        assertFails(
                org.apache.kafka.common.errors.OffsetOutOfRangeException.class,
                admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3)))
                        .lowWatermarks()
                        .get(partition));
    }

    @Test
    void shouldAnswerTheAdministrator() throws Exception {
        sendTimed("none", 3);
        Admin admin = admin();

        assertEquals(0, offset(admin, OffsetSpec.earliest()));
        assertEquals(3, offset(admin, OffsetSpec.latest()));
        assertEquals(1, offset(admin, OffsetSpec.forTimestamp(TIMESTAMP_MS + 1)));
        assertEquals(-1, offset(admin, OffsetSpec.forTimestamp(TIMESTAMP_MS + 2_001)));
    }

    private long offset(Admin admin, OffsetSpec spec) throws Exception {
        return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition))
                .offset();
    }
}
