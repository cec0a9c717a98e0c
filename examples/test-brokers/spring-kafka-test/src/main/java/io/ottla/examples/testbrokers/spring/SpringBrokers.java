package io.ottla.examples.testbrokers.spring;

import io.ottla.examples.testbrokers.RestartedBroker;
import io.ottla.examples.testbrokers.TestBroker;
import io.ottla.examples.testbrokers.TestBrokers;
import java.util.List;
import org.apache.kafka.common.utils.AppInfoParser;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/** {@link EmbeddedKafkaKraftBroker}, as {@code @EmbeddedKafka} starts it. */
public final class SpringBrokers implements TestBrokers {

    @Override
    public String name() {
        return "spring-kafka-test "
                + EmbeddedKafkaKraftBroker.class.getPackage().getImplementationVersion() + " (Apache Kafka "
                + AppInfoParser.getVersion() + ")";
    }

    @Override
    public TestBroker start(List<String> topics) {
        EmbeddedKafkaKraftBroker broker = new EmbeddedKafkaKraftBroker(1, 1, topics.toArray(String[]::new));
        broker.afterPropertiesSet();
        return new Started(this, topics, broker);
    }

    private static final class Started extends RestartedBroker {
        private final EmbeddedKafkaKraftBroker broker;

        Started(TestBrokers kind, List<String> topics, EmbeddedKafkaKraftBroker broker) {
            super(kind, topics);
            this.broker = broker;
        }

        @Override
        public String bootstrapServers() {
            return broker.getBrokersAsString();
        }

        @Override
        protected void stop() {
            broker.destroy();
        }
    }
}
