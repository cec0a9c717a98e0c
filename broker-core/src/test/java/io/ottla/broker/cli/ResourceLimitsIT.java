package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.Await;
import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker that the system refuses room or files, and gives them again. A limit of the process takes the place of the full disk: it
 * needs no rights, and also cuts a write off in its middle; {@code prlimit} changes it while the broker runs.
 */
@EnabledOnOs(OS.LINUX)
class ResourceLimitsIT {
    /** More than a start prints, and soon reached. */
    private static final int FILE_LIMIT_BYTES = 65_536;

    /** How long a client tries before it says that there is no room; longer than a busy machine lets it wait for anything else. */
    private static final int PATIENCE_S = 5;

    private static final String TOO_LARGE = "File too large";
    private static final String LARGE = "x".repeat(4_000);

    @TempDir
    static Path folder;

    private final Path data = folder.resolve(UUID.randomUUID().toString());
    private BrokerProcess broker;
    private Admin admin;

    @BeforeEach
    void start() throws Exception {
        broker = BrokerProcess.start(data, "offsets.topic.num.partitions=1", "transaction.state.log.num.partitions=1");
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterEach
    void stop() throws Exception {
        admin.close(Duration.ZERO);
        broker.terminate();
        broker.close();
        assertEquals(List.of(), LogVerifier.examine(data).findings());
    }

    @AfterAll
    static void dump() throws Exception {
        DumpLog.assertFindsNothing(folder);
    }

    private void limit(String resource, Object soft) throws Exception {
        Process process = new ProcessBuilder(
                        "prlimit", "--pid", Long.toString(broker.pid()), "--" + resource + "=" + soft + ":")
                .inheritIO()
                .start();
        assertEquals(0, process.waitFor());
    }

    private void create(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                .all()
                .get();
    }

    private KafkaProducer<String, String> producer(Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", broker.bootstrapServers());
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /** Hears of an error at once. */
    private KafkaProducer<String, String> hastyProducer() {
        return producer(Map.of("retries", 0, "enable.idempotence", false));
    }

    private static void send(KafkaProducer<String, String> producer, String topic, String value) throws Exception {
        producer.send(new ProducerRecord<>(topic, value)).get();
    }

    /** Writes until it fails, and returns what was acknowledged. */
    private static List<String> fill(KafkaProducer<String, String> producer, String topic) throws Exception {
        List<String> written = new ArrayList<>();
        while (true) {
            try {
                send(producer, topic, LARGE + written.size());
                written.add(LARGE + written.size());
            } catch (ExecutionException e) {
                assertStorageError(e);
                return written;
            }
        }
    }

    private static void assertStorageError(ExecutionException e) {
        assertInstanceOf(KafkaStorageException.class, e.getCause());
        assertTrue(e.getCause().getMessage().contains(TOO_LARGE), e.getCause()::toString);
    }

    private List<String> read(String topic) {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = consumer()) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofSeconds(1)).forEach(record -> values.add(record.value()));
            }
        }
        return values;
    }

    private KafkaConsumer<String, String> consumer() {
        return new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "group.id",
                        "group",
                        "enable.auto.commit",
                        false,
                        "isolation.level",
                        "read_committed"),
                new StringDeserializer(),
                new StringDeserializer());
    }

    private List<String> printed(String part) {
        return (broker.stdout() + broker.stderr())
                .lines()
                .filter(line -> line.contains(part))
                .toList();
    }

    @Test
    void shouldWriteAgainWhenThereIsRoomAgain() throws Exception {
        create("full", 1);
        create("other", 1);
        try (KafkaProducer<String, String> hasty = hastyProducer();
                KafkaProducer<String, String> patient = producer(Map.of())) {
            send(patient, "full", "first");
            limit("fsize", FILE_LIMIT_BYTES);
            List<String> written = fill(hasty, "full");
            written.add(0, "first");
            Future<RecordMetadata> waits = patient.send(new ProducerRecord<>("full", LARGE));
            send(hasty, "other", "there is room in this one");
            assertEquals(written, read("full"));
            assertStorageError(assertThrows(ExecutionException.class, () -> send(hasty, "full", LARGE)));
            assertFalse(waits.isDone());

            limit("fsize", "unlimited");
            assertEquals(written.size(), waits.get().offset());
            send(hasty, "full", "last");
            written.addAll(List.of(LARGE, "last"));
            assertEquals(written, read("full"));
        }
        assertEquals(1, printed(TOO_LARGE).size(), broker::toString);
        assertTrue(printed(TOO_LARGE).get(0).contains("full-0"), broker::toString);
    }

    @Test
    void shouldCommitOffsetsAgainWhenThereIsRoomAgain() throws Exception {
        create("topic", 1);
        TopicPartition partition = new TopicPartition("topic", 0);
        try (KafkaConsumer<String, String> consumer = consumer()) {
            long committed = 0;
            commit(consumer, partition, committed);
            limit("fsize", FILE_LIMIT_BYTES);
            try {
                while (true) {
                    commit(consumer, partition, committed + 1);
                    committed++;
                }
            } catch (TimeoutException e) {
                assertTrue(committed > 2);
            }
            assertEquals(
                    committed,
                    consumer.committed(Set.of(partition)).get(partition).offset());

            limit("fsize", "unlimited");
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(committed + 2)));
            assertEquals(
                    committed + 2,
                    consumer.committed(Set.of(partition)).get(partition).offset());
        }
    }

    private static void commit(KafkaConsumer<String, String> consumer, TopicPartition partition, long offset) {
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset, LARGE)), Duration.ofSeconds(PATIENCE_S));
    }

    @Test
    void shouldEndTransactionsWhenThereIsRoomAgain() throws Exception {
        create("topic", 1);
        List<String> committed = new ArrayList<>();
        try (KafkaProducer<String, String> producer =
                producer(Map.of("transactional.id", "id", "max.block.ms", 1_000 * PATIENCE_S))) {
            producer.initTransactions();
            limit("fsize", FILE_LIMIT_BYTES);
            try {
                while (true) {
                    producer.beginTransaction();
                    var unused = producer.send(new ProducerRecord<>("topic", "" + committed.size()));
                    producer.commitTransaction();
                    committed.add("" + committed.size());
                }
            } catch (TimeoutException e) {
                assertTrue(committed.size() > 2);
            }
            assertEquals(committed, read("topic"));

            limit("fsize", "unlimited");
            Await.until("the transaction is committed", () -> {
                try {
                    producer.commitTransaction();
                    return true;
                } catch (TimeoutException e) {
                    return false;
                }
            });
            committed.add("" + committed.size());
            Await.until(() -> committed + " can be read, " + read("topic") + " is", () -> read("topic")
                    .equals(committed));
        }
    }

    @Test
    void shouldWriteMarkersWhenThereIsRoomAgain() throws Exception {
        create("full", 1);
        try (KafkaProducer<String, String> hasty = hastyProducer();
                KafkaProducer<String, String> producer = producer(Map.of("transactional.id", "id"))) {
            producer.initTransactions();
            limit("fsize", FILE_LIMIT_BYTES);
            producer.beginTransaction();
            send(producer, "full", "in a transaction");
            List<String> written = fill(hasty, "full");
            while (Files.size(data.resolve("full-0/00000000000000000000.log")) < FILE_LIMIT_BYTES - 70) {
                // Less room than a marker takes.
                try {
                    send(hasty, "full", "");
                    written.add("");
                } catch (ExecutionException e) {
                    break;
                }
            }
            producer.commitTransaction();
            assertEquals(List.of(), read("full"));

            limit("fsize", "unlimited");
            written.add(0, "in a transaction");
            Await.until("the transaction can be read", () -> read("full").equals(written));
        }
    }

    @Test
    void shouldChangeTopicsAgainWhenThereIsRoomAgain() throws Exception {
        limit("fsize", Files.size(data.resolve("__cluster_metadata-0/00000000000000000000.log")) + 100);
        ExecutionException refused = assertThrows(ExecutionException.class, () -> create("refused", 50));
        assertStorageError(refused);
        assertEquals(Set.of(), admin.listTopics().names().get());

        limit("fsize", "unlimited");
        create("refused", 3);
        assertEquals(Set.of("refused"), admin.listTopics().names().get());
    }

    @Test
    void shouldServeAgainWhenFilesAreClosedAgain() throws Exception {
        create("kept", 1);
        TopicPartition kept = new TopicPartition("kept", 0);
        try (KafkaProducer<String, String> hasty = hastyProducer();
                KafkaConsumer<String, String> consumer = consumer()) {
            send(hasty, "kept", "first");
            consumer.assign(List.of(kept));
            consumer.seekToBeginning(List.of(kept));
            assertEquals(1, consumer.poll(Duration.ofSeconds(30)).count());
            limit("nofile", openFiles() + 40);
            create("many", 100);
            create("late", 1);
            send(hasty, "kept", "second");
            assertEquals(1, consumer.poll(Duration.ofSeconds(30)).count());
            ExecutionException refused = assertThrows(ExecutionException.class, () -> send(hasty, "late", "too early"));
            assertInstanceOf(KafkaStorageException.class, refused.getCause());
            assertTrue(refused.getCause().getMessage().contains("Too many open files"), refused::toString);
            assertThrows(TimeoutException.class, () -> commit(consumer, kept, 1));

            admin.deleteTopics(List.of("many")).all().get();
            Await.until("the partition gets its files", () -> {
                try {
                    send(hasty, "late", "at last");
                    return true;
                } catch (ExecutionException e) {
                    return false;
                }
            });
            assertEquals(List.of("at last"), read("late"));
            consumer.commitSync(Map.of(kept, new OffsetAndMetadata(2)));
            assertEquals(2, consumer.committed(Set.of(kept)).get(kept).offset());
        }
    }

    @Test
    void shouldAcceptAgainWhenConnectionsAreClosedAgain() throws Exception {
        create("kept", 1);
        List<Socket> sockets = new ArrayList<>();
        try (KafkaProducer<String, String> hasty = hastyProducer()) {
            send(hasty, "kept", "first");
            long limit = openFiles() + 20;
            limit("nofile", limit);
            String server = broker.bootstrapServers();
            int port = Integer.parseInt(server.substring(server.lastIndexOf(':') + 1));
            for (int i = 0; i < 60; i++) {
                sockets.add(new Socket("localhost", port));
            }
            Await.until("no file is left", () -> openFiles() >= limit - 1);
            send(hasty, "kept", "second");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        assertEquals(List.of("first", "second"), read("kept"));
        assertFalse(printed("Too many open files").isEmpty(), broker::toString);
    }

    private long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + broker.pid() + "/fd"))) {
            return files.count();
        }
    }
}
