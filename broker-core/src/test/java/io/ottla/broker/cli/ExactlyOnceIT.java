package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The exactly-once copy of Apache Kafka's system tests, with its own program: transactions that read from one topic and write to
 * another, some of them aborted, while the broker is killed again and again.
 *
 * <p>{@code exactly-once.messages} and {@code exactly-once.kills} make it longer; {@code exactly-once.seed} repeats a run.
 */
class ExactlyOnceIT {
    private static final int MESSAGE_COUNT = Integer.getInteger("exactly-once.messages", 6_000);
    private static final int KILL_COUNT = Integer.getInteger("exactly-once.kills", 3);
    private static final long SEED = Long.getLong("exactly-once.seed", System.nanoTime());
    private static final int PARTITION_COUNT = 4;
    private static final int COPIER_COUNT = 2;
    private static final Pattern PROCESSED = Pattern.compile("\"totalProcessed\":(\\d+)");

    @TempDir
    Path dataFolder;

    private final List<RunningProcess> copiers = new ArrayList<>();
    private BrokerProcess broker;
    private String server;

    @BeforeEach
    void start() throws Exception {
        broker = BrokerProcess.start(dataFolder);
        server = broker.bootstrapServers();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            admin.createTopics(List.of(
                            new NewTopic("input", PARTITION_COUNT, (short) 1),
                            new NewTopic("output", PARTITION_COUNT, (short) 1)))
                    .all()
                    .get();
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (RunningProcess copier : copiers) {
            copier.close();
        }
        broker.close();
    }

    @Test
    void shouldCopyEveryMessageExactlyOnceThoughItIsKilled() throws Exception {
        fillInput();
        for (int i = 0; i < COPIER_COUNT; i++) {
            copiers.add(Tool.TRANSACTIONAL_MESSAGE_COPIER.start("--broker-list " + server
                    + " --input-topic input --input-partition -1 --output-topic output --consumer-group copiers"
                    + " --transactional-id copier-" + i
                    + " --transaction-size 50 --transaction-timeout 30000"
                    + " --enable-random-aborts --group-mode --use-group-metadata"));
        }
        Random random = new Random(SEED);
        for (int kill = 1; kill <= KILL_COUNT; kill++) {
            // Somewhere in the kill's own share of the work: between any two steps of a transaction.
            int share = MESSAGE_COUNT / (KILL_COUNT + 1);
            awaitProcessed((kill - 1) * share + random.nextInt(share));
            broker.kill();
            broker.close();
            broker = BrokerProcess.start(dataFolder, "listeners=PLAINTEXT://" + server);
        }
        for (RunningProcess copier : copiers) {
            copier.await("everything is copied", () -> copier.stdout().contains("ShutdownComplete"));
            assertEquals(0, copier.exitCode(), copier::toString);
        }
        for (int partition = 0; partition < PARTITION_COUNT; partition++) {
            assertEquals(
                    IntStream.range(0, MESSAGE_COUNT / PARTITION_COUNT)
                            .mapToObj(String::valueOf)
                            .toList(),
                    committed(partition),
                    "partition " + partition + " of seed " + SEED);
        }
    }

    private void fillInput() throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", server), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < MESSAGE_COUNT; i++) {
                sent.add(producer.send(new ProducerRecord<>(
                        "input", i % PARTITION_COUNT, "key", String.valueOf(i / PARTITION_COUNT))));
            }
            for (Future<RecordMetadata> record : sent) {
                record.get();
            }
        }
    }

    private void awaitProcessed(int messageCount) throws Exception {
        Await.until(
                () -> messageCount + " messages are processed by " + copiers + " with seed " + SEED,
                () -> copiers.stream().mapToLong(ExactlyOnceIT::processed).sum() >= messageCount
                        || copiers.stream().allMatch(copier -> copier.stdout().contains("ShutdownComplete")));
    }

    private static long processed(RunningProcess copier) {
        Matcher matcher = PROCESSED.matcher(copier.stdout());
        long last = 0;
        while (matcher.find()) {
            last = Long.parseLong(matcher.group(1));
        }
        return last;
    }

    /** The values that a read_committed consumer sees, in their order; all of it, as nothing is undecided any more. */
    private List<String> committed(int partition) {
        TopicPartition output = new TopicPartition("output", partition);
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", server, "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(List.of(output));
            consumer.seekToBeginning(List.of(output));
            long endOffset = consumer.endOffsets(List.of(output)).get(output);
            int emptyPolls = 0;
            while (consumer.position(output) < endOffset) {
                List<ConsumerRecord<String, String>> records =
                        consumer.poll(Duration.ofSeconds(5)).records(output);
                emptyPolls = records.isEmpty() ? emptyPolls + 1 : 0;
                assertTrue(emptyPolls < 3, () -> "stuck at " + consumer.position(output) + " of " + endOffset);
                records.forEach(record -> values.add(record.value()));
            }
        }
        return values;
    }
}
