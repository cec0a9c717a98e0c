package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataSnapshotTest {

    private static final String BYTES_BETWEEN = "metadata.log.max.record.bytes.between.snapshots";
    private static final String INTERVAL = "metadata.log.max.snapshot.interval.ms";
    private static final Map<String, String> OFTEN = Map.of(BYTES_BETWEEN, "4000");

    /** The log loses what the last but one snapshot stands for as soon as there is another. */
    private static final Map<String, String> SHORT = Map.of(
            BYTES_BETWEEN,
            "4000",
            "metadata.max.retention.bytes",
            "10000",
            "internal.metadata.log.segment.bytes",
            "3000",
            "internal.metadata.delete.delay.millis",
            "0");

    @TempDir
    Path folder;

    @Test
    void shouldWriteASnapshotWhenTheLogHasGrown() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, OFTEN)) {
            createTopics(metadata, 0, 5);
            assertEquals(List.of(), snapshots());
            createTopics(metadata, 5, 60);
            int count = snapshots().size();
            assertTrue(count >= 2 && count <= 6, "snapshots: " + count);
        }
    }

    @Test
    void shouldWriteASnapshotWithTheFirstChangeAfterTheInterval() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, Map.of(INTERVAL, "1000"))) {
            createTopics(metadata, 0, 3);
            assertEquals(0, snapshots().size());
            metadata.clock().advance(Duration.ofSeconds(1));
            createTopics(metadata, 3, 6);
            assertEquals(1, snapshots().size());
            metadata.clock().advance(Duration.ofSeconds(1));
            createTopics(metadata, 6, 9);
            assertEquals(2, snapshots().size());
        }
    }

    @Test
    void shouldNotWriteSnapshotsByTimeWhereTheIntervalIsZero() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, Map.of(INTERVAL, "0"))) {
            metadata.clock().advance(Duration.ofDays(30));
            createTopics(metadata, 0, 3);
            assertEquals(0, snapshots().size());
        }
    }

    @Test
    void shouldStartFromTheSnapshotAndWhatFollowsIt() throws IOException, IllegalAccessException {
        Map<String, Object> before;
        try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
            createTopics(metadata, 0, 80);
            new ProducerIds(metadata.store()).next();
            new TopicControl(metadata.store())
                    .delete(metadata.store().image().topic("topic-7").id());
            before = ImageRecordsTest.state(metadata.store().image());
            assertTrue(logStart(metadata) > 0, "the log still has its beginning");
            assertFalse(Files.exists(metadata.logFile()));
            metadata.abandon();
        }
        for (int start = 0; start < 3; start++) {
            try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
                Map<String, Object> after =
                        ImageRecordsTest.state(metadata.store().image());
                for (String part : List.of("topicsById", "topicsByName", "configs", "features", "nextProducerId")) {
                    assertEquals(before.get(part), after.get(part));
                }
                assertEquals(2 + start, metadata.store().leaderEpoch());
            }
        }
    }

    @Test
    void shouldBoundTheSizeOfTheLog() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
            TopicControl topics = new TopicControl(metadata.store());
            for (int i = 0; i < 400; i++) {
                topics.delete(topics.create("topic", 3, Map.of("retention.ms", "1000"))
                        .id());
            }
            assertTrue(snapshots().size() <= 3, "snapshots: " + snapshots());
        }
        long sizeBytes = 0;
        try (Stream<Path> files = Files.list(logDirectory())) {
            for (Path file : files.toList()) {
                if (!file.toString().matches(".*(index|deleted)")) {
                    sizeBytes += Files.size(file);
                }
            }
        }
        assertTrue(sizeBytes < 25_000, "the metadata log has " + sizeBytes + " bytes");
    }

    @Test
    void shouldRemoveWhatIsOlderThanItsRetentionAndHasANewerSnapshot() throws IOException {
        Map<String, String> properties = Map.of(
                INTERVAL, "1000", "metadata.max.retention.ms", "5000", "internal.metadata.log.segment.bytes", "1000");
        try (TestMetadata metadata = TestMetadata.open(folder, properties)) {
            for (int i = 0; i < 20; i++) {
                createTopics(metadata, i, i + 1);
                metadata.clock().advance(Duration.ofSeconds(1));
            }
            int count = snapshots().size();
            assertTrue(count >= 4 && count <= 7, "snapshots: " + count);
            assertTrue(logStart(metadata) > 0);
            metadata.clock().advance(Duration.ofDays(1));
            createTopics(metadata, 20, 21);
            assertEquals(1, snapshots().size(), "the newest stays, however old it is");
        }
    }

    @Test
    void shouldFallBackToAnOlderSnapshotWhereTheNewestIsDamaged() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, OFTEN)) {
            createTopics(metadata, 0, 60);
            metadata.abandon();
        }
        List<Path> snapshots = snapshots();
        Path newest = snapshots.get(snapshots.size() - 1);
        byte[] whole = Files.readAllBytes(newest);
        for (int kind = 0; kind < 3; kind++) {
            byte[] damaged = kind == 0 ? Arrays.copyOf(whole, whole.length - 10) : whole.clone();
            if (kind == 1) {
                damaged[whole.length / 2] ^= 4;
            } else if (kind == 2) {
                damaged = new byte[0];
            }
            Files.write(newest, damaged);
            try (TestMetadata metadata = TestMetadata.open(folder)) {
                assertEquals(60, metadata.store().image().topicCount());
                metadata.abandon();
            }
        }
    }

    @Test
    void shouldReadTheWholeLogWhereAllSnapshotsAreDamaged() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, OFTEN)) {
            createTopics(metadata, 0, 60);
        }
        for (Path snapshot : snapshots()) {
            Files.write(snapshot, new byte[100]);
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            assertEquals(60, metadata.store().image().topicCount());
        }
    }

    @Test
    void shouldNameTheDamagedSnapshotWhereTheLogDoesNotReachBack() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
            createTopics(metadata, 0, 80);
        }
        for (Path snapshot : snapshots()) {
            byte[] bytes = Files.readAllBytes(snapshot);
            bytes[bytes.length - 30] ^= 1;
            Files.write(snapshot, bytes);
        }
        Path newest = snapshots().get(snapshots().size() - 1);
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> TestMetadata.open(folder));
        assertTrue(e.getMessage().contains(newest + " is damaged at position"), e.getMessage());
    }

    @Test
    void shouldSayThatASnapshotIsMissing() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
            createTopics(metadata, 0, 80);
        }
        for (Path snapshot : snapshots()) {
            Files.delete(snapshot);
        }
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> TestMetadata.open(folder));
        assertTrue(e.getMessage().contains("no snapshot has what was before"), e.getMessage());
    }

    @Test
    void shouldDeleteHalfASnapshotAtTheStart() throws IOException {
        TestMetadata.open(folder).close();
        Path half = logDirectory().resolve("00000000000000000005-0000000001.checkpoint.part");
        Files.write(half, new byte[10]);
        TestMetadata.open(folder).close();
        assertFalse(Files.exists(half));
    }

    @Test
    void shouldNotBringTheConfigOfADeletedTopicBack() throws IOException {
        for (int kills = 0; kills < 6; kills++) {
            try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
                TopicControl topics = new TopicControl(metadata.store());
                createTopics(metadata, kills * 20, kills * 20 + kills * 5);
                TopicImage old = topics.create("orders" + kills, 1, Map.of("retention.ms", "1000"));
                new ConfigControl(metadata.store())
                        .alter(
                                List.of(new ConfigWish(
                                        ConfigResource.topic("orders" + kills),
                                        List.of(new ConfigChange("segment.ms", ConfigChange.SET, "7")),
                                        false)),
                                false);
                createTopics(metadata, kills * 20 + 10, kills * 20 + 10 + kills);
                topics.delete(old.id());
                topics.create("orders" + kills, 1, Map.of());
                metadata.abandon();
            }
            try (TestMetadata metadata = TestMetadata.open(folder, SHORT)) {
                assertNotNull(metadata.store().image().topic("orders" + kills));
                assertEquals(Map.of(), metadata.store().image().topicConfig("orders" + kills));
                metadata.abandon();
            }
        }
    }

    @Test
    void shouldWriteWhatApacheKafkaReads() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, OFTEN)) {
            createTopics(metadata, 0, 60);
        }
        Path newest = snapshots().get(snapshots().size() - 1);
        List<String> types = new ArrayList<>();
        try (FileRecords records = FileRecords.open(newest.toFile())) {
            for (RecordBatch batch : records.batches()) {
                batch.ensureValid();
                for (Record record : batch) {
                    if (batch.isControlBatch()) {
                        types.add(ControlRecordType.parse(record.key()).name());
                    } else {
                        ByteBuffer value = record.value();
                        types.add(MetadataRecordSerde.INSTANCE
                                .read(new ByteBufferAccessor(value), value.remaining())
                                .message()
                                .getClass()
                                .getSimpleName());
                    }
                }
            }
        }
        assertEquals(
                List.of("SNAPSHOT_HEADER", "KRAFT_VERSION", "KRAFT_VOTERS", "FeatureLevelRecord"), types.subList(0, 4));
        assertEquals("SNAPSHOT_FOOTER", types.get(types.size() - 1));
        assertEquals(
                Set.of("RegisterBrokerRecord", "TopicRecord", "PartitionRecord", "ConfigRecord", "FeatureLevelRecord"),
                Set.copyOf(types.subList(3, types.size() - 1)));
    }

    @Test
    void shouldBeReadableForTheDumpTool() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder, OFTEN)) {
            createTopics(metadata, 0, 60);
        }
        Path newest = snapshots().get(snapshots().size() - 1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream console = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            org.apache.kafka.tools.DumpLogSegments.main(
                    new String[] {"--cluster-metadata-decoder", "--files", newest.toString()});
        } finally {
            System.setOut(console);
        }
        String text = out.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains("Snapshot end offset: "), text);
        assertTrue(text.contains("SnapshotHeader {\"version\":0,\"lastContainedLogTimestamp\":1700000000000}"), text);
        assertTrue(text.contains("KRaftVoters {\"version\":0,\"voters\":[{\"voterId\":1,"), text);
        assertTrue(text.contains("\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"topic-3\""), text);
        assertTrue(text.contains("SnapshotFooter {\"version\":0}"), text);
        assertFalse(text.contains("isvalid: false") || text.contains("not valid"), text);
    }

    private static void createTopics(TestMetadata metadata, int from, int to) {
        TopicControl topics = new TopicControl(metadata.store());
        for (int i = from; i < to; i++) {
            if (metadata.store().image().topic("topic-" + i) == null) {
                topics.create("topic-" + i, 2, Map.of("retention.ms", Integer.toString(1000 + i)));
            }
        }
    }

    private static long logStart(TestMetadata metadata) {
        return metadata.directory().log(TopicNames.CLUSTER_METADATA, 0).logStartOffset();
    }

    private Path logDirectory() {
        return folder.resolve("__cluster_metadata-0");
    }

    private List<Path> snapshots() throws IOException {
        try (Stream<Path> files = Files.list(logDirectory())) {
            return files.filter(file -> file.toString().endsWith(".checkpoint"))
                    .sorted()
                    .toList();
        }
    }
}
