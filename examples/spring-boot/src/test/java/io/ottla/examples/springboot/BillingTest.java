package io.ottla.examples.springboot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.fault.Fault;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Import;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;

/** One broker for all tests of the class, made as new between them. */
@SpringBootTest
@Import(KafkaForTests.class)
class BillingTest {

    @Autowired
    private EmbeddedBroker broker;

    @Autowired
    private KafkaListenerEndpointRegistry listeners;

    /** A listener that loses its group while it works would have its last order again, as with any broker. */
    @AfterEach
    void makeAsNew() {
        listeners.stop();
        broker.reset();
        listeners.start();
    }

    @Test
    void shouldBillAnOrder() {
        broker.topic("orders").write("42", "a book");
        broker.await().records("invoices", 1);
        broker.topic("invoices").assertValues("invoice for a book");
        broker.await().noLag("billing", "orders");
    }

    @Test
    void shouldBillOnceThoughTheAcknowledgementIsLost() {
        Fault lost = broker.faults()
                .on(ApiKey.PRODUCE)
                .topic("invoices")
                .disconnectAfterApplied()
                .once();
        broker.topic("orders").write("43", "a pen");
        broker.await().noLag("billing", "orders");
        assertEquals(1, lost.fired());
        broker.topic("invoices").assertValues("invoice for a pen");
    }

    @Test
    void shouldBillWhenTheDiskIsWellAgain() {
        Fault broken = broker.faults()
                .on(ApiKey.PRODUCE)
                .topic("invoices")
                .error(ErrorCode.KAFKA_STORAGE_ERROR)
                .times(3);
        broker.topic("orders").write("44", "a lamp");
        broker.await().noLag("billing", "orders");
        assertEquals(3, broken.fired());
        broker.topic("invoices").assertValues("invoice for a lamp");
    }
}
