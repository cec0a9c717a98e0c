package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDir;
import io.ottla.protocol.message.AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse;
import io.ottla.protocol.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.DescribeLogDirsRequest;
import io.ottla.protocol.message.DescribeLogDirsResponse;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsPartition;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.FileRecords;
import io.ottla.storage.Log;
import io.ottla.storage.LogAppendResult;
import io.ottla.storage.LogMove;
import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** AlterReplicaLogDirs with two data directories, on time that the test makes. */
class AlterReplicaLogDirsHandlerTest {

    private static final String THROTTLE = "replica.alter.log.dirs.io.max.bytes.per.second";
    private static final byte BROKER_CONFIG = 4;

    @TempDir
    Path folder;

    private Path first;
    private Path second;
    private DataFixture broker;

    @BeforeEach
    void start() throws IOException {
        first = Files.createDirectory(folder.resolve("first"));
        second = folder.resolve("second");
        open(Map.of());
    }

    private void open(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.put("log.dirs", first + "," + second);
        broker = new DataFixture(first, all);
    }

    /** What is left of each test can have been left by a crash. */
    @AfterEach
    void stop() throws IOException {
        broker.stop();
        assertEquals(List.of(), LogVerifier.examine(first).findings());
        assertEquals(List.of(), LogVerifier.examine(second).findings());
    }

    private ErrorCode alter(String topic, int partition, Path path) {
        AlterReplicaLogDirsRequest request = new AlterReplicaLogDirsRequest();
        AlterReplicaLogDir dir = new AlterReplicaLogDir().path(path.toString());
        AlterReplicaLogDirTopic named = new AlterReplicaLogDirTopic().name(topic);
        named.partitions().add(partition);
        dir.topics().add(named);
        request.dirs().add(dir);
        AlterReplicaLogDirPartitionResult result = broker.send(
                        new AlterReplicaLogDirsHandler(broker.partitions(), broker.executor()),
                        request,
                        2,
                        AlterReplicaLogDirsResponse.class)
                .results()
                .get(0)
                .partitions()
                .get(0);
        assertEquals(partition, result.partitionIndex());
        return ErrorCode.forCode(result.errorCode());
    }

    /** Waits until everything that was handed to the background has been done, moves that nothing holds up included. */
    private void awaitBackground() {
        broker.executor().tasks().awaitIdle();
    }

    private void throttle(String bytesPerSecond) {
        broker.metadata()
                .append(List.of(new ConfigRecord()
                        .resourceType(BROKER_CONFIG)
                        .resourceName("1")
                        .name(THROTTLE)
                        .value(bytesPerSecond)));
    }

    private void pass(long millis) {
        for (long passed = 0; passed < millis; passed += 100) {
            broker.clock().advance(Duration.ofMillis(100));
            broker.timer().advance(100);
            awaitBackground();
        }
    }

