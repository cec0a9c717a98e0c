package io.ottla.broker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an advance of the clock does before it returns: nothing here waits for it. */
class BrokerClockTest {

    private static final Instant START = Instant.parse("2020-02-29T12:00:00Z");

    @Test
    void shouldShowTheTimeThatItIsGiven() {
        try (EmbeddedBroker broker =
                EmbeddedBroker.builder().startTime(START).stoppedClock().start()) {
            BrokerClock clock = broker.clock();
            assertEquals(START, clock.now());
            clock.advance(Duration.ofDays(1));
            clock.advanceTo(START.plus(Duration.ofDays(2)));
            assertEquals(START.plus(Duration.ofDays(2)), clock.now());
            assertThrows(IllegalArgumentException.class, () -> clock.advanceTo(START));
            broker.restart();
            assertEquals(START.plus(Duration.ofDays(2)), clock.now());
            assertFalse(clock.isRunning());
            clock.resume();
            long nanos = clock.nanoTime();
            broker.await().until("the clock goes on", () -> clock.nanoTime() > nanos + 1_000_000);
            assertTrue(clock.isRunning());
        }
    }

    @Test
    void shouldDeleteWhatRetentionDoesNotAskFor() {
        Map<String, String> config = Map.of("retention.ms", "60000");
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .topic("orders", 1, config)
                .stoppedClock()
                .start()) {
            broker.topic("orders").write("old", "1");
            broker.clock().advance(Duration.ofSeconds(30));
            broker.topic("orders").write("new", "2");
            broker.topic("orders").assertKeys("old", "new");
            // Both lie in one segment, which goes when the younger has to.
            broker.clock().advance(Duration.ofSeconds(31));
            broker.topic("orders").assertKeys("old", "new");
            broker.clock().advance(Duration.ofSeconds(30));
            broker.topic("orders").assertEmpty();
            assertEquals(2, broker.topic("orders").startOffset(0));
        }
    }

    @Test
    void shouldRollAndCompactWhatIsDue() {
        Map<String, String> config =
                Map.of("cleanup.policy", "compact", "segment.ms", "60000", "min.cleanable.dirty.ratio", "0.01");
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .topic("table", 1, config)
                .stoppedClock()
                .start()) {
            for (int i = 0; i < 5; i++) {
                broker.topic("table").write("key", "value " + i);
            }
            broker.clock().advance(Duration.ofSeconds(61));
            // The first record of a new segment ends the old one.
            broker.topic("table").write("other", "value");
            broker.clock().advance(Duration.ZERO);
            broker.topic("table").assertValues("value 4", "value");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldRemoveMembersWhoseSessionIsOver(String protocol) {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start()) {
            Map<String, Object> properties = broker.clientProperties();
            properties.put("group.id", "billing");
            properties.put("group.protocol", protocol);
            // A static member does not say that it leaves.
            properties.put("group.instance.id", "one");
            try (Consumer<String, String> consumer =
                    new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of("orders"));
                broker.await().until("it has a partition", () -> {
                    consumer.poll(Duration.ofMillis(10));
                    return !consumer.assignment().isEmpty();
                });
                broker.await().groupStable("billing", 1);
            }
            BrokerWaits now = broker.await().atMost(Duration.ZERO);
            broker.clock().advance(Duration.ofSeconds(30));
            assertThrows(AssertionError.class, () -> now.groupEmpty("billing"));
            broker.clock().advance(Duration.ofSeconds(30));
            now.groupEmpty("billing");
        }
    }

    @Test
    void shouldAbortTransactionsThatTakeTooLong() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start()) {
            Map<String, Object> properties = broker.clientProperties();
            properties.put("transactional.id", "tx");
            properties.put("transaction.timeout.ms", 60_000);
            try (Producer<String, String> producer =
                    new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
                producer.initTransactions();
                producer.beginTransaction();
                producer.send(new ProducerRecord<>("orders", "value")).get(30, TimeUnit.SECONDS);
                assertEquals(List.of(TransactionOutcome.OPEN), outcomes(broker));
                broker.clock().advance(Duration.ofSeconds(50));
                assertEquals(List.of(TransactionOutcome.OPEN), outcomes(broker));
                broker.clock().advance(Duration.ofSeconds(20));
                assertEquals(List.of(TransactionOutcome.ABORTED), outcomes(broker));
                broker.await().transactionEnded("tx");
                broker.topic("orders").assertEmpty();
            }
        }
    }

    private static List<TransactionOutcome> outcomes(EmbeddedBroker broker) {
        return broker.topic("orders").records().map(StoredRecord::transaction).toList();
    }
}
