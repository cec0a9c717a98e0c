package io.ottla.broker;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.config.Loggers;
import io.ottla.broker.handler.telemetry.TelemetrySink;
import io.ottla.broker.metadata.ClusterReset;
import io.ottla.broker.testing.BrokerClock;
import io.ottla.broker.testing.BrokerOverview;
import io.ottla.broker.testing.BrokerParts;
import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.BrokerTopic;
import io.ottla.broker.testing.BrokerWaits;
import io.ottla.broker.testing.Instruments;
import io.ottla.broker.testing.fault.Faults;
import io.ottla.broker.testing.journal.Journal;
import io.ottla.storage.Clock;
import io.ottla.storage.DirectorySnapshots;
import io.ottla.storage.FlushPolicy;
import io.ottla.storage.StorageFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A broker inside this JVM.
 *
 * <pre>{@code
 * try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 3).start()) {
 *     try (Producer<String, String> producer =
 *             new KafkaProducer<>(broker.clientProperties(), new StringSerializer(), new StringSerializer())) {
 *         producer.send(new ProducerRecord<>("orders", "key", "value")).get();
 *     }
 *     broker.clock().advance(Duration.ofDays(7)); // retention has taken it away when this returns
 *     broker.reset(); // the next test finds "orders" empty, and nothing else
 * }
 * }</pre>
 *
 * <p>Any number of brokers may run side by side. A broker sets no system property, adds no shutdown hook, configures no logging,
 * and leaves no thread behind when it is closed; its threads are daemons, so a broker that is forgotten does not keep the JVM alive.
 * Thread-safe.
 */
public final class EmbeddedBroker implements AutoCloseable {

    private final Builder setup;
    private final Map<String, String> configs;
    private final BrokerClock clock;
    private final Path throwAwayFolder;
    private final Instruments instruments = new Instruments();
    private final Runnable onClockMoved;

    /** Where the brokers listened when they were last started: clients come back to these ports. */
    private Map<Integer, List<Listener>> listeners = Map.of();

    private final List<BrokerSnapshot> snapshots = new ArrayList<>();

    /** The one that runs or, while none does, the one that ran last. */
    private volatile Broker broker;

    private HeldPorts heldPorts = HeldPorts.of(List.of());
    private ControlEndpoint control;
    private volatile boolean running;
    private boolean closed;

    private EmbeddedBroker(Builder setup, Map<String, String> configs, Path throwAwayFolder) {
        this.setup = setup;
        this.configs = configs;
        this.throwAwayFolder = throwAwayFolder;
        this.clock = new BrokerClock(setup.clock, setup.startTime, this::catchUp);
        this.onClockMoved = () -> instruments.clockMoved(clock.toString());
        if (setup.stopped) {
            clock.stop();
        }
        clock.onMove(onClockMoved);
    }

    /**
     * Starts a broker on a free port of localhost with an empty data folder that goes when the broker is closed.
     *
     * @throws UncheckedIOException if the port or the folder cannot be had
     */
    public static EmbeddedBroker start() {
        return builder().start();
    }

    /** What a broker is to be like, where the defaults do not suit. */
    public static Builder builder() {
        return new Builder();
    }

    private void startBroker() {
        BrokerConfig config = BrokerConfig.of(configs);
        boolean lasting = throwAwayFolder == null || config.durability() == FlushPolicy.POWER_SAFE;
        StorageFiles files = lasting ? StorageFiles.system() : StorageFiles.systemUnsynced();
        Broker started = Broker.start(config, clock, files, setup.telemetrySink, listeners, instruments, setup.loggers);
        broker = started;
        running = true;
        listeners = started.brokers().listeners();
        heldPorts.close();
    }

    private void stopBroker(Consumer<Broker> stop) {
        if (running) {
            running = false;
            stop.accept(broker);
            heldPorts = HeldPorts.of(listeners.values());
        }
    }

