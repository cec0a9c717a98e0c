package io.ottla.broker.config;

import java.util.List;

/** What is known of one configuration key. Immutable. */
public final class ConfigKey {

    /** Whether and where a broker key may be changed at run time. */
    public enum UpdateMode {
        /** Only in the configuration that the broker starts with. */
        READ_ONLY,
        /** For one broker at a time. */
        PER_BROKER,
        /** For one broker, or for all at once. */
        CLUSTER_WIDE
    }

    private final String name;
    private final ConfigType type;
    private final String defaultText;
    private final Object defaultValue;
    private final AllowedValues allowedValues;
    private final UpdateMode updateMode;
    private final boolean internal;
    private final boolean withoutEffect;
    private final String documentation;

    private ConfigKey(String name, ConfigType type, String defaultText, String allowed, String flags, String doc) {
        this.name = name;
        this.type = type;
        this.defaultText = defaultText;
        this.defaultValue = type.parse(name, defaultText);
        this.allowedValues = AllowedValues.of(allowed);
        this.updateMode = flags.contains("D")
                ? UpdateMode.CLUSTER_WIDE
                : flags.contains("d") ? UpdateMode.PER_BROKER : UpdateMode.READ_ONLY;
        this.internal = flags.contains("i");
        this.withoutEffect = flags.contains("x");
        this.documentation = doc;
    }

    /** Reads one line of a key table: {@code name | type | default | allowed | flags | documentation}. */
    static ConfigKey parseLine(String line) {
        String[] fields = line.split("\\|", 6);
        String defaultText = fields[2].trim();
        return new ConfigKey(
                fields[0].trim().intern(),
                ConfigType.valueOf(fields[1].trim()),
                defaultText.equals("~") ? null : defaultText,
                fields[3].trim(),
                fields[4].trim(),
                fields[5].trim());
    }

    /** The key itself, such as {@code log.retention.ms}. */
    public String name() {
        return name;
    }

    public ConfigType type() {
        return type;
    }

    /** The default as text, null if there is none. */
    public String defaultText() {
        return defaultText;
    }

    /** The default in the Java type of {@link #parse}, null if there is none. */
    Object defaultValue() {
        return defaultValue;
    }

    /** What the key does, in a sentence or two. */
    public String documentation() {
        return documentation;
    }

    /** Whether the value is a secret that no answer and no log line may show. */
    public boolean isSensitive() {
        return type == ConfigType.PASSWORD;
    }

    /** Whether the key exists for Apache Kafka's own tests; such keys are accepted but not shown. */
    public boolean isInternal() {
        return internal;
    }

    /** Whether the key is accepted for the sake of existing files but changes nothing here. */
    public boolean isWithoutEffect() {
        return withoutEffect;
    }

    /** Whether and where the key may be changed at run time. Means nothing for topic and group keys. */
    public UpdateMode updateMode() {
        return updateMode;
    }

    /**
     * Parses and checks a value.
     *
     * @param value the text as given by a user; may be null
     * @return Boolean, String, Integer, Short, Long, Double or {@code List<String>}
     * @throws ConfigException where the value is not allowed
     */
    public Object parse(String value) {
        Object parsed = type.parse(name, value);
        allowedValues.check(name, parsed);
        return parsed;
    }

    /** The text of a parsed value, as DescribeConfigs shows it. */
    public static String text(Object value) {
        if (value == null) {
            return null;
        }
        return value instanceof List<?> list
                ? String.join(",", list.stream().map(Object::toString).toList())
                : value.toString();
    }

    @Override
    public String toString() {
        return name;
    }
}
