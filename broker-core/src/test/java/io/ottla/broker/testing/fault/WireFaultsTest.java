package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.testing.journal.JournalEntry;
import io.ottla.broker.testing.journal.JournalQuery;
import io.ottla.protocol.ApiKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Faults of the bytes on a connection, and what the real client makes of them. How they are done depends on the transport: the build runs
 * this with native epoll, where there is one, and on NIO.
 */
class WireFaultsTest extends FaultFixture {

    private static final int LARGE = 200_000;

    @BeforeEach
    void startJournal() {
        broker().journal().start();
    }

    private static JournalQuery requests(ApiKey apiKey, String topic) {
        return broker().journal().query().requests().api(apiKey).about(topic);
    }

    private static long connectionOf(JournalQuery requests, int index) {
        return requests.list().get(index).call().connectionId();
    }

    private static void awaitDisconnect(long connectionId) {
        broker().await()
                .until(
                        "the broker knows that the client has gone",
                        () -> broker().journal()
                                        .query()
                                        .kind(JournalEntry.Kind.DISCONNECTED)
                                        .where(entry -> entry.subject().contains("#" + connectionId + " "))
                                        .count()
                                == 1);
    }

    @Test
    void shouldLeaveAConnectionHalfOpenUntilTheClientLosesPatience() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = impatientProducer(Map.of());
        send(producer, topic, "a");
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).goSilent().once();
        long startNanos = System.nanoTime();
        send(producer, topic, "b");
        assertTrue(millisSince(startNanos) >= IMPATIENCE_MS);
        assertEquals(1, fault.fired());
        broker().topic(topic).assertValues("a", "b");
        JournalQuery produced = requests(ApiKey.PRODUCE, topic);
        assertEquals(3, produced.count());
        assertEquals(connectionOf(produced, 0), connectionOf(produced, 1));
        assertNotEquals(connectionOf(produced, 1), connectionOf(produced, 2));
        awaitDisconnect(connectionOf(produced, 0));
    }

    @Test
    void shouldNotServeWhatASilentConnectionHasRead() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).goSilent().once();
        Producer<String, String> producer = impatientProducer(
                Map.of("enable.idempotence", false, "retries", 0, "request.timeout.ms", 3 * IMPATIENCE_MS));
        var first = producer.send(new ProducerRecord<>(topic, 0, null, "lost"));
        fault.awaitFired(PATIENCE);
        // Goes behind the first on the same connection, and into the buffers of the system.
        var second = producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(LARGE)));
        assertFails(TimeoutException.class, first);
        assertThrows(ExecutionException.class, () -> get(second));
        broker().topic(topic).assertEmpty();
        send(producer, topic, "on another connection");
        broker().topic(topic).assertValues("on another connection");
    }

    @Test
    void shouldReadSlowly() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = producer(Map.of());
        faults().on(ApiKey.PRODUCE).topic(topic).readSlowly(100_000).once();
        send(producer, topic, "starts it");
        long startNanos = System.nanoTime();
        send(producer, topic, "x".repeat(30_000));
        long tookMs = millisSince(startNanos);
        assertTrue(tookMs >= 250, () -> "took " + tookMs + " ms");
        assertEquals(2, requests(ApiKey.PRODUCE, topic).count());
    }

    @Test
    void shouldReadSoSlowlyThatTheProducerTriesAgainElsewhere() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = producer(Map.of("request.timeout.ms", IMPATIENCE_MS));
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).readSlowly(1_000).once();
        send(producer, topic, "starts it");
        send(producer, topic, "x".repeat(LARGE));
        assertEquals(1, fault.fired());
        JournalQuery produced = requests(ApiKey.PRODUCE, topic);
        // What came too slowly was never a request.
        assertEquals(2, produced.count());
        assertNotEquals(connectionOf(produced, 0), connectionOf(produced, 1));
        broker().topic(topic).assertCount(2);
    }

    @Test
    void shouldWriteSlowly() throws Exception {
        String topic = createTopic(1);
        send(producer(Map.of()), topic, "x".repeat(30_000));
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        Fault fault =
                faults().on(ApiKey.FETCH).topic(topic).writeSlowly(100_000).once();
        long startNanos = System.nanoTime();
        assertEquals(30_000, poll(consumer, 1).get(0).length());
        long tookMs = millisSince(startNanos);
        assertEquals(1, fault.fired());
        assertTrue(tookMs >= 250, () -> "took " + tookMs + " ms");
    }

    @Test
    void shouldWriteSoSlowlyThatTheConsumerAsksElsewhere() throws Exception {
        String topic = createTopic(1);
        send(producer(Map.of()), topic, "x".repeat(LARGE));
        Consumer<String, String> consumer = consumer(Map.of("request.timeout.ms", IMPATIENCE_MS));
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        Fault fault = faults().on(ApiKey.FETCH).topic(topic).writeSlowly(1_000).once();
        assertEquals(LARGE, poll(consumer, 1).get(0).length());
        assertEquals(1, fault.fired());
        JournalQuery fetched = requests(ApiKey.FETCH, topic);
        assertNotEquals(connectionOf(fetched, 0), connectionOf(fetched, 1));
        awaitDisconnect(connectionOf(fetched, 0));
    }

    @Test
    void shouldCorruptAnAnswerSoThatTheConsumerNotices() throws Exception {
        String topic = createTopic(1);
        send(producer(Map.of()), topic, "x".repeat(100_000));
        Fault fault =
                faults().on(ApiKey.FETCH).topic(topic).corruptAnswer(3, 42).once();
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        KafkaException failure = assertThrows(KafkaException.class, () -> poll(consumer, 1));
        assertTrue(String.valueOf(failure.getCause()).contains("corrupt"), () -> "" + failure.getCause());
        assertEquals(1, fault.fired());
        Consumer<String, String> second = consumer(Map.of());
        second.assign(List.of(new TopicPartition(topic, 0)));
        assertEquals(100_000, poll(second, 1).get(0).length());
    }
}
