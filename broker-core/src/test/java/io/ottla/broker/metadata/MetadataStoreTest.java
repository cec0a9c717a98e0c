package io.ottla.broker.metadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.ConfigException;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataStoreTest {

    @TempDir
    Path folder;

    @Test
    void shouldRememberTopicsAndConfigsAfterACleanStop() {
        TopicImage topic;
        String clusterId;
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            TopicControl topics = new TopicControl(metadata.store());
            topic = topics.create("orders", 3, Map.of("retention.ms", "1000"));
            topics.createPartitions(
                    new CreatePartitionsTopic().name("orders").count(5).assignments(null), false);
            clusterId = metadata.store().image().clusterId();
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            MetadataImage image = metadata.store().image();
            assertEquals(clusterId, image.clusterId());
            assertEquals(topic.id(), image.topic("orders").id());
            assertSame(image.topic("orders"), image.topic(topic.id()));
            assertEquals(5, image.topic("orders").partitions().size());
            assertEquals(Map.of("retention.ms", "1000"), image.topicConfig("orders"));
            assertEquals(2, metadata.store().leaderEpoch());
        }
    }

    @Test
    void shouldRememberAcknowledgedChangesAfterAKill() {
        TestMetadata killed = TestMetadata.open(folder);
        new TopicControl(killed.store()).create("orders", 2, Map.of("cleanup.policy", "compact"));
        MetadataImage before = killed.store().image();
        killed.abandon();
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            MetadataImage after = metadata.store().image();
            assertEquals(before.topic("orders"), after.topic("orders"));
            assertEquals(before.topicConfig("orders"), after.topicConfig("orders"));
            assertTrue(after.broker(1).epoch() > before.broker(1).epoch());
        }
    }

    @Test
    void shouldNotGiveANewTopicTheConfigOfADeletedOne() {
        TestMetadata killed = TestMetadata.open(folder);
        TopicControl topics = new TopicControl(killed.store());
        TopicImage first = topics.create("orders", 1, Map.of("retention.ms", "1000"));
        new ConfigControl(killed.store())
                .alter(
                        List.of(new ConfigWish(
                                ConfigResource.topic("orders"),
                                List.of(new ConfigChange("segment.ms", ConfigChange.SET, "7")),
                                false)),
                        false);
        topics.delete(first.id());
        assertNull(killed.store().image().topic("orders"));
        assertEquals(Map.of(), killed.store().image().topicConfig("orders"));
        TopicImage second = topics.create("orders", 1, Map.of());
        assertNotEquals(first.id(), second.id());
        killed.abandon();
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            assertEquals(second.id(), metadata.store().image().topic("orders").id());
            assertNull(metadata.store().image().topic(first.id()));
            assertEquals(Map.of(), metadata.store().image().topicConfig("orders"));
        }
    }

    @Test
    void shouldDropAChangeOfWhichHalfWasWritten() throws IOException {
        TestMetadata killed = TestMetadata.open(folder);
        TopicControl topics = new TopicControl(killed.store());
        topics.create("whole", 1, Map.of());
        topics.create("torn", 20, Map.of("retention.ms", "1"));
        killed.abandon();
        byte[] bytes = Files.readAllBytes(killed.logFile());
        Files.write(killed.logFile(), Arrays.copyOf(bytes, bytes.length - 100));
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            assertNotNull(metadata.store().image().topic("whole"));
            assertNull(metadata.store().image().topic("torn"));
            assertEquals(Map.of(), metadata.store().image().topicConfig("torn"));
        }
    }

    @Test
    void shouldNeverGiveAProducerIdTwice() {
        long last;
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            ProducerIds ids = new ProducerIds(metadata.store());
            for (long expected = 0; expected < 2500; expected++) {
                assertEquals(expected, ids.next());
            }
            last = 2499;
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            assertTrue(new ProducerIds(metadata.store()).next() > last);
        }
    }

    @Test
    void shouldTellListenersOfEachChangeInOrder() {
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            List<String> seen = new ArrayList<>();
            metadata.store().addListener((before, after) -> {
                assertSame(after, metadata.store().image());
                seen.add(before.topicCount() + "->" + after.topicCount());
            });
            metadata.store().addListener((before, after) -> {
                throw new IllegalStateException("a listener that fails does not undo the change");
            });
            TopicControl topics = new TopicControl(metadata.store());
            topics.create("a", 1, Map.of());
            topics.delete(topics.create("b", 1, Map.of()).id());
            assertEquals(List.of("0->1", "1->2", "2->1"), seen);
        }
    }

    @Test
    void shouldRefuseTheFolderOfAnotherNode() {
        TestMetadata.open(folder).close();
        ConfigException e =
                assertThrows(ConfigException.class, () -> TestMetadata.open(folder, Map.of("node.id", "9")));
        assertTrue(e.getMessage().startsWith("Invalid value 9 for configuration node.id: "), e.getMessage());
    }

    @Test
    void shouldKeepImagesAsTheyWere() {
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            TopicControl topics = new TopicControl(metadata.store());
            topics.create("b", 1, Map.of());
            MetadataImage old = metadata.store().image();
            topics.create("a", 2, Map.of());
            topics.createPartitions(
                    new CreatePartitionsTopic().name("b").count(4).assignments(null), false);
            assertEquals(
                    List.of("b"), old.topics().stream().map(TopicImage::name).toList());
            assertEquals(1, old.topic("b").partitions().size());
            assertEquals(
                    List.of("a", "b"),
                    metadata.store().image().topics().stream()
                            .map(TopicImage::name)
                            .toList());
        }
    }

    @Test
    void shouldLeadAgainWhatLostItsLeaderWhenApacheKafkaStopped() {
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            TopicImage topic = new TopicControl(metadata.store()).create("orders", 1, Map.of());
            metadata.store()
                    .append(List.of(new io.ottla.protocol.message.PartitionChangeRecord()
                            .topicId(topic.id())
                            .partitionId(0)
                            .leader(PartitionImage.NO_LEADER)));
            assertEquals(
                    PartitionImage.NO_LEADER,
                    metadata.store().image().topic("orders").partition(0).leader());
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            PartitionImage partition = metadata.store().image().topic("orders").partition(0);
            assertEquals(1, partition.leader());
            assertEquals(2, partition.leaderEpoch());
            assertEquals(List.of(1), partition.isr());
        }
    }

    @Test
    void shouldNotLetAnOpenTransactionSwallowWhatComesAfterIt() {
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            metadata.store().append(List.of(new io.ottla.protocol.message.BeginTransactionRecord().name("half")));
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            new TopicControl(metadata.store()).create("orders", 1, Map.of());
        }
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            assertNotNull(metadata.store().image().topic("orders"));
        }
    }

    @Test
    void shouldWriteWhatApacheKafkaReads() throws IOException {
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            TopicControl topics = new TopicControl(metadata.store());
            topics.create("orders", 2, Map.of("retention.ms", "1000"));
            new ProducerIds(metadata.store()).next();
        }
        List<String> types = new ArrayList<>();
        MetadataRecordSerde serde = MetadataRecordSerde.INSTANCE;
        try (FileRecords records = FileRecords.open(
                folder.resolve("__cluster_metadata-0/00000000000000000000.log").toFile())) {
            for (RecordBatch batch : records.batches()) {
                batch.ensureValid();
                assertEquals(1, batch.partitionLeaderEpoch());
                for (Record record : batch) {
                    if (batch.isControlBatch()) {
                        types.add("CONTROL");
                    } else {
                        ByteBuffer value = record.value();
                        ApiMessageAndVersion message = serde.read(new ByteBufferAccessor(value), value.remaining());
                        types.add(message.message().getClass().getSimpleName());
                    }
                }
            }
        }
        assertEquals(
                "[CONTROL, CONTROL, CONTROL, FeatureLevelRecord, FeatureLevelRecord, FeatureLevelRecord,"
                        + " FeatureLevelRecord, ConfigRecord,"
                        + " RegisterBrokerRecord, BrokerRegistrationChangeRecord,"
                        + " TopicRecord, ConfigRecord, PartitionRecord, PartitionRecord, ProducerIdsRecord,"
                        + " BrokerRegistrationChangeRecord]",
                types.toString());
    }

    @Test
    void shouldBeReadableForTheDumpTool() throws IOException {
        Path log;
        try (TestMetadata metadata = TestMetadata.open(folder)) {
            new TopicControl(metadata.store()).create("orders", 1, Map.of());
            log = metadata.logFile();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream console = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            org.apache.kafka.tools.DumpLogSegments.main(
                    new String[] {"--cluster-metadata-decoder", "--files", log.toString()});
        } finally {
            System.setOut(console);
        }
        String text = out.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains("LeaderChange: {\"version\":0,\"leaderId\":1"), text);
        assertTrue(text.contains("\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"orders\""), text);
        assertTrue(!text.contains("isvalid: false") && !text.contains("not valid"), text);
    }

    @Test
    void shouldNameTheFolderAsApacheKafkaDoes() throws IOException {
        TestMetadata.open(folder).close();
        Properties meta = new Properties();
        try (var reader = Files.newBufferedReader(folder.resolve("meta.properties"))) {
            meta.load(reader);
        }
        assertEquals(Set.of("version", "cluster.id", "node.id", "directory.id"), meta.stringPropertyNames());
        assertEquals(22, meta.getProperty("cluster.id").length());
    }

    @Test
    void shouldSayKafkaStorageErrorOnceTheLogIsClosed() {
        TestMetadata metadata = TestMetadata.open(folder);
        TopicControl topics = new TopicControl(metadata.store());
        metadata.directory().close();
        ApiException e = assertThrows(ApiException.class, () -> topics.create("late", 1, Map.of()));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, e.error());
        assertNull(metadata.store().image().topic("late"));
    }
}
