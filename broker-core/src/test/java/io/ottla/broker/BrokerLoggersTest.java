package io.ottla.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Loggers;
import io.ottla.broker.testing.Instruments;
import io.ottla.storage.Clock;
import io.ottla.storage.StorageFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loggers of the runnable jar through the Admin client; the messages are Apache Kafka's. */
class BrokerLoggersTest {

    private static final String NAME = "levels.of.a.test";
    private static final Logger LOGGER = LoggerFactory.getLogger(NAME);
    private static final ConfigResource RESOURCE = new ConfigResource(ConfigResource.Type.BROKER_LOGGER, "1");

    @TempDir
    private Path folder;

    private Broker broker;
    private Admin admin;

    @BeforeEach
    void start() {
        start(LogbackLoggers.ofProcess());
    }

    private void start(Loggers loggers) {
        BrokerConfig config =
                BrokerConfig.of(Map.of("listeners", "PLAINTEXT://localhost:0", "log.dirs", folder.toString()));
        broker =
                Broker.start(config, Clock.system(), StorageFiles.system(), null, Map.of(), new Instruments(), loggers);
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
        LogbackLoggers.ofProcess().level(NAME, null);
    }

    private Config describe() throws Exception {
        return admin.describeConfigs(List.of(RESOURCE))
                .all()
                .get(30, TimeUnit.SECONDS)
                .get(RESOURCE);
    }

    private void alter(String logger, OpType operation, String level, boolean validateOnly) throws Exception {
        AlterConfigOp step = new AlterConfigOp(new ConfigEntry(logger, level), operation);
        admin.incrementalAlterConfigs(
                        Map.of(RESOURCE, List.of(step)), new AlterConfigsOptions().validateOnly(validateOnly))
                .all()
                .get(30, TimeUnit.SECONDS);
    }

    private void assertRefused(String message, String logger, OpType operation, String level) {
        ExecutionException refused =
                assertThrows(ExecutionException.class, () -> alter(logger, operation, level, false));
        assertEquals(message, refused.getCause().getMessage());
    }

    @Test
    void shouldShowAndChangeLevels() throws Exception {
        String inherited = describe().get("root").value();
        ConfigEntry entry = describe().get(NAME);
        assertEquals(inherited, entry.value());
        assertEquals(ConfigEntry.ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG, entry.source());
        assertFalse(entry.isSensitive() || entry.isReadOnly() || entry.isDefault());

        alter(NAME, OpType.SET, "ERROR", true);
        assertEquals(inherited, describe().get(NAME).value());
        alter(NAME, OpType.SET, "ERROR", false);
        assertEquals("ERROR", describe().get(NAME).value());
        assertFalse(LOGGER.isWarnEnabled());
        alter(NAME, OpType.SET, "TRACE", false);
        assertTrue(LOGGER.isTraceEnabled());
        alter(NAME, OpType.DELETE, "", false);
        assertEquals(inherited, describe().get(NAME).value());
        alter(NAME, OpType.SET, "FATAL", false);
        assertEquals("ERROR", describe().get(NAME).value());
    }

    @Test
    void shouldRefuseWhatApacheKafkaRefuses() throws Exception {
        assertRefused("Logger no.such does not exist!", "no.such", OpType.SET, "INFO");
        assertRefused("Logger no.such does not exist!", "no.such", OpType.DELETE, "");
        assertRefused(
                "Cannot set the log level of " + NAME + " to LOUD as it is not a supported log level. "
                        + "Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN",
                NAME,
                OpType.SET,
                "LOUD");
        assertRefused("Removing the log level of the root logger is not allowed", "root", OpType.DELETE, "");
        assertRefused("APPEND operation is not allowed for the BROKER_LOGGER resource", NAME, OpType.APPEND, "INFO");
        assertRefused(
                "SUBTRACT operation is not allowed for the BROKER_LOGGER resource", NAME, OpType.SUBTRACT, "INFO");
    }

    @Test
    void shouldHaveNoLoggersWhereLoggingBelongsToOthers() throws Exception {
        admin.close();
        broker.close();
        start(Loggers.none());
        assertEquals(List.of(), List.copyOf(describe().entries()));
        assertRefused("Logger root does not exist!", "root", OpType.SET, "INFO");
    }
}
