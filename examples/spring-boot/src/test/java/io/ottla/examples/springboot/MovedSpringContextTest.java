package io.ottla.examples.springboot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.test.context.DynamicPropertyRegistrar;

/**
 * A test that had {@code @EmbeddedKafka(partitions = 1, topics = {"orders", "invoices"})} and finds its broker by the property that this sets.
 * Only the annotation is gone, and the nested configuration is new.
 */
@SpringBootTest(properties = "spring.kafka.bootstrap-servers=${spring.embedded.kafka.brokers}")
class MovedSpringContextTest {

    @Autowired
    private KafkaTemplate<String, String> template;

    @Autowired
    private ConsumerFactory<String, String> consumers;

    /** What {@code @EmbeddedKafka} did. */
    @TestConfiguration(proxyBeanMethods = false)
    static class EmbeddedKafka {

        @Bean(destroyMethod = "close")
        static EmbeddedBroker broker() {
            return EmbeddedBroker.builder()
                    .topic("orders", 1)
                    .topic("invoices", 1)
                    .start();
        }

        @Bean
        static DynamicPropertyRegistrar brokers(EmbeddedBroker broker) {
            return registry -> registry.add("spring.embedded.kafka.brokers", broker::bootstrapServers);
        }
    }

    @Test
    void shouldBillWhatTheTemplateSends() throws Exception {
        try (Consumer<String, String> invoices = consumers.createConsumer("checks", null)) {
            invoices.subscribe(List.of("invoices"));
            template.send("orders", "42", "a book").get();
            assertEquals(
                    "invoice for a book",
                    invoices.poll(Duration.ofSeconds(30)).iterator().next().value());
        }
    }
}
