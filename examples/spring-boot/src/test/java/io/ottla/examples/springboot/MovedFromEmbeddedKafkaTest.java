package io.ottla.examples.springboot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.junit.OttlaTest;
import io.ottla.broker.junit.Topic;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;

/**
 * A test of Spring's classes without a context, which had {@code @EmbeddedKafka(partitions = 1, topics = "invoices")} and an
 * {@code EmbeddedKafkaBroker} before.
 */
@OttlaTest(topics = @Topic(name = "invoices"))
class MovedFromEmbeddedKafkaTest {

    @Test
    void shouldSend(EmbeddedBroker broker, @Topic(name = "invoices") Consumer<String, String> invoices)
            throws Exception {
        // Was KafkaTestUtils.producerProps(embeddedKafka).
        Map<String, Object> properties = broker.clientProperties();
        DefaultKafkaProducerFactory<String, String> producers =
                new DefaultKafkaProducerFactory<>(properties, new StringSerializer(), new StringSerializer());
        try {
            new KafkaTemplate<>(producers)
                    .send("invoices", "42", "invoice for a book")
                    .get();
        } finally {
            producers.destroy();
        }
        // Was KafkaTestUtils.getSingleRecord(consumer, "invoices").
        assertEquals(
                "invoice for a book",
                invoices.poll(Duration.ofSeconds(10)).iterator().next().value());
    }
}
