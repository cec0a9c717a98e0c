package io.ottla.broker;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.metadata.BrokerControl;
import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.Registration;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.network.SocketServer;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The brokers that clients see: one, or as many as {@code ottla.brokers} says, each with an id and ports of its own, all over one store
 * and one set of event loops. They may be stopped and started one by one.
 *
 * <p>Thread-safe; not for event loops.
 */
final class BrokerSet {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerSet.class);

    private final BrokerConfig config;
    private final MetadataStore metadata;
    private final BrokerControl control;
    private final SocketServer server;
    private final List<Node> nodes = new ArrayList<>();

    /** One of the brokers. */
    private static final class Node {

        private final BrokerConfig config;
        private final List<Uuid> logDirs;

        /** Keeps the ports from others while the broker is stopped. */
        private HeldPorts held = HeldPorts.of(List.of());

        /** Where the broker listens; with ports from the first binding on. */
        private List<Listener> listeners;

        private List<Listener> advertised = List.of();
        private boolean running;

        Node(BrokerConfig config, List<Uuid> logDirs, List<Listener> listeners) {
            this.config = config;
            this.logDirs = logDirs;
            this.listeners = listeners;
        }

        int id() {
            return config.nodeId();
        }

        Registration registration() {
            return new Registration(id(), config.brokerRack(), advertised, logDirs);
        }
    }

    /**
     * @param logDirs the ids of the log directories
     * @param listeners where brokers are to listen, by id, where that is not as configured
     */
    BrokerSet(
            BrokerConfig config,
            MetadataStore metadata,
            SocketServer server,
            List<Uuid> logDirs,
            Map<Integer, List<Listener>> listeners) {
        this.config = config;
        this.metadata = metadata;
        this.control = new BrokerControl(metadata);
        this.server = server;
        for (int index = 0; index < config.brokerCount(); index++) {
            int distance = index;
            BrokerConfig own = config.forBroker(index);
            nodes.add(new Node(
                    own,
                    logDirs.stream().map(id -> logDirAt(id, distance)).toList(),
                    listeners.getOrDefault(own.nodeId(), own.listeners())));
        }
    }

    /** No two brokers have the same directory; one and the same folder has an id for each of them. */
    private static Uuid logDirAt(Uuid first, int distance) {
        return distance == 0
                ? first
                : new Uuid(first.mostSignificantBits(), first.leastSignificantBits() ^ (long) distance << 32);
    }

    /** Takes the ports of all brokers, and has the metadata know them. */
    synchronized void start() throws IOException {
        List<Registration> registrations = new ArrayList<>();
        for (Node node : nodes) {
            bind(node);
            registrations.add(node.registration());
        }
        List<Integer> absent = control.registerAll(registrations);
        if (!absent.isEmpty()) {
            LOG.warn(
                    "The metadata know of brokers {}, of which there are none in this start: they count as stopped, and {}"
                            + " partitions that no other broker holds are offline. ottla.brokers={} would start {} to {};"
                            + " partitions may also be reassigned to these.",
                    absent,
                    offlinePartitions(),
                    config.brokerCount(),
                    config.nodeId(),
                    config.nodeId() + config.brokerCount() - 1);
        }
    }

    private int offlinePartitions() {
        int count = 0;
        for (TopicImage topic : metadata.image().topics()) {
            for (PartitionImage partition : topic.partitions()) {
                count += partition.leader() == PartitionImage.NO_LEADER ? 1 : 0;
            }
        }
        return count;
    }

    private void bind(Node node) throws IOException {
        try {
            node.listeners = server.bind(node.id(), node.listeners);
        } catch (IOException e) {
            // There may be systems where nobody can listen on a port that is kept.
            node.held.close();
            node.listeners = server.bind(node.id(), node.listeners);
        } finally {
            node.held.close();
        }
        node.advertised = advertised(node.config, node.listeners);
        node.running = true;
    }

    /** The end points for clients: port 0 is the one that was bound, an empty host is this one. */
    private static List<Listener> advertised(BrokerConfig config, List<Listener> bound) throws IOException {
        List<Listener> result = new ArrayList<>();
        for (Listener listener : config.advertisedListeners()) {
            int port = listener.port();
            for (Listener candidate : bound) {
                if (port == 0 && candidate.name().equals(listener.name())) {
                    port = candidate.port();
                }
            }
            String host = listener.host().isEmpty() ? InetAddress.getLocalHost().getHostName() : listener.host();
            result.add(new Listener(listener.name(), listener.securityProtocol(), host, port));
        }
        return result;
    }

    /** The ids of the brokers, also of those that are stopped. */
    List<Integer> ids() {
        return nodes.stream().map(Node::id).toList();
    }

    /** Where the brokers listen, by id, with their ports. */
    synchronized Map<Integer, List<Listener>> listeners() {
        Map<Integer, List<Listener>> all = new HashMap<>();
        nodes.forEach(node -> all.put(node.id(), node.listeners));
        return all;
    }

    /** The end points that clients of a broker are told, with their ports; of a broker that is stopped, those that it will have again. */
    synchronized List<Listener> advertised(int brokerId) {
        return node(brokerId).advertised;
    }

    /** The end points of all brokers. */
    synchronized List<Listener> advertised() {
        List<Listener> all = new ArrayList<>();
        nodes.forEach(node -> all.addAll(node.advertised));
        return all;
    }

    /** The rack of a broker, null if it has none. */
    String rack(int brokerId) {
        return node(brokerId).config.brokerRack();
    }

    synchronized boolean isRunning(int brokerId) {
        return node(brokerId).running;
    }

    /** Stops a broker: its ports are closed, its connections cut, then others lead. Has no effect on one that is stopped. */
    synchronized void stop(int brokerId) {
        Node node = node(brokerId);
        if (node.running) {
            node.running = false;
            server.unbind(brokerId);
            node.held = HeldPorts.of(List.of(node.listeners));
            BrokerImage image = metadata.image().broker(brokerId);
            if (image != null) {
                control.fence(brokerId);
            }
            LOG.info("Broker {} is stopped", brokerId);
        }
    }

    /**
     * Starts a broker again, on the ports that it had. Has no effect on one that runs.
     *
     * @throws IOException if a port cannot be had
     */
    synchronized void start(int brokerId) throws IOException {
        Node node = node(brokerId);
        if (!node.running) {
            bind(node);
            control.register(node.registration());
            server.accept(brokerId);
            LOG.info("Broker {} is started", brokerId);
        }
    }

    /** Starts those that are stopped. */
    synchronized void startAll() throws IOException {
        for (Node node : nodes) {
            start(node.id());
        }
    }

    /** Has another broker lead a partition. */
    void moveLeader(String topic, int partition, int brokerId) {
        control.moveLeader(topic, partition, brokerId);
    }

    /** Lets go of what keeps the ports of stopped brokers. */
    synchronized void close() {
        nodes.forEach(node -> node.held.close());
    }

    private Node node(int brokerId) {
        for (Node node : nodes) {
            if (node.id() == brokerId) {
                return node;
            }
        }
        throw new IllegalArgumentException("There is no broker " + brokerId + ", only " + ids());
    }
}
