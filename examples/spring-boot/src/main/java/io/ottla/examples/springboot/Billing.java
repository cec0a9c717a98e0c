package io.ottla.examples.springboot;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;

/** One invoice for each order. */
@Component
class Billing {

    private final KafkaTemplate<String, String> invoices;

    Billing(KafkaTemplate<String, String> invoices) {
        this.invoices = invoices;
    }

    /** The position moves on when the invoice is acknowledged, not before. */
    @KafkaListener(topics = "orders", groupId = "billing")
    void bill(ConsumerRecord<String, String> order) throws ExecutionException, InterruptedException {
        invoices.send("invoices", order.key(), "invoice for " + order.value()).get();
    }
}
