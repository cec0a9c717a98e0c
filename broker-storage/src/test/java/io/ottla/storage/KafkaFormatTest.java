package io.ottla.storage;

import static io.ottla.storage.TestLogs.append;
import static io.ottla.storage.TestLogs.batch;
import static io.ottla.storage.TestLogs.marker;
import static io.ottla.storage.TestLogs.producerBatch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.Uuid;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.checkpoint.CleanShutdownFileHandler;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;
import org.apache.kafka.tools.DumpLogSegments;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that Ottla wrote, read by Apache Kafka's own classes, and the other way round. */
class KafkaFormatTest {

    private static final Uuid TOPIC_ID = new Uuid(3, 4);

    /** Now, because Apache Kafka forgets producers whose timestamps are old by the machine's clock. */
    private static final long START_MS = Clock.system().timeMs();

    private static final Pattern WRONG = Pattern.compile(
            "(?i)mismatch|not found|out of order|isvalid: false|invalid|could not|exception|ignoring|^  \\d+ is followed by");

    /** A batch of which nothing but the header is left has a timestamp, but no record: the tool says so of Apache Kafka's own logs. */
    private static final Pattern OF_COMPACTION =
            Pattern.compile("Found timestamp mismatch in :\\S+\n(  Index timestamp: \\d+, log timestamp: -1\n)+"
                    + "|Non-consecutive offsets in \\S+\n(  -?\\d+ is followed by \\d+\n)+");

    @TempDir
    Path path;

    private final ManualClock clock = new ManualClock(START_MS);

    private LogDirectory open() throws IOException {
        return LogDirectory.open(path, StorageOptions.of(clock, new TestScheduler()));
    }

    /** Appends plain, idempotent and transactional records over several segments. */
    private List<String> fill(Log log, int from, int to) {
        List<String> values = new ArrayList<>();
        for (int i = from; i < to; i++) {
            append(log, batch(START_MS + i, "plain-" + i, "second-" + i));
            append(log, producerBatch(START_MS + i, 5, (short) 0, i, false, "idempotent-" + i));
            append(log, producerBatch(START_MS + i, 6, (short) 0, i, true, "transactional-" + i));
            log.append(marker(START_MS + i, 6, (short) 0, i % 2 == 0, 3), AppendOrigin.COORDINATOR, 0);
            values.addAll(List.of("plain-" + i, "second-" + i, "idempotent-" + i, "transactional-" + i));
        }
        return values;
    }

    /** What kafka-dump-log prints of every file that it knows; what it finds wrong goes to stderr. */
    private static String dump(Path logDirectory, String... options) throws IOException {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (var files = Files.list(logDirectory);
                PrintStream capture = new PrintStream(output, true, StandardCharsets.UTF_8)) {
            String names = String.join(
                    ",",
                    files.map(Path::toString)
                            .filter(name -> name.matches(".*\\.(log|index|timeindex|txnindex|snapshot)"))
                            .sorted()
                            .toList());
            List<String> arguments = new ArrayList<>(List.of("--files", names));
            arguments.addAll(List.of(options));
            System.setOut(capture);
            System.setErr(capture);
            DumpLogSegments.main(arguments.toArray(String[]::new));
        } finally {
            System.setOut(stdout);
            System.setErr(stderr);
        }
        return output.toString(StandardCharsets.UTF_8);
    }

    static void assertDumpFindsNothing(Path logDirectory) throws IOException {
        assertDumpFindsNothing(logDirectory, false);
    }

    private static void assertDumpFindsNothing(Path logDirectory, boolean compacted) throws IOException {
        for (String option : List.of("--deep-iteration", "--index-sanity-check", "--verify-index-only")) {
            String dump = dump(logDirectory, option);
            assertTrue(dump.contains("Dumping "), dump);
            String looked = compacted ? OF_COMPACTION.matcher(dump).replaceAll("") : dump;
            String wrong =
                    looked.lines().filter(line -> WRONG.matcher(line).find()).collect(Collectors.joining("\n"));
            assertEquals("", wrong, option);
        }
    }

    @Test
    void shouldWriteWhatKafkaDumpLogReads() throws IOException {
        try (LogDirectory directory = open()) {
            Log log = directory.open("topic", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS);
            fill(log, 0, 60);
            assertTrue(log.segmentCount() > 10);
        }
        assertDumpFindsNothing(path.resolve("topic-0"));
        String deep = dump(path.resolve("topic-0"), "--deep-iteration", "--print-data-log");
        assertTrue(deep.contains("payload: transactional-59"), deep);
        assertTrue(deep.contains("endTxnMarker: ABORT coordinatorEpoch: 3"), deep);
        assertTrue(deep.contains("producerId: 6 producerEpoch: 0 coordinatorEpoch: 3"), deep);
        assertTrue(deep.contains("version: 0 producerId: 6 firstOffset: 8"), deep);
    }

