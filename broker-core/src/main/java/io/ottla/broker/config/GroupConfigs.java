package io.ottla.broker.config;

import java.util.HashMap;
import java.util.Map;

/** The configuration of groups: what a group says itself, and what it takes over from its broker. */
public final class GroupConfigs {

    private GroupConfigs() {}

    /** The broker key that a group key takes its value from, null if there is none. */
    public static String brokerKey(String groupKey) {
        String brokerKey = "group." + groupKey;
        return ConfigKeys.broker().containsKey(brokerKey) ? brokerKey : null;
    }

    /** What a group that sets nothing gets for this key, as text. */
    public static String defaultText(String groupKey, BrokerConfig broker) {
        String brokerKey = brokerKey(groupKey);
        return brokerKey == null ? ConfigKeys.group().get(groupKey).defaultText() : broker.text(brokerKey);
    }

    /**
     * Checks what a group sets, with the messages of Apache Kafka.
     *
     * @throws ConfigException where a key is unknown, a value not allowed, or outside of what the broker allows
     */
    public static void validate(Map<String, String> overrides, BrokerConfig broker) {
        for (String name : overrides.keySet()) {
            if (!ConfigKeys.group().containsKey(name)) {
                throw new ConfigException(name, "Unknown group config name: " + name);
            }
        }
        Map<String, Object> parsed = new HashMap<>();
        overrides.forEach(
                (name, value) -> parsed.put(name, ConfigKeys.group().get(name).parse(value)));
        parsed.forEach((name, value) -> {
            if (value instanceof Integer number) {
                checkBounds(name, number, broker);
            }
        });
        checkSessionAboveHeartbeat("consumer", parsed, broker);
        checkSessionAboveHeartbeat("share", parsed, broker);
        checkSessionAboveHeartbeat("streams", parsed, broker);
    }

    /** The bounds that the broker sets: {@code group.<family>.min.<rest>} and {@code group.<family>.max.<rest>}. */
    private static void checkBounds(String name, int value, BrokerConfig broker) {
        int dot = name.indexOf('.');
        String family = "group." + name.substring(0, dot);
        String rest = name.substring(dot + 1).replaceFirst("^num\\.", "");
        String min = family + ".min." + rest;
        if (ConfigKeys.broker().containsKey(min) && value < broker.intValue(min)) {
            throw new ConfigException(name, name + " must be greater than or equal to " + min);
        }
        String max = family + ".max." + rest;
        if (ConfigKeys.broker().containsKey(max) && value > broker.intValue(max)) {
            throw new ConfigException(name, name + " must be less than or equal to " + max);
        }
    }

    private static void checkSessionAboveHeartbeat(String family, Map<String, Object> parsed, BrokerConfig broker) {
        String session = family + ".session.timeout.ms";
        String heartbeat = family + ".heartbeat.interval.ms";
        if (intValue(session, parsed, broker) <= intValue(heartbeat, parsed, broker)) {
            throw new ConfigException(session, session + " must be greater than " + heartbeat);
        }
    }

    private static int intValue(String name, Map<String, Object> parsed, BrokerConfig broker) {
        Object value = parsed.get(name);
        return value == null ? broker.intValue("group." + name) : (Integer) value;
    }
}
