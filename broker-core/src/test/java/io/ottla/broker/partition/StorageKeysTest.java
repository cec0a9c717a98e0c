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
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.FileRecords;
import io.ottla.storage.Log;
import io.ottla.storage.LogCleaner;
import io.ottla.storage.LogCleanerConfig;
import io.ottla.storage.LogConfigBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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

    private void append(long timestampMs, String key, byte[] value) {
        broker.partition("events", 0)
                .append(
                        new RecordBatchBuilder()
                                .append(timestampMs, key.getBytes(StandardCharsets.UTF_8), value)
                                .build(),
                        AppendOrigin.CLIENT,
                        (short) 1);
    }

    @Test
    void shouldRollByTheNewSizeAndTime() {
        byte[] large = new byte[600_000];
        append(1000, "a", large);
        append(10_000_000, "b", large);
        assertEquals(1, log.segmentCount());
        alter("segment.bytes", "1048576");
        append(1000, "c", large);
        assertEquals(2, log.segmentCount());
        append(11_000, "d", new byte[1]);
        assertEquals(2, log.segmentCount());
        alter("segment.ms", "5000");
        append(11_000, "e", new byte[1]);
        assertEquals(3, log.segmentCount());
    }

    @Test
    void shouldRollEarlierByTheNewJitter() {
        alter("segment.ms", "5000");
        append(1000, "a", new byte[1]);
        append(5900, "b", new byte[1]);
        assertEquals(1, log.segmentCount());
        alter("segment.jitter.ms", "5000");
        int rolled = 0;
        for (int i = 0; i < 20; i++) {
            log.rollSegment();
            int before = log.segmentCount();
            append(1000, "c", new byte[1]);
            append(5900, "d", new byte[1]);
            rolled += log.segmentCount() - before;
        }
        assertTrue(rolled > 0);
    }

    @Test
    void shouldIndexByTheNewInterval() throws IOException {
        append(1);
        append(1);
        log.rollSegment();
        assertEquals(0, Files.size(index(0)));
        alter("index.interval.bytes", "0");
        append(1);
        append(1);
        log.rollSegment();
        assertTrue(Files.size(index(2)) > 0);
    }

    private Path index(long baseOffset) {
        return log.directory().resolve(String.format("%020d.index", baseOffset));
    }

    @Test
    void shouldCompressByTheNewLevel() {
        byte[] text = new byte[100_000];
        Random random = new Random(1);
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) ('a' + Math.abs(random.nextGaussian()) * 4);
        }
        for (String[] levels : new String[][] {{"gzip", "1", "9"}, {"lz4", "1", "17"}, {"zstd", "1", "15"}}) {
            alter("compression.type", levels[0]);
            long[] sizes = new long[2];
            for (int i = 0; i < 2; i++) {
                alter("compression." + levels[0] + ".level", levels[i + 1]);
                long before = log.sizeBytes();
                append(1000, "a", text);
                sizes[i] = log.sizeBytes() - before;
            }
            assertNotEquals(sizes[0], sizes[1], levels[0]);
        }
    }

    @Test
    void shouldRefuseTheFutureByTheNewBound() {
        append(broker.clock().timeMs() + 10_000, "a", new byte[1]);
        alter("message.timestamp.after.max.ms", "1000");
        assertEquals(
                ErrorCode.INVALID_TIMESTAMP,
                assertThrows(ApiException.class, () -> append(broker.clock().timeMs() + 10_000, "a", new byte[1]))
                        .error());
    }

    private boolean isCleaned() {
        try (LogCleaner cleaner = new LogCleaner(List.of(broker.directory()), LogCleanerConfig.DEFAULT)) {
            return cleaner.cleanDirtiest() != null;
        }
    }

    private void appendDirty() {
        append(1);
        log.rollSegment();
    }

    @Test
    void shouldCompactByTheNewRatioAndLags() {
        appendDirty();
        appendDirty();
        assertFalse(isCleaned());
        alter("min.cleanable.dirty.ratio", "1.0");
        alter("cleanup.policy", "compact");
        assertFalse(isCleaned());
        alter("min.compaction.lag.ms", "1000000000000");
        alter("min.cleanable.dirty.ratio", "0.01");
        assertFalse(isCleaned());
        alter("min.compaction.lag.ms", "0");
        assertTrue(isCleaned());
        alter("min.cleanable.dirty.ratio", "1.0");
        appendDirty();
        assertFalse(isCleaned());
        alter("max.compaction.lag.ms", "1000");
        assertTrue(isCleaned());
    }

    @Test
    void shouldForgetDeletedKeysByTheNewTime() {
        alter("cleanup.policy", "compact");
        alter("min.cleanable.dirty.ratio", "0.01");
        append(1000, "kept", null);
        cleanTwice();
        assertTrue(keys().contains("kept"));
        alter("delete.retention.ms", "0");
        append(1000, "gone", null);
        cleanTwice();
        assertTrue(keys().contains("kept"));
        assertFalse(keys().contains("gone"));
    }

    private void cleanTwice() {
        for (int i = 0; i < 2; i++) {
            appendDirty();
            broker.clock().advance(Duration.ofMillis(10));
            assertTrue(isCleaned());
        }
    }

    private Set<String> keys() {
        FileRecords records = log.read(0, 1 << 20, log.logEndOffset(), true).records();
        ByteBuffer read = ByteBuffer.allocate(1 << 20);
        try {
            records.readInto(read);
        } finally {
            records.release();
        }
        Set<String> keys = new HashSet<>();
        for (RecordBatch batch : RecordBatches.iterate(read.flip())) {
            for (Record each : batch.records()) {
                keys.add(StandardCharsets.UTF_8.decode(each.key()).toString());
            }
        }
        return keys;
    }

    @Test
    void shouldDeleteFilesByTheNewDelay() throws Exception {
        alter("file.delete.delay.ms", "5000");
        append(1);
        broker.deleteTopic("events");
        advance(4999);
        assertTrue(hasDeletedFolder());
        advance(1);
        assertFalse(hasDeletedFolder());
    }

    private boolean hasDeletedFolder() throws IOException {
        try (Stream<Path> folders = Files.list(broker.path())) {
            return folders.anyMatch(folder -> folder.getFileName().toString().startsWith("events-0."));
        }
    }
}
