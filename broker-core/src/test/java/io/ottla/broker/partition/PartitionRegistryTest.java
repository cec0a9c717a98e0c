package io.ottla.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.handler.DataFixture;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.CreatePartitionsRequest;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.LogConfig;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.StorageOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionRegistryTest {

    private static final byte TOPIC_CONFIG = 2;

    private DataFixture broker;

    @BeforeEach
    void start() {
        broker = new DataFixture();
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    /** Waits until everything that was handed to the background has been done. */
    private void awaitBackground() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        broker.executor().execute(done::countDown);
        assertTrue(done.await(20, TimeUnit.SECONDS));
    }

    @Test
    void shouldFindPartitionsByNameAndById() {
        Uuid id = broker.createTopic("events", 2);
        PartitionRegistry registry = broker.partitions();
        Partition second = registry.partition("events", 1);
        assertSame(second, registry.partition(id, 1));
        assertEquals("events-1", second.toString());
        assertEquals(broker.brokerId(), second.leader());
        assertEquals("events", registry.topicName(id));
        assertNull(registry.partition("events", 2));
        assertNull(registry.partition("events", -1));
        assertNull(registry.partition(new Uuid(1, 2), 0));
        assertNull(registry.topicName(new Uuid(1, 2)));
        assertNull(registry.partition("nowhere", 0));
        assertNull(registry.partition("__cluster_metadata", 0));
    }

    @Test
    void shouldKeepPartitionsWhenTheTopicGrows() {
        broker.createTopic("events", 1);
        Partition first = broker.partition("events", 0);
        broker.append("events", 0, 2);
        broker.topics()
                .createPartitions(
                        new CreatePartitionsRequest.CreatePartitionsTopic()
                                .name("events")
                                .count(3)
                                .assignments(null),
                        false);
        assertSame(first, broker.partition("events", 0));
        assertEquals(2, first.highWatermark());
        assertEquals(0, broker.partition("events", 2).highWatermark());
        assertEquals(3, broker.partitions().all().size());
    }

    @Test
    void shouldApplyConfigChangesWhileRunning() {
        broker.createTopic("events", 1, Map.of("max.message.bytes", "1000"));
        assertEquals(1000, broker.partition("events", 0).log().config().maxMessageBytes());
        broker.metadata()
                .append(List.of(new ConfigRecord()
                        .resourceType(TOPIC_CONFIG)
                        .resourceName("events")
                        .name("max.message.bytes")
                        .value("2000")));
        assertEquals(2000, broker.partition("events", 0).log().config().maxMessageBytes());
    }

    @Test
    void shouldTakeTheLogsOfADeletedTopicAway() throws Exception {
        broker.createTopic("events", 1, Map.of("file.delete.delay.ms", "60000"));
        Partition partition = broker.partition("events", 0);
        broker.append("events", 0, 2);
        Path directory = partition.log().directory();
        assertTrue(Files.exists(directory));
        broker.deleteTopic("events");
        assertTrue(partition.isDeleted());
        assertFalse(Files.exists(directory));
        assertNull(broker.partition("events", 0));
        broker.createTopic("events", 1);
        assertNotSame(partition, broker.partition("events", 0));
        assertEquals(0, broker.partition("events", 0).highWatermark());
        assertEquals(1, deletedDirectories());
        broker.timer().advance(60_000);
        awaitBackground();
        assertEquals(0, deletedDirectories());
    }

    private long deletedDirectories() throws Exception {
        try (var files = Files.list(broker.path())) {
            return files.filter(file -> file.toString().endsWith("-delete")).count();
        }
    }

    @Test
    void shouldFindItsLogsAgainAndSetTheStraysAside() throws Exception {
        Uuid id = broker.createTopic("events", 2);
        broker.append("events", 1, 3);
        broker.stop();
        Path stray = broker.path().resolve("gone-0");
        Files.createDirectories(stray);
        Files.writeString(stray.resolve("partition.metadata"), "version: 0\ntopic_id: " + new Uuid(5, 5));
        broker = new DataFixture(broker.path(), Map.of());
        assertEquals(3, broker.partition("events", 1).highWatermark());
        assertSame(broker.partition("events", 1), broker.partitions().partition(id, 1));
        assertFalse(Files.exists(stray));
        assertEquals(1, strayDirectories());
        broker.stop();
        broker = new DataFixture(broker.path(), Map.of());
        assertEquals(1, strayDirectories());
    }

    /** A crash may undo the deletion of an old log in one directory; the new one was made in another. */
    @Test
    void shouldPreferTheDirectoryThatSaysWhoseItIs(@TempDir Path other) throws Exception {
        Uuid id = broker.createTopic("events", 1);
        broker.append("events", 0, 3);
        broker.stop();
        ManualClock clock = new ManualClock(1_700_000_000_000L);
        StorageOptions options = StorageOptions.of(clock, (task, delayMs) -> {});
        try (LogDirectory nameless = LogDirectory.open(other, options)) {
            nameless.open("events", 0, Uuid.ZERO, LogConfig.DEFAULT)
                    .append(DataFixture.batch(1), AppendOrigin.CLIENT, 0);
            nameless.abandon();
        }
        try (LogDirectory first = LogDirectory.open(other, options);
                LogDirectory second = LogDirectory.open(broker.path(), options)) {
            BrokerConfig config = BrokerConfig.of(Map.of());
            List<LogDirectory> both = List.of(second, first);
            MetadataStore metadata = MetadataStore.open(both, clock, config, Runnable::run);
            PartitionRegistry registry = new PartitionRegistry(both, () -> config, Runnable::run);
            registry.start(metadata.image());
            assertEquals(3, registry.partition(id, 0).highWatermark());
            assertNull(first.log("events", 0));
            assertTrue(first.unopenedPartitions().isEmpty());
            metadata.close();
        }
    }

    private long strayDirectories() throws Exception {
        try (var files = Files.list(broker.path())) {
            return files.filter(file -> file.getFileName().toString().matches("gone-0\\.[0-9a-f]{32}-stray"))
                    .count();
        }
    }

    @Test
    void shouldEnforceRetentionByTheBrokersClock() throws Exception {
        broker.createTopic("events", 1, Map.of("retention.ms", "3600000"));
        broker.append("events", 0, 3);
        Partition partition = broker.partition("events", 0);
        long age = broker.clock().timeMs() - 1_600_000_000_000L;
        assertTrue(age > 3_600_000L);
        broker.upkeep().start(broker.metadata().brokerConfig());
        broker.timer().advance(Duration.ofSeconds(29).toMillis());
        awaitBackground();
        assertEquals(0, partition.log().logStartOffset());
        broker.timer().advance(Duration.ofSeconds(1).toMillis());
        awaitBackground();
        assertEquals(3, partition.log().logStartOffset());
        broker.append("events", 0, 2);
        broker.timer().advance(Duration.ofMinutes(5).toMillis());
        awaitBackground();
        assertEquals(5, partition.log().logStartOffset());
    }

    @Test
    void shouldStopItsRounds() {
        broker.upkeep().start(broker.metadata().brokerConfig());
        assertTrue(broker.timer().waiting() > 0);
        broker.upkeep().close();
        assertEquals(0, broker.timer().waiting());
    }
}
