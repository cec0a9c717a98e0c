package io.ottla.broker.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.storage.LogVerifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Going back: to the beginning, or to a moment that was kept. */
class ResetAndSnapshotTest {

    private static final ConfigResource BROKER = new ConfigResource(ConfigResource.Type.BROKER, "");

    @TempDir
    private Path folder;

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static Producer<String, String> producer(EmbeddedBroker broker, Map<String, ?> more) {
        Map<String, Object> properties = broker.clientProperties();
        properties.put("reconnect.backoff.max.ms", 50);
        properties.putAll(more);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private static Consumer<String, String> consumer(EmbeddedBroker broker) {
        Map<String, Object> properties = broker.clientProperties();
        properties.put("group.id", "billing");
        properties.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private static List<String> consume(EmbeddedBroker broker, int count) {
        List<String> values = new ArrayList<>();
        try (Consumer<String, String> consumer = consumer(broker)) {
            consumer.subscribe(List.of("orders"));
            broker.await().until("all is consumed", () -> {
                consumer.poll(Duration.ofMillis(20)).forEach(record -> values.add(record.value()));
                return values.size() >= count;
            });
            consumer.commitSync();
        }
        return values;
    }

    private static void change(Admin admin) throws Exception {
        AlterConfigOp set = new AlterConfigOp(new ConfigEntry("log.retention.ms", "123456"), AlterConfigOp.OpType.SET);
        get(admin.incrementalAlterConfigs(Map.of(BROKER, List.of(set))).all());
        get(admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        "alice", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret")))
                .all());
    }

    private static String retention(Admin admin) throws Exception {
        return get(admin.describeConfigs(List.of(BROKER)).all()).get(BROKER).entries().stream()
                .filter(entry -> entry.name().equals("log.retention.ms"))
                .map(ConfigEntry::value)
                .findFirst()
                .orElse(null);
    }

    private static Stream<String> namesIn(Path folder) {
        String[] names = folder.toFile().list();
        return Stream.of(names == null ? new String[0] : names);
    }

    @Test
    void shouldForgetEverythingAndKeepConnections() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                        .topic("orders", 2, Map.of("retention.ms", "1000000"))
                        .start();
                Admin admin = Admin.create(broker.clientProperties())) {
            for (int round = 0; round < 3; round++) {
                broker.createTopic("extra");
                broker.topic("orders")
                        .write(
                                TestRecord.of("a").partition(0),
                                TestRecord.of("b").partition(1));
                assertEquals(2, consume(broker, 2).size());
                try (Producer<String, String> producer = producer(broker, Map.of("transactional.id", "tx"))) {
                    producer.initTransactions();
                    producer.beginTransaction();
                    producer.send(new ProducerRecord<>("orders", "open")).get(30, TimeUnit.SECONDS);
                    change(admin);
                    broker.reset();
                }
                broker.topic("orders").assertEmpty();
                assertEquals(0, broker.topic("orders").endOffset(0));
                assertEquals(2, broker.topic("orders").partitionCount());
                assertEquals(Set.of("orders"), get(admin.listTopics().names()));
                assertTrue(get(admin.listGroups().all()).isEmpty());
                assertTrue(get(admin.listTransactions().all()).isEmpty());
                assertTrue(get(admin.describeUserScramCredentials().all()).isEmpty());
                assertEquals(null, retention(admin));
            }
        }
    }

    @Test
    void shouldEmptyLogsInPlaceAndKnowThatAfterACrash() {
        try (EmbeddedBroker broker =
                EmbeddedBroker.builder().topic("orders", 2).topic("audit", 1).start()) {
            BrokerTopic orders = broker.topic("orders");
            for (int round = 0; round < 3; round++) {
                orders.write(TestRecord.of("a").partition(0), TestRecord.of("b").partition(0));
                // Checkpoints are written, and in the second round indexes.
                broker.clock().advance(Duration.ofMinutes(2));
                if (round == 1) {
                    broker.restart();
                }
                BrokerSnapshot full = broker.snapshot();
                broker.reset();
                orders.assertEmpty();
                broker.kill();
                broker.restart();
                orders.assertEmpty();
                assertEquals(0, orders.endOffset(0));
                orders.write(TestRecord.of("c").partition(0));
                orders.assertValues("c");
                broker.restore(full);
                orders.assertValues("a", "b");
                broker.reset();
            }
        }
    }

    @Test
    void shouldLeaveNothingOfDeletedTopicsOnTheDisk() throws Exception {
        try (EmbeddedBroker broker =
                EmbeddedBroker.builder().dataFolder(folder).stoppedClock().start()) {
            broker.createTopic("extra", 3);
            broker.topic("extra").write("k", "v");
            broker.reset();
            broker.await().until("the directories are gone", () -> namesIn(folder)
                    .noneMatch(name -> name.startsWith("extra")));
        }
    }

