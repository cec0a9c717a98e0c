package io.ottla.broker.versions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.junit.OttlaTest;
import io.ottla.broker.junit.Topic;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.fault.Fault;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** The powers that tests have, with clients of another version than the extension was compiled with. */
@OttlaTest(topics = @Topic(name = "orders"))
class ExtensionTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @BeforeEach
    void startTheJournal(EmbeddedBroker broker) {
        broker.journal().start();
    }

    @RepeatedTest(2)
    void shouldFindABrokerAsNew(
            EmbeddedBroker broker,
            Admin admin,
            Producer<String, String> producer,
            @Topic(name = "orders") Consumer<String, String> consumer)
            throws Exception {
        broker.topic("orders").assertEmpty();
        assertTrue(admin.listTopics().names().get().contains("orders"));
        producer.send(new ProducerRecord<>("orders", "42", "a book")).get();
        ConsumerRecords<String, String> records = consumer.poll(LIMIT);
        assertEquals("a book", records.iterator().next().value());
        consumer.commitSync();
        broker.await().noLag(consumer.groupMetadata().groupId(), "orders");
    }

    @Test
    void shouldLetAProducerRepeatWhatAFaultRefuses(EmbeddedBroker broker, Producer<String, String> producer)
            throws Exception {
        Fault moved = broker.faults()
                .on(ApiKey.PRODUCE)
                .topic("orders")
                .error(ErrorCode.NOT_LEADER_OR_FOLLOWER)
                .times(2);
        producer.send(new ProducerRecord<>("orders", "42", "a book")).get();
        assertEquals(2, moved.fired());
        broker.topic("orders").assertValues("a book");
        assertEquals(3, broker.journal().query().requests().api(ApiKey.PRODUCE).count());
    }

    @Test
    void shouldGoBackToASnapshot(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
        producer.send(new ProducerRecord<>("orders", "42", "a book")).get();
        try (BrokerSnapshot snapshot = broker.snapshot()) {
            producer.send(new ProducerRecord<>("orders", "43", "a pen")).get();
            broker.restore(snapshot);
        }
        broker.topic("orders").assertValues("a book");
    }
}
