package io.ottla.broker.metadata;

import io.ottla.broker.config.ConfigKey;
import io.ottla.broker.config.ConfigKeys;
import java.util.List;

/**
 * The value of one key, and where it comes from.
 *
 * @param name the key
 * @param value the value as text; null if there is none, or if it is a secret
 * @param source one of the constants here, as the protocol numbers them
 * @param isReadOnly whether it cannot be changed at run time
 * @param synonyms all places that the value could come from, the one that counts first
 * @param key what is known of the key; null if nothing is
 */
public record DescribedConfig(
        String name, String value, byte source, boolean isReadOnly, List<Synonym> synonyms, ConfigKey key) {

    public static final byte TOPIC = 1;
    public static final byte DYNAMIC_BROKER = 2;
    public static final byte DYNAMIC_ALL_BROKERS = 3;
    public static final byte STATIC_BROKER = 4;
    public static final byte DEFAULT = 5;
    public static final byte BROKER_LOGGER = 6;
    public static final byte CLIENT_METRICS = 7;
    public static final byte GROUP = 8;

    /**
     * One place that a value could come from.
     *
     * @param name the key there
     * @param value its value there; null if it is a secret
     * @param source as in {@link DescribedConfig#source}
     */
    public record Synonym(String name, String value, byte source) {}

    /** Whether the value is a secret; that of a key that nobody knows may be one. */
    public boolean isSensitive() {
        return key == null ? source != BROKER_LOGGER : key.isSensitive();
    }

    /** The type as DescribeConfigs numbers it, 0 if it is not known. */
    public byte typeId() {
        return key == null ? 0 : key.type().id();
    }

    /** What the key does; null if it is not known, or, as in Apache Kafka, if brokers have it at run time only. */
    public String documentation() {
        return key == null || ConfigKeys.throttles().containsKey(name) ? null : key.documentation();
    }
}