    /** Where clients connect first: {@code host:port} of every listener, with commas in between. */
    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    /**
     * Where clients of one listener connect first.
     *
     * @param listenerName the name as in the configuration key {@code listeners}
     * @throws IllegalArgumentException if there is no such listener
     */
    public String bootstrapServers(String listenerName) {
        String servers = broker.advertised().stream()
                .filter(listener -> listener.name().equalsIgnoreCase(listenerName))
                .map(Listener::address)
                .collect(Collectors.joining(","));
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("There is no listener " + listenerName);
        }
        return servers;
    }

    /** What a client has to be told to come here: {@code bootstrap.servers}. A new map, to be completed by the caller. */
    public Map<String, Object> clientProperties() {
        Map<String, Object> properties = new HashMap<>();
        properties.put("bootstrap.servers", bootstrapServers());
        return properties;
    }

    /** The brokers that clients see, also those that are stopped: one, unless {@link Builder#brokers} asks for more. */
    public List<SimulatedBroker> brokers() {
        return broker.brokers().ids().stream().map(this::broker).toList();
    }

    /**
     * One of the brokers.
     *
     * @throws IllegalArgumentException if there is none with this id
     */
    public SimulatedBroker broker(int brokerId) {
        if (!broker.brokers().ids().contains(brokerId)) {
            throw new IllegalArgumentException("There is no broker " + brokerId + ", only "
                    + broker.brokers().ids());
        }
        return new SimulatedBroker(broker.brokers(), brokerId);
    }

    /** The id of the broker that leads a partition, -1 if none does or there is no such partition. */
    public int leader(String topic, int partition) {
        return broker.leader(topic, partition);
    }

    /**
     * Has another broker lead a partition, as an election would; clients find out when they ask the old leader. Done when the method returns.
     *
     * @throws io.ottla.protocol.ApiException if there is no such partition, or the broker has no replica of it that is in sync
     */
    public void moveLeader(String topic, int partition, int brokerId) {
        broker.brokers().moveLeader(topic, partition, brokerId);
    }

    /** The port of the first listener, of the first broker. */
    public int port() {
        return broker.advertised().get(0).port();
    }

    /** Breaks what the broker does to chosen requests: errors, delays, lost answers, cut, slow and silent connections. */
    public Faults faults() {
        return instruments.faults();
    }

    /** The flight recorder: what happened on the broker, once it is turned on. */
    public Journal journal() {
        return instruments.journal();
    }

    /**
     * Where tests in other languages reach the broker's powers: {@code http://127.0.0.1:8090}.
     *
     * @throws IllegalStateException if {@link Builder#control(int)} has not asked for it
     */
    public URI controlUri() {
        if (control == null) {
            throw new IllegalStateException("The broker was built without control(port)");
        }
        return control.uri();
    }

    /** The folder that holds the data; the first where there are several. */
    public Path dataFolder() {
        return dataFolders().get(0);
    }

    private List<Path> dataFolders() {
        return broker.config().logDirs().stream()
                .map(folder -> Path.of(folder).toAbsolutePath().normalize())
                .toList();
    }

    /** Whether the broker runs: not after {@link #kill} or {@link #close}. */
    public boolean isRunning() {
        return running;
    }

    /** The broker's clock, to be moved by tests. It is the same for the life of this object, restarts included. */
    public BrokerClock clock() {
        return clock;
    }

    private void catchUp() {
        Broker current = broker;
        if (running && current.inside() != null) {
            current.inside().workers().catchUp();
        }
    }

    private BrokerParts inside() {
        Broker current = broker;
        if (!running) {
            throw new IllegalStateException("The broker does not run");
        }
        return current.inside();
    }

    /** A topic of the broker, there or not, to be read and written without clients. */
    public BrokerTopic topic(String name) {
        return new BrokerTopic(Objects.requireNonNull(name, "name"), this::inside);
    }

    /** The topics and groups that there are now. */
    public BrokerOverview overview() {
        return BrokerOverview.of(inside());
    }

    /** Waits until something is so: {@code broker.await().groupStable("billing")}. */
    public BrokerWaits await() {
        return new BrokerWaits(this::inside);
    }

    /** Creates a topic with the broker's default number of partitions; one that is there already is left as it is. */
    public void createTopic(String name) {
        createTopic(name, -1, Map.of());
    }

    /** Creates a topic; one that is there already is left as it is. */
    public void createTopic(String name, int partitions) {
        createTopic(name, partitions, Map.of());
    }

    /**
     * Creates a topic, and returns when it can be used; one that is there already is left as it is.
     *
     * @param partitions how many, -1 for the broker's default
     * @param topicConfigs configuration keys of topics, such as {@code retention.ms}
     * @throws io.ottla.protocol.ApiException if the topic cannot be created
     * @throws IllegalStateException if the broker does not run
     */
    public void createTopic(String name, int partitions, Map<String, String> topicConfigs) {
        inside();
        broker.createTopics(List.of(WantedTopics.creatable(name, partitions, topicConfigs)));
    }

    /**
     * Makes the broker as it was when it was new: all topics, records, groups, transactions, configurations that were changed at run time,
     * users and quotas are gone when the method returns, and the builder's topics are there again, empty. The port stays, connections stay
     * open, brokers that were stopped run, the clock goes on from where it is, and producer ids are not given out twice.
     * {@linkplain #faults() Faults} are disarmed and forgotten.
     *
     * <p>A client of before that is still open finds its topics empty or unknown, and its groups new: close clients before.
     *
     * @throws IllegalStateException if the broker does not run
     */
    public synchronized void reset() {
        BrokerParts parts = inside();
        ClusterReset.apply(parts.metadata(), setup.topics.empty(parts));
        parts.partitions().hastenDeletion();
        try {
            broker.brokers().startAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        setup.topics.create(broker);
        instruments.stateChanged("reset");
        instruments.clearFaults();
    }

    /**
     * Keeps the whole state as it is now: topics, records, groups, offsets, transactions, configurations, users, quotas. Takes milliseconds,
     * however much there is: large files are shared with the snapshot. An active segment of more than 256 KiB ends with it. The snapshot
     * goes with the broker, or when it is closed.
     *
     * @throws IllegalStateException if the broker does not run
     * @throws UncheckedIOException if it cannot be written
     */
    public synchronized BrokerSnapshot snapshot() {
        BrokerSnapshot snapshot = BrokerSnapshot.take(inside());
        snapshots.add(snapshot);
        return snapshot;
    }

    /**
     * Puts a state back in the place of the present one, in milliseconds. Connections are cut, the port stays: clients come back by
     * themselves. Also brings a killed broker back. The clock goes on from where it is.
     *
     * @throws IllegalStateException if the snapshot or this broker is closed
     * @throws UncheckedIOException if it cannot be read; the broker does not run then
     */
    public synchronized void restore(BrokerSnapshot snapshot) {
        ensureNotClosed();
        List<Path> folders = dataFolders();
        snapshot.ensureFits(folders.size());
        kill();
        snapshot.restore(folders);
        startBroker();
        instruments.stateChanged("restored");
    }

    /**
     * Stops the broker as {@link #close} does, if it runs, and starts it again on the same port and data.
     *
     * @throws IllegalStateException if it is closed
     * @throws UncheckedIOException if it cannot be started; it may be tried again
     */
    public synchronized void restart() {
        ensureNotClosed();
        stopBroker(Broker::close);
        startBroker();
        instruments.stateChanged("restarted");
    }

    /**
     * Ends the broker as {@code kill -9} would: requests in flight are not answered, connections are cut, nothing is flushed, nothing says
     * that the stop was clean. {@link #restart} brings it back with what was acknowledged. Has no effect if it does not run.
     */
    public synchronized void kill() {
        if (running) {
            stopBroker(Broker::kill);
            instruments.stateChanged("killed");
        }
    }

    private void ensureNotClosed() {
        if (closed) {
            throw new IllegalStateException("The broker is closed");
        }
    }

    /**
     * Stops the broker: requests in flight are answered, the logs are flushed and marked as cleanly closed. Has no effect on a closed
     * broker.
     *
     * @throws AssertionError if faults are {@linkplain Faults#strict(boolean) strict} and one never fired; the broker is closed all the same
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (control != null) {
            control.close();
        }
        stopBroker(throwAwayFolder == null ? Broker::close : Broker::discard);
        heldPorts.close();
        clock.removeOnMove(onClockMoved);
        instruments.close();
        snapshots.forEach(BrokerSnapshot::close);
        if (throwAwayFolder != null) {
            delete(throwAwayFolder);
        }
        instruments.assertAllFiredIfStrict();
    }

    private static void delete(Path folder) {
        try {
            DirectorySnapshots.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("Failed to delete " + folder, e);
        }
    }

    /** Says what a broker is to be like. Not thread-safe; may start several brokers, one after the other. */
    public static final class Builder {

        private final Map<String, String> configs = new LinkedHashMap<>();
        private Clock clock = Clock.system();
        private Instant startTime;
        private boolean stopped;
        private Path dataFolder;
        private final WantedTopics topics = new WantedTopics();
        private int port;
        private TelemetrySink telemetrySink;
        private ControlEndpoint.Address control;
        private Loggers loggers = Loggers.none();

        private Builder() {}

        /** The port of the one listener on localhost, 1 to 65535; 0, the default, takes a free one. */
        public Builder port(int listenerPort) {
            if (listenerPort < 0 || listenerPort > 65_535) {
                throw new IllegalArgumentException("Not a port: " + listenerPort);
            }
            port = listenerPort;
            return this;
        }

        /**
         * Has clients see so many brokers, 1 to 100, each with a port of its own, so that they meet leaders that move and brokers that fail;
         * 1 unless set. The ids are 1, 2, 3 and so on, or those from {@code node.id} on. If a port is set, the brokers have that one and the
         * next ones.
         */
        public Builder brokers(int count) {
            return config("ottla.brokers", count);
        }

        /** The racks of the brokers, in the order of their ids and from the start again when there are fewer. */
        public Builder racks(String... racks) {
            return config("ottla.racks", String.join(",", racks));
        }

        /**
         * Keeps the data in this folder, which is made if need be and stays when the broker is closed. Without it, the broker has a folder of
         * its own that goes with it, and does not wait for the device unless {@link Durability#POWER_SAFE} asks for that.
         */
        public Builder dataFolder(Path folder) {
            dataFolder = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /** Sets a configuration key of Apache Kafka, such as {@code num.partitions}. */
        public Builder config(String key, Object value) {
            configs.put(Objects.requireNonNull(key, "key"), value.toString());
            return this;
        }

        /** What everything that the broker acknowledges survives; {@link Durability#PROCESS_CRASH_SAFE} unless set. */
        public Builder durability(Durability durability) {
            return config("ottla.durability", durability.configValue());
        }

        /** Sets several configuration keys. */
        public Builder configs(Map<String, ?> keysAndValues) {
            keysAndValues.forEach(this::config);
            return this;
        }

        /** Creates a topic before the broker is handed out; one that is there already is left as it is. */
        public Builder topic(String name, int partitions) {
            return topic(name, partitions, Map.of());
        }

        /**
         * Creates a topic before the broker is handed out; one that is there already is left as it is.
         *
         * @param topicConfigs configuration keys of topics, such as {@code retention.ms}
         */
        public Builder topic(String name, int partitions, Map<String, String> topicConfigs) {
            topics.add(name, partitions, topicConfigs);
            return this;
        }

        /**
         * Takes the metrics that clients push (KIP-714), as somebody asks for with {@code kafka-client-metrics} or the Admin client. Without a
         * listener the broker does not offer to take any. Called by threads of the broker; what it throws is told to the client as INVALID_RECORD.
         */
        public Builder clientMetricsListener(Consumer<? super ClientMetrics> listener) {
            Objects.requireNonNull(listener, "listener");
            telemetrySink = push -> listener.accept(
                    new ClientMetrics(push.clientInstanceId(), push.clientId(), push.terminating(), push.metrics()));
            return this;
        }

        /** What the broker's clock goes by, before {@link #clock() a test} moves it; the clock of the machine unless set. */
        public Builder clock(Clock brokerClock) {
            clock = Objects.requireNonNull(brokerClock, "brokerClock");
            return this;
        }

        /**
         * What the broker's clock shows at the start; the time of the machine unless set. Topics refuse records whose timestamps are later by
         * more than {@code message.timestamp.after.max.ms}, an hour by default: mind it where clients set the timestamps.
         */
        public Builder startTime(Instant time) {
            startTime = Objects.requireNonNull(time, "time");
            return this;
        }

        /** Starts the broker with a clock that stands still, see {@link BrokerClock#stop}. */
        public Builder stoppedClock() {
            stopped = true;
            return this;
        }

        /**
         * Opens an HTTP end point on the loopback address with all that this broker can do for a test, for tests in other languages
         * (docs/control.md). It closes with the broker, and stays when the broker is killed or restarted.
         *
         * @param controlPort 0 for a free one; {@link EmbeddedBroker#controlUri} has it
         */
        public Builder control(int controlPort) {
            control = new ControlEndpoint.Address(null, controlPort);
            return this;
        }

        /** As {@link #control(int)}, on this name or address: all who reach it may do everything. */
        public Builder control(String hostName, int controlPort) {
            control = new ControlEndpoint.Address(Objects.requireNonNull(hostName, "hostName"), controlPort);
            return this;
        }

        /** Where the process has the end point, if it has one. */
        Builder control(ControlEndpoint.Address address) {
            control = address;
            return this;
        }

        /** Those whose levels clients may see and change; they belong to the process, so the process says it. */
        Builder loggers(Loggers ofProcess) {
            loggers = ofProcess;
            return this;
        }

        private Builder copy() {
            Builder copy = new Builder();
            copy.configs.putAll(configs);
            copy.topics.addAll(topics);
            copy.clock = clock;
            copy.startTime = startTime;
            copy.stopped = stopped;
            copy.dataFolder = dataFolder;
            copy.port = port;
            copy.telemetrySink = telemetrySink;
            copy.control = control;
            copy.loggers = loggers;
            return copy;
        }

        /**
         * Starts a broker.
         *
         * @throws io.ottla.broker.config.ConfigException if a configuration value is not allowed
         * @throws UncheckedIOException if a port or the data folder cannot be had; the message of its cause says which and why
         * @throws io.ottla.protocol.ApiException if a topic cannot be created
         */
        public EmbeddedBroker start() {
            Map<String, String> all = new LinkedHashMap<>(configs);
            all.putIfAbsent("listeners", "PLAINTEXT://localhost:" + port);
            Path throwAway = null;
            if (dataFolder != null) {
                all.put("log.dirs", dataFolder.toString());
            } else if (!all.containsKey("log.dirs") && !all.containsKey("log.dir")) {
                throwAway = newFolder();
                all.put("log.dirs", throwAway.toString());
            }
            EmbeddedBroker broker = new EmbeddedBroker(copy(), all, throwAway);
            try {
                broker.startBroker();
                topics.create(broker.broker);
                if (control != null) {
                    broker.control = ControlEndpoint.open(broker, control);
                }
                return broker;
            } catch (RuntimeException | Error e) {
                broker.close();
                throw e;
            }
        }

        private static Path newFolder() {
            try {
                return Files.createTempDirectory("ottla-");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
