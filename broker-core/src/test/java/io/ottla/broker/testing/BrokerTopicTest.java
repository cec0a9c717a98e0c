package io.ottla.broker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.protocol.ApiException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records without clients, and waits. */
class BrokerTopicTest {

    private static EmbeddedBroker broker;

    private final BrokerTopic orders = broker.topic("orders");

    @BeforeAll
    static void start() {
        broker = EmbeddedBroker.builder().topic("orders", 3).start();
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void reset() {
        broker.reset();
    }

    private static Producer<String, String> producer(Map<String, ?> more) {
        Map<String, Object> properties = broker.clientProperties();
        properties.putAll(more);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private static Consumer<String, String> consumer(Map<String, ?> more) {
        Map<String, Object> properties = broker.clientProperties();
        properties.put("auto.offset.reset", "earliest");
        properties.put("group.id", "billing");
        properties.put("enable.auto.commit", false);
        properties.putAll(more);
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    @Test
    void shouldReadWhatAProducerWrote() throws Exception {
        try (Producer<String, String> producer = producer(Map.of("compression.type", "lz4"))) {
            ProducerRecord<String, String> sent = new ProducerRecord<>("orders", 1, 1_700_000_000_000L, "key", "value");
            sent.headers().add("trace", "1".getBytes(StandardCharsets.UTF_8)).add("none", null);
            sent.headers().add("trace", "2".getBytes(StandardCharsets.UTF_8));
            producer.send(sent).get(30, TimeUnit.SECONDS);
            producer.send(new ProducerRecord<>("orders", 2, null, null)).get(30, TimeUnit.SECONDS);
        }
        List<StoredRecord> records = orders.records().toList();
        StoredRecord first = records.get(0);
        assertEquals("orders-1@0 key=value [trace=1, none=null, trace=2]", first.toString());
        assertEquals("2", first.header("trace"));
        assertNull(first.header("other"));
        assertEquals(Instant.ofEpochMilli(1_700_000_000_000L), first.timestamp());
        assertEquals(TransactionOutcome.NONE, first.transaction());
        assertTrue(first.producerId() >= 0);
        assertEquals("orders-2@0 null=null", records.get(1).toString());
        assertEquals(2, records.size());
        assertEquals(1, orders.records(1).count());
        assertEquals(2, orders.count());
    }

    @Test
    void shouldWriteWhatAConsumerReads() {
        Instant yesterday = Instant.now().minus(1, ChronoUnit.DAYS).truncatedTo(ChronoUnit.MILLIS);
        orders.write(TestRecord.of("key", "value")
                .header("trace", "42")
                .timestamp(yesterday)
                .partition(2));
        try (Consumer<String, String> consumer = consumer(Map.of())) {
            consumer.subscribe(List.of("orders"));
            List<ConsumerRecord<String, String>> read = new ArrayList<>();
            broker.await().until("it is read", () -> {
                consumer.poll(Duration.ofMillis(20)).forEach(read::add);
                return !read.isEmpty();
            });
            ConsumerRecord<String, String> record = read.get(0);
            assertEquals("key", record.key());
            assertEquals("value", record.value());
            assertEquals(2, record.partition());
            assertEquals(yesterday.toEpochMilli(), record.timestamp());
            assertEquals("42", new String(record.headers().lastHeader("trace").value(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldChooseThePartitionsThatTheJavaProducerChooses() throws Exception {
        try (Producer<String, String> producer = producer(Map.of())) {
            for (int i = 0; i < 50; i++) {
                String key = "k".repeat(i % 7) + i;
                RecordMetadata sent = producer.send(new ProducerRecord<>("orders", key, "sent"))
                        .get(30, TimeUnit.SECONDS);
                long before = orders.endOffset(sent.partition());
                orders.write(key, "written");
                assertEquals(before + 1, orders.endOffset(sent.partition()), key);
            }
        }
        broker.reset();
        for (int i = 0; i < 6; i++) {
            orders.write(null, "in turn");
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(2, orders.endOffset(i));
        }
    }

    @Test
    void shouldSayWhatBecameOfTransactions() throws Exception {
        broker.createTopic("one", 1);
        BrokerTopic one = broker.topic("one");
        try (Producer<String, String> committing = producer(Map.of("transactional.id", "committing"));
                Producer<String, String> aborting = producer(Map.of("transactional.id", "aborting"))) {
            committing.initTransactions();
            aborting.initTransactions();
            for (int i = 0; i < 2; i++) {
                aborting.beginTransaction();
                committing.beginTransaction();
                aborting.send(new ProducerRecord<>("one", "no " + i)).get(30, TimeUnit.SECONDS);
                committing.send(new ProducerRecord<>("one", "yes " + i)).get(30, TimeUnit.SECONDS);
                aborting.abortTransaction();
                committing.commitTransaction();
                broker.await().transactionEnded("aborting");
                broker.await().transactionEnded("committing");
            }
            committing.beginTransaction();
            committing.send(new ProducerRecord<>("one", "open")).get(30, TimeUnit.SECONDS);
            one.write("k", "outside");
            assertEquals(
                    List.of(
                            "no 0 ABORTED",
                            "yes 0 COMMITTED",
                            "no 1 ABORTED",
                            "yes 1 COMMITTED",
                            "open OPEN",
                            "outside NONE"),
                    one.records()
                            .map(record -> record.valueText() + " " + record.transaction())
                            .toList());
            one.assertValues("yes 0", "yes 1");
            assertEquals(
                    4,
                    one.recordsAndControlRecords()
                            .filter(StoredRecord::isControl)
                            .count());
            AssertionError stillOpen = assertThrows(
                    AssertionError.class,
                    () -> broker.await().atMost(Duration.ofMillis(30)).transactionEnded("committing"));
            assertTrue(stillOpen.getMessage().endsWith("but it is Ongoing"), stillOpen.getMessage());
            committing.commitTransaction();
            broker.await().records("one", 4);
            one.assertValues("yes 0", "yes 1", "open", "outside");
        }
    }

    @Test
    void shouldReadMoreThanOneChunk() {
        byte[] value = new byte[300_000];
        for (int i = 0; i < 20; i++) {
            orders.write(TestRecord.of(("" + i).getBytes(StandardCharsets.UTF_8), value)
                    .partition(0));
        }
        assertEquals(20, orders.records().map(StoredRecord::keyText).distinct().count());
        assertEquals(20, orders.count());
    }

    @Test
    void shouldSayWhatIsDifferent() {
        orders.assertEmpty();
        orders.write(TestRecord.of("a").partition(0), TestRecord.of("b").partition(1));
        orders.assertValues("a", "b");
        orders.assertValuesInAnyOrder("b", "a");
        assertMessage(
                "Expected 3 records in orders, but there are 2; in the topic, first to last:\n"
                        + "  orders-0@0 null=a\n  orders-1@0 null=b",
                () -> orders.assertCount(3));
        assertMessage(
                "The values of orders differ at index 1: expected c, found b", () -> orders.assertValues("a", "c"));
        assertMessage(
                "The values of orders differ at index 1: expected no more, found b", () -> orders.assertValues("a"));
        assertMessage(
                "Of the values of orders, missing are [c], and not expected [b]",
                () -> orders.assertValuesInAnyOrder("c", "a"));
        assertMessage(
                "The keys of orders differ at index 0: expected x, found null", () -> orders.assertKeys("x", "y"));
    }

    @Test
    void shouldFailAtOnceWhenSomethingArrives() throws Exception {
        orders.write("k", "before");
        orders.assertNothingArrives(Duration.ofMillis(20));
        Thread writer = new Thread(() -> {
            broker.await().until("somebody waits", () -> true);
            orders.write(TestRecord.of("k", "late").partition(1));
        });
        writer.start();
        assertMessage(
                "Expected nothing more in orders, but there came [orders-1@",
                () -> orders.assertNothingArrives(Duration.ofSeconds(60)));
        writer.join();
    }

    private static void assertMessage(String start, Runnable failing) {
        String message = assertThrows(AssertionError.class, failing::run).getMessage();
        assertTrue(message.startsWith(start), message);
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        assertThrows(IllegalArgumentException.class, () -> broker.topic("none").records());
        assertThrows(
                IllegalArgumentException.class,
                () -> orders.write(TestRecord.of("v").partition(3)));
        assertThrows(
                ApiException.class,
                () -> orders.write(TestRecord.of("v").timestamp(Instant.now().plus(2, ChronoUnit.DAYS))));
        orders.assertEmpty();
    }

    @Test
    void shouldWaitForGroups() {
        assertMessage(
                "Waited 20 ms until the group billing is stable, but there is none",
                () -> broker.await().atMost(Duration.ofMillis(20)).groupStable("billing"));
        broker.await().groupEmpty("billing");
        for (String protocol : List.of("classic", "consumer")) {
            broker.reset();
            orders.write(TestRecord.of("a").partition(0), TestRecord.of("b").partition(1));
            assertMessage(
                    "Waited 0 ms until the group billing has no lag, but it has committed nothing",
                    () -> broker.await().atMost(Duration.ZERO).noLag("billing"));
            try (Consumer<String, String> consumer = consumer(Map.of("group.protocol", protocol, "client.id", "c1"))) {
                consumer.subscribe(List.of("orders"));
                int[] count = {0};
                broker.await().until("all is consumed", () -> {
                    count[0] += consumer.poll(Duration.ofMillis(20)).count();
                    return count[0] == 2;
                });
                broker.await().groupStable("billing");
                broker.await().groupStable("billing", 1);
                assertMessage(
                        "Waited 0 ms until the group billing is stable with 2 members, but it is Stable with the members [c1]",
                        () -> broker.await().atMost(Duration.ZERO).groupStable("billing", 2));
                consumer.commitSync();
                broker.await().committed("billing", "orders", 1, 1);
                broker.await().noLag("billing");
                orders.write(TestRecord.of("c").partition(1), TestRecord.of("d").partition(2));
                assertMessage(
                        "Waited 0 ms until the group billing has no lag, but it lags by so many records: {orders-1=1, orders-2=1}",
                        () -> broker.await().atMost(Duration.ZERO).noLag("billing"));
                broker.await().until("all is consumed", () -> {
                    count[0] += consumer.poll(Duration.ofMillis(20)).count();
                    return count[0] == 4;
                });
                consumer.commitSync();
                broker.await().noLag("billing", "orders");
                broker.await().idle();
            }
            broker.await().groupEmpty("billing");
        }
    }

    @Test
    void shouldWakeWhenRecordsCome() throws Exception {
        Thread writer = new Thread(() -> {
            for (int i = 0; i < 100; i++) {
                orders.write("k" + i, "value");
            }
        });
        writer.start();
        broker.await().records("orders", 100);
        writer.join();
        assertMessage(
                "Waited 10 ms until there are 101 records in orders, but there are 100",
                () -> broker.await().atMost(Duration.ofMillis(10)).records("orders", 101));
        assertMessage(
                "Waited 10 ms until there are 1 records in none, but there is no such topic",
                () -> broker.await().atMost(Duration.ofMillis(10)).records("none", 1));
        broker.topic("none");
        broker.createTopic("late");
        Thread late = new Thread(() -> broker.topic("late").write("k", "v"));
        late.start();
        broker.await().records("late", 1);
        late.join();
    }
}
