package io.ottla.examples.springboot;

import io.ottla.broker.EmbeddedBroker;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.test.context.DynamicPropertyRegistrar;

/** The broker belongs to the context: it is there before the listeners, and goes after them. */
@TestConfiguration(proxyBeanMethods = false)
class KafkaForTests {

    @Bean(destroyMethod = "close")
    static EmbeddedBroker broker() {
        return EmbeddedBroker.builder().topic("orders", 3).topic("invoices", 1).start();
    }

    @Bean
    static DynamicPropertyRegistrar kafkaProperties(EmbeddedBroker broker) {
        return registry -> registry.add("spring.kafka.bootstrap-servers", broker::bootstrapServers);
    }
}
