package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.fail;

import io.ottla.broker.EmbeddedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own clients of one broker. */
final class GroupClients implements AutoCloseable {

    static final String GROUP = "group";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final Admin admin;
    private final String bootstrapServers;
    private final List<Runnable> closers = new ArrayList<>();

    GroupClients(EmbeddedBroker broker) {
        bootstrapServers = broker.bootstrapServers();
        admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
        closers.add(admin::close);
    }

    /** A consumer that remembers what it has got and lost. */
    static final class Consumer implements AutoCloseable {
        final KafkaConsumer<String, String> client;
        final List<String> read = new ArrayList<>();
        final List<Collection<TopicPartition>> revocations = new ArrayList<>();
        int assignments;

        private Consumer(KafkaConsumer<String, String> client) {
            this.client = client;
        }

        Consumer subscribe(String... topics) {
            client.subscribe(List.of(topics), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    revocations.add(partitions);
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    assignments++;
                }
            });
            return this;
        }

        void poll() {
            for (ConsumerRecord<String, String> record : client.poll(Duration.ofMillis(20))) {
                read.add(record.value());
            }
        }

        Set<Integer> partitions() {
            Set<Integer> partitions = new TreeSet<>();
            client.assignment().forEach(partition -> partitions.add(partition.partition()));
            return partitions;
        }

        @Override
        public void close() {
            client.close();
        }
    }

    void createTopic(String name, int partitions) throws ExecutionException, InterruptedException {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1)))
                .all()
                .get();
    }

    /** Sends records with the values {@code from} to {@code to - 1}, to the partitions in turn. */
    void produce(String topic, int partitions, int from, int to) throws ExecutionException, InterruptedException {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringSerializer(), new StringSerializer())) {
            for (int i = from; i < to; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, i % partitions, null, String.valueOf(i))));
            }
        }
        for (Future<RecordMetadata> each : sent) {
            each.get();
        }
    }

    Consumer consumer(Map<String, ?> extra) {
        Map<String, Object> config = new HashMap<>();
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        config.put(ConsumerConfig.GROUP_ID_CONFIG, GROUP);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 50);
        config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
        config.putAll(extra);
        Consumer consumer =
                new Consumer(new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer()));
        closers.add(consumer::close);
        return consumer;
    }

    /** A consumer of the consumer protocol; the broker sets its intervals. */
    Consumer newProtocolConsumer(Map<String, ?> extra) {
        Map<String, Object> config = new HashMap<>();
        config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "consumer");
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        config.put(ConsumerConfig.GROUP_ID_CONFIG, GROUP);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.putAll(extra);
        Consumer consumer =
                new Consumer(new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer()));
        closers.add(consumer::close);
        return consumer;
    }

    Consumer consumer() {
        return consumer(Map.of());
    }

    /** Polls the consumers in turn until the condition holds. */
    static void pollUntil(BooleanSupplier condition, Consumer... consumers) {
        long startNanos = System.nanoTime();
        while (!condition.getAsBoolean()) {
            for (Consumer consumer : consumers) {
                consumer.poll();
            }
            if (System.nanoTime() - startNanos > PATIENCE.toNanos()) {
                fail("waited in vain");
            }
        }
    }

    @Override
    public void close() {
        for (int i = closers.size() - 1; i >= 0; i--) {
            closers.get(i).run();
        }
    }
}
