package io.ottla.broker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.journal.JournalEntry;
import io.ottla.protocol.ApiKey;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/**
 * All that the broker does in time is done when an advance returns, although the rounds in which it is looked for are longer: what is asserted
 * here is so at once. More of it in {@link BrokerClockTest}.
 */
class DueWorkTest {

    private static final Duration ALMOST_A_MINUTE = Duration.ofSeconds(59);
    private static final Duration A_LITTLE = Duration.ofSeconds(2);
    private static final Duration A_MINUTE = Duration.ofSeconds(61);
    private static final TopicPartition ORDERS = new TopicPartition("orders", 0);

    private static EmbeddedBroker broker(Map<String, String> topicConfig, Object... brokerConfig) {
        EmbeddedBroker.Builder builder =
                EmbeddedBroker.builder().topic("orders", 1, topicConfig).stoppedClock();
        for (int i = 0; i < brokerConfig.length; i += 2) {
            builder.config((String) brokerConfig[i], brokerConfig[i + 1]);
        }
        return builder.start();
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static Producer<String, String> producer(EmbeddedBroker broker, Map<String, ?> more) {
        Map<String, Object> properties = broker.clientProperties();
        properties.putAll(more);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private static Consumer<String, String> consumer(EmbeddedBroker broker, Map<String, ?> more) {
        Map<String, Object> properties = broker.clientProperties();
        properties.putAll(more);
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private static void send(Producer<String, String> producer, String value) throws Exception {
        producer.send(new ProducerRecord<>("orders", value)).get(30, TimeUnit.SECONDS);
    }

    private static List<String> files(EmbeddedBroker broker, String folder, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(broker.dataFolder().resolve(folder))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void shouldForgetOffsetsThatNobodyUses() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of(), "offsets.retention.minutes", 1);
                Admin admin = Admin.create(broker.clientProperties())) {
            get(admin.alterConsumerGroupOffsets("billing", Map.of(ORDERS, new OffsetAndMetadata(0)))
                    .all());
            broker.clock().advance(ALMOST_A_MINUTE);
            assertEquals(1, broker.overview().groups().size());
            broker.clock().advance(A_LITTLE);
            assertEquals(List.of(), broker.overview().groups());
        }
    }

    @Test
    void shouldForgetOffsetsOfAGroupThatHasLongBeenEmpty() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of(), "offsets.retention.minutes", 1)) {
            broker.topic("orders").write("key", "value");
            try (Consumer<String, String> consumer =
                    consumer(broker, Map.of("group.id", "billing", "auto.offset.reset", "earliest"))) {
                consumer.subscribe(List.of("orders"));
                broker.await()
                        .until(
                                "it has read",
                                () -> consumer.poll(Duration.ofMillis(20)).count() > 0);
                consumer.commitSync();
                broker.clock().advance(Duration.ofSeconds(30));
            }
            broker.await().groupEmpty("billing");
            broker.clock().advance(ALMOST_A_MINUTE);
            broker.await().atMost(Duration.ZERO).committed("billing", "orders", 0, 1);
            broker.clock().advance(A_LITTLE);
            assertEquals(List.of(), broker.overview().groups());
        }
    }

    @Test
    void shouldDeleteTheFilesOfWhatIsGone() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of("retention.ms", "60000", "file.delete.delay.ms", "60000"))) {
            broker.topic("orders").write("key", "value");
            broker.clock().advance(A_MINUTE);
            broker.topic("orders").assertEmpty();
            assertNotEquals(List.of(), files(broker, "orders-0", ".deleted"));
            broker.clock().advance(A_MINUTE);
            assertEquals(List.of(), files(broker, "orders-0", ".deleted"));
        }
    }

    @Test
    void shouldEndSegmentsThatAreOldEnough() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of("segment.ms", "60000"))) {
            broker.topic("orders").write("key", "1");
            broker.clock().advance(ALMOST_A_MINUTE);
            broker.topic("orders").write("key", "2");
            assertEquals(1, files(broker, "orders-0", ".log").size());
            broker.clock().advance(A_LITTLE);
            broker.topic("orders").write("key", "3");
            assertEquals(2, files(broker, "orders-0", ".log").size());
        }
    }

    @Test
    void shouldCompactWhatHasLainLongEnoughAndThenDropTombstones() {
        try (EmbeddedBroker broker = broker(Map.of(
                "cleanup.policy",
                "compact",
                "segment.ms",
                "1000",
                "min.cleanable.dirty.ratio",
                "0.01",
                "min.compaction.lag.ms",
                "60000",
                "delete.retention.ms",
                "600000"))) {
            BrokerTopic orders = broker.topic("orders");
            orders.write("key", "old");
            orders.write("key", null);
            broker.clock().advance(A_LITTLE);
            orders.write("ends the segment", "x");
            broker.clock().advance(Duration.ofSeconds(55));
            orders.assertKeys("key", "key", "ends the segment");
            broker.clock().advance(Duration.ofSeconds(5));
            orders.assertKeys("key", "ends the segment");
            // Compaction has put down by when its tombstone goes; it looks again when there is something new.
            broker.clock().advance(Duration.ofMinutes(11));
            orders.write("ends the segment too", "x");
            broker.clock().advance(A_MINUTE);
            orders.write("and this one", "x");
            broker.clock().advance(A_MINUTE);
            orders.assertKeys("ends the segment", "ends the segment too", "and this one");
        }
    }

    @Test
    void shouldFlushAndNoteThatDown() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of("flush.ms", "30000"))) {
            broker.topic("orders").write("key", "value");
            broker.clock().advance(Duration.ofSeconds(31));
            broker.clock().advance(A_MINUTE);
            String checkpoint = Files.readString(broker.dataFolder().resolve("recovery-point-offset-checkpoint"));
            assertTrue(checkpoint.contains("orders 0 1\n"), checkpoint);
        }
    }

    @Test
    void shouldWriteASnapshotOfTheMetadata() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of(), "metadata.log.max.snapshot.interval.ms", 60_000)) {
            broker.createTopic("more");
            int before = files(broker, "__cluster_metadata-0", ".checkpoint").size();
            broker.clock().advance(ALMOST_A_MINUTE);
            assertEquals(
                    before, files(broker, "__cluster_metadata-0", ".checkpoint").size());
            broker.clock().advance(A_LITTLE);
            assertEquals(
                    before + 1,
                    files(broker, "__cluster_metadata-0", ".checkpoint").size());
        }
    }

    @Test
    void shouldForgetTransactionalIdsAndProducerIds() throws Exception {
        try (EmbeddedBroker broker = broker(
                        Map.of(), "transactional.id.expiration.ms", 120_000, "producer.id.expiration.ms", 60_000);
                Admin admin = Admin.create(broker.clientProperties());
                Producer<String, String> producer = producer(broker, Map.of("transactional.id", "tx"))) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "value");
            producer.commitTransaction();
            broker.await().transactionEnded("tx");
            broker.clock().advance(ALMOST_A_MINUTE);
            assertEquals(1, producersOfOrders(admin));
            broker.clock().advance(A_LITTLE);
            assertEquals(0, producersOfOrders(admin));
            assertEquals(1, get(admin.listTransactions().all()).size());
            broker.clock().advance(A_MINUTE);
            assertEquals(0, get(admin.listTransactions().all()).size());
        }
    }

    private static int producersOfOrders(Admin admin) throws Exception {
        return get(admin.describeProducers(Set.of(ORDERS)).all())
                .get(ORDERS)
                .activeProducers()
                .size();
    }

    @Test
    void shouldAnswerFetchesThatHaveWaitedLongEnough() {
        try (EmbeddedBroker broker = broker(Map.of())) {
            broker.journal().start();
            try (Polling polling = new Polling(
                    consumer(broker, Map.of("fetch.max.wait.ms", 20_000, "client.id", "reader", "group.id", "g")))) {
                polling.consumer.assign(List.of(ORDERS));
                polling.consumer.seekToBeginning(List.of(ORDERS));
                polling.start();
                awaitRequest(broker, ApiKey.FETCH, 1);
                broker.clock().advance(Duration.ofSeconds(19));
                assertEquals(0, answers(broker, ApiKey.FETCH));
                broker.clock().advance(A_LITTLE);
                assertNotEquals(0, answers(broker, ApiKey.FETCH));
            }
        }
    }

    /** Returns when the broker has begun with the last of so many requests, and its timers with it. */
    private static void awaitRequest(EmbeddedBroker broker, ApiKey apiKey, int count) {
        broker.await()
                .until(
                        count + " " + apiKey + " requests have come",
                        () -> broker.journal().query().requests().api(apiKey).count() >= count);
        broker.clock().advance(Duration.ZERO);
    }

    private static long answers(EmbeddedBroker broker, ApiKey apiKey) {
        return broker.journal()
                .query()
                .answers()
                .api(apiKey)
                .where(entry -> !entry.hasError())
                .count();
    }

    @Test
    void shouldEndTheWaitForTheFirstMembers() {
        try (EmbeddedBroker broker = broker(Map.of(), "group.initial.rebalance.delay.ms", 20_000)) {
            broker.journal().start();
            try (Polling polling =
                    new Polling(consumer(broker, Map.of("group.id", "billing", "max.poll.interval.ms", 600_000)))) {
                polling.consumer.subscribe(List.of("orders"));
                polling.start();
                awaitRequest(broker, ApiKey.JOIN_GROUP, 2); // the first one is told its member id
                broker.clock().advance(Duration.ofSeconds(19));
                assertEquals(0, answers(broker, ApiKey.JOIN_GROUP));
                broker.clock().advance(A_LITTLE);
                assertEquals(1, answers(broker, ApiKey.JOIN_GROUP));
            }
        }
    }

    @Test
    void shouldGoOnWithoutMembersThatDoNotJoinAgain() {
        try (EmbeddedBroker broker = broker(Map.of())) {
            Map<String, Object> config =
                    Map.of("group.id", "billing", "max.poll.interval.ms", 60_000, "heartbeat.interval.ms", 100);
            try (Consumer<String, String> late = consumer(broker, config);
                    Polling polling = new Polling(consumer(broker, config))) {
                late.subscribe(List.of("orders"));
                broker.await().until("it has a partition", () -> {
                    late.poll(Duration.ofMillis(10));
                    return !late.assignment().isEmpty();
                });
                broker.journal().start();
                polling.consumer.subscribe(List.of("orders"));
                polling.start();
                awaitRequest(broker, ApiKey.JOIN_GROUP, 2);
                // The one that does not poll goes on with its heartbeats.
                long mark = broker.journal().mark();
                broker.clock().advance(Duration.ofSeconds(30));
                broker.await()
                        .until(
                                "a heartbeat of the new time",
                                () -> broker.journal()
                                                .query()
                                                .answers()
                                                .api(ApiKey.HEARTBEAT)
                                                .since(mark)
                                                .count()
                                        >= 1);
                assertEquals(0, answers(broker, ApiKey.JOIN_GROUP));
                broker.clock().advance(Duration.ofSeconds(31));
                assertEquals(1, answers(broker, ApiKey.JOIN_GROUP));
            }
        }
    }

    @Test
    void shouldCloseConnectionsThatAreIdle() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of(), "connections.max.idle.ms", 60_000)) {
            broker.journal().start();
            try (Socket socket = new Socket("localhost", broker.port())) {
                broker.await().until("it is connected", () -> count(broker, JournalEntry.Kind.CONNECTED) == 1);
                broker.await().idle();
                broker.clock().advance(ALMOST_A_MINUTE);
                assertEquals(0, count(broker, JournalEntry.Kind.DISCONNECTED));
                broker.clock().advance(A_LITTLE);
                assertEquals(1, count(broker, JournalEntry.Kind.DISCONNECTED));
                assertEquals(-1, socket.getInputStream().read());
            }
        }
    }

    private static long count(EmbeddedBroker broker, JournalEntry.Kind kind) {
        return broker.journal().query().kind(kind).count();
    }

    @Test
    void shouldForgetWhatQuotasHaveCounted() throws Exception {
        try (EmbeddedBroker broker = broker(Map.of());
                Admin admin = Admin.create(broker.clientProperties())) {
            get(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                            new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "billing")),
                            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 10_000.0)))))
                    .all());
            assertNotEquals(0.0, throttleMsOf(broker));
            assertNotEquals(0.0, throttleMsOf(broker));
            broker.clock().advance(Duration.ofMinutes(10));
            assertEquals(0.0, throttleMsOf(broker, "a little"));
        }
    }

    private static double throttleMsOf(EmbeddedBroker broker) throws Exception {
        return throttleMsOf(broker, "x".repeat(200_000));
    }

    /** What a producer is told that sends one record. */
    private static double throttleMsOf(EmbeddedBroker broker, String value) throws Exception {
        try (Producer<String, String> producer = producer(broker, Map.of("client.id", "billing"))) {
            send(producer, value);
            return producer.metrics().entrySet().stream()
                    .filter(metric -> metric.getKey().name().equals("produce-throttle-time-max"))
                    .mapToDouble(metric -> (double) metric.getValue().metricValue())
                    .max()
                    .orElseThrow();
        }
    }

    /** A consumer that a thread of its own polls until the end. */
    private static final class Polling implements AutoCloseable {

        private final Consumer<String, String> consumer;
        private final AtomicBoolean ended = new AtomicBoolean();
        private CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

        Polling(Consumer<String, String> consumer) {
            this.consumer = consumer;
        }

        void start() {
            done = CompletableFuture.runAsync(() -> {
                while (!ended.get()) {
                    consumer.poll(Duration.ofMillis(50));
                }
            });
        }

        @Override
        public void close() {
            ended.set(true);
            done.join();
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }
}
