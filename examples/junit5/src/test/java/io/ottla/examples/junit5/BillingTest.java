package io.ottla.examples.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.junit.BootstrapServers;
import io.ottla.broker.junit.OttlaTest;
import io.ottla.broker.junit.Topic;
import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One broker for all tests of the class; each finds it as new. */
@OttlaTest(topics = {@Topic(name = "orders", partitions = 3), @Topic(name = "invoices")})
class BillingTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    @BootstrapServers
    private String bootstrapServers;

    private Billing billing;

    @BeforeEach
    void start() {
        billing = new Billing(bootstrapServers);
    }

    @AfterEach
    void stop() {
        billing.close();
    }

    @Test
    void shouldBillWithoutAnyOtherClient(EmbeddedBroker broker) throws Exception {
        broker.topic("orders").write("42", "a book");
        billing.bill(LIMIT);
        broker.topic("invoices").assertValues("invoice for a book");
        broker.await().noLag("billing", "orders");
    }

    @Test
    void shouldBillWhatAProducerOrders(
            Producer<String, String> producer, @Topic(name = "invoices") Consumer<String, String> invoices)
            throws Exception {
        producer.send(new ProducerRecord<>("orders", "43", "a pen")).get();
        billing.bill(LIMIT);
        assertEquals("invoice for a pen", invoices.poll(LIMIT).iterator().next().value());
    }
}