    /** A topic in the first directory; by itself it would be in the other, as the metadata are here. */
    private Partition topic(Map<String, String> config) {
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, alter("events", 0, first));
        broker.createTopic("events", 1, config);
        Partition partition = broker.partition("events", 0);
        assertEquals(first, place(partition));
        return partition;
    }

    private static Path place(Partition partition) {
        return partition.log().directory().getParent();
    }

    private List<DescribeLogDirsPartition> described() {
        List<DescribeLogDirsPartition> described = new ArrayList<>();
        broker.send(
                        new DescribeLogDirsHandler(broker.partitions(), broker.executor()),
                        new DescribeLogDirsRequest().topics(null),
                        5,
                        DescribeLogDirsResponse.class)
                .results()
                .forEach(directory -> directory.topics().forEach(topic -> described.addAll(topic.partitions())));
        return described;
    }

    private static ByteBuffer large(int sizeBytes) {
        return new RecordBatchBuilder()
                .append(1_600_000_000_000L, null, new byte[sizeBytes])
                .build();
    }

    @Test
    void shouldMoveALogAndRetireTheOldOne() throws Exception {
        Partition partition = topic(Map.of("file.delete.delay.ms", "60000"));
        broker.append("events", 0, 3);
        Log old = partition.log();
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        awaitBackground();
        assertEquals(second, place(partition));
        assertNotSame(old, partition.log());
        broker.append("events", 0, 2);
        assertEquals(5, partition.highWatermark());
        // Who had it in the hands may still read.
        FileRecords read = old.read(0, 1000, 3, true).records();
        assertEquals(DataFixture.batch(3).remaining(), read.sizeBytes());
        read.release();
        assertEquals(1, endingWith(first, "-delete").size());
        pass(60_000);
        assertEquals(List.of(), endingWith(first, "-delete"));
        broker.crash();
        open(Map.of());
        assertEquals(second, place(broker.partition("events", 0)));
        assertEquals(5, broker.partition("events", 0).highWatermark());
    }

    private static List<Path> endingWith(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    @Test
    void shouldCopyNoFasterThanItMay() {
        Partition partition = topic(Map.of());
        for (int i = 0; i < 10; i++) {
            partition.append(large(1000), AppendOrigin.CLIENT, (short) 1);
        }
        long batchBytes = partition.log().sizeBytes() / 10;
        throttle(Long.toString(batchBytes));
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        awaitBackground();
        List<DescribeLogDirsPartition> described = described();
        assertEquals(2, described.size());
        assertFalse(described.get(0).isFutureKey());
        assertEquals(10 * batchBytes, described.get(0).partitionSize());
        assertEquals(0, described.get(0).offsetLag());
        assertTrue(described.get(1).isFutureKey());
        assertEquals(batchBytes, described.get(1).partitionSize());
        assertEquals(9, described.get(1).offsetLag());
        pass(3_000);
        long copied = described().get(1).partitionSize() / batchBytes;
        assertTrue(copied >= 3 && copied <= 5, copied + " batches");
        assertEquals(first, place(partition));
        throttle(null);
        pass(1_000);
        assertEquals(second, place(partition));
        assertEquals(1, described().size());
    }

    @Test
    void shouldStayWhereItIsWhenThatIsWanted() throws Exception {
        Partition partition = topic(Map.of());
        broker.append("events", 0, 3);
        Log log = partition.log();
        throttle("0");
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        assertEquals(1, endingWith(second, "-future").size());
        assertEquals(ErrorCode.NONE, alter("events", 0, first));
        awaitBackground();
        assertEquals(List.of(), endingWith(second, "-future"));
        assertEquals(log, partition.log());
        assertNull(broker.partitions().moves().moveOf(partition));
        // Retention and compaction may have it again, and so may another move.
        throttle(null);
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        pass(1_000);
        assertEquals(second, place(partition));
    }

    /** Apache Kafka, started on the same folders, takes a copy in the assigned directory for the log itself. */
    @Test
    void shouldSayInTheMetadataWhereTheLogIs() {
        Partition partition = topic(Map.of());
        broker.append("events", 0, 3);
        throttle("0");
        for (int target = 1; target >= 0; target--) {
            assertEquals(
                    ErrorCode.NONE,
                    alter("events", 0, broker.directories().get(target).path()));
            assertEquals(directoryId(1 - target), assignment());
            throttle(null);
            pass(1_000);
            assertEquals(broker.directories().get(target).path(), place(partition));
            assertEquals(directoryId(target), assignment());
            throttle("0");
        }
    }

    private Uuid directoryId(int index) {
        return broker.directories().get(index).metaProperties().directoryId();
    }

    private Uuid assignment() {
        return broker.metadata()
                .image()
                .topic("events")
                .partition(0)
                .details()
                .directories()
                .get(0);
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        topic(Map.of());
        assertEquals(ErrorCode.LOG_DIR_NOT_FOUND, alter("events", 0, folder));
        assertEquals(ErrorCode.LOG_DIR_NOT_FOUND, alter("nowhere", 0, folder));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, alter("events", 1, second));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, alter("", 0, second));
        assertEquals(ErrorCode.NONE, alter("events", 0, first));
    }

    @Test
    void shouldSayThatThereIsSomethingInTheWay() throws Exception {
        Partition partition = topic(Map.of());
        Files.createDirectory(second.resolve("events-0"));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, alter("events", 0, second));
        broker.append("events", 0, 3);
        assertEquals(3, partition.highWatermark());
        Files.delete(second.resolve("events-0"));
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        awaitBackground();
        assertEquals(second, place(partition));
    }

    @Test
    void shouldMoveACompactedLog() {
        broker.upkeep().start(broker.metadata().brokerConfig());
        Partition partition = topic(
                Map.of("cleanup.policy", "compact", "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "0.01"));
        fill(partition, 40);
        assertEquals(41, partition.log().logEndOffset());
        broker.executor().execute(broker.upkeep()::runDue);
        awaitBackground();
        long compactedBytes = partition.log().sizeBytes();
        assertTrue(compactedBytes < 2_000_000, compactedBytes + " bytes");
        throttle("0");
        assertEquals(ErrorCode.NONE, alter("events", 0, second));
        fill(partition, 40);
        // Nothing is compacted while it moves.
        broker.executor().execute(broker.upkeep()::runDue);
        awaitBackground();
        assertTrue(partition.log().sizeBytes() > compactedBytes + 3_000_000);
        throttle(null);
        pass(1_000);
        assertEquals(second, place(partition));
        assertEquals(82, partition.log().logEndOffset());
        broker.executor().execute(broker.upkeep()::runDue);
        awaitBackground();
        assertTrue(partition.log().sizeBytes() < 2_000_000, partition.log().sizeBytes() + " bytes");
    }

    /** The same two keys again and again, and a segment's end. */
    private static void fill(Partition partition, int count) {
        for (int i = 0; i <= count; i++) {
            byte[] key = ("k" + i % 2).getBytes(StandardCharsets.UTF_8);
            partition.append(
                    new RecordBatchBuilder()
                            .append(1_600_000_000_000L + i, key, new byte[i == count ? 1 : 100_000])
                            .build(),
                    AppendOrigin.CLIENT,
                    (short) 1);
        }
    }

    @Test
    void shouldKeepTheConfigurationOfALogOnItsWay() {
        Partition partition = topic(Map.of("max.message.bytes", "1000"));
        throttle("0");
        alter("events", 0, second);
        broker.metadata()
                .append(List.of(new ConfigRecord()
                        .resourceType((byte) 2)
                        .resourceName("events")
                        .name("max.message.bytes")
                        .value("2000")));
        throttle(null);
        pass(1_000);
        assertEquals(second, place(partition));
        assertEquals(2000, partition.log().config().maxMessageBytes());
    }

    @Test
    void shouldAcknowledgeWhatWaitsForTheDiskWhileItMoves() throws Exception {
        broker.stop();
        open(Map.of("ottla.durability", "power-safe"));
        Partition partition = topic(Map.of());
        List<CompletableFuture<ApiException>> acknowledged = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            LogAppendResult result = partition.append(DataFixture.batch(1), AppendOrigin.CLIENT, (short) 1);
            CompletableFuture<ApiException> done = new CompletableFuture<>();
            partition.whenCommitted(result.lastOffset() + 1, done::complete);
            acknowledged.add(done);
            if (i % 50 == 10) {
                assertEquals(ErrorCode.NONE, alter("events", 0, i % 100 == 10 ? second : first));
            }
        }
        for (CompletableFuture<ApiException> each : acknowledged) {
            assertNull(each.get(60, TimeUnit.SECONDS));
        }
        assertEquals(200, partition.highWatermark());
        awaitBackground();
        broker.crash();
        open(Map.of());
        assertEquals(200, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldAppendFromManyThreadsWhileItMoves() throws Exception {
        Partition partition = topic(Map.of());
        int threads = 3;
        int each = 3_000;
        CountDownLatch ended = new CountDownLatch(threads);
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            new Thread(() -> {
                        try {
                            for (int i = 0; i < each; i++) {
                                partition.append(DataFixture.batch(1), AppendOrigin.CLIENT, (short) 1);
                            }
                        } catch (Throwable e) {
                            synchronized (failures) {
                                failures.add(e);
                            }
                        } finally {
                            ended.countDown();
                        }
                    })
                    .start();
        }
        for (int i = 0; ended.getCount() > 0; i++) {
            assertEquals(ErrorCode.NONE, alter("events", 0, i % 2 == 0 ? second : first));
            awaitBackground();
        }
        assertTrue(ended.await(60, TimeUnit.SECONDS));
        assertEquals(List.of(), failures);
        assertEquals((long) threads * each, partition.log().logEndOffset());
    }

    @Test
    void shouldBeginAgainAfterACrash() throws Exception {
        Partition partition = topic(Map.of());
        for (int i = 0; i < 10; i++) {
            partition.append(large(1000), AppendOrigin.CLIENT, (short) 1);
        }
        throttle("1000");
        alter("events", 0, second);
        awaitBackground();
        broker.crash();
        open(Map.of());
        awaitBackground();
        Partition after = broker.partition("events", 0);
        assertEquals(first, place(after));
        LogMove move = broker.partitions().moves().moveOf(after);
        assertEquals(second, move.target().path());
        assertTrue(move.offsetLag() > 0);
        assertEquals(1, endingWith(second, "-future").size());
        throttle(null);
        pass(1_000);
        assertEquals(second, place(after));
        assertEquals(10, after.highWatermark());
    }

    @Test
    void shouldKeepAPartitionClosedThatTwoDirectoriesHave() throws Exception {
        topic(Map.of());
        broker.append("events", 0, 3);
        broker.stop();
        copy(first.resolve("events-0"), second.resolve("events-0"));
        open(Map.of());
        assertFalse(broker.partition("events", 0).isOnline());
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, alter("events", 0, second));
        broker.stop();
        try (Stream<Path> files = Files.list(first.resolve("events-0"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(first.resolve("events-0"));
        open(Map.of());
        assertEquals(3, broker.partition("events", 0).highWatermark());
        assertEquals(second, place(broker.partition("events", 0)));
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void shouldDeleteATopicThatTwoDirectoriesHave() throws Exception {
        topic(Map.of("file.delete.delay.ms", "0"));
        broker.stop();
        copy(first.resolve("events-0"), second.resolve("events-0"));
        open(Map.of());
        broker.deleteTopic("events");
        awaitBackground();
        assertFalse(Files.exists(first.resolve("events-0")));
        assertFalse(Files.exists(second.resolve("events-0")));
    }

    @Test
    void shouldServeOneMoveAfterTheOther() {
        broker.createTopic("other", 2);
        Partition one = broker.partition("other", 0);
        Partition two = broker.partition("other", 1);
        Path wanted = place(one).equals(first) ? second : first;
        broker.append("other", 0, 3);
        broker.append("other", 1, 3);
        Path target = place(two).equals(wanted) ? place(one) : wanted;
        throttle("0");
        assertEquals(ErrorCode.NONE, alter("other", 0, wanted));
        assertEquals(ErrorCode.NONE, alter("other", 1, target));
        throttle(null);
        pass(1_000);
        assertEquals(wanted, place(one));
        assertEquals(target, place(two));
    }

    /** Whoever asks may ask for anything: that must not fill the memory. */
    @Test
    void shouldRememberSoManyWishesOnly() {
        for (int i = 0; i < 10_001; i++) {
            broker.partitions().moves().alter("later", i, first.toString(), broker.brokerId());
        }
        broker.partitions().moves().alter("late", 0, first.toString(), broker.brokerId());
        broker.createTopic("late", 1);
        assertEquals(second, place(broker.partition("late", 0)));
        broker.createTopic("later", 2);
        assertEquals(first, place(broker.partition("later", 0)));
        assertEquals(first, place(broker.partition("later", 1)));
    }
}
