package io.ottla.broker.config;

import io.ottla.storage.FlushPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration of a broker, under Apache Kafka's names. Immutable; every value is parsed and checked once, so that
 * an accessor is a look-up. Accessors are named after the keys; a key without an accessor is read with {@link #intValue},
 * {@link #longValue} and so on.
 */
public final class BrokerConfig {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerConfig.class);

    private final Map<String, String> originals;
    private final Map<String, Object> values;
    private final List<Listener> listeners;
    private final List<Listener> advertisedListeners;
    private final List<String> logDirs;
    private final long logRetentionMs;

    private BrokerConfig(Map<String, String> originals) {
        this.originals = originals;
        this.values = parse(originals);
        this.listeners = parseListeners("listeners");
        this.advertisedListeners =
                values.get("advertised.listeners") == null ? listeners : parseListeners("advertised.listeners");
        List<String> dirs = listValue(values.get("log.dirs") == null ? "log.dir" : "log.dirs");
        this.logDirs = dirs.isEmpty() ? listValue("log.dir") : dirs;
        this.logRetentionMs = computeRetentionMs();
        check();
    }

    /**
     * Reads a configuration. Keys that mean nothing on a single node, or nothing yet, are named in one log line, unknown ones in a warning
     * each.
     *
     * @param properties keys and values as they stand in a {@code server.properties} file
     * @throws ConfigException where a value is not allowed
     */
    public static BrokerConfig of(Map<String, String> properties) {
        BrokerConfig config = new BrokerConfig(Collections.unmodifiableMap(new TreeMap<>(properties)));
        Set<String> withoutEffect = new TreeSet<>();
        for (String name : properties.keySet()) {
            ConfigKey key =
                    ConfigKeys.own().getOrDefault(name, ConfigKeys.broker().get(name));
            key = key == null ? ConfigKeys.throttles().get(name) : key;
            if (key == null) {
                if (!isListenerKey(name)) {
                    LOG.warn("Unknown configuration key {} is ignored", name);
                }
            } else if (key.isWithoutEffect()) {
                withoutEffect.add(name);
            }
        }
        if (!withoutEffect.isEmpty()) {
            LOG.info("Configuration keys without effect: {}", String.join(", ", withoutEffect));
        }
        return config;
    }

    /** This configuration with some values changed, as dynamic configurations do. A null value restores the default. */
    public BrokerConfig with(Map<String, String> changes) {
        if (changes.isEmpty()) {
            return this;
        }
        Map<String, String> merged = new TreeMap<>(originals);
        changes.forEach((key, value) -> {
            if (value == null) {
                merged.remove(key);
            } else {
                merged.put(key, value);
            }
        });
        return new BrokerConfig(Collections.unmodifiableMap(merged));
    }

    /** What was given, without defaults, sorted by key. */
    public Map<String, String> originals() {
        return originals;
    }

    /** Whether the key was given a value, as opposed to having its default. */
    public boolean isSet(String key) {
        return originals.containsKey(key);
    }

    /** The value of any broker key as text, null if it has none. */
    public String text(String key) {
        return ConfigKey.text(value(key));
    }

    public int intValue(String key) {
        return ((Number) value(key)).intValue();
    }

    public long longValue(String key) {
        return ((Number) value(key)).longValue();
    }

    public double doubleValue(String key) {
        return ((Number) value(key)).doubleValue();
    }

    public boolean booleanValue(String key) {
        return (Boolean) value(key);
    }

    public String stringValue(String key) {
        return (String) value(key);
    }

    @SuppressWarnings("unchecked") // lists are parsed by ConfigType alone
    public List<String> listValue(String key) {
        return (List<String>) value(key);
    }

    private Object value(String key) {
        Object value = values.get(key);
        if (value == null && !values.containsKey(key)) {
            throw new IllegalArgumentException("No such broker configuration: " + key);
        }
        return value;
    }

    /** The end points to bind, those of a controller left out. Never empty. */
    public List<Listener> listeners() {
        return listeners;
    }

    /**
     * The end points that clients are told: {@code advertised.listeners}, or else {@code listeners}. A port of 0 stands for the
     * port that was bound, an empty host for the name of this host.
     */
    public List<Listener> advertisedListeners() {
        return advertisedListeners;
    }

    /** The folders for logs, from {@code log.dirs} or else {@code log.dir}; never empty. */
    public List<String> logDirs() {
        return logDirs;
    }

    /** How long records are kept, in milliseconds, from the finest of {@code log.retention.{ms,minutes,hours}}; -1 for ever. */
    public long logRetentionMs() {
        return logRetentionMs;
    }

    /** The id of the broker. */
    public int nodeId() {
        return intValue("node.id");
    }

    /** The rack of the broker, null if it has none. */
    public String brokerRack() {
        return stringValue("broker.rack");
    }

    /** How many brokers there are over the one store: {@code ottla.brokers}. */
    public int brokerCount() {
        return intValue("ottla.brokers");
    }

    /**
     * The configuration of one of these brokers: this one, with an id, ports and a rack of its own.
     *
     * @param index from 0; the first has {@code node.id}
     */
    public BrokerConfig forBroker(int index) {
        Map<String, String> own = new HashMap<>();
        List<String> racks = listValue("ottla.racks");
        if (!racks.isEmpty()) {
            own.put("broker.rack", racks.get(index % racks.size()));
        }
        if (index > 0) {
            own.put("node.id", Integer.toString(nodeId() + index));
            own.put("listeners", Listener.withPortsFrom(listeners, index));
            if (isSet("advertised.listeners")) {
                own.put("advertised.listeners", Listener.withPortsFrom(advertisedListeners, index));
            }
        }
        return with(own);
    }

    /** The partitions of a topic that does not say how many. */
    public int numPartitions() {
        return intValue("num.partitions");
    }

    /** Whether asking for an unknown topic creates it. */
    public boolean autoCreateTopicsEnable() {
        return booleanValue("auto.create.topics.enable");
    }

    /** Whether topics may be deleted. */
    public boolean deleteTopicEnable() {
        return booleanValue("delete.topic.enable");
    }

    /** The most partitions in one DescribeTopicPartitions answer. */
    public int maxRequestPartitionSizeLimit() {
        return intValue("max.request.partition.size.limit");
    }

    /** The largest record batch in bytes, unless the topic says otherwise. */
    public int messageMaxBytes() {
        return intValue("message.max.bytes");
    }

    /** The largest request in bytes. */
    public int socketRequestMaxBytes() {
        return intValue("socket.request.max.bytes");
    }

    /** SO_SNDBUF in bytes, -1 for the system's own. */
    public int socketSendBufferBytes() {
        return intValue("socket.send.buffer.bytes");
    }

    /** SO_RCVBUF in bytes, -1 for the system's own. */
    public int socketReceiveBufferBytes() {
        return intValue("socket.receive.buffer.bytes");
    }

    /** The most connections that wait to be accepted. */
    public int socketListenBacklogSize() {
        return intValue("socket.listen.backlog.size");
    }

    /** After how many milliseconds an idle connection is closed; none is when not positive. */
    public long connectionsMaxIdleMs() {
        return longValue("connections.max.idle.ms");
    }

    /** How many threads open the logs of one log directory at the start, and flush them at the end. */
    public int numRecoveryThreadsPerDataDir() {
        return intValue("num.recovery.threads.per.data.dir");
    }

    /** The event loops that serve connections. */
    public int numNetworkThreads() {
        return intValue("num.network.threads");
    }

    /** The most bytes of records in one Fetch answer. */
    public int fetchMaxBytes() {
        return intValue("fetch.max.bytes");
    }

    /** The most fetch sessions. */
    public int maxIncrementalFetchSessionCacheSlots() {
        return intValue("max.incremental.fetch.session.cache.slots");
    }

    /** How often retention is looked at. */
    public long logRetentionCheckIntervalMs() {
        return longValue("log.retention.check.interval.ms");
    }

    /** The time from the start to the first round of retention and flushing. */
    public long logInitialTaskDelayMs() {
        return longValue("log.initial.task.delay.ms");
    }

    /** How often recovery points are written. */
    public int logFlushOffsetCheckpointIntervalMs() {
        return intValue("log.flush.offset.checkpoint.interval.ms");
    }

    /** How often the start offsets of logs are written down. */
    public int logFlushStartOffsetCheckpointIntervalMs() {
        return intValue("log.flush.start.offset.checkpoint.interval.ms");
    }

    /** How often it is looked which logs are due by {@code flush.ms}; Long.MAX_VALUE for when they are. */
    public long logFlushSchedulerIntervalMs() {
        return longValue("log.flush.scheduler.interval.ms");
    }

    /** What an acknowledged record, offset or topic survives: {@code ottla.durability}. */
    public FlushPolicy durability() {
        return stringValue("ottla.durability").equals("power-safe")
                ? FlushPolicy.POWER_SAFE
                : FlushPolicy.PROCESS_CRASH_SAFE;
    }

    /** Whether compaction runs. */
    public boolean logCleanerEnable() {
        return booleanValue("log.cleaner.enable");
    }

    /** The threads that compact. */
    public int logCleanerThreads() {
        return intValue("log.cleaner.threads");
    }

    /** The pause when nothing is to be compacted. */
    public long logCleanerBackoffMs() {
        return longValue("log.cleaner.backoff.ms");
    }

    /** The memory for the keys of all compacting threads, in bytes. */
    public long logCleanerDedupeBufferSize() {
        return longValue("log.cleaner.dedupe.buffer.size");
    }

    /** How full the key table may get, 0 to 1. */
    public double logCleanerIoBufferLoadFactor() {
        return doubleValue("log.cleaner.io.buffer.load.factor");
    }

    /** The memory for reading and writing of all compacting threads, in bytes. */
    public int logCleanerIoBufferSize() {
        return intValue("log.cleaner.io.buffer.size");
    }

    /** The most bytes that compaction reads and writes a second. */
    public double logCleanerIoMaxBytesPerSecond() {
        return doubleValue("log.cleaner.io.max.bytes.per.second");
    }

    /** How many bytes of logs may be moved between log directories in a second; Long.MAX_VALUE for any number. */
    public long replicaAlterLogDirsIoMaxBytesPerSecond() {
        return longValue("replica.alter.log.dirs.io.max.bytes.per.second");
    }

    /** After how many milliseconds of silence a partition forgets a producer. */
    public int producerIdExpirationMs() {
        return intValue("producer.id.expiration.ms");
    }

    /** The longest text that may be committed with an offset, in bytes. */
    public int offsetMetadataMaxBytes() {
        return intValue("offset.metadata.max.bytes");
    }

    /** For how many minutes the offsets of an empty group are kept. */
    public int offsetsRetentionMinutes() {
        return intValue("offsets.retention.minutes");
    }

    /** How often expired offsets are looked for. */
    public long offsetsRetentionCheckIntervalMs() {
        return longValue("offsets.retention.check.interval.ms");
    }

    /** The group protocols that are served. */
    public List<String> groupCoordinatorRebalanceProtocols() {
        return listValue("group.coordinator.rebalance.protocols");
    }

    /** The shortest session timeout of a classic group's member. */
    public int groupMinSessionTimeoutMs() {
        return intValue("group.min.session.timeout.ms");
    }

    /** The longest session timeout of a classic group's member. */
    public int groupMaxSessionTimeoutMs() {
        return intValue("group.max.session.timeout.ms");
    }

    /** How long the first rebalance of an empty group waits for more members. */
    public int groupInitialRebalanceDelayMs() {
        return intValue("group.initial.rebalance.delay.ms");
    }

    /** The most members of a classic group. */
    public int groupMaxSize() {
        return intValue("group.max.size");
    }

    /** The session timeout of consumer groups. */
    public int groupConsumerSessionTimeoutMs() {
        return intValue("group.consumer.session.timeout.ms");
    }

    /** The shortest that a group may set. */
    public int groupConsumerMinSessionTimeoutMs() {
        return intValue("group.consumer.min.session.timeout.ms");
    }

    /** The longest that a group may set. */
    public int groupConsumerMaxSessionTimeoutMs() {
        return intValue("group.consumer.max.session.timeout.ms");
    }

    /** How long a consumer group keeps a target assignment at least, in milliseconds. */
    public int groupConsumerAssignmentIntervalMs() {
        return intValue("group.consumer.assignment.interval.ms");
    }

    /** The heartbeat interval of consumer groups. */
    public int groupConsumerHeartbeatIntervalMs() {
        return intValue("group.consumer.heartbeat.interval.ms");
    }

    /** The shortest that a group may set. */
    public int groupConsumerMinHeartbeatIntervalMs() {
        return intValue("group.consumer.min.heartbeat.interval.ms");
    }

    /** The longest that a group may set. */
    public int groupConsumerMaxHeartbeatIntervalMs() {
        return intValue("group.consumer.max.heartbeat.interval.ms");
    }

    /** The most members of a consumer group. */
    public int groupConsumerMaxSize() {
        return intValue("group.consumer.max.size");
    }

    /** The assignors on the broker's side, the default first. */
    public List<String> groupConsumerAssignors() {
        return listValue("group.consumer.assignors");
    }

    /** Whether groups may change between the classic and the consumer protocol. */
    public String groupConsumerMigrationPolicy() {
        return stringValue("group.consumer.migration.policy");
    }

    /** The longest transaction timeout that a producer may ask for. */
    public int transactionMaxTimeoutMs() {
        return intValue("transaction.max.timeout.ms");
    }

    /** After how long a silence a transactional id is forgotten, in milliseconds. */
    public int transactionalIdExpirationMs() {
        return intValue("transactional.id.expiration.ms");
    }

    /** The largest metrics push of a client, in bytes. */
    public int telemetryMaxBytes() {
        return intValue("telemetry.max.bytes");
    }

    private static Map<String, Object> parse(Map<String, String> originals) {
        Map<String, ConfigKey> keys = ConfigKeys.broker();
        Map<String, Object> values = new HashMap<>(keys.size() * 2);
        for (ConfigKey key : keys.values()) {
            String text = originals.get(key.name());
            values.put(key.name(), text == null ? key.defaultValue() : key.parse(text));
        }
        for (Map<String, ConfigKey> others : List.of(ConfigKeys.own(), ConfigKeys.throttles())) {
            for (ConfigKey key : others.values()) {
                String text = originals.get(key.name());
                values.put(key.name(), text == null ? key.defaultValue() : key.parse(text));
            }
        }
        // broker.id is the older name of node.id.
        if (!originals.containsKey("node.id") && originals.containsKey("broker.id")) {
            values.put("node.id", keys.get("node.id").parse(originals.get("broker.id")));
        }
        values.put("broker.id", values.get("node.id"));
        return values;
    }

    private List<Listener> parseListeners(String key) {
        Map<String, String> protocols = new HashMap<>();
        for (String entry : stringValue("listener.security.protocol.map").split(",", -1)) {
            int colon = entry.lastIndexOf(':');
            if (colon <= 0) {
                throw new ConfigException("listener.security.protocol.map", entry, "Each entry must be NAME:PROTOCOL");
            }
            protocols.put(
                    entry.substring(0, colon).trim().toUpperCase(Locale.ROOT),
                    entry.substring(colon + 1).trim().toUpperCase(Locale.ROOT));
        }
        Set<String> controllers = new HashSet<>();
        for (String name : listValue("controller.listener.names")) {
            controllers.add(name.toUpperCase(Locale.ROOT));
        }
        List<Listener> parsed = Listener.parse(key, listValue(key), protocols, controllers);
        if (parsed.isEmpty()) {
            throw new ConfigException(key, text(key), "At least one listener is needed that is not a controller's");
        }
        for (Listener listener : parsed) {
            if (!listener.securityProtocol().equals("PLAINTEXT")) {
                throw new ConfigException(key, listener, "The security protocol must be PLAINTEXT");
            }
        }
        return parsed;
    }

    private long computeRetentionMs() {
        long retentionMs;
        if (values.get("log.retention.ms") != null) {
            retentionMs = longValue("log.retention.ms");
        } else if (values.get("log.retention.minutes") != null) {
            retentionMs = longValue("log.retention.minutes") * 60_000L;
        } else {
            retentionMs = longValue("log.retention.hours") * 3_600_000L;
        }
        return Math.max(retentionMs, -1L);
    }

    /** What concerns more than one key. */
    private void check() {
        List<String> names = new ArrayList<>();
        for (Listener listener : listeners) {
            names.add(listener.name());
        }
        for (Listener advertised : advertisedListeners) {
            if (!names.contains(advertised.name())) {
                throw new ConfigException(
                        "advertised.listeners",
                        text("advertised.listeners"),
                        "The names must be among those of listeners " + names);
            }
            if (advertised.host().equals("0.0.0.0") && isSet("advertised.listeners")) {
                throw new ConfigException(
                        "advertised.listeners", advertised, "A routable address is needed, which 0.0.0.0 is not");
            }
        }
        if (brokerCount() > 1) {
            Listener.checkRoomForPorts("listeners", listeners, brokerCount());
        }
        if (logDirs.isEmpty()) {
            throw new ConfigException("log.dirs", "", "At least one folder is needed");
        }
        if (groupMinSessionTimeoutMs() > groupMaxSessionTimeoutMs()) {
            throw new ConfigException(
                    "group.min.session.timeout.ms",
                    groupMinSessionTimeoutMs(),
                    "Value must be no more than group.max.session.timeout.ms=" + groupMaxSessionTimeoutMs());
        }
        if (logRetentionMs == 0) {
            throw new ConfigException("log.retention.ms", 0, "Value must be -1, or at least 1");
        }
    }

    private static boolean isListenerKey(String name) {
        return name.startsWith("listener.name.");
    }
}
