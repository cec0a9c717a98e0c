package io.ottla.examples.benchmark;

import io.ottla.examples.benchmark.Figures.Column;
import io.ottla.examples.benchmark.Measurement.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/**
 * What many topics cost Ottla and Apache Kafka: to create them, one by one and many in a request, to stop and start with them, and memory and
 * open files. For Linux, and a JDK with {@code jcmd}.
 */
public final class ManyTopics {
    private static final int PARTITIONS = 5;
    private static final int PER_REQUEST = 100;

    private final Options options;
    private final int topics;
    private final Figures figures = new Figures();

    private ManyTopics(Options options) {
        this.options = options;
        this.topics = options.topics();
    }

    public static void main(String[] arguments) throws Exception {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n\n" + Options.USAGE);
            System.exit(1);
            return;
        }
        Path folder = options.folder().resolve("many-topics");
        Files.createDirectories(folder);
        Figures figures = new ManyTopics(options).run(folder);
        figures.write(folder);
        System.out.println("\n" + figures.markdown());
    }

    private Figures run(Path folder) throws Exception {
        for (int round = 0; round < options.rounds(); round++) {
            for (Column column : Column.values()) {
                try (BrokerProcess broker = start(column, folder)) {
                    add(
                            column,
                            topics + " topics of " + PARTITIONS + " partitions, one by one",
                            "s",
                            create(broker, 1));
                }
                try (BrokerProcess broker = start(column, folder)) {
                    add(column, "resident memory with no topic", "MB", broker.residentBytes() / 1e6);
                    add(column, "the topics, " + PER_REQUEST + " in a request", "s", create(broker, PER_REQUEST));
                    measure(column, broker);
                }
            }
        }
        return figures;
    }

    private BrokerProcess start(Column column, Path folder) throws Exception {
        System.out.println(column.title);
        return column == Column.KAFKA
                ? BrokerProcess.kafka(Map.of(), folder.resolve("kafka.log"))
                : BrokerProcess.ottla(options.ottlaJar(), folder.resolve("ottla.log"));
    }

    private void add(Column column, String what, String unit, double figure) {
        System.out.printf("  %s: %.1f %s%n", what, figure, unit);
        figures.add(column, Row.cost(what, unit), figure);
    }

    private void measure(Column column, BrokerProcess broker) throws Exception {
        addSize(column, broker, "with the topics");
        long startNanos = System.nanoTime();
        broker.stop();
        add(column, "clean stop", "s", secondsSince(startNanos));
        startNanos = System.nanoTime();
        broker.start();
        awaitLast(broker);
        add(column, "start, until the last partition answers", "s", secondsSince(startNanos));
        addSize(column, broker, "after that start");
    }

    private void addSize(Column column, BrokerProcess broker, String when) throws Exception {
        add(column, "resident memory " + when, "MB", broker.residentBytes() / 1e6);
        add(column, "live heap " + when, "MB", broker.liveHeapBytes() / 1e6);
        add(column, "open files " + when, "", broker.openFiles());
    }

    private static double secondsSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static Admin admin(BrokerProcess broker) {
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers(), "default.api.timeout.ms", 300_000));
    }

    /** Creates the topics; returns how many seconds it took until the last partition answered. */
    private double create(BrokerProcess broker, int perRequest) throws Exception {
        try (Admin admin = admin(broker)) {
            admin.describeCluster().nodes().get();
            long startNanos = System.nanoTime();
            for (int created = 0; created < topics; created += perRequest) {
                List<NewTopic> batch = new ArrayList<>();
                for (int i = created; i < Math.min(topics, created + perRequest); i++) {
                    batch.add(new NewTopic("topic-" + i, PARTITIONS, (short) 1));
                }
                admin.createTopics(batch).all().get();
            }
            awaitLast(broker);
            return secondsSince(startNanos);
        }
    }

    private void awaitLast(BrokerProcess broker) throws Exception {
        TopicPartition last = new TopicPartition("topic-" + (topics - 1), PARTITIONS - 1);
        try (Admin admin = admin(broker)) {
            while (true) {
                try {
                    admin.listOffsets(Map.of(last, OffsetSpec.latest())).all().get();
                    return;
                } catch (ExecutionException e) {
                    broker.ensureAlive();
                    Thread.sleep(10);
                }
            }
        }
    }
}