    private UnifiedLog kafkaLog(KafkaScheduler scheduler, boolean clean, long recoveryPoint) throws IOException {
        Properties properties = new Properties();
        properties.put("internal.segment.bytes", "1000");
        properties.put("index.interval.bytes", "100");
        File directory = path.resolve("topic-0").toFile();
        Files.createDirectories(directory.toPath());
        return UnifiedLog.create(
                directory,
                new org.apache.kafka.storage.internals.log.LogConfig(properties),
                0L,
                recoveryPoint,
                scheduler,
                new BrokerTopicStats(),
                Time.SYSTEM,
                300_000,
                new ProducerStateManagerConfig(86_400_000, false),
                600_000,
                new LogDirFailureChannel(1),
                clean,
                Optional.of(new org.apache.kafka.common.Uuid(3, 4)));
    }

    private static List<String> kafkaValues(UnifiedLog log) throws IOException {
        List<String> values = new ArrayList<>();
        long next = 0;
        while (next < log.logEndOffset()) {
            for (var read : log.read(next, 1 << 20, FetchIsolation.LOG_END, true)
                    .records
                    .batches()) {
                if (!read.isControlBatch()) {
                    for (Record record : read) {
                        values.add(
                                record.hasValue()
                                        ? StandardCharsets.UTF_8
                                                .decode(record.value())
                                                .toString()
                                        : "null");
                    }
                }
                next = read.nextOffset();
            }
        }
        return values;
    }

