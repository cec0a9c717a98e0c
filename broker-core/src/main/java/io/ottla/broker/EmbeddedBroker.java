package io.ottla.broker;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.telemetry.TelemetrySink;
import io.ottla.storage.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A broker inside this JVM.
 *
 * <pre>{@code
 * try (EmbeddedBroker broker = EmbeddedBroker.start()) {
 *     properties.put("bootstrap.servers", broker.bootstrapServers());
 *     ...
 * }
 * }</pre>
 *
 * <p>Any number of brokers may run side by side. A broker sets no system property, adds no shutdown hook, configures no logging,
 * and leaves no thread behind when it is closed; its threads are daemons, so a broker that is forgotten does not keep the JVM alive.
 * Thread-safe.
 */
public final class EmbeddedBroker implements AutoCloseable {

    private final Broker broker;
    private final Path throwAwayFolder;
    private boolean closed;

    private EmbeddedBroker(Broker broker, Path throwAwayFolder) {
        this.broker = broker;
        this.throwAwayFolder = throwAwayFolder;
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
        for (Listener listener : broker.advertised()) {
            if (listener.name().equalsIgnoreCase(listenerName)) {
                return listener.address();
            }
        }
        throw new IllegalArgumentException("There is no listener " + listenerName);
    }

    /** The port of the first listener. */
    public int port() {
        return broker.advertised().get(0).port();
    }

    /** The folder that holds the data; the first where there are several. */
    public Path dataFolder() {
        return Path.of(broker.config().logDirs().get(0)).toAbsolutePath().normalize();
    }

    /**
     * Stops the broker: requests in flight are answered, the logs are flushed and marked as cleanly closed. Has no effect on a closed
     * broker.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        broker.close();
        if (throwAwayFolder != null) {
            delete(throwAwayFolder);
        }
    }

    private static void delete(Path folder) {
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                    Files.deleteIfExists(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("Failed to delete " + folder, e);
        }
    }

    /** Says what a broker is to be like. Not thread-safe; may start several brokers, one after the other. */
    public static final class Builder {

        private final Map<String, String> configs = new LinkedHashMap<>();
        private Clock clock = Clock.system();
        private Path dataFolder;
        private final List<Topic> topics = new ArrayList<>();
        private int port;
        private TelemetrySink telemetrySink;

        private Builder() {}

        private record Topic(String name, int partitions, Map<String, String> configs) {}

        /** The port of the one listener on localhost, 1 to 65535; 0, the default, takes a free one. */
        public Builder port(int listenerPort) {
            if (listenerPort < 0 || listenerPort > 65_535) {
                throw new IllegalArgumentException("Not a port: " + listenerPort);
            }
            port = listenerPort;
            return this;
        }

        /** Keeps the data in this folder, which is made if need be and stays when the broker is closed. */
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
            topics.add(new Topic(Objects.requireNonNull(name, "name"), partitions, Map.copyOf(topicConfigs)));
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

        /** Where the broker takes its time from; the clock of the machine unless set. */
        public Builder clock(Clock brokerClock) {
            clock = Objects.requireNonNull(brokerClock, "brokerClock");
            return this;
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
            Broker broker = null;
            try {
                broker = Broker.start(BrokerConfig.of(all), clock, telemetrySink);
                for (Topic topic : topics) {
                    broker.createTopic(topic.name, topic.partitions, topic.configs);
                }
                return new EmbeddedBroker(broker, throwAway);
            } catch (RuntimeException | Error e) {
                if (broker != null) {
                    broker.close();
                }
                if (throwAway != null) {
                    delete(throwAway);
                }
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
