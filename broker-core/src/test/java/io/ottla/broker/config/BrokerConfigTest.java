package io.ottla.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BrokerConfigTest {

    @Test
    void shouldAnswerEveryAccessorWithItsDefault() throws ReflectiveOperationException {
        BrokerConfig config = BrokerConfig.of(Map.of());
        for (var method : BrokerConfig.class.getMethods()) {
            if (method.getDeclaringClass() == BrokerConfig.class && method.getParameterCount() == 0) {
                method.invoke(config);
            }
        }
        assertEquals(1, config.nodeId());
        assertEquals(1, config.numPartitions());
        assertEquals(1_048_588, config.messageMaxBytes());
        assertEquals(600_000L, config.connectionsMaxIdleMs());
        assertNull(config.brokerRack());
        assertEquals(List.of("ottla-data"), config.logDirs());
        assertEquals(List.of(new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 9092)), config.advertisedListeners());
    }

    @Test
    void shouldNameKeyAndValueAndWhatIsAllowed() {
        assertMessage(
                "Invalid value 0 for configuration num.partitions: Value must be at least 1",
                Map.of("num.partitions", "0"));
        assertMessage(
                "Invalid value many for configuration num.partitions: Not a number of type INT",
                Map.of("num.partitions", "many"));
        assertMessage(
                "Invalid value yes for configuration auto.create.topics.enable: Expected value to be either true or false",
                Map.of("auto.create.topics.enable", "yes"));
        assertMessage(
                "Invalid value brotli for configuration compression.type: String must be one of:"
                        + " uncompressed, zstd, lz4, snappy, gzip, producer",
                Map.of("compression.type", "brotli"));
        assertMessage(
                "Invalid value localhost:9092 for configuration listeners: Each listener must be of the form NAME://host:port",
                Map.of("listeners", "localhost:9092"));
        assertMessage(
                "Invalid value PLAINTEXT://:70000 for configuration listeners: The port must be between 0 and 65535",
                Map.of("listeners", "PLAINTEXT://:70000"));
        assertMessage(
                "Invalid value SSL://:9093 for configuration listeners: The security protocol must be PLAINTEXT",
                Map.of("listeners", "SSL://:9093"));
        assertMessage(
                "Invalid value EXTERNAL://h:1 for configuration advertised.listeners:"
                        + " The names must be among those of listeners [PLAINTEXT]",
                Map.of(
                        "advertised.listeners",
                        "EXTERNAL://h:1",
                        "listener.security.protocol.map",
                        "PLAINTEXT:PLAINTEXT,EXTERNAL:PLAINTEXT"));
        assertMessage(
                "Invalid value 20 for configuration group.min.session.timeout.ms:"
                        + " Value must be no more than group.max.session.timeout.ms=10",
                Map.of("group.min.session.timeout.ms", "20", "group.max.session.timeout.ms", "10"));
    }

    @Test
    void shouldTakeTheFinestUnitOfRetention() {
        assertEquals(604_800_000L, BrokerConfig.of(Map.of()).logRetentionMs());
        Map<String, String> properties = new HashMap<>();
        properties.put("log.retention.hours", "2");
        assertEquals(7_200_000L, BrokerConfig.of(properties).logRetentionMs());
        properties.put("log.retention.minutes", "3");
        assertEquals(180_000L, BrokerConfig.of(properties).logRetentionMs());
        properties.put("log.retention.ms", "4");
        assertEquals(4L, BrokerConfig.of(properties).logRetentionMs());
        properties.put("log.retention.ms", "-7");
        assertEquals(-1L, BrokerConfig.of(properties).logRetentionMs());
    }

    @Test
    void shouldReadTheServerPropertiesOfAnApacheKafkaNode() {
        BrokerConfig config = BrokerConfig.of(Map.of(
                "process.roles", "broker,controller",
                "node.id", "7",
                "controller.quorum.bootstrap.servers", "localhost:9093",
                "listeners", "PLAINTEXT://:9092, CONTROLLER://:9093",
                "advertised.listeners", "PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093",
                "controller.listener.names", "CONTROLLER",
                "inter.broker.listener.name", "PLAINTEXT",
                "log.dirs", "/a, /b",
                "offsets.topic.replication.factor", "3"));
        assertEquals(7, config.nodeId());
        assertEquals(List.of(new Listener("PLAINTEXT", "PLAINTEXT", "", 9092)), config.listeners());
        assertEquals("kafka", config.advertisedListeners().get(0).host());
        assertEquals(1, config.advertisedListeners().size());
        assertEquals(List.of("/a", "/b"), config.logDirs());
    }

    @Test
    void shouldReadAddressesOfIpVersion6() {
        Listener listener = BrokerConfig.of(Map.of("listeners", "PLAINTEXT://[::1]:9092"))
                .listeners()
                .get(0);
        assertEquals("::1", listener.host());
        assertEquals("PLAINTEXT://[::1]:9092", listener.toString());
    }

    @Test
    void shouldIgnoreUnknownKeys() {
        assertEquals(1, BrokerConfig.of(Map.of("no.such.key", "x")).numPartitions());
    }

    @Test
    void shouldApplyAndUndoDynamicValues() {
        BrokerConfig config = BrokerConfig.of(Map.of("message.max.bytes", "1000"));
        BrokerConfig changed = config.with(Map.of("message.max.bytes", "2000", "log.retention.ms", "5"));
        assertEquals(2000, changed.messageMaxBytes());
        assertEquals(5L, changed.logRetentionMs());
        Map<String, String> undo = new HashMap<>();
        undo.put("log.retention.ms", null);
        assertEquals(604_800_000L, changed.with(undo).logRetentionMs());
        assertSame(config, config.with(Map.of()));
    }

    private static void assertMessage(String message, Map<String, String> properties) {
        ConfigException e = assertThrows(ConfigException.class, () -> BrokerConfig.of(properties));
        assertEquals(message, e.getMessage());
        assertTrue(properties.containsKey(e.key()));
    }
}