    @Test
    void shouldWriteALogThatKafkaOpens() throws Exception {
        List<String> values;
        long endOffset;
        try (LogDirectory directory = open()) {
            Log log = directory.open("topic", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS);
            values = fill(log, 0, 60);
            endOffset = log.logEndOffset();
        }
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        try (UnifiedLog kafka = kafkaLog(scheduler, true, endOffset)) {
            assertEquals(endOffset, kafka.logEndOffset());
            assertEquals(values, kafkaValues(kafka));
            assertEquals(
                    List.of(5L, 6L),
                    kafka.activeProducers().stream()
                            .map(producer -> producer.producerId())
                            .sorted()
                            .toList());
            // A retry of the producer's last batch is known to be one.
            ByteBuffer retry = producerBatch(START_MS + 59, 5, (short) 0, 59, false, "idempotent-59");
            var appended = kafka.appendAsLeader(MemoryRecords.readableRecords(retry), 0);
            assertEquals(endOffset - 3, appended.firstOffset());
            ByteBuffer next = producerBatch(START_MS + 60, 5, (short) 0, 60, false, "next");
            assertEquals(
                    endOffset,
                    kafka.appendAsLeader(MemoryRecords.readableRecords(next), 0).firstOffset());
        } finally {
            scheduler.shutdown();
        }
        values.add("next");
        // As Apache Kafka's LogManager notes it when it stops.
        new OffsetCheckpointFile(
                        path.resolve("recovery-point-offset-checkpoint").toFile(), null)
                .write(Map.of(new TopicPartition("topic", 0), endOffset + 1));
        try (LogDirectory directory = open()) {
            Log log = directory.open("topic", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS);
            assertEquals(values, TestLogs.values(log, 0));
            assertTrue(append(log, producerBatch(START_MS + 60, 5, (short) 0, 60, false, "next"))
                    .duplicate());
        }
        assertDumpFindsNothing(path.resolve("topic-0"));
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    @Test
    void shouldCompactALogToOneThatKafkaOpens() throws Exception {
        LogConfig compacted = TestLogs.SMALL_SEGMENTS.toBuilder()
                .cleanupPolicy(false, true)
                .minCleanableDirtyRatio(0)
                .deleteRetentionMs(1000)
                .build();
        StorageOptions options =
                StorageOptions.of(clock, new TestScheduler()).withProducerIdExpirationMs(Long.MAX_VALUE);
        Random random = new Random(5);
        Map<String, String> values;
        Map<Long, String> content;
        long endOffset;
        try (LogDirectory directory = LogDirectory.open(path, options)) {
            Log log = directory.open("topic", 0, TOPIC_ID, compacted);
            CompactionModel model = new CompactionModel(random, clock);
            LogCleaner cleaner = new LogCleaner(List.of(directory), LogCleanerConfig.DEFAULT);
            for (int i = 0; i < 5; i++) {
                model.append(log, 60);
                assertNotNull(cleaner.cleanDirtiest());
            }
            // What is not compacted, too: aborted records, their transaction indexes, producer snapshots in between.
            model.append(log, 60);
            model.endTransactions(log);
            values = model.expectedValues(log.logEndOffset());
            content = CompactionModel.content(log);
            endOffset = log.logEndOffset();
            assertTrue(content.size() < endOffset * 2 / 3, content.size() + " of " + endOffset);
        }
        for (String suffix : List.of(".log", ".index", ".timeindex", ".txnindex", ".snapshot")) {
            assertTrue(count(suffix) > 2, suffix);
        }
        assertDumpFindsNothing(path.resolve("topic-0"), true);
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        try (UnifiedLog kafka = kafkaLog(scheduler, true, endOffset)) {
            assertEquals(endOffset, kafka.logEndOffset());
            kafka.updateHighWatermark(endOffset);
            assertEquals(endOffset, kafka.lastStableOffset());
            assertEquals(
                    content.values().stream()
                            .map(record -> record.substring(record.indexOf('=') + 1))
                            .toList(),
                    kafkaValues(kafka));
        } finally {
            scheduler.shutdown();
        }
        try (LogDirectory directory = LogDirectory.open(path, options)) {
            Log log = directory.open("topic", 0, TOPIC_ID, compacted);
            assertEquals(content, CompactionModel.content(log));
            assertEquals(values, CompactionModel.committedValues(log));
        }
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    private long count(String suffix) throws IOException {
        try (var files = Files.list(path.resolve("topic-0"))) {
            return files.filter(file -> file.toString().endsWith(suffix)).count();
        }
    }

    @Test
    void shouldOpenALogThatKafkaWrote() throws Exception {
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        List<String> values = new ArrayList<>();
        try (UnifiedLog kafka = kafkaLog(scheduler, false, 0)) {
            for (int i = 0; i < 100; i++) {
                kafka.appendAsLeader(
                        MemoryRecords.readableRecords(
                                producerBatch(START_MS + i, 5, (short) 0, i, false, "kafka-" + i)),
                        i / 50);
                values.add("kafka-" + i);
            }
        } finally {
            scheduler.shutdown();
        }
        assertEquals(List.of(), LogVerifier.verify(path));
        Files.writeString(path.resolve(".kafka_cleanshutdown"), "{\"version\":0,\"brokerEpoch\":1}");
        try (LogDirectory directory = open()) {
            assertTrue(directory.wasClosedCleanly());
            assertEquals(TOPIC_ID, directory.unopenedPartitions().get(0).topicId());
            Log log = directory.open("topic", 0, TOPIC_ID, TestLogs.SMALL_SEGMENTS);
            assertEquals(values, TestLogs.values(log, 0));
            assertEquals(new EpochEndOffset(0, 50), log.endOffsetForEpoch(0));
            assertEquals(START_MS + 70, log.offsetForTimestamp(START_MS + 70).timestampMs());
            assertTrue(append(log, producerBatch(START_MS + 98, 5, (short) 0, 98, false, "kafka-98"))
                    .duplicate());
            append(log, producerBatch(START_MS + 100, 5, (short) 0, 100, false, "ottla"));
        }
        assertEquals(List.of(), LogVerifier.verify(path));
    }

    @Test
    void shouldWriteTheDirectorysFilesAsKafkaReadsThem() throws Exception {
        try (LogDirectory directory = open()) {
            directory.metaProperties(new MetaProperties("cluster", 1, Uuid.random()));
            Log log = directory.open("topic", 0, TOPIC_ID, LogConfig.DEFAULT);
            append(log, batch(START_MS, "a", "b", "c"));
            log.deleteRecordsBefore(1);
        }
        File directory = path.toFile();
        Map<TopicPartition, Long> recovery =
                new OffsetCheckpointFile(new File(directory, "recovery-point-offset-checkpoint"), null).read();
        assertEquals(Map.of(new TopicPartition("topic", 0), 3L), recovery);
        Map<TopicPartition, Long> start =
                new OffsetCheckpointFile(new File(directory, "log-start-offset-checkpoint"), null).read();
        assertEquals(Map.of(new TopicPartition("topic", 0), 1L), start);
        assertTrue(new CleanShutdownFileHandler(directory.getPath()).exists());
        assertEquals(
                -1, new CleanShutdownFileHandler(directory.getPath()).read().orElseThrow());
        assertEquals(
                new org.apache.kafka.common.Uuid(3, 4),
                new PartitionMetadataFile(
                                path.resolve("topic-0/partition.metadata").toFile(), new LogDirFailureChannel(1))
                        .read()
                        .topicId());
    }
}
