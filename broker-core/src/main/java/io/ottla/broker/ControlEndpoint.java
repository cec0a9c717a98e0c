package io.ottla.broker;

import io.ottla.broker.control.ControlServer;
import io.ottla.broker.control.ControlledBroker;
import io.ottla.broker.testing.BrokerClock;
import io.ottla.broker.testing.BrokerOverview;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.BrokerTopic;
import io.ottla.broker.testing.BrokerWaits;
import io.ottla.broker.testing.fault.Faults;
import io.ottla.broker.testing.journal.Journal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Map;

/** The HTTP end point of a broker, docs/control.md. Thread-safe. */
final class ControlEndpoint implements AutoCloseable {

    private final ControlServer server;

    private ControlEndpoint(ControlServer server) {
        this.server = server;
    }

    /**
     * Where an end point is wanted.
     *
     * @param hostName the name or address to listen on; null for the loopback address
     * @param port 0 for a free one
     */
    record Address(String hostName, int port) {

        Address {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("Not a port: " + port);
            }
        }
    }

    /**
     * Opens one.
     *
     * @throws UncheckedIOException if the address or the port cannot be had
     */
    static ControlEndpoint open(EmbeddedBroker broker, Address address) {
        try {
            return new ControlEndpoint(ControlServer.start(address.hostName(), address.port(), new Controlled(broker)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    URI uri() {
        return server.uri();
    }

    @Override
    public void close() {
        server.close();
    }

    /** An embedded broker as the end point wants it. */
    private record Controlled(EmbeddedBroker broker) implements ControlledBroker {

        @Override
        public String bootstrapServers() {
            return broker.bootstrapServers();
        }

        @Override
        public boolean isRunning() {
            return broker.isRunning();
        }

        @Override
        public BrokerOverview overview() {
            return broker.overview();
        }

        @Override
        public BrokerTopic topic(String name) {
            return broker.topic(name);
        }

        @Override
        public void createTopic(String name, int partitions, Map<String, String> topicConfigs) {
            broker.createTopic(name, partitions, topicConfigs);
        }

        @Override
        public void reset() {
            broker.reset();
        }

        @Override
        public void restart() {
            broker.restart();
        }

        @Override
        public void kill() {
            broker.kill();
        }

        @Override
        public BrokerSnapshot snapshot() {
            return broker.snapshot();
        }

        @Override
        public void restore(BrokerSnapshot snapshot) {
            broker.restore(snapshot);
        }

        @Override
        public BrokerClock clock() {
            return broker.clock();
        }

        @Override
        public Faults faults() {
            return broker.faults();
        }

        @Override
        public Journal journal() {
            return broker.journal();
        }

        @Override
        public BrokerWaits await() {
            return broker.await();
        }
    }
}
