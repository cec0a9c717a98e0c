package io.ottla.examples.benchmark;

import io.ottla.examples.benchmark.Figures.Column;
import io.ottla.examples.benchmark.Measurement.NotServedException;
import io.ottla.examples.benchmark.Measurement.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Starts Ottla and Apache Kafka one after the other, measures both, and prints and writes a table. */
public final class Benchmark {
    /** They take so much less time than groups. */
    private static final int TOPICS_PER_GROUP = 10;

    private final Options options;
    private final Figures figures = new Figures();

    private Benchmark(Options options) {
        this.options = options;
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
        Files.createDirectories(options.folder());
        Figures figures = new Benchmark(options).run();
        figures.write(options.folder());
        System.out.println("\n" + figures.markdown());
    }

    /** What there is to measure, in the order of the table. */
    static List<Measurement> measurements(Options options) {
        return List.of(
                FirstRecordTime.classic(options.groups()),
                FirstRecordTime.classicWithoutDelay(options.groups()),
                FirstRecordTime.consumer(options.groups()),
                new RequestCost(GroupRequest.HEARTBEAT, options.load()),
                new RequestCost(GroupRequest.CONSUMER_GROUP_HEARTBEAT, options.load()),
                new RequestCost(GroupRequest.OFFSET_COMMIT, options.load()),
                new TransactionRate(options.load()),
                new NewTopicTime(options.groups() * TOPICS_PER_GROUP),
                new PerfTools(options.load()));
    }

    private Figures run() throws Exception {
        // Measurements that agree on Apache Kafka's settings share its process.
        Map<Map<String, String>, List<Measurement>> bySettings = measurements(options).stream()
                .filter(this::isWanted)
                .collect(Collectors.groupingBy(
                        Measurement::kafkaSettings, LinkedHashMap::new, Collectors.toUnmodifiableList()));
        Path kafkaLog = options.folder().resolve("kafka.log");
        Path ottlaLog = options.folder().resolve("ottla.log");
        Files.deleteIfExists(kafkaLog);
        Files.deleteIfExists(ottlaLog);
        for (int round = 0; round < options.rounds(); round++) {
            for (Map.Entry<Map<String, String>, List<Measurement>> entry : bySettings.entrySet()) {
                try (BrokerProcess kafka = BrokerProcess.kafka(entry.getKey(), kafkaLog)) {
                    measure(Column.KAFKA, kafka, entry.getValue());
                }
                try (BrokerProcess ottla = BrokerProcess.ottla(options.ottlaJar(), ottlaLog)) {
                    measure(Column.OTTLA, ottla, entry.getValue());
                }
            }
        }
        return figures;
    }

    private boolean isWanted(Measurement measurement) {
        return measurement.rows().stream()
                .anyMatch(row -> options.only().matcher(row.what()).find());
    }

    private void measure(Column column, MeasuredBroker broker, List<Measurement> measurements) throws Exception {
        for (Measurement measurement : measurements) {
            System.out.println(column.title + ": " + measurement.rows().get(0).what());
            try {
                Map<Row, Double> measured = measurement.measure(broker);
                measurement.rows().forEach(row -> figures.add(column, row, measured.get(row)));
            } catch (NotServedException e) {
                System.out.println("  not served: " + e.getCause());
                figures.notServed(column, measurement.rows());
            }
        }
    }
}