    @Test
    void shouldGiveTopicsBackWhatTheBuilderSaid() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                        .topic("orders", 1, Map.of("retention.ms", "1000000"))
                        .topic("audit", 1)
                        .start();
                Admin admin = Admin.create(broker.clientProperties())) {
            ConfigResource orders = new ConfigResource(ConfigResource.Type.TOPIC, "orders");
            AlterConfigOp set = new AlterConfigOp(new ConfigEntry("retention.ms", "5"), AlterConfigOp.OpType.SET);
            get(admin.incrementalAlterConfigs(Map.of(orders, List.of(set))).all());
            get(admin.createPartitions(Map.of("audit", NewPartitions.increaseTo(3)))
                    .all());
            broker.reset();
            assertEquals(1, broker.topic("audit").partitionCount());
            assertEquals(
                    "1000000",
                    get(admin.describeConfigs(List.of(orders)).all())
                            .get(orders)
                            .get("retention.ms")
                            .value());
        }
    }

    @Test
    void shouldBringBackTheWholeState() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().topic("orders", 1).start();
                Admin admin = Admin.create(broker.clientProperties())) {
            broker.topic("orders").write(TestRecord.of("a"), TestRecord.of("b"));
            consume(broker, 2);
            change(admin);
            try (Producer<String, String> producer = producer(broker, Map.of("transactional.id", "tx"))) {
                producer.initTransactions();
                producer.beginTransaction();
                producer.send(new ProducerRecord<>("orders", "open")).get(30, TimeUnit.SECONDS);
                int port = broker.port();
                BrokerSnapshot snapshot = broker.snapshot();
                for (int round = 0; round < 3; round++) {
                    broker.topic("orders").write("k", "later");
                    broker.createTopic("extra");
                    if (round == 1) {
                        broker.reset();
                    } else if (round == 2) {
                        broker.kill();
                    }
                    broker.restore(snapshot);
                    assertEquals(port, broker.port());
                    assertFalse(broker.topic("extra").exists());
                    assertEquals(
                            List.of("a", "b", "open"),
                            broker.topic("orders")
                                    .records()
                                    .map(StoredRecord::valueText)
                                    .toList());
                    broker.topic("orders").assertValues("a", "b");
                    broker.await().committed("billing", "orders", 0, 2);
                    assertEquals("123456", retention(admin));
                    assertEquals(
                            Set.of("alice"),
                            get(admin.describeUserScramCredentials().all()).keySet());
                }
                // The transaction that was open in the snapshot goes on.
                producer.commitTransaction();
                broker.await().transactionEnded("tx");
                broker.topic("orders").assertValues("a", "b", "open");
            }
        }
    }

    @Test
    void shouldShareLargeSegmentsAndNeverChangeASnapshot() throws Exception {
        String large = "x".repeat(100_000);
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .dataFolder(folder.resolve("data"))
                .topic("orders", 1)
                .start()) {
            for (int i = 0; i < 5; i++) {
                broker.topic("orders").write("first", large);
            }
            BrokerSnapshot first = broker.snapshot();
            for (int i = 0; i < 5; i++) {
                broker.topic("orders").write("second", large);
            }
            BrokerSnapshot second = broker.snapshot();
            broker.topic("orders").write("third", large);
            for (int round = 0; round < 2; round++) {
                broker.restore(first);
                broker.topic("orders").assertCount(5);
                broker.topic("orders").write("other", large);
                broker.kill();
                broker.restart();
                broker.topic("orders").assertCount(6);
                broker.restore(second);
                broker.topic("orders").assertCount(10);
                broker.topic("orders").assertNothingArrives(Duration.ofMillis(1));
            }
            first.close();
            assertThrows(IllegalStateException.class, () -> broker.restore(first));
            assertTrue(broker.isRunning());
            broker.restore(second);
            broker.topic("orders").assertCount(10);
        }
        assertEquals(List.of(), LogVerifier.verify(folder.resolve("data")));
    }

    @Test
    void shouldLetManyBrokersGoBackAtTheSameTime() throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                try (EmbeddedBroker broker =
                        EmbeddedBroker.builder().topic("orders", 1).start()) {
                    broker.topic("orders").write("key", "kept");
                    BrokerSnapshot snapshot = broker.snapshot();
                    for (int round = 0; round < 3; round++) {
                        broker.topic("orders").write("key", "more");
                        broker.restore(snapshot);
                        broker.topic("orders").assertValues("kept");
                    }
                    broker.reset();
                    broker.topic("orders").assertEmpty();
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join(60_000);
        }
        assertEquals(List.of(), failures);
    }
}
