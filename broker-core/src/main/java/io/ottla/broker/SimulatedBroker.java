package io.ottla.broker;

import io.ottla.broker.config.Listener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One of the brokers that clients of an {@link EmbeddedBroker} see. Several of them are a cluster in all that clients can notice, over one
 * store: leaders, replicas and those in sync are as the metadata say, and nothing is copied. Thread-safe.
 *
 * <pre>{@code
 * try (EmbeddedBroker cluster = EmbeddedBroker.builder().brokers(3).start()) {
 *     SimulatedBroker second = cluster.broker(2);
 *     second.stop(); // its connections are cut, its partitions get other leaders
 *     second.start(); // on its port
 * }
 * }</pre>
 */
public final class SimulatedBroker {

    private final BrokerSet brokers;
    private final int id;

    SimulatedBroker(BrokerSet brokers, int id) {
        this.brokers = brokers;
        this.id = id;
    }

    /** The broker id: {@code node.id} for the first, and so on from there. */
    public int id() {
        return id;
    }

    /** The rack, null if the broker has none. */
    public String rack() {
        return brokers.rack(id);
    }

    /** The port of the first listener; the broker has it again when it is started after a stop. */
    public int port() {
        return endpoints().get(0).port();
    }

    /** Where this broker is found: {@code host:port} of every listener, with commas in between. */
    public String bootstrapServers() {
        return endpoints().stream().map(Listener::address).collect(Collectors.joining(","));
    }

    private List<Listener> endpoints() {
        return brokers.advertised(id);
    }

    /** Whether the broker takes connections. */
    public boolean isRunning() {
        return brokers.isRunning(id);
    }

    /**
     * Stops the broker as a crash does: its port is closed, its connections are cut, and what is in flight on them gets no answer. It leaves
     * the ISR of its partitions, others that are in sync lead, and a partition that no other broker has in sync is without a leader. All
     * that is so when the method returns. Has no effect on a broker that is stopped.
     */
    public void stop() {
        brokers.stop(id);
    }

    /**
     * Starts the broker again on its old port. Its replicas are in sync at once; it leads what nobody leads, and the rest when leaders are
     * elected or moved. Has no effect on a broker that runs.
     *
     * @throws UncheckedIOException if somebody else has taken the port
     */
    public void start() {
        try {
            brokers.start(id);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "broker " + id + " on " + bootstrapServers() + (isRunning() ? "" : ", stopped");
    }
}
