package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka Streams counts words exactly once while the broker is killed and started again. */
class StreamsIT {
    private static final List<String> WORDS = List.of("broker", "partition", "offset", "segment", "replica");
    private static final int LINES_PER_PART = 200;
    private static final int PARTS = 3;

    @TempDir
    Path dataFolder;

    @TempDir
    Path stateFolder;

    @Test
    void shouldCountWordsExactlyOnceThoughTheBrokerIsKilled() throws Exception {
        BrokerProcess broker = BrokerProcess.start(dataFolder);
        try {
            String server = broker.bootstrapServers();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
                admin.createTopics(
                                List.of(new NewTopic("lines", 2, (short) 1), new NewTopic("word-counts", 2, (short) 1)))
                        .all()
                        .get();
            }
            try (KafkaStreams streams = new KafkaStreams(wordCount(), settings(server));
                    KafkaProducer<String, String> producer = producer(server);
                    Counts counts = new Counts(server)) {
                streams.start();
                for (int part = 1; part <= PARTS; part++) {
                    produceLines(producer);
                    // The first half of a part is counted, the second is under way when the broker goes.
                    counts.await((part - 1) * LINES_PER_PART + LINES_PER_PART / 2);
                    broker.kill();
                    broker.close();
                    broker = BrokerProcess.start(dataFolder, "listeners=PLAINTEXT://" + server);
                }
                counts.await(PARTS * LINES_PER_PART);
                counts.assertEachExactlyOnce();
            }
        } finally {
            broker.close();
        }
    }

    private static Topology wordCount() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream("lines", Consumed.with(Serdes.String(), Serdes.String()))
                .flatMapValues(line -> List.of(line.split(" ")))
                .groupBy((key, word) -> word)
                .count(Materialized.as(Stores.inMemoryKeyValueStore("counts")))
                .toStream()
                .to("word-counts", Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    private Properties settings(String server) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "word-count");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, server);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder.toString());
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        // Every count is written out, none is skipped by a cache, so that the result shows each step.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        return settings;
    }

    private static KafkaProducer<String, String> producer(String server) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", server), new StringSerializer(), new StringSerializer());
    }

    private static void produceLines(KafkaProducer<String, String> producer) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int line = 0; line < LINES_PER_PART; line++) {
            sent.add(producer.send(new ProducerRecord<>("lines", String.valueOf(line), String.join(" ", WORDS))));
        }
        producer.flush();
        for (Future<RecordMetadata> record : sent) {
            record.get();
        }
    }

    /** What a read_committed consumer sees of the counts. */
    private static final class Counts implements AutoCloseable {
        private final KafkaConsumer<String, Long> consumer;
        private final Map<String, List<Long>> byWord = new TreeMap<>();

        Counts(String server) {
            consumer = new KafkaConsumer<>(
                    Map.of("bootstrap.servers", server, "isolation.level", "read_committed"),
                    new StringDeserializer(),
                    new LongDeserializer());
            // Without a group: a rebalance would have it read everything once more.
            List<TopicPartition> all =
                    List.of(new TopicPartition("word-counts", 0), new TopicPartition("word-counts", 1));
            consumer.assign(all);
            consumer.seekToBeginning(all);
        }

        void await(int count) throws Exception {
            Await.until(() -> "each word is counted to " + count + ": " + lastCounts(), () -> {
                for (ConsumerRecord<String, Long> record : consumer.poll(Duration.ofMillis(100))) {
                    byWord.computeIfAbsent(record.key(), word -> new ArrayList<>())
                            .add(record.value());
                }
                return byWord.size() == WORDS.size()
                        && byWord.values().stream().allMatch(counts -> counts.get(counts.size() - 1) >= count);
            });
        }

        private String lastCounts() {
            Map<String, Long> last = new TreeMap<>();
            byWord.forEach((word, counts) -> last.put(word, counts.get(counts.size() - 1)));
            return last.toString();
        }

        void assertEachExactlyOnce() {
            List<Long> expected = LongStream.rangeClosed(1, (long) PARTS * LINES_PER_PART)
                    .boxed()
                    .toList();
            byWord.forEach((word, counts) -> assertEquals(expected, counts, word));
        }

        @Override
        public void close() {
            consumer.close();
        }
    }
}
