package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** One broker for a class of tests that break it, topics of their own for each, and clients that lose patience soon. */
abstract class FaultFixture {

    protected static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static EmbeddedBroker broker;

    private final Deque<AutoCloseable> clients = new ArrayDeque<>();

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.builder()
                .config("group.initial.rebalance.delay.ms", 0)
                .config("group.consumer.min.heartbeat.interval.ms", 50)
                .config("group.consumer.heartbeat.interval.ms", 50)
                .config("group.min.session.timeout.ms", 500)
                .start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @AfterEach
    void closeClients() throws Exception {
        broker.faults().clear();
        broker.journal().stop();
        broker.faults().strict(false);
        while (!clients.isEmpty()) {
            clients.pop().close();
        }
    }

    static EmbeddedBroker broker() {
        return broker;
    }

    static Faults faults() {
        return broker.faults();
    }

    static String unique(String prefix) {
        return prefix + "-" + NAMES.incrementAndGet();
    }

    static Map<String, Object> clientConfig(EmbeddedBroker target, Map<String, Object> overrides) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", target.bootstrapServers());
        config.put("retry.backoff.ms", 10);
        config.put("retry.backoff.max.ms", 20);
        config.put("reconnect.backoff.ms", 10);
        config.put("reconnect.backoff.max.ms", 20);
        config.putAll(overrides);
        return config;
    }

    final <T extends AutoCloseable> T register(T client) {
        clients.push(client);
        return client;
    }

    final Admin admin(Map<String, Object> overrides) {
        return register(Admin.create(clientConfig(broker, overrides)));
    }

    final Producer<String, String> producer(Map<String, Object> overrides) {
        return register(
                new KafkaProducer<>(clientConfig(broker, overrides), new StringSerializer(), new StringSerializer()));
    }

    /** How long the impatient wait for an answer: longer than a busy machine keeps one that is on its way. */
    static final int IMPATIENCE_MS = 1_000;

    /** A producer that tries again when it has waited for an answer long enough. */
    final Producer<String, String> impatientProducer(Map<String, Object> overrides) {
        Map<String, Object> config =
                new HashMap<>(Map.of("request.timeout.ms", IMPATIENCE_MS, "delivery.timeout.ms", 20_000));
        config.putAll(overrides);
        return producer(config);
    }

    final Consumer<String, String> consumer(Map<String, Object> overrides) {
        Map<String, Object> config = new HashMap<>(
                Map.of("auto.offset.reset", "earliest", "enable.auto.commit", false, "fetch.max.wait.ms", 50));
        config.putAll(overrides);
        return register(
                new KafkaConsumer<>(clientConfig(broker, config), new StringDeserializer(), new StringDeserializer()));
    }

    final String createTopic(int partitions) throws Exception {
        String name = unique("topic");
        try (Admin admin = Admin.create(clientConfig(broker, Map.of()))) {
            get(admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture());
        }
        return name;
    }

    /** How many records a partition has. */
    final long endOffset(String topic) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        return get(admin(Map.of())
                        .listOffsets(Map.of(partition, OffsetSpec.latest()))
                        .partitionResult(partition)
                        .toCompletionStage()
                        .toCompletableFuture())
                .offset();
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    static void send(Producer<String, String> producer, String topic, String value) throws Exception {
        get(producer.send(new ProducerRecord<>(topic, 0, null, value)));
    }

    static <E extends Throwable> E assertFails(Class<E> error, Future<?> future) {
        Throwable cause =
                assertThrows(ExecutionException.class, () -> get(future)).getCause();
        return assertThrows(error, () -> {
            throw cause;
        });
    }

    /** Polls until so many records have come. */
    static List<String> poll(Consumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (values.size() < count) {
            consumer.poll(Duration.ofMillis(50)).forEach(record -> values.add(record.value()));
            if (System.nanoTime() - deadlineNanos > 0) {
                fail(values.size() + " of " + count + " records came");
            }
        }
        return values;
    }

    static long millisSince(long startNanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }
}
