package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import io.ottla.broker.clients.TestBroker;
import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A broker that ends after the outcome of a transaction is in the log and before its markers are: whoever was told of the outcome
 * finds it after the start. The folder is that of a broker that came further, with the markers and what follows from them cut off.
 */
class PreparedTransactionTest extends ClientTest {

    private static final String ID = "orders";
    private static final String GROUP = "readers";
    private static final String TRANSACTIONS = "__transaction_state";
    private static final int LENGTH_AT = 8;
    private static final int LOG_OVERHEAD_BYTES = 12;
    private static final int ATTRIBUTES_AT = 21;
    private static final int CONTROL_FLAG = 1 << 5;

    /** The first record: after the header of the batch, its length, attributes, deltas of time and offset, key length, version. */
    private static final int MARKER_TYPE_AT = 61 + 7;

    @TempDir
    private Path folder;

    private EmbeddedBroker broker;

    @Override
    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @AfterEach
    void stop() throws Exception {
        closeClients();
        broker.close();
    }

    private void start() {
        broker = TestBroker.start(folder, 0, Map.of());
    }

    @ParameterizedTest
    @CsvSource({"2, true", "2, false", "1, true", "1, false"})
    void shouldWriteTheMarkersThatAreMissing(int transactionVersion, boolean commits) throws Exception {
        start();
        makeTransaction(transactionVersion, commits);
        stop();
        cut("data-0");
        cut("data-1");
        cut(offsetsLog());
        cutCompletion();

        start();
        assertOutcome(commits);
        stop();
        assertEquals(List.of(commits), markers("data-0"));
        assertEquals(List.of(commits), markers("data-1"));
        assertEquals(List.of(), LogVerifier.verify(folder));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void shouldEndAlikeWhatIsEndedInOneOfThePartitions(boolean commits) throws Exception {
        start();
        makeTransaction(2, commits);
        stop();
        cut("data-1");
        cutCompletion();

        start();
        assertOutcome(commits);
        stop();
        // The marker is written again, perhaps; it says the same.
        assertEquals(Set.of(commits), Set.copyOf(markers("data-0")));
        assertEquals(List.of(commits), markers("data-1"));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void shouldNotMissTheMarkerOfATopicThatIsGone(boolean commits) throws Exception {
        start();
        makeTransaction(2, commits);
        get(admin().deleteTopics(List.of("doomed")).all());
        stop();
        cut("data-0");
        cut("data-1");
        cut(offsetsLog());
        cutCompletion();

        start();
        assertOutcome(commits);
    }

    /** A transaction over three topics and the offsets of a group, whose markers are all written when this returns. */
    private void makeTransaction(int transactionVersion, boolean commits) throws Exception {
        Admin admin = admin();
        get(admin.createTopics(List.of(new NewTopic("data", 2, (short) 1), new NewTopic("doomed", 1, (short) 1)))
                .all());
        if (transactionVersion < 2) {
            get(admin.updateFeatures(
                            Map.of(
                                    "transaction.version",
                                    new FeatureUpdate(
                                            (short) transactionVersion, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE)),
                            new UpdateFeaturesOptions())
                    .all());
        }
        get(admin.alterConsumerGroupOffsets(GROUP, Map.of(new TopicPartition("data", 0), new OffsetAndMetadata(0)))
                .all());
        Producer<String, String> producer = producer(Map.of("transactional.id", ID));
        producer.initTransactions();
        producer.beginTransaction();
        send(
                producer,
                List.of(
                        new ProducerRecord<>("data", 0, null, "first"),
                        new ProducerRecord<>("data", 1, null, "second"),
                        new ProducerRecord<>("doomed", 0, null, "third")));
        producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition("data", 0), new OffsetAndMetadata(1)),
                consumer(Map.of("group.id", GROUP)).groupMetadata());
        if (commits) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
        awaitState(admin, commits);
    }

    private static void awaitState(Admin admin, boolean commits) throws Exception {
        TransactionState expected = commits ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT;
        Await.until("the transaction is complete", () -> get(admin.describeTransactions(Set.of(ID))
                        .description(ID))
                .state()
                .equals(expected));
    }

