package io.ottla.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.junit.jupiter.api.Test;

class ConfigKeysTest {

    /** Where a default is meant to differ: one node that starts without a configuration, and has few partitions of its own. */
    private static final Map<String, String> OWN_DEFAULTS = Map.ofEntries(
            Map.entry("node.id", "1"),
            Map.entry("process.roles", "broker,controller"),
            Map.entry("controller.listener.names", "CONTROLLER"),
            Map.entry("listeners", "PLAINTEXT://localhost:9092"),
            Map.entry("log.dir", "ottla-data"),
            Map.entry("group.consumer.assignment.interval.ms", "0"),
            Map.entry("group.consumer.heartbeat.interval.ms", "500"),
            Map.entry("group.consumer.min.heartbeat.interval.ms", "100"),
            Map.entry("group.initial.rebalance.delay.ms", "0"),
            Map.entry("offsets.topic.num.partitions", "1"),
            Map.entry("offsets.topic.replication.factor", "1"),
            Map.entry("transaction.state.log.num.partitions", "1"),
            Map.entry("transaction.state.log.replication.factor", "1"),
            Map.entry("transaction.state.log.min.isr", "1"),
            Map.entry("share.coordinator.state.topic.num.partitions", "1"),
            Map.entry("share.coordinator.state.topic.replication.factor", "1"),
            Map.entry("share.coordinator.state.topic.min.isr", "1"));

    @Test
    void shouldKnowTheBrokerKeysOfApacheKafka() {
        Map<String, String> ownDefaults = new HashMap<>(OWN_DEFAULTS);
        compare(AbstractKafkaConfig.CONFIG_DEF, ConfigKeys.broker(), ownDefaults);
        assertEquals(Map.of(), ownDefaults, "every one of them is a difference");
    }

    @Test
    void shouldKnowTheGroupKeysOfApacheKafka() {
        compare(GroupConfig.CONFIG_DEF, ConfigKeys.group(), new HashMap<>());
    }

    @Test
    void shouldAllowTheSameKeysToChangeAtRunTime() {
        Map<String, String> theirs = DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (ConfigKey key : ConfigKeys.broker().values()) {
            String expected =
                    switch (key.updateMode()) {
                        case READ_ONLY -> "read-only";
                        case PER_BROKER -> "per-broker";
                        case CLUSTER_WIDE -> "cluster-wide";
                    };
            assertEquals(expected, theirs.getOrDefault(key.name(), "read-only"), key.name());
        }
    }

    @Test
    void shouldRefuseWhatApacheKafkaRefuses() {
        List<String> values = List.of(
                "", "-131073", "-3", "-2", "-1", "0", "0.5", "1", "10", "9223372036854775807", "x", "true", "compact");
        for (ConfigDef.ConfigKey their :
                AbstractKafkaConfig.CONFIG_DEF.configKeys().values()) {
            // Classes are loaded there and not here; lists that must not be empty are checked later here.
            if (their.type == ConfigDef.Type.CLASS || their.type == ConfigDef.Type.LIST) {
                continue;
            }
            for (String value : values) {
                assertEquals(theirMessage(their, value), ourMessage(their.name, value), their.name + "=" + value);
            }
        }
    }

    private static void compare(ConfigDef theirs, Map<String, ConfigKey> ours, Map<String, String> ownDefaults) {
        Map<String, ConfigDef.ConfigKey> sorted = new TreeMap<>(theirs.configKeys());
        assertEquals(sorted.keySet(), ours.keySet());
        for (ConfigDef.ConfigKey their : sorted.values()) {
            ConfigKey our = ours.get(their.name);
            assertEquals(their.type.name(), our.type().name(), their.name);
            assertEquals(their.internalConfig, our.isInternal(), their.name);
            assertTrue(our.documentation().length() > 20, their.name);
            String expected = their.hasDefault() ? ConfigDef.convertToString(their.defaultValue, their.type) : null;
            String own = ownDefaults.get(their.name);
            if (own != null && !own.equals(expected)) {
                ownDefaults.remove(their.name);
                expected = own;
            }
            assertEquals(expected, our.defaultText(), their.name);
        }
    }

    private static String ourMessage(String name, String value) {
        try {
            ConfigKeys.broker().get(name).parse(value);
            return null;
        } catch (ConfigException e) {
            return e.getMessage();
        }
    }

    private static String theirMessage(ConfigDef.ConfigKey key, String value) {
        try {
            Object parsed = ConfigDef.parseType(key.name, value, key.type);
            if (key.validator != null) {
                key.validator.ensureValid(key.name, parsed);
            }
            return null;
        } catch (org.apache.kafka.common.config.ConfigException e) {
            return e.getMessage();
        }
    }
}
