package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Clients that go on while their broker is killed and started again: an idempotent producer for each codec, a consumer that reads
 * all and commits, and an administrator who creates and deletes topics. They remember what was acknowledged.
 */
final class KillLoad implements AutoCloseable {
    static final String GROUP = "readers";
    static final List<String> TOPICS = List.of("none", "gzip", "snappy", "lz4", "zstd");

    private static final int PARTITIONS = 3;
    private static final int MAX_UNACKNOWLEDGED = 300;
    private static final int MAX_VALUE_SIZE_BYTES = 1_000;

    /** Many small batches, several of them on their way, and not more data than can be verified in each cycle. */
    private static final int MAX_PAUSE_MICROS = 1_000;

    private static final int KEPT_TOPICS = 3;
    private static final int KEPT_RECORDS = 2_000;

    private final String server;
    private final Admin admin;
    private final long seed;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** The offset of every acknowledged record, in the order they were sent. */
    private final Map<TopicPartition, List<Long>> acknowledged = new ConcurrentHashMap<>();

    /** The offset of every record that was read, each checked to be the next that was sent. */
    private final Map<TopicPartition, List<Long>> read = new ConcurrentHashMap<>();

    private final Map<TopicPartition, Long> committed = new ConcurrentHashMap<>();
    private final Map<TopicPartition, Long> deleted = new HashMap<>();
    private final Set<String> present = new HashSet<>();
    private final Set<String> absent = new HashSet<>();
    private volatile boolean producing = true;
    private volatile boolean consuming = true;

    /**
     * What the administrator was told.
     *
     * @param present topics that were created and not deleted since
     * @param absent topics that were deleted
     */
    record Topics(Set<String> present, Set<String> absent) {}

    private interface Work {
        void run() throws Exception;
    }

    KillLoad(String server, Admin admin, long seed) throws Exception {
        this.server = server;
        this.admin = admin;
        this.seed = seed;
        admin.createTopics(TOPICS.stream()
                        .map(topic -> new NewTopic(topic, PARTITIONS, (short) 1))
                        .toList())
                .all()
                .get();
        for (String topic : TOPICS) {
            for (int i = 0; i < PARTITIONS; i++) {
                acknowledged.put(new TopicPartition(topic, i), new ArrayList<>());
                read.put(new TopicPartition(topic, i), new ArrayList<>());
            }
        }
    }