    private void assertOutcome(boolean commits) throws Exception {
        Admin admin = admin();
        awaitState(admin, commits);
        Set<TopicPartition> data = partitions("data", 2);
        for (TopicPartition partition : data) {
            assertEquals(
                    latest(admin, partition, IsolationLevel.READ_UNCOMMITTED),
                    latest(admin, partition, IsolationLevel.READ_COMMITTED),
                    () -> "no open transaction in " + partition);
        }
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed", "group.id", GROUP));
        consumer.assign(data);
        // Asks for a stable offset: it waits for ever for one that is pending.
        TopicPartition first = new TopicPartition("data", 0);
        assertEquals(
                commits ? 1 : 0, consumer.committed(Set.of(first)).get(first).offset());
        consumer.seekToBeginning(data);
        if (commits) {
            assertEquals(Set.of("first", "second"), Set.copyOf(values(poll(consumer, 2))));
        } else {
            Await.until("the aborted records are passed over", () -> {
                assertTrue(consumer.poll(Duration.ofMillis(50)).isEmpty());
                return consumer.position(first) == latest(admin, first, IsolationLevel.READ_UNCOMMITTED);
            });
        }
        Producer<String, String> next = producer(Map.of("transactional.id", "another"));
        next.initTransactions();
        next.beginTransaction();
        send(next, List.of(new ProducerRecord<>("data", 1, null, "after")));
        next.abortTransaction();
    }

    private static long latest(Admin admin, TopicPartition partition, IsolationLevel isolation) throws Exception {
        return get(admin.listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation))
                        .partitionResult(partition))
                .offset();
    }

    // The folder of a broker that is not running

    /** The one log of committed offsets that ends with a marker. */
    private String offsetsLog() throws IOException {
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, "__consumer_offsets-*")) {
            for (Path log : logs) {
                String name = log.getFileName().toString();
                if (!markers(name).isEmpty()) {
                    return name;
                }
            }
        }
        throw new AssertionError("no offsets were committed in a transaction");
    }

    /** Takes the record away that says that all markers are written. */
    private void cutCompletion() throws IOException {
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, TRANSACTIONS + "-*")) {
            for (Path log : logs) {
                if (Files.size(file(log.getFileName().toString())) > 0) {
                    cutLastBatch(log.getFileName().toString());
                }
            }
        }
        // As after a crash; what the checkpoints say would be ahead of the logs.
        Files.delete(folder.resolve(".kafka_cleanshutdown"));
        Files.delete(folder.resolve("recovery-point-offset-checkpoint"));
    }

    private void cut(String log) throws IOException {
        assertEquals(1, markers(log).size(), log);
        cutLastBatch(log);
    }

    private Path file(String log) {
        return folder.resolve(log).resolve("00000000000000000000.log");
    }

    private List<Integer> batchPositions(RandomAccessFile file) throws IOException {
        List<Integer> positions = new ArrayList<>();
        int position = 0;
        while (position < file.length()) {
            positions.add(position);
            file.seek(position + LENGTH_AT);
            position += LOG_OVERHEAD_BYTES + file.readInt();
        }
        return positions;
    }

    private void cutLastBatch(String log) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(file(log).toFile(), "rw")) {
            List<Integer> positions = batchPositions(file);
            file.setLength(positions.get(positions.size() - 1));
        }
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(folder.resolve(log), "*.{index,timeindex,txnindex,snapshot}")) {
            for (Path each : files) {
                Files.delete(each);
            }
        }
    }

    /** The markers of the first transaction in a log: true for each commit, false for each abort. */
    private List<Boolean> markers(String log) throws IOException {
        List<Boolean> markers = new ArrayList<>();
        long firstProducer = -1;
        try (RandomAccessFile file = new RandomAccessFile(file(log).toFile(), "r")) {
            for (int position : batchPositions(file)) {
                file.seek(position + ATTRIBUTES_AT);
                boolean control = (file.readShort() & CONTROL_FLAG) != 0;
                file.seek(position + 43);
                long producer = file.readLong();
                firstProducer = firstProducer < 0 ? producer : firstProducer;
                if (control && producer == firstProducer) {
                    file.seek(position + MARKER_TYPE_AT);
                    markers.add(file.readShort() == 1);
                }
            }
        }
        return markers;
    }
}
