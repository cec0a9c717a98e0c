package io.ottla.examples.testbrokers.ottla;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.examples.testbrokers.TestBroker;
import io.ottla.examples.testbrokers.TestBrokers;
import java.util.List;

/** {@link EmbeddedBroker}. */
public final class OttlaBrokers implements TestBrokers {

    @Override
    public String name() {
        return "Ottla";
    }

    @Override
    public TestBroker start(List<String> topics) {
        EmbeddedBroker.Builder builder = EmbeddedBroker.builder();
        topics.forEach(topic -> builder.topic(topic, 1));
        return new Started(builder.start());
    }

    private record Started(EmbeddedBroker broker) implements TestBroker {

        @Override
        public String bootstrapServers() {
            return broker.bootstrapServers();
        }

        @Override
        public void renewTopics() {
            broker.reset();
        }

        @Override
        public TestBroker renew() {
            broker.reset();
            return this;
        }

        @Override
        public boolean canSnapshot() {
            return true;
        }

        @Override
        public Snapshot snapshot() {
            BrokerSnapshot snapshot = broker.snapshot();
            return new Snapshot() {
                @Override
                public void restore() {
                    broker.restore(snapshot);
                }

                @Override
                public void close() {
                    snapshot.close();
                }
            };
        }

        @Override
        public void close() {
            broker.close();
        }
    }
}
