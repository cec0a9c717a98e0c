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

/**
 * What {@link EmbeddedBroker} can do for a test, over HTTP and JSON, for tests in other languages: docs/control.md.
 *
 * <pre>{@code
 * try (EmbeddedBroker broker = EmbeddedBroker.start();
 *         ControlEndpoint control = ControlEndpoint.open(broker, 0)) {
 *     System.out.println(control.uri());
 * }
 * }</pre>
 *
 * <p>Whoever reaches it may do everything, so it listens on the loopback address unless it is told otherwise, and refuses what a web page could send.
 * Closes with {@link #close}, not with the broker. Thread-safe.
 */
public final class ControlEndpoint implements AutoCloseable {

    private final ControlServer server;

    private ControlEndpoint(ControlServer server) {
        this.server = server;
    }

    /**
     * Opens one on the loopback address.
     *
     * @param port 0 for a free one
     * @throws UncheckedIOException if the port cannot be had
     */
    public static ControlEndpoint open(EmbeddedBroker broker, int port) {
        return open(broker, null, port);
    }

    /**
     * Opens one where others can reach it, who may do everything then.
     *
     * @param hostName the name or address to listen on; null for the loopback address
     * @param port 0 for a free one
     * @throws UncheckedIOException if the address or the port cannot be had
     */
    public static ControlEndpoint open(EmbeddedBroker broker, String hostName, int port) {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("Not a port: " + port);
        }
        try {
            return new ControlEndpoint(ControlServer.start(hostName, port, new Controlled(broker)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it is: {@code http://127.0.0.1:8080}. */
    public URI uri() {
        return server.uri();
    }

    /** Closes the end point; the broker goes on. */
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
