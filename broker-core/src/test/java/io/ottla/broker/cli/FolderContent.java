package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Fills a data folder through clients, in rounds, each of which builds on the one before it: transactions are open between two of
 * them, and producers and members of groups live on.
 */
final class FolderContent implements AutoCloseable {
    /** Of the records of the first round, recent enough for any retention. */
    static final long FIRST_TIMESTAMP_MS = System.currentTimeMillis() - 600_000;

    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 25;
    private static final int LARGE_RECORDS = 200;
    private static final String OUTPUT = "output";
    private static final String ALIVE = "alive";

    private final String server;
    private final Admin admin;
    private final Map<String, KafkaProducer<String, String>> producers = new LinkedHashMap<>();
    private final KafkaProducer<String, String> alive;
    private final KafkaConsumer<String, String> copier;
    private final Map<String, KafkaConsumer<String, String>> consumers = new LinkedHashMap<>();
    private final Map<String, List<Long>> read = new HashMap<>();

    FolderContent(String server) throws Exception {
        this.server = server;
        admin = Admin.create(Map.of("bootstrap.servers", server));
        createTopics();
        for (String codec : CODECS) {
            producers.put(codec, producer(Map.of("compression.type", codec)));
        }
        alive = producer(Map.of("transactional.id", ALIVE, "transaction.timeout.ms", 600_000));
        alive.initTransactions();
        copier = consumer("transactional", Map.of());
        for (String protocol : List.of("classic", "consumer")) {
            KafkaConsumer<String, String> consumer =
                    consumer(protocol, Map.of("group.protocol", protocol, "group.instance.id", protocol + "-instance"));
            consumer.subscribe(List.of("codec-none"));
            consumers.put(protocol, consumer);
        }
    }

