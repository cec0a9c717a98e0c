package io.ottla.broker.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The configuration of client metrics subscriptions (KIP-714). */
public final class MetricsConfigs {

    private static final String INTERVAL = "interval.ms";
    private static final String MATCH = "match";
    private static final int MIN_INTERVAL_MS = 100;
    private static final int MAX_INTERVAL_MS = 3_600_000;
    private static final List<String> SELECTORS = List.of(
            "client_instance_id",
            "client_id",
            "client_software_name",
            "client_software_version",
            "client_source_address",
            "client_source_port");

    private MetricsConfigs() {}

    /**
     * Checks what a subscription sets.
     *
     * @throws ConfigException where a key is unknown or a value not allowed
     */
    public static void validate(Map<String, String> overrides) {
        overrides.forEach((name, value) -> {
            ConfigKey key = ConfigKeys.metrics().get(name);
            if (key == null) {
                throw new ConfigException(name, "Unknown client metrics configuration: " + name);
            }
            if (key.parse(value) instanceof List<?> list && list.contains("")) {
                throw new ConfigException(name, "Configuration '" + name + "' values must not be empty.");
            }
            if (name.equals(MATCH)) {
                selectors(value);
            }
        });
    }

    /** Why the interval of a valid subscription is not allowed, null if it is. */
    public static String intervalRefusal(Map<String, String> overrides) {
        int intervalMs = intervalMs(overrides);
        return intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS
                ? null
                : "Invalid value " + intervalMs + " for " + INTERVAL + ", interval must be between " + MIN_INTERVAL_MS
                        + " and " + MAX_INTERVAL_MS + " (1 hour)";
    }

    /** How many milliseconds lie between two pushes. */
    public static int intervalMs(Map<String, String> overrides) {
        return (Integer) value(INTERVAL, overrides);
    }

    /** The prefixes of the names of the metrics that are wanted, or {@code *}. */
    public static List<String> metrics(Map<String, String> overrides) {
        return ((List<?>) value("metrics", overrides))
                .stream().map(String.class::cast).toList();
    }

    /** What a client must be like, by selector; nothing fits all clients. */
    public static Map<String, Pattern> selectors(Map<String, String> overrides) {
        String match = overrides.get(MATCH);
        return match == null ? Map.of() : selectors(match);
    }

    private static Object value(String name, Map<String, String> overrides) {
        ConfigKey key = ConfigKeys.metrics().get(name);
        return key.parse(overrides.getOrDefault(name, key.defaultText()));
    }

    private static Map<String, Pattern> selectors(String match) {
        Map<String, Pattern> selectors = new HashMap<>();
        for (Object each : (List<?>) ConfigKeys.metrics().get(MATCH).parse(match)) {
            String text = (String) each;
            String[] parts = text.split("=", -1);
            if (parts.length != 2 || !SELECTORS.contains(parts[0].trim()) || parts[1].isBlank()) {
                throw illegal(text);
            }
            try {
                selectors.put(parts[0].trim(), Pattern.compile(parts[1].trim()));
            } catch (PatternSyntaxException e) {
                throw illegal(text);
            }
        }
        return selectors;
    }

    private static ConfigException illegal(String pattern) {
        return new ConfigException(MATCH, "Illegal client matching pattern: " + pattern);
    }
}
