package io.ottla.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.handler.DataFixture;
import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.Log;
import io.ottla.storage.LogConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each key of a topic's storage, changed while the topic is in use. */
class StorageKeysTest {

    private DataFixture broker;
    private Log log;

    @BeforeEach
    void start() {
        broker = new DataFixture();
        broker.createTopic("events", 1);
        log = broker.partition("events", 0).log();
        broker.upkeep().start(broker.metadata().brokerConfig());
        broker.metadata().addListener(broker.upkeep());
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private void alter(String key, String value) {
        alter(new ConfigResource((byte) 2, "events"), key, value);
    }

    private void alter(ConfigResource resource, String key, String value) {
        ConfigChange change = new ConfigChange(key, ConfigChange.SET, value);
        new ConfigControl(broker.metadata())
                .alter(List.of(new ConfigWish(resource, List.of(change), false)), false)
                .forEach(outcome -> assertEquals(ErrorCode.NONE, outcome.error(), key + ": " + outcome.message()));
        broker.metadata().awaitCommitted();
    }

    private void append(int count) {
        broker.append("events", 0, count);
    }

    /** Lets time pass, and what is due then. */
    private void advance(long millis) throws InterruptedException {
        broker.clock().advance(Duration.ofMillis(millis));
        broker.timer().advance(millis);
        CountDownLatch done = new CountDownLatch(1);
        broker.executor().execute(done::countDown);
        assertTrue(done.await(20, TimeUnit.SECONDS));
    }

    private Path segment(long baseOffset) {
        return log.directory().resolve(String.format("%020d.log", baseOffset));
    }

    @Test
    void shouldHandEveryKeyToTheRunningLog() {
        Map<String, String> values = Map.of(
                "cleanup.policy", "compact",
                "compression.type", "lz4",
                "message.timestamp.type", "LogAppendTime",
                "preallocate", "true",
                "min.cleanable.dirty.ratio", "0.25",
                "segment.bytes", "1048577",
                "max.compaction.lag.ms", "99999");
        Set<String> keys = Set.copyOf(LogConfigBuilder.names());
        assertTrue(keys.size() >= 25, keys.toString());
        for (String key : keys) {
            Object before = log.config();
            alter(key, values.getOrDefault(key, "7"));
            assertNotEquals(System.identityHashCode(before), System.identityHashCode(log.config()), key);
        }
        assertTrue(log.config().cleanupCompact() && log.config().preallocate());
        assertEquals(7, log.config().flushMs());
        assertEquals(7, log.config().maxMessageBytes());
        assertEquals(1_048_577, log.config().segmentBytes());
    }

    @Test
    void shouldRollByTheNewSizeOfTheIndex() {
        append(1);
        append(1);
        assertEquals(1, log.segmentCount());
        alter("segment.index.bytes", "4");
        append(1);
        assertEquals(2, log.segmentCount());
    }

    @Test
    void shouldRefuseByTheNewBounds() {
        append(3);
        alter("max.message.bytes", "50");
        assertEquals(
                ErrorCode.MESSAGE_TOO_LARGE,
                assertThrows(ApiException.class, () -> append(1)).error());
        alter("max.message.bytes", "5000");
        alter("message.timestamp.before.max.ms", "1000");
        assertEquals(
                ErrorCode.INVALID_TIMESTAMP,
                assertThrows(ApiException.class, () -> append(1)).error());
        alter("message.timestamp.type", "LogAppendTime");
        append(1);
        assertEquals(broker.clock().timeMs(), log.maxTimestampOffset().timestampMs());
    }

    @Test
    void shouldCompressByTheNewType() {
        long before = log.sizeBytes();
        append(9);
        long plain = log.sizeBytes() - before;
        alter("compression.type", "gzip");
        append(9);
        assertNotEquals(plain, log.sizeBytes() - before - plain);
    }

    @Test
    void shouldDeleteByTheNewRetention() {
        append(1);
        log.rollSegment();
        append(1);
        broker.upkeep().enforceRetention();
        // The records are from long ago.
        assertEquals(2, log.logStartOffset());
        alter("retention.ms", "-1");
        append(1);
        log.rollSegment();
        append(1);
        broker.upkeep().enforceRetention();
        assertEquals(2, log.logStartOffset());
        alter("retention.bytes", "1");
        broker.upkeep().enforceRetention();
        assertEquals(3, log.logStartOffset());
        alter("cleanup.policy", "compact");
        alter("retention.ms", "1");
        broker.upkeep().enforceRetention();
        assertEquals(3, log.logStartOffset());
    }

    @Test
    void shouldFlushByTheNewTimeAndNumber() throws InterruptedException {
        alter("retention.ms", "-1");
        append(1);
        advance(3_600_000);
        assertEquals(0, log.flushedOffset());
        alter("flush.ms", "1000");
        append(1);
        advance(1000);
        assertEquals(2, log.flushedOffset());
        append(1);
        advance(999);
        assertEquals(2, log.flushedOffset());
        advance(1);
        assertEquals(3, log.flushedOffset());
        alter("flush.messages", "1");
        append(1);
        assertFalse(log.mayAcknowledge(5));
        alter("flush.messages", "9");
        assertTrue(log.mayAcknowledge(5));
    }

    @Test
    void shouldTakeTheKeysOfTheBrokerWhereTheTopicSaysNothing() throws InterruptedException {
        alter("retention.ms", "-1");
        alter(ConfigResource.allBrokers(), "log.flush.interval.ms", "500");
        append(1);
        advance(500);
        assertEquals(1, log.flushedOffset());
        alter(ConfigResource.allBrokers(), "log.flush.interval.messages", "1");
        assertTrue(log.isPowerSafe(), "acknowledgements wait for the device");
        alter(ConfigResource.allBrokers(), "log.preallocate", "true");
        assertTrue(log.config().preallocate(), "preallocate");
    }

    @Test
    void shouldPreallocateTheNextSegment() throws IOException {
        append(1);
        alter("segment.bytes", "1048576");
        alter("preallocate", "true");
        log.rollSegment();
        append(1);
        assertEquals(1_048_576, Files.size(segment(1)));
        alter("preallocate", "false");
        log.rollSegment();
        append(1);
        assertEquals(log.sizeBytes() / 3, Files.size(segment(1)));
        assertEquals(log.sizeBytes() / 3, Files.size(segment(2)));
    }

    @Test
    void shouldWriteDownWhereLogsStart() throws Exception {
        alter("retention.ms", "-1");
        append(3);
        append(3);
        log.deleteRecordsBefore(2);
        Path checkpoint = broker.path().resolve("log-start-offset-checkpoint");
        String before = Files.exists(checkpoint) ? Files.readString(checkpoint) : "";
        assertFalse(before.contains("events 0 2"));
        advance(30_000 + 60_000);
        assertTrue(Files.readString(checkpoint).contains("events 0 2"));
        assertTrue(Files.readString(broker.path().resolve("recovery-point-offset-checkpoint"))
                .contains("events 0"));
    }
}
