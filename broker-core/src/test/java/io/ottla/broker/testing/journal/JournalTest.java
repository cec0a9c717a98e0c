package io.ottla.broker.testing.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JournalTest {

    private EmbeddedBroker broker;
    private Journal journal;

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.builder()
                .topic("orders", 1)
                .config("group.initial.rebalance.delay.ms", 0)
                .start();
        journal = broker.journal();
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private Producer<String, String> producer(String clientId) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "client.id", clientId, "retry.backoff.ms", 10),
                new StringSerializer(),
                new StringSerializer());
    }

    private void send(Producer<String, String> producer, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            producer.send(new ProducerRecord<>("orders", 0, null, "value")).get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldRecordNothingUnlessItIsOn() throws Exception {
        assertFalse(journal.isOn());
        journal.note("nobody reads this");
        try (Producer<String, String> producer = producer("billing")) {
            send(producer, 1);
            assertTrue(journal.entries().isEmpty());
            journal.start();
            send(producer, 1);
            journal.stop();
            int count = journal.entries().size();
            send(producer, 1);
            assertEquals(count, journal.entries().size());
        }
    }

    @Test
    void shouldKnowWhichClientSentWhatHowOften() throws Exception {
        journal.start();
        try (Producer<String, String> billing = producer("billing");
                Producer<String, String> shipping = producer("shipping")) {
            send(billing, 3);
            long mark = journal.mark();
            send(shipping, 2);
            assertEquals(3L, journal.query().countByClient().get("billing").get(ApiKey.PRODUCE));
            assertEquals(2L, journal.query().countByClient().get("shipping").get(ApiKey.PRODUCE));
            assertEquals(5, journal.query().requests().api(ApiKey.PRODUCE).count());
            assertEquals(5, journal.query().answers().api(ApiKey.PRODUCE).count());
            assertEquals(
                    5,
                    journal.query()
                            .requests()
                            .about("orders-0")
                            .api(ApiKey.PRODUCE)
                            .count());
            assertEquals(0, journal.query().requests().about("order").count());
            assertEquals(
                    0,
                    journal.query()
                            .requests()
                            .api(ApiKey.PRODUCE)
                            .client("billing")
                            .since(mark)
                            .count());
            JournalEntry answer = journal.query()
                    .answers()
                    .api(ApiKey.PRODUCE)
                    .client("shipping")
                    .list()
                    .get(1);
            assertFalse(answer.hasError());
            assertTrue(answer.latency().compareTo(Duration.ZERO) > 0);
            assertEquals(
                    2,
                    journal.query()
                            .kind(JournalEntry.Kind.REQUEST)
                            .client("shipping")
                            .connection(answer.call().connectionId())
                            .api(ApiKey.PRODUCE)
                            .count());
        }
    }

    @Test
    void shouldRecordFaultsAndErrors() throws Exception {
        journal.start();
        broker.faults().leaderMoved("orders").once();
        try (Producer<String, String> producer = producer("billing")) {
            send(producer, 1);
        }
        List<JournalEntry> failed =
                journal.query().answers().withErrors().about("orders").list();
        assertEquals(
                Map.of("orders-0", ErrorCode.NOT_LEADER_OR_FOLLOWER),
                failed.get(0).errors());
        assertEquals(
                1,
                journal.query().kind(JournalEntry.Kind.FAULT).client("billing").count());
        String timeline = journal.timeline();
        assertTrue(
                Pattern.compile(" s {2}-> {2}billing #\\d+ PRODUCE v\\d+ {2}orders-0\n")
                        .matcher(timeline)
                        .find(),
                timeline);
        assertTrue(
                Pattern.compile(
                                " s {2}!! {2}billing #\\d+ PRODUCE v\\d+ {2}PRODUCE, .*: answer with NOT_LEADER_OR_FOLLOWER, once\n")
                        .matcher(timeline)
                        .find(),
                timeline);
        assertTrue(
                Pattern.compile(
                                " s {2}<- {2}billing #\\d+ PRODUCE v\\d+ {2}orders-0 NOT_LEADER_OR_FOLLOWER {2}\\(\\d+\\.\\d ms\\)\n")
                        .matcher(timeline)
                        .find(),
                timeline);
    }

    @Test
    void shouldRecordConnectionsNotesClockAndResets() throws Exception {
        journal.start();
        journal.note("here it begins");
        try (Producer<String, String> producer = producer("billing")) {
            send(producer, 1);
        }
        Await.until(
                journal::timeline,
                () -> journal.query().kind(JournalEntry.Kind.CONNECTED).count() > 0
                        && journal.query().kind(JournalEntry.Kind.CONNECTED).count()
                                == journal.query()
                                        .kind(JournalEntry.Kind.DISCONNECTED)
                                        .count());
        broker.clock().advance(Duration.ofDays(1));
        broker.reset();
        broker.restart();
        assertEquals("here it begins", journal.entries().get(0).subject());
        assertEquals(1, journal.query().kind(JournalEntry.Kind.CLOCK).count());
        assertEquals(
                List.of("reset", "restarted"),
                journal.query().kind(JournalEntry.Kind.RESET).list().stream()
                        .map(JournalEntry::subject)
                        .toList());
        try (Producer<String, String> producer = producer("billing")) {
            long mark = journal.mark();
            send(producer, 1);
            assertEquals(
                    1,
                    journal.query().since(mark).requests().api(ApiKey.PRODUCE).count());
        }
    }

    @Test
    void shouldRecordWhatHappensToGroups() throws Exception {
        journal.start();
        for (String protocol : List.of("classic", "consumer")) {
            String group = "readers-" + protocol;
            try (Consumer<String, String> consumer = new KafkaConsumer<>(
                    Map.of(
                            "bootstrap.servers",
                            broker.bootstrapServers(),
                            "client.id",
                            "reader",
                            "group.id",
                            group,
                            "group.protocol",
                            protocol),
                    new StringDeserializer(),
                    new StringDeserializer())) {
                consumer.subscribe(List.of("orders"));
                Await.until(journal::timeline, () -> {
                    consumer.poll(Duration.ofMillis(20));
                    return happened(group, "Stable") > 0;
                });
            }
            Await.until(journal::timeline, () -> happened(group, "Empty") > 0);
            assertEquals(1, happened(group, "of client reader joined"));
            assertEquals(1, happened(group, "of client reader left"));
        }
        assertTrue(happened("readers-classic", "CompletingRebalance, generation 1, members 1") > 0, journal.timeline());
    }

    private long happened(String group, String what) {
        return journal.query()
                .kind(JournalEntry.Kind.GROUP)
                .about(group)
                .where(entry -> entry.subject().contains(what))
                .count();
    }

    @Test
    void shouldKeepTheLastEntries() {
        journal.start(3);
        for (int i = 1; i <= 5; i++) {
            journal.note("note " + i);
        }
        assertEquals(
                List.of("note 3", "note 4", "note 5"),
                journal.entries().stream().map(JournalEntry::subject).toList());
        assertEquals(2, journal.droppedCount());
        assertEquals(5, journal.mark());
        journal.start(3);
        assertTrue(journal.entries().isEmpty());
        assertThrows(IllegalArgumentException.class, () -> journal.start(0));
    }
}