    static Map<String, Object> clientConfig(String server) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", server);
        config.put("reconnect.backoff.ms", 20);
        config.put("reconnect.backoff.max.ms", 100);
        config.put("retry.backoff.ms", 20);
        config.put("retry.backoff.max.ms", 100);
        config.put("request.timeout.ms", 30_000);
        config.put("default.api.timeout.ms", 120_000);
        return config;
    }

    void start() {
        for (int i = 0; i < TOPICS.size(); i++) {
            String codec = TOPICS.get(i);
            long producerSeed = seed + i;
            run("producer-" + codec, () -> produce(codec, new Random(producerSeed)));
        }
        run("consumer", this::consume);
        run("administrator", () -> administrate(new Random(seed)));
    }

    private void run(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    }
                },
                "kill-" + name);
        thread.start();
        threads.add(thread);
    }

    void throwIfFailed() {
        if (failure.get() != null) {
            throw new AssertionError("a client has failed", failure.get());
        }
    }

    private void produce(String codec, Random random) throws Exception {
        Map<String, Object> config = clientConfig(server);
        config.remove("default.api.timeout.ms");
        config.put("compression.type", codec);
        config.put("linger.ms", 1);
        config.put("delivery.timeout.ms", 120_000);
        config.put("max.block.ms", 120_000);
        Semaphore room = new Semaphore(MAX_UNACKNOWLEDGED);
        long[] next = new long[PARTITIONS];
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            while (producing) {
                if (!room.tryAcquire(1, TimeUnit.SECONDS)) {
                    continue;
                }
                TopicPartition partition = new TopicPartition(codec, random.nextInt(PARTITIONS));
                byte[] value = new byte[Long.BYTES + random.nextInt(MAX_VALUE_SIZE_BYTES)];
                random.nextBytes(value);
                ByteBuffer.wrap(value).putLong(0, next[partition.partition()]++);
                var unused = producer.send(
                        new ProducerRecord<>(codec, partition.partition(), null, value), (metadata, exception) -> {
                            if (exception != null) {
                                failure.compareAndSet(null, exception);
                            } else {
                                List<Long> offsets = acknowledged.get(partition);
                                synchronized (offsets) {
                                    offsets.add(metadata.offset());
                                }
                            }
                            room.release();
                        });
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(MAX_PAUSE_MICROS)));
            }
        }
    }

    private void consume() {
        Map<String, Object> config = clientConfig(server);
        config.put("group.id", GROUP);
        config.put("enable.auto.commit", false);
        config.put("auto.offset.reset", "earliest");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(read.keySet());
            while (consuming) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    List<Long> offsets = read.get(new TopicPartition(record.topic(), record.partition()));
                    assertEquals(
                            offsets.size(),
                            ByteBuffer.wrap(record.value()).getLong(0),
                            () -> "number of the record at offset " + record.offset() + " of " + record.topic() + "-"
                                    + record.partition());
                    synchronized (offsets) {
                        offsets.add(record.offset());
                    }
                }
                if (!records.isEmpty()) {
                    commit(consumer, records);
                }
            }
        }
    }

    private void commit(KafkaConsumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> records) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            offsets.put(partition, new OffsetAndMetadata(consumer.position(partition)));
        }
        consumer.commitSync(offsets);
        offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
    }

    /** What fails because the broker is away may or may not have been done: it is neither present nor absent then. */
    private void administrate(Random random) throws Exception {
        List<String> kept = new ArrayList<>();
        for (int i = 0; producing; i++) {
            String created = "temporary-" + i;
            try {
                admin.createTopics(List.of(new NewTopic(created, 1 + random.nextInt(2), (short) 1)))
                        .all()
                        .get();
                kept.add(created);
                remember(created, present);
            } catch (ExecutionException e) {
                throwUnlessExpected(e, TopicExistsException.class);
            }
            if (kept.size() > KEPT_TOPICS) {
                String deleted = kept.remove(random.nextInt(kept.size()));
                forget(deleted);
                try {
                    admin.deleteTopics(List.of(deleted)).all().get();
                    remember(deleted, absent);
                } catch (ExecutionException e) {
                    throwUnlessExpected(e, UnknownTopicOrPartitionException.class);
                }
            }
        }
    }

    private static void throwUnlessExpected(ExecutionException e, Class<?> expected) throws ExecutionException {
        if (!expected.isInstance(e.getCause()) && !(e.getCause() instanceof RetriableException)) {
            throw e;
        }
    }

    private synchronized void remember(String topic, Set<String> in) {
        in.add(topic);
    }

    private synchronized void forget(String topic) {
        present.remove(topic);
    }

    /** What had been acknowledged before the call. A topic that is about to be deleted is in neither set. */
    synchronized Topics topics() {
        return new Topics(Set.copyOf(present), Set.copyOf(absent));
    }

    /** So that the folder, which is verified in each cycle, does not grow. Some stay, to be looked at. */
    void deleteWhatWasRead() throws Exception {
        Map<TopicPartition, RecordsToDelete> asked = new HashMap<>();
        committed.forEach((partition, offset) -> {
            if (offset > KEPT_RECORDS) {
                asked.put(partition, RecordsToDelete.beforeOffset(offset - KEPT_RECORDS));
            }
        });
        admin.deleteRecords(asked).all().get();
        asked.forEach((partition, records) -> deleted.put(partition, records.beforeOffset()));
    }

    void assertStillDeleted() throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        deleted.keySet().forEach(partition -> asked.put(partition, OffsetSpec.earliest()));
        var found = admin.listOffsets(asked).all().get();
        deleted.forEach(
                (partition, offset) -> assertEquals(offset, found.get(partition).offset(), partition::toString));
    }

    Map<TopicPartition, Long> committed() {
        return Map.copyOf(committed);
    }

    /** Ends the writing, and waits until all is acknowledged and read. */
    void stopAndDrain() throws Exception {
        producing = false;
        for (Thread thread : threads) {
            if (!thread.getName().equals("kill-consumer")) {
                thread.join();
            }
        }
        throwIfFailed();
        Await.until(() -> "all is read; " + this, () -> {
            throwIfFailed();
            return count(read) >= count(acknowledged);
        });
        close();
        throwIfFailed();
    }

    void assertAllReadOnceInOrder() {
        acknowledged.forEach((partition, offsets) -> assertEquals(offsets, read.get(partition), partition::toString));
    }

    private static long count(Map<TopicPartition, List<Long>> offsets) {
        long count = 0;
        for (List<Long> one : offsets.values()) {
            synchronized (one) {
                count += one.size();
            }
        }
        return count;
    }

    @Override
    public void close() {
        producing = false;
        consuming = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
        }
    }

    @Override
    public String toString() {
        return count(acknowledged) + " records acknowledged, " + count(read) + " read, " + present.size()
                + " temporary topics present and " + absent.size() + " absent";
    }
}
