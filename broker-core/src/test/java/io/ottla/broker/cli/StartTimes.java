package io.ottla.broker.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Measures how long a broker takes from the start of its process until it answers for the last partition, and from SIGTERM until
 * the process has ended: with an empty folder, with many partitions, and with one large partition; after a clean stop and after
 * kill -9. Prints a table.
 *
 * <p>Arguments: how many partitions, how many gigabytes, and the command for the shell that starts a broker in the foreground,
 * with the port in the variable PORT and the folder in DATA. It should note every five seconds up to where its logs are flushed.
 */
final class StartTimes {
    private static final int ROUNDS = 3;
    private static final int RECORD_SIZE_BYTES = 100_000;
    private static final int CHECKPOINT_INTERVAL_MS = 5_000;

    private final List<String> command;
    private final Path root = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "start-times");
    private final int port = freePort();
    private final String server = "localhost:" + port;
    private int folders;
    private Path data;
    private Process process;

    private StartTimes(List<String> command) throws IOException {
        this.command = command;
    }

    public static void main(String[] arguments) throws Exception {
        int partitions = Integer.parseInt(arguments[0]);
        int gigabytes = Integer.parseInt(arguments[1]);
        StartTimes times = new StartTimes(List.of("bash", "-c", arguments[2]));
        try {
            times.measureEmpty();
            times.measurePartitions(partitions);
            times.measureBytes(gigabytes);
        } finally {
            if (times.process != null) {
                times.kill();
            }
            delete(times.root);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            return socket.getLocalPort();
        }
    }

    private void newFolder() {
        data = root.resolve("data-" + folders++);
    }

    private void measureEmpty() throws Exception {
        newFolder();
        start(null, 0);
        stop();
        long[] startMs = new long[ROUNDS];
        long[] stopMs = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            startMs[i] = start(null, 0);
            stopMs[i] = stop();
        }
        print("no topics, after a clean stop", startMs, stopMs);
        delete(data);
    }

    private void measurePartitions(int partitions) throws Exception {
        newFolder();
        start(null, 0);
        createTopic("many", partitions);
        writeToEach("many", partitions);
        stop();
        long[] startMs = new long[ROUNDS];
        long[] stopMs = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            startMs[i] = start("many", partitions - 1);
            stopMs[i] = stop();
        }
        print(partitions + " partitions, after a clean stop", startMs, stopMs);
        for (int i = 0; i < ROUNDS; i++) {
            start("many", partitions - 1);
            writeToEach("many", partitions);
            kill();
            startMs[i] = start("many", partitions - 1);
            writeToEach("many", partitions);
            stopMs[i] = stop();
        }
        print(
                partitions + " partitions, all written to, after kill -9; all written to before the stop",
                startMs,
                stopMs);
        delete(data);
    }

    private void measureBytes(int gigabytes) throws Exception {
        newFolder();
        start(null, 0);
        createTopic("large", 1);
        write("large", gigabytes * 1_000_000_000L / RECORD_SIZE_BYTES);
        // Two rounds of checkpoints: what was flushed in the first is in the file after the second.
        TimeUnit.MILLISECONDS.sleep(CHECKPOINT_INTERVAL_MS * 3L);
        long[] startMs = new long[ROUNDS];
        long[] stopMs = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            write("large", 10);
            kill();
            startMs[i] = start("large", 0);
        }
        for (int i = 0; i < ROUNDS; i++) {
            write("large", 10);
            stopMs[i] = stop();
            start("large", 0);
        }
        print("one partition of " + gigabytes + " GB, after kill -9", startMs, stopMs);
        for (int i = 0; i < ROUNDS; i++) {
            stopMs[i] = stop();
            startMs[i] = start("large", 0);
        }
        print("one partition of " + gigabytes + " GB, after a clean stop", startMs, stopMs);
        kill();
        delete(data);
    }

    /** Starts the broker and returns after how many milliseconds it answered. */
    private long start(String topic, int partition) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        root.resolve("broker.log").toFile()));
        builder.environment().putAll(Map.of("PORT", Integer.toString(port), "DATA", data.toString()));
        long startNanos = System.nanoTime();
        process = builder.start();
        try (Admin admin = admin()) {
            while (true) {
                try {
                    if (topic == null) {
                        admin.describeCluster().clusterId().get();
                    } else {
                        TopicPartition last = new TopicPartition(topic, partition);
                        admin.listOffsets(Map.of(last, OffsetSpec.latest()))
                                .all()
                                .get();
                    }
                    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
                } catch (ExecutionException e) {
                    if (!process.isAlive()) {
                        throw new IOException(
                                "the broker has ended: " + Files.readString(root.resolve("broker.log")), e);
                    }
                }
            }
        }
    }

    private long stop() throws Exception {
        long startNanos = System.nanoTime();
        process.destroy();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            throw new IOException("the broker does not stop");
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }

    private void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    private Admin admin() {
        return Admin.create(Map.of(
                "bootstrap.servers",
                server,
                "reconnect.backoff.ms",
                5,
                "reconnect.backoff.max.ms",
                5,
                "retry.backoff.ms",
                5,
                "retry.backoff.max.ms",
                5,
                "default.api.timeout.ms",
                300_000));
    }

    private void createTopic(String name, int partitions) throws Exception {
        try (Admin admin = admin()) {
            admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1)))
                    .all()
                    .get();
        }
    }

    private KafkaProducer<byte[], byte[]> producer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", server, "batch.size", 900_000, "buffer.memory", 64L << 20),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private void writeToEach(String topic, int partitions) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            for (int i = 0; i < partitions; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, i, null, new byte[100])));
            }
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    private void write(String topic, long records) throws Exception {
        byte[] value = new byte[RECORD_SIZE_BYTES];
        Arrays.fill(value, (byte) 'x');
        Future<RecordMetadata> last = null;
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            for (long i = 0; i < records; i++) {
                last = producer.send(new ProducerRecord<>(topic, 0, null, value));
            }
        }
        if (last != null) {
            last.get();
        }
    }

    private static void print(String what, long[] startMs, long[] stopMs) {
        System.out.println("| " + what + " | " + median(startMs) + " ms | " + median(stopMs) + " ms | "
                + Arrays.toString(startMs) + " " + Arrays.toString(stopMs) + " |");
    }

    private static long median(long[] values) {
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static void delete(Path folder) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(folder)) {
            walk.sorted(Comparator.reverseOrder()).forEach(paths::add);
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }
}
