package io.ottla.examples.junit5;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** An application to be tested: it writes an invoice for each order. */
final class Billing implements AutoCloseable {

    private final Consumer<String, String> orders;
    private final Producer<String, String> invoices;

    Billing(String bootstrapServers) {
        orders = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "group.id", "billing", "auto.offset.reset", "earliest"),
                new StringDeserializer(),
                new StringDeserializer());
        orders.subscribe(List.of("orders"));
        invoices = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringSerializer(), new StringSerializer());
    }

    /** Bills what has come, if anything does within the time. */
    void bill(Duration timeout) throws Exception {
        for (ConsumerRecord<String, String> order : orders.poll(timeout)) {
            invoices.send(new ProducerRecord<>("invoices", order.key(), "invoice for " + order.value()))
                    .get();
        }
        orders.commitSync();
    }

    @Override
    public void close() {
        orders.close();
        invoices.close();
    }
}
