package io.ottla.broker.config;

import io.ottla.storage.LogConfig;
import io.ottla.storage.LogConfigBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The configuration of topics: what a topic says itself, and what it takes over from its broker. */
public final class TopicConfigs {

    /**
     * A broker key that a topic key takes its value from.
     *
     * @param brokerKey the key of the broker
     * @param factor what to multiply with, to get from the unit of the broker key to that of the topic key
     */
    public record Synonym(String brokerKey, long factor) {}

    private static final long MINUTE_MS = 60_000L;
    private static final long HOUR_MS = 3_600_000L;
    private static final Map<String, List<Synonym>> SYNONYMS = synonyms();

    private TopicConfigs() {}

    /** All topic keys, sorted by name. */
    public static Map<String, ConfigKey> keys() {
        return ConfigKeys.topic();
    }

    /** The broker keys that a topic key takes its value from, the first one set winning; empty if there are none. */
    public static List<Synonym> synonyms(String topicKey) {
        return SYNONYMS.getOrDefault(topicKey, List.of());
    }

    /** What a topic that sets nothing gets for this key, as text; null if there is no value. */
    public static String defaultText(String topicKey, BrokerConfig broker) {
        List<Synonym> synonyms = synonyms(topicKey);
        if (synonyms.isEmpty()) {
            return keys().get(topicKey).defaultText();
        }
        if (topicKey.equals("retention.ms")) {
            return Long.toString(broker.logRetentionMs());
        }
        for (Synonym synonym : synonyms) {
            String text = broker.text(synonym.brokerKey());
            if (text != null) {
                return scaled(text, synonym.factor());
            }
        }
        return null;
    }

    /**
     * Checks what a topic sets, with the messages of Apache Kafka.
     *
     * @param overrides all that the topic sets
     * @param broker where the rest comes from
     * @throws ConfigException where a key is unknown, a value not allowed, or two do not go together
     */
    public static void validate(Map<String, String> overrides, BrokerConfig broker) {
        for (String name : overrides.keySet()) {
            if (!keys().containsKey(name)) {
                throw new ConfigException(name, "Unknown topic config name: " + name);
            }
        }
        Map<String, Object> parsed = new HashMap<>();
        overrides.forEach((name, value) -> parsed.put(name, keys().get(name).parse(value)));
        if (Boolean.TRUE.equals(parsed.get("remote.storage.enable"))) {
            throw new ConfigException(
                    "remote.storage.enable",
                    "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log"
                            + " storage.");
        }
        long minLagMs = longValue("min.compaction.lag.ms", parsed, broker);
        long maxLagMs = longValue("max.compaction.lag.ms", parsed, broker);
        if (minLagMs > maxLagMs) {
            throw new ConfigException(
                    "min.compaction.lag.ms",
                    "conflict topic config setting min.compaction.lag.ms (" + minLagMs + ") > max.compaction.lag.ms ("
                            + maxLagMs + ")");
        }
    }

    /**
     * The configuration of a topic's logs.
     *
     * @param overrides what the topic sets; must be valid
     * @param broker where the rest comes from
     */
    public static LogConfig logConfig(Map<String, String> overrides, BrokerConfig broker) {
        LogConfigBuilder builder = LogConfig.builder();
        for (String name : LogConfigBuilder.names()) {
            String override = overrides.get(name);
            String value = override == null ? defaultText(name, broker) : override;
            if (value != null) {
                builder.set(name, value);
            }
        }
        return builder.build();
    }

    /** How many replicas must be in sync for a record with acks=all to be taken. */
    public static int minInSyncReplicas(Map<String, String> overrides, BrokerConfig broker) {
        return Integer.parseInt(text("min.insync.replicas", overrides, broker));
    }

    /** Whether a replica that is not in sync may lead where no other is left. */
    public static boolean allowsUncleanElection(Map<String, String> overrides, BrokerConfig broker) {
        return Boolean.parseBoolean(text("unclean.leader.election.enable", overrides, broker));
    }

    private static String text(String name, Map<String, String> overrides, BrokerConfig broker) {
        String override = overrides.get(name);
        return override == null ? defaultText(name, broker) : override;
    }

    private static long longValue(String name, Map<String, Object> parsed, BrokerConfig broker) {
        Object value = parsed.get(name);
        return value == null ? Long.parseLong(defaultText(name, broker)) : (Long) value;
    }

    /** The value of a broker key in the unit of the topic key. */
    public static String scaled(String text, long factor) {
        return factor == 1 || text == null ? text : Long.toString(Long.parseLong(text) * factor);
    }

    private static Map<String, List<Synonym>> synonyms() {
        Map<String, List<Synonym>> map = new HashMap<>();
        for (String pair : List.of(
                "segment.bytes log.segment.bytes",
                "segment.index.bytes log.index.size.max.bytes",
                "flush.messages log.flush.interval.messages",
                "retention.bytes log.retention.bytes",
                "max.message.bytes message.max.bytes",
                "index.interval.bytes log.index.interval.bytes",
                "delete.retention.ms log.cleaner.delete.retention.ms",
                "min.compaction.lag.ms log.cleaner.min.compaction.lag.ms",
                "max.compaction.lag.ms log.cleaner.max.compaction.lag.ms",
                "file.delete.delay.ms log.segment.delete.delay.ms",
                "min.cleanable.dirty.ratio log.cleaner.min.cleanable.ratio",
                "cleanup.policy log.cleanup.policy",
                "unclean.leader.election.enable unclean.leader.election.enable",
                "min.insync.replicas min.insync.replicas",
                "compression.type compression.type",
                "compression.gzip.level compression.gzip.level",
                "compression.lz4.level compression.lz4.level",
                "compression.zstd.level compression.zstd.level",
                "preallocate log.preallocate",
                "message.timestamp.type log.message.timestamp.type",
                "message.timestamp.before.max.ms log.message.timestamp.before.max.ms",
                "message.timestamp.after.max.ms log.message.timestamp.after.max.ms",
                "local.retention.ms log.local.retention.ms",
                "local.retention.bytes log.local.retention.bytes")) {
            int space = pair.indexOf(' ');
            map.put(pair.substring(0, space), List.of(new Synonym(pair.substring(space + 1), 1)));
        }
        map.put("segment.ms", List.of(new Synonym("log.roll.ms", 1), new Synonym("log.roll.hours", HOUR_MS)));
        map.put(
                "segment.jitter.ms",
                List.of(new Synonym("log.roll.jitter.ms", 1), new Synonym("log.roll.jitter.hours", HOUR_MS)));
        map.put(
                "flush.ms",
                List.of(new Synonym("log.flush.interval.ms", 1), new Synonym("log.flush.scheduler.interval.ms", 1)));
        map.put(
                "retention.ms",
                List.of(
                        new Synonym("log.retention.ms", 1),
                        new Synonym("log.retention.minutes", MINUTE_MS),
                        new Synonym("log.retention.hours", HOUR_MS)));
        return Map.copyOf(map);
    }
}
