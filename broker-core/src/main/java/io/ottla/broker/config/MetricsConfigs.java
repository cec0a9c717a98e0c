package io.ottla.broker.config;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The configuration of client metrics subscriptions (KIP-714). */
public final class MetricsConfigs {

    private static final String INTERVAL = "interval.ms";
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
            Object parsed = key.parse(value);
            if (name.equals(INTERVAL)) {
                checkInterval((Integer) parsed);
            } else if (name.equals("match")) {
                ((List<?>) parsed).forEach(pattern -> checkPattern((String) pattern));
            }
        });
    }

    private static void checkInterval(int intervalMs) {
        if (intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS) {
            throw new ConfigException(
                    INTERVAL,
                    "Invalid value " + intervalMs + " for " + INTERVAL + ", interval must be between " + MIN_INTERVAL_MS
                            + " and " + MAX_INTERVAL_MS + " (1 hour)");
        }
    }

    private static void checkPattern(String pattern) {
        int equals = pattern.indexOf('=');
        String selector = equals < 0 ? "" : pattern.substring(0, equals).trim();
        if (!SELECTORS.contains(selector)) {
            throw new ConfigException("match", "Illegal client matching pattern: " + pattern);
        }
        try {
            Pattern.compile(pattern.substring(equals + 1).trim());
        } catch (PatternSyntaxException e) {
            throw new ConfigException("match", "Illegal client matching pattern: " + pattern);
        }
    }
}
