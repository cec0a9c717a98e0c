package io.ottla.broker.config;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.Test;

class TopicConfigsTest {

    private static final BrokerConfig BROKER = BrokerConfig.of(Map.of());

    @Test
    void shouldKnowTheKeysOfApacheKafka() {
        Map<String, ConfigDef.ConfigKey> theirs = new TreeMap<>(LogConfig.configKeys());
        assertEquals(theirs.keySet(), TopicConfigs.keys().keySet());
        for (ConfigDef.ConfigKey their : theirs.values()) {
            ConfigKey our = TopicConfigs.keys().get(their.name);
            assertEquals(their.type.name(), our.type().name(), their.name);
            assertEquals(ConfigDef.convertToString(their.defaultValue, their.type), our.defaultText(), their.name);
            assertEquals(their.internalConfig, our.isInternal(), their.name);
            assertTrue(our.documentation().length() > 20 || our.isInternal(), their.name);
        }
    }

    @Test
    void shouldTakeDefaultsFromTheBrokerAsApacheKafkaDoes() {
        ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.forEach((topicKey, theirs) -> {
            List<TopicConfigs.Synonym> ours = TopicConfigs.synonyms(topicKey);
            assertEquals(theirs.size(), ours.size(), topicKey);
            for (int i = 0; i < ours.size(); i++) {
                assertEquals(theirs.get(i).name(), ours.get(i).brokerKey());
                if (TopicConfigs.keys().get(topicKey).type() == ConfigType.LONG) {
                    assertEquals(
                            theirs.get(i).converter().apply("3"),
                            TopicConfigs.scaled("3", ours.get(i).factor()));
                }
            }
        });
        for (ConfigKey key : TopicConfigs.keys().values()) {
            assertEquals(key.defaultText(), TopicConfigs.defaultText(key.name(), BROKER), key.name());
        }
        BrokerConfig other = BrokerConfig.of(Map.of("log.roll.hours", "2", "log.cleanup.policy", "compact"));
        assertEquals("7200000", TopicConfigs.defaultText("segment.ms", other));
        assertEquals("compact", TopicConfigs.defaultText("cleanup.policy", other));
    }

    @Test
    void shouldRefuseWhatApacheKafkaRefusesWithTheSameWords() {
        Map<String, Set<String>> tries = new LinkedHashMap<>();
        Set<String> values = new TreeSet<>(List.of(
                "",
                "-3",
                "-2",
                "-1",
                "0",
                "1",
                "4",
                "10",
                "18",
                "1048576",
                "99999999999",
                "1.5",
                "x",
                "true",
                "TRUE",
                "compact",
                "compact,delete",
                "delete, compact",
                "compact,",
                "gzip",
                "GZIP",
                "LogAppendTime",
                "0:1,1:2",
                "*",
                " 7 "));
        LogConfig.configKeys().keySet().forEach(name -> tries.put(name, values));
        tries.put("no.such.key", Set.of("1"));
        tries.forEach((name, texts) -> texts.forEach(
                text -> assertEquals(theirMessage(name, text), ourMessage(name, text), name + "=" + text)));
    }

    @Test
    void shouldRefuseValuesThatDoNotGoTogether() {
        Map<String, String> overrides = Map.of("min.compaction.lag.ms", "20", "max.compaction.lag.ms", "10");
        ConfigException e = assertThrows(ConfigException.class, () -> TopicConfigs.validate(overrides, BROKER));
        assertEquals(
                "conflict topic config setting min.compaction.lag.ms (20) > max.compaction.lag.ms (10)",
                e.getMessage());
        assertDoesNotThrow(() -> TopicConfigs.validate(Map.of("cleanup.policy", ""), BROKER));
    }

    private static String ourMessage(String name, String value) {
        try {
            TopicConfigs.validate(Map.of(name, value), BROKER);
            return null;
        } catch (ConfigException e) {
            return e.getMessage();
        }
    }

    private static String theirMessage(String name, String value) {
        try {
            LogConfig.validate(
                    Map.of(),
                    Map.of(name, value),
                    new HashMap<>(LogConfig.configDefCopy().parse(Map.of())),
                    false);
            return null;
        } catch (RuntimeException e) {
            return Objects.requireNonNull(e.getMessage());
        }
    }
}
