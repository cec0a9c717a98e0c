package io.ottla.broker.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The types of configuration values, with the numbers that DescribeConfigs gives them (KIP-569). */
public enum ConfigType {
    BOOLEAN(1),
    STRING(2),
    INT(3),
    SHORT(4),
    LONG(5),
    DOUBLE(6),
    LIST(7),
    CLASS(8),
    PASSWORD(9);

    private final byte id;

    ConfigType(int id) {
        this.id = (byte) id;
    }

    /** The number of this type in a DescribeConfigs answer. */
    public byte id() {
        return id;
    }

    /**
     * Parses a value as Apache Kafka does: surrounding white space does not count.
     *
     * @return Boolean, String, Integer, Short, Long, Double or {@code List<String>}; null for null
     * @throws ConfigException where the text is no value of this type
     */
    Object parse(String key, String value) {
        if (value == null) {
            return null;
        }
        String trimmed = value.trim();
        try {
            return switch (this) {
                case BOOLEAN -> parseBoolean(key, value);
                case STRING, CLASS -> trimmed;
                case PASSWORD -> value;
                case INT -> Integer.valueOf(trimmed);
                case SHORT -> Short.valueOf(trimmed);
                case LONG -> Long.valueOf(trimmed);
                case DOUBLE -> Double.valueOf(trimmed);
                case LIST -> parseList(trimmed);
            };
        } catch (NumberFormatException e) {
            throw new ConfigException(key, value, "Not a number of type " + name());
        }
    }

    private static Boolean parseBoolean(String key, String value) {
        return switch (value.trim().toLowerCase(Locale.ROOT)) {
            case "true" -> Boolean.TRUE;
            case "false" -> Boolean.FALSE;
            default -> throw new ConfigException(key, value, "Expected value to be either true or false");
        };
    }

    private static List<String> parseList(String value) {
        if (value.isEmpty()) {
            return List.of();
        }
        String[] parts = value.split(",", -1);
        for (int i = 0; i < parts.length; i++) {
            parts[i] = parts[i].trim();
        }
        return List.copyOf(Arrays.asList(parts));
    }
}