    private void createTopics() throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        CODECS.forEach(codec -> topics.add(topic("codec-" + codec)));
        topics.add(topic(OUTPUT));
        topics.add(topic("trimmed"));
        topics.add(topic("grows"));
        topics.add(topic("temporary"));
        topics.add(topic("segments").configs(Map.of("segment.bytes", "1048576", "index.interval.bytes", "100")));
        topics.add(topic("recompressed").configs(Map.of("compression.type", "zstd")));
        topics.add(topic("stamped").configs(Map.of("message.timestamp.type", "LogAppendTime")));
        topics.add(topic(FolderView.COMPACTED)
                .configs(Map.of(
                        "cleanup.policy",
                        "compact",
                        "min.cleanable.dirty.ratio",
                        "0.01",
                        "segment.ms",
                        "50",
                        "delete.retention.ms",
                        "100")));
        admin.createTopics(topics).all().get();
    }

    private static NewTopic topic(String name) {
        return new NewTopic(name, PARTITIONS, (short) 1);
    }

    private KafkaProducer<String, String> producer(Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", server);
        config.put("linger.ms", 5);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(String group, Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("bootstrap.servers", server);
        config.put("group.id", group);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    void write(int round) throws Exception {
        records(round);
        compacted(round);
        topics(round);
        offsets(round);
        consume(round);
        transactions(round);
    }

    private void records(int round) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String codec : CODECS) {
            KafkaProducer<String, String> producer = producers.get(codec);
            for (int i = 0; i < RECORDS; i++) {
                String value = codec + " " + round + " " + i;
                sent.add(producer.send(new ProducerRecord<>(
                        "codec-" + codec,
                        i % PARTITIONS,
                        FIRST_TIMESTAMP_MS + 1_000L * round + i,
                        "key-" + i,
                        i % 7 == 6 ? null : value,
                        List.of(new RecordHeader("round", ("" + round).getBytes(StandardCharsets.UTF_8))))));
            }
            // No two with the same timestamp, and the largest at the end: what a broker says of one that is deleted is
            // its own affair.
            long timestampMs = FIRST_TIMESTAMP_MS + 1_000L * round + CODECS.indexOf(codec);
            for (String topic : List.of("recompressed", "stamped", "grows")) {
                sent.add(producer.send(new ProducerRecord<>(topic, 0, timestampMs, codec, codec + " in " + round)));
            }
            sent.add(producers
                    .get("none")
                    .send(new ProducerRecord<>("trimmed", 0, timestampMs, codec, codec + " in " + round)));
        }
        String large = "x".repeat(9_000);
        for (int i = 0; i < LARGE_RECORDS; i++) {
            sent.add(producers.get("none").send(new ProducerRecord<>("segments", 0, "key", large + i)));
        }
        try (KafkaProducer<String, String> fresh = producer(Map.of())) {
            sent.add(fresh.send(new ProducerRecord<>("codec-gzip", 0, "fresh", "in " + round)));
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    /** Several small segments, so that the cleaner has something to do; some keys are deleted. */
    private void compacted(int round) throws Exception {
        KafkaProducer<String, String> producer = producers.get("lz4");
        for (int i = 0; i < 4; i++) {
            for (int key = 0; key < 20; key++) {
                String value = i == 2 && key % 5 == round ? null : round + " " + i;
                long timestampMs = System.currentTimeMillis() - 10_000 + 1_000L * i;
                var unused = producer.send(
                        new ProducerRecord<>(FolderView.COMPACTED, key % PARTITIONS, timestampMs, "key-" + key, value));
            }
            producer.flush();
        }
    }

    private void topics(int round) throws Exception {
        admin.deleteTopics(List.of("temporary")).all().get();
        Await.until("the topic can be made again", () -> {
            try {
                admin.createTopics(List.of(topic("temporary"), topic("made-in-" + round)))
                        .all()
                        .get();
                return true;
            } catch (ExecutionException e) {
                return false;
            }
        });
        admin.createPartitions(Map.of("grows", NewPartitions.increaseTo(PARTITIONS + 1 + round)))
                .all()
                .get();
        admin.deleteRecords(Map.of(new TopicPartition("trimmed", 0), RecordsToDelete.beforeOffset(3L + 5L * round)))
                .all()
                .get();
        alter(ConfigResource.Type.TOPIC, "grows", "retention.ms", 86_400_000 + round);
        alter(ConfigResource.Type.BROKER, "1", "log.cleaner.backoff.ms", 100 + round);
        alter(ConfigResource.Type.BROKER, "", "message.max.bytes", 1_048_588 + round);
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        "user-" + round, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4_096), "secret")))
                .all()
                .get();
    }

    private void alter(ConfigResource.Type type, String name, String key, Object value) throws Exception {
        AlterConfigOp set = new AlterConfigOp(new ConfigEntry(key, String.valueOf(value)), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, name), List.of(set)))
                .all()
                .get();
    }

    private void offsets(int round) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (String codec : CODECS) {
            offsets.put(
                    new TopicPartition("codec-" + codec, 0), new OffsetAndMetadata(1 + round, "committed in " + round));
        }
        admin.alterConsumerGroupOffsets("simple", offsets).all().get();
        admin.alterConsumerGroupOffsets("made-in-" + round, offsets).all().get();
        if (round > 0) {
            admin.deleteConsumerGroups(List.of("made-in-" + (round - 1))).all().get();
        }
    }

    /** Each record once, in order, whoever the broker is. */
    private void consume(int round) throws Exception {
        for (Map.Entry<String, KafkaConsumer<String, String>> entry : consumers.entrySet()) {
            KafkaConsumer<String, String> consumer = entry.getValue();
            long expected = (round + 1L) * RECORDS;
            Await.until(() -> entry.getKey() + " has read all of " + expected + ": " + read, () -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    read.computeIfAbsent(entry.getKey() + "-" + record.partition(), key -> new ArrayList<>())
                            .add(record.offset());
                }
                return IntStream.range(0, PARTITIONS)
                                .mapToLong(partition ->
                                        offsets(entry.getKey(), partition).size())
                                .sum()
                        >= expected;
            });
            consumer.commitSync();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                List<Long> offsets = offsets(entry.getKey(), partition);
                assertEquals(LongStream.range(0, offsets.size()).boxed().toList(), offsets, entry.getKey());
            }
        }
    }

    private List<Long> offsets(String protocol, int partition) {
        return read.getOrDefault(protocol + "-" + partition, List.of());
    }

    private void transactions(int round) throws Exception {
        if (round > 0) {
            send(alive, "ends the one of " + (round - 1));
            if (round % 2 == 1) {
                alive.commitTransaction();
            } else {
                alive.abortTransaction();
            }
        }
        TopicPartition input = new TopicPartition("codec-none", 0);
        ConsumerGroupMetadata metadata = copier.groupMetadata();
        alive.beginTransaction();
        send(alive, "committed in " + round);
        alive.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(5 + round)), metadata);
        alive.commitTransaction();
        alive.beginTransaction();
        send(alive, "aborted in " + round);
        alive.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(1_000)), metadata);
        alive.abortTransaction();

        KafkaProducer<String, String> abandoned =
                producer(Map.of("transactional.id", "abandoned", "transaction.timeout.ms", 600_000));
        abandoned.initTransactions();
        abandoned.beginTransaction();
        send(abandoned, "abandoned in " + round);
        abandoned.close(Duration.ZERO);

        alive.beginTransaction();
        send(alive, "open since " + round);
        alive.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(15 + round)), metadata);
    }

    private static void send(KafkaProducer<String, String> producer, String value) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            sent.add(producer.send(new ProducerRecord<>(OUTPUT, partition, "key", value)));
        }
        producer.flush();
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    @Override
    public void close() {
        // The open transaction stays open: what comes after is not what is tested.
        alive.close(Duration.ZERO);
        producers.values().forEach(producer -> producer.close(Duration.ZERO));
        copier.close(CloseOptions.timeout(Duration.ZERO));
        consumers.values().forEach(consumer -> consumer.close(CloseOptions.timeout(Duration.ZERO)));
        admin.close(Duration.ZERO);
    }
}
