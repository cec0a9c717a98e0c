package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A broker per test, and Kafka clients that are closed before it. The tests of this package use what every Java client
 * since 2.8 has: the module old-client compiles and runs them again with such a client.
 */
public abstract class ClientTest {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

    private final Deque<AutoCloseable> clients = new ArrayDeque<>();
    private EmbeddedBroker broker;

    @BeforeEach
    void startBroker() {
        broker = TestBroker.start(brokerConfig());
    }

    /** What the broker is configured with; a test that needs more than the defaults says so here. */
    protected Map<String, String> brokerConfig() {
        return Map.of();
    }

    @AfterEach
    void closeAll() throws Exception {
        closeClients();
        broker.close();
    }

    protected final void closeClients() throws Exception {
        while (!clients.isEmpty()) {
            clients.pop().close();
        }
    }

    protected final EmbeddedBroker broker() {
        return broker;
    }

    protected String bootstrapServers() {
        return broker.bootstrapServers();
    }

    /** A name that no other test of this JVM uses. */
    protected static String unique(String prefix) {
        return prefix + "-" + NAMES.incrementAndGet() + "-"
                + ProcessHandle.current().pid();
    }

    protected final Admin admin() {
        return register(Admin.create(clientConfig(Map.of())));
    }

    protected final Producer<String, String> producer(Map<String, Object> overrides) {
        return register(new KafkaProducer<>(clientConfig(overrides), new StringSerializer(), new StringSerializer()));
    }

    protected final Consumer<String, String> consumer(Map<String, Object> overrides) {
        return register(newConsumer(overrides));
    }

    /** A consumer that the test closes by itself. */
    protected final Consumer<String, String> newConsumer(Map<String, Object> overrides) {
        Map<String, Object> config = clientConfig(Map.of("auto.offset.reset", "earliest", "enable.auto.commit", false));
        config.putAll(overrides);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private Map<String, Object> clientConfig(Map<String, Object> overrides) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "bootstrap.servers", bootstrapServers(), "default.api.timeout.ms", 30_000, "retry.backoff.ms", 20));
        config.putAll(overrides);
        return config;
    }

    private <T extends AutoCloseable> T register(T client) {
        clients.push(client);
        return client;
    }

    /** Creates a topic with a name of its own and returns the name. */
    protected final String createTopic(int partitions, Map<String, String> config) throws Exception {
        String name = unique("topic");
        get(admin().createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(config)))
                .all());
        return name;
    }

    /** Sends, in order, and waits for the acknowledgements. */
    protected final List<RecordMetadata> send(
            Producer<String, String> producer, Collection<ProducerRecord<String, String>> records) throws Exception {
        List<java.util.concurrent.Future<RecordMetadata>> futures =
                records.stream().map(producer::send).collect(Collectors.toList());
        producer.flush();
        List<RecordMetadata> acknowledged = new ArrayList<>();
        for (java.util.concurrent.Future<RecordMetadata> future : futures) {
            acknowledged.add(future.get(30, TimeUnit.SECONDS));
        }
        return acknowledged;
    }

    /** Sends {@code count} records with the values 0, 1, ... to partition 0. */
    protected final void sendNumbers(String topic, int from, int count) throws Exception {
        send(
                producer(Map.of()),
                IntStream.range(from, from + count)
                        .mapToObj(i -> new ProducerRecord<String, String>(topic, 0, null, Integer.toString(i)))
                        .collect(Collectors.toList()));
    }

    /** Polls until {@code count} records have come; fails if more or fewer come. */
    protected static List<ConsumerRecord<String, String>> poll(Consumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long deadlineNanos = System.nanoTime() + PATIENCE_NANOS;
        while (records.size() < count) {
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            if (System.nanoTime() - deadlineNanos > 0) {
                fail(records.size() + " of " + count + " records came");
            }
        }
        assertEquals(count, records.size(), () -> "more records than sent: " + records);
        return records;
    }

    protected static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).collect(Collectors.toList());
    }

    /** Polls all consumers, turn by turn, until the partitions are spread over them in these numbers. */
    protected static void pollUntilAssigned(List<Consumer<String, String>> consumers, Integer... counts) {
        long deadlineNanos = System.nanoTime() + PATIENCE_NANOS;
        List<Integer> wanted = List.of(counts);
        List<Integer> actual = List.of();
        while (!wanted.equals(actual)) {
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(20)));
            actual = consumers.stream()
                    .map(consumer -> consumer.assignment().size())
                    .sorted()
                    .collect(Collectors.toList());
            if (System.nanoTime() - deadlineNanos > 0) {
                fail("partitions are assigned as " + actual + ", not as " + wanted);
            }
        }
    }

    protected static Set<TopicPartition> partitions(String topic, int count) {
        return IntStream.range(0, count)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .collect(Collectors.toSet());
    }

    protected static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    /** The error that the broker answered with. */
    protected static <E extends Throwable> E assertFails(Class<E> error, KafkaFuture<?> future) {
        Throwable cause =
                assertThrows(ExecutionException.class, () -> get(future)).getCause();
        return assertThrows(error, () -> {
            throw cause;
        });
    }
}
