package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import io.ottla.broker.testing.BrokerSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeReplicaLogDirsResult.ReplicaLogDirInfo;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.LogDirNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs that are moved between three data directories (KIP-113). */
class ReplicaMovesTest extends ClientTest {

    private static final String THROTTLE = "replica.alter.log.dirs.io.max.bytes.per.second";
    private static final int ROUNDS = 6;

    @TempDir
    Path folder;

    @Override
    protected Map<String, String> brokerConfig() {
        String directories = Stream.of("a", "b", "c").map(this::path).collect(Collectors.joining(","));
        return Map.of("log.dirs", directories, "node.id", "1");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private static KafkaFuture<Void> alter(Admin admin, String topic, int partition, String path) {
        return admin.alterReplicaLogDirs(Map.of(new TopicPartitionReplica(topic, partition, 1), path))
                .all();
    }

    private static ReplicaLogDirInfo place(Admin admin, String topic, int partition) throws Exception {
        TopicPartitionReplica replica = new TopicPartitionReplica(topic, partition, 1);
        return get(admin.describeReplicaLogDirs(List.of(replica)).all()).get(replica);
    }

    private void moveAndAwait(Admin admin, String topic, int partition, String name) throws Exception {
        get(alter(admin, topic, partition, path(name)));
        awaitPlace(admin, topic, partition, name);
    }

    private void awaitPlace(Admin admin, String topic, int partition, String name) throws Exception {
        Await.until(topic + "-" + partition + " is in " + name, () -> {
            ReplicaLogDirInfo place = place(admin, topic, partition);
            return place.getFutureReplicaLogDir() == null && path(name).equals(place.getCurrentReplicaLogDir());
        });
    }

    private static void throttle(Admin admin, String bytesPerSecond) throws Exception {
        get(setThrottle(admin, bytesPerSecond));
    }

    private static KafkaFuture<Void> setThrottle(Admin admin, String bytesPerSecond) {
        AlterConfigOp.OpType operation =
                bytesPerSecond == null ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET;
        return admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.BROKER, "1"),
                        List.of(new AlterConfigOp(new ConfigEntry(THROTTLE, bytesPerSecond), operation))))
                .all();
    }

    /** The directories of a partition, deleted ones left out. */
    private List<String> folders(String partition) throws IOException {
        List<String> found = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            try (Stream<Path> files = Files.list(folder.resolve(name))) {
                files.map(file -> file.getFileName().toString())
                        .filter(file -> file.equals(partition)
                                || (file.startsWith(partition + ".") && !file.endsWith("-delete")))
                        .forEach(file -> found.add(name + "/" + file.replaceAll("[0-9a-f]{32}", "<id>")));
            }
        }
        return found;
    }

    /** Makes a topic in a directory, with records of 10 kB. */
    private String topicIn(String name, int records, Map<String, String> config) throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, config);
        String value = "x".repeat(10_000);
        send(
                producer(Map.of()),
                IntStream.range(0, records)
                        .mapToObj(i -> new ProducerRecord<String, String>(topic, 0, "k" + i, value))
                        .collect(Collectors.toList()));
        moveAndAwait(admin, topic, 0, name);
        return topic;
    }

    @Test
    void shouldMoveWhileClientsGoOn() throws Exception {
        Admin admin = admin();
        String topic = createTopic(2, Map.of("segment.bytes", "1048576"));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Producer<String, String> idempotent = producer(Map.of("linger.ms", 1, "delivery.timeout.ms", 60_000));
            Producer<String, String> transactional = producer(Map.of("transactional.id", unique("moves")));
            transactional.initTransactions();
            Load load = new Load(topic, idempotent, transactional);
            Future<?> producing = threads.submit(load::produce);
            Future<Map<Integer, List<String>>> consuming =
                    threads.submit(() -> load.consume(newConsumer(Map.of("isolation.level", "read_committed"))));
            for (int round = 0; round < ROUNDS; round++) {
                String name = List.of("a", "b", "c").get(round % 3);
                int before = load.sent;
                moveAndAwait(admin, topic, 0, name);
                moveAndAwait(admin, topic, 1, name);
                Await.until("more is sent", () -> load.sent > before + 200 || producing.isDone());
            }
            load.enough = true;
            producing.get(60, TimeUnit.SECONDS);
            Map<Integer, List<String>> read = consuming.get(60, TimeUnit.SECONDS);
            List<String> all =
                    IntStream.range(0, load.sent).mapToObj(Integer::toString).collect(Collectors.toList());
            assertEquals(all, read.get(0));
            assertEquals(all, read.get(1));
        } finally {
            threads.shutdownNow();
        }
        assertEquals(List.of("c/" + topic + "-0"), folders(topic + "-0"));
        assertEquals(List.of("c/" + topic + "-1"), folders(topic + "-1"));
        broker().restart();
        assertEquals(path("c"), place(admin(), topic, 0).getCurrentReplicaLogDir());
    }

    /** Numbers, sent to partition 0 one by one, and to partition 1 in transactions. */
    private static final class Load {
        private static final int TRANSACTION = 5;

        private final String topic;
        private final Producer<String, String> idempotent;
        private final Producer<String, String> transactional;
        private volatile int sent;
        private volatile boolean enough;
        private volatile boolean ended;

        Load(String topic, Producer<String, String> idempotent, Producer<String, String> transactional) {
            this.topic = topic;
            this.idempotent = idempotent;
            this.transactional = transactional;
        }

        Void produce() throws Exception {
            try {
                while (!enough) {
                    transactional.beginTransaction();
                    List<Future<?>> acknowledgements = new ArrayList<>();
                    int next = sent + TRANSACTION;
                    for (int i = sent; i < next; i++) {
                        String value = Integer.toString(i);
                        acknowledgements.add(
                                idempotent.send(new ProducerRecord<String, String>(topic, 0, null, value)));
                        acknowledgements.add(
                                transactional.send(new ProducerRecord<String, String>(topic, 1, null, value)));
                    }
                    transactional.commitTransaction();
                    // One that is aborted in between must stay unseen.
                    transactional.beginTransaction();
                    Future<?> aborted =
                            transactional.send(new ProducerRecord<String, String>(topic, 1, null, "aborted"));
                    transactional.flush();
                    aborted.get(60, TimeUnit.SECONDS);
                    transactional.abortTransaction();
                    for (Future<?> acknowledgement : acknowledgements) {
                        acknowledgement.get(60, TimeUnit.SECONDS);
                    }
                    sent = next;
                }
            } finally {
                ended = true;
            }
            return null;
        }

        Map<Integer, List<String>> consume(Consumer<String, String> consumer) {
            Map<Integer, List<String>> read = new HashMap<>(Map.of(0, new ArrayList<>(), 1, new ArrayList<>()));
            try (consumer) {
                consumer.assign(partitions(topic, 2));
                while (!ended || read.get(0).size() < sent || read.get(1).size() < sent) {
                    for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                        read.get(record.partition()).add(record.value());
                    }
                }
            }
            return read;
        }
    }

    @Test
    void shouldShowHowFarAMoveIsAndCancelIt() throws Exception {
        Admin admin = admin();
        String topic = topicIn("a", 300, Map.of());
        throttle(admin, "1");
        get(alter(admin, topic, 0, path("b")));
        get(alter(admin, topic, 0, path("b")));
        ReplicaLogDirInfo place = place(admin, topic, 0);
        assertEquals(path("a"), place.getCurrentReplicaLogDir());
        assertEquals(path("b"), place.getFutureReplicaLogDir());
        assertTrue(place.getFutureReplicaOffsetLag() > 0 && place.getFutureReplicaOffsetLag() <= 300);
        assertEquals(List.of("a/" + topic + "-0", "b/" + topic + "-0.<id>-future"), folders(topic + "-0"));
        Map<String, LogDirDescription> directories =
                get(admin.describeLogDirs(List.of(1)).allDescriptions()).get(1);
        TopicPartition partition = new TopicPartition(topic, 0);
        ReplicaInfo present = directories.get(path("a")).replicaInfos().get(partition);
        ReplicaInfo future = directories.get(path("b")).replicaInfos().get(partition);
        assertFalse(present.isFuture());
        assertEquals(0, present.offsetLag());
        assertTrue(future.isFuture());
        assertTrue(future.offsetLag() > 0 && future.size() < present.size());
        assertFalse(directories.get(path("c")).replicaInfos().containsKey(partition));

        get(alter(admin, topic, 0, path("c")));
        assertEquals(path("c"), place(admin, topic, 0).getFutureReplicaLogDir());
        assertEquals(List.of("a/" + topic + "-0", "c/" + topic + "-0.<id>-future"), folders(topic + "-0"));

        get(alter(admin, topic, 0, path("a")));
        assertEquals(null, place(admin, topic, 0).getFutureReplicaLogDir());
        assertEquals(List.of("a/" + topic + "-0"), folders(topic + "-0"));

        get(alter(admin, topic, 0, path("b")));
        throttle(admin, null);
        awaitPlace(admin, topic, 0, "b");
        assertEquals(List.of("b/" + topic + "-0"), folders(topic + "-0"));
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(partition));
        poll(consumer, 300);
    }

    @Test
    void shouldRefuseWhatCannotBe() throws Exception {
        Admin admin = admin();
        String topic = createTopic(1, Map.of());
        assertFails(LogDirNotFoundException.class, alter(admin, topic, 0, path("d")));
        assertFails(LogDirNotFoundException.class, alter(admin, topic, 0, "a"));
        assertFails(LogDirNotFoundException.class, alter(admin, "nowhere", 0, path("d")));
        assertFails(UnknownTopicOrPartitionException.class, alter(admin, topic, 1, path("a")));
        assertFails(UnknownTopicOrPartitionException.class, alter(admin, "__cluster_metadata", 0, path("b")));
        assertEquals(
                "Invalid value abc for configuration " + THROTTLE + ": Not a number of type LONG",
                assertFails(InvalidRequestException.class, setThrottle(admin, "abc"))
                        .getMessage());
        assertEquals(
                "Invalid value -1 for configuration " + THROTTLE + ": Value must be at least 0",
                assertFails(InvalidRequestException.class, setThrottle(admin, "-1"))
                        .getMessage());
    }

    @Test
    void shouldShowTheThrottleWhereItIsSet() throws Exception {
        Admin admin = admin();
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        assertEquals(
                null,
                get(admin.describeConfigs(List.of(broker)).all()).get(broker).get(THROTTLE));
        throttle(admin, "500000");
        ConfigEntry entry =
                get(admin.describeConfigs(List.of(broker)).all()).get(broker).get(THROTTLE);
        assertEquals("500000", entry.value());
        assertEquals(ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG, entry.source());
        assertEquals(ConfigEntry.ConfigType.LONG, entry.type());
        assertFalse(entry.isReadOnly());
        assertFalse(entry.isSensitive());
    }

    @Test
    void shouldMakeAPartitionWhereItIsWanted() throws Exception {
        Admin admin = admin();
        String topic = unique("later");
        for (int partition = 0; partition < 3; partition++) {
            assertFails(UnknownTopicOrPartitionException.class, alter(admin, topic, partition, path("c")));
        }
        get(admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all());
        assertEquals(Map.of("c", 3L), spread(topic, 3));
        // Once.
        get(admin.deleteTopics(List.of(topic)).all());
        get(admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all());
        assertEquals(Map.of("a", 1L, "b", 1L, "c", 1L), spread(topic, 3));
    }

    private Map<String, Long> spread(String topic, int partitions) throws Exception {
        Map<String, Long> spread = new TreeMap<>();
        Admin admin = admin();
        for (int partition = 0; partition < partitions; partition++) {
            String path = place(admin, topic, partition).getCurrentReplicaLogDir();
            spread.merge(Path.of(path).getFileName().toString(), 1L, Long::sum);
        }
        return spread;
    }

    @Test
    void shouldGoOnWithAMoveAfterARestartAndAKill() throws Exception {
        Admin admin = admin();
        String topic = topicIn("a", 100, Map.of());
        throttle(admin, "20000");
        get(alter(admin, topic, 0, path("b")));
        broker().restart();
        assertUnderWay(topic);
        broker().kill();
        broker().restart();
        assertUnderWay(topic);
        Admin after = admin();
        throttle(after, null);
        awaitPlace(after, topic, 0, "b");
        assertEquals(List.of("b/" + topic + "-0"), folders(topic + "-0"));
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        poll(consumer, 100);
    }

    private void assertUnderWay(String topic) throws Exception {
        Admin admin = admin();
        Await.until("the move goes on", () -> path("b")
                .equals(place(admin, topic, 0).getFutureReplicaLogDir()));
        assertEquals(path("a"), place(admin, topic, 0).getCurrentReplicaLogDir());
        assertEquals(List.of("a/" + topic + "-0", "b/" + topic + "-0.<id>-future"), folders(topic + "-0"));
    }

    @Test
    void shouldForgetTheMoveOfATopicThatIsDeleted() throws Exception {
        Admin admin = admin();
        String topic = topicIn("a", 100, Map.of());
        throttle(admin, "1");
        get(alter(admin, topic, 0, path("b")));
        get(admin.deleteTopics(List.of(topic)).all());
        assertEquals(List.of(), folders(topic + "-0"));
        throttle(admin, null);
        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
        assertEquals(1, folders(topic + "-0").size());
        sendNumbers(topic, 0, 3);
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        assertEquals(List.of("0", "1", "2"), values(poll(consumer, 3)));
    }

    @Test
    void shouldMoveTheOffsetsOfGroups() throws Exception {
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 10);
        TopicPartition partition = new TopicPartition(topic, 0);
        Consumer<String, String> consumer = consumer(Map.of("group.id", "readers"));
        consumer.assign(List.of(partition));
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(4)));
        Admin admin = admin();
        String present = place(admin, "__consumer_offsets", 0).getCurrentReplicaLogDir();
        String name = present.equals(path("a")) ? "b" : "a";
        moveAndAwait(admin, "__consumer_offsets", 0, name);
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(6)));
        broker().restart();
        assertEquals(
                6,
                consumer(Map.of("group.id", "readers"))
                        .committed(Map.of(partition, 0).keySet())
                        .get(partition)
                        .offset());
    }

    @Test
    void shouldBeResetWhileALogMoves() throws Exception {
        Admin admin = admin();
        String topic = topicIn("b", 100, Map.of());
        throttle(admin, "1");
        get(alter(admin, topic, 0, path("c")));
        broker().reset();
        Admin after = admin();
        get(after.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
        sendNumbers(topic, 0, 2);
        assertEquals(null, place(after, topic, 0).getFutureReplicaLogDir());
        assertEquals(1, folders(topic + "-0").size());
        assertEquals(2, broker().topic(topic).count());
    }

    @Test
    void shouldBeRestoredToWhereALogWas() throws Exception {
        Admin admin = admin();
        String topic = topicIn("a", 100, Map.of());
        throttle(admin, "1");
        get(alter(admin, topic, 0, path("b")));
        try (BrokerSnapshot snapshot = broker().snapshot()) {
            throttle(admin, null);
            awaitPlace(admin, topic, 0, "b");
            sendNumbers(topic, 0, 10);
            broker().restore(snapshot);
        }
        assertEquals(List.of("a/" + topic + "-0"), folders(topic + "-0"));
        assertEquals(100, broker().topic(topic).count());
        assertEquals(null, place(admin(), topic, 0).getFutureReplicaLogDir());
    }
}
