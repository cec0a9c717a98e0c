package io.ottla.broker.config;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The tables of all keys that Apache Kafka 4.3 knows for brokers, topics and groups, each sorted by name. */
public final class ConfigKeys {

    private static final Map<String, ConfigKey> BROKER = load("broker-keys.txt");

    private static final Map<String, ConfigKey> THROTTLES = load("throttle-keys.txt");

    private static final Map<String, ConfigKey> OWN = load("ottla-keys.txt");

    private ConfigKeys() {}

    /** The keys of a broker that Apache Kafka does not have; they are in no answer to a client. */
    public static Map<String, ConfigKey> own() {
        return OWN;
    }

    /** The keys of a broker. */
    public static Map<String, ConfigKey> broker() {
        return BROKER;
    }

    /** The keys of a broker that Apache Kafka has at run time only, and shows only where they are set. */
    public static Map<String, ConfigKey> throttles() {
        return THROTTLES;
    }

    /** The keys of a topic. */
    public static Map<String, ConfigKey> topic() {
        return TopicKeys.TABLE;
    }

    /** The keys of a group. */
    public static Map<String, ConfigKey> group() {
        return GroupKeys.TABLE;
    }

    /** The keys of a client metrics subscription. */
    public static Map<String, ConfigKey> metrics() {
        return MetricsKeys.TABLE;
    }

    // Holders: a broker that is never asked about groups does not read their table.
    private static final class TopicKeys {
        static final Map<String, ConfigKey> TABLE = load("topic-keys.txt");
    }

    private static final class GroupKeys {
        static final Map<String, ConfigKey> TABLE = load("group-keys.txt");
    }

    private static final class MetricsKeys {
        static final Map<String, ConfigKey> TABLE = load("metrics-keys.txt");
    }

    private static Map<String, ConfigKey> load(String resource) {
        Map<String, ConfigKey> keys = new TreeMap<>();
        try (InputStream stream = ConfigKeys.class.getResourceAsStream(resource);
                BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.isEmpty() && line.charAt(0) != '#') {
                    ConfigKey key = ConfigKey.parseLine(line);
                    keys.put(key.name(), key);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(resource, e);
        }
        return Collections.unmodifiableMap(keys);
    }
}
