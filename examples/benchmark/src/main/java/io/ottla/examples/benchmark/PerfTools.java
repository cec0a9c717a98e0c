package io.ottla.examples.benchmark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * The tools that users know, {@code kafka-producer-perf-test}, {@code kafka-consumer-perf-test} and {@code kafka-e2e-latency} of Apache Kafka, each in a
 * process of its own and with its defaults. They take most of the machine themselves: what they say of rates is about both sides, what the
 * broker's CPU time says is about the broker alone.
 */
final class PerfTools implements Measurement {

    private static final int RECORD_SIZE_BYTES = 1_000;

    // Records for a second of load: some fewer than the slower broker takes in one on two processors.
    private static final long PRODUCED_PER_SECOND = 60_000;
    private static final long LATENCIES_PER_SECOND = 1_000;

    private static final Row PRODUCED = Row.rate("`kafka-producer-perf-test`, records of 1 KB", "MB per s");
    private static final Row PRODUCE_P99 = Row.cost("the same, 99th percentile of its latency", "ms");
    private static final Row PRODUCE_CPU = Row.cost("the same, the broker's CPU per GB", "s");
    private static final Row CONSUMED = Row.rate("`kafka-consumer-perf-test`, the same records", "MB per s");
    private static final Row CONSUME_CPU = Row.cost("the same, the broker's CPU per GB, with joining the group", "s");
    private static final Row LATENCY = Row.cost("`kafka-e2e-latency`, acks=all, the mean", "ms");
    private static final Row LATENCY_CPU = Row.cost("the same, the broker's CPU per record", "us");

    private static final Pattern PRODUCER_OUTPUT =
            Pattern.compile("records sent, .*\\(([\\d.]+) MB/sec\\).* (\\d+) ms 99th");
    private static final Pattern CONSUMER_OUTPUT =
            Pattern.compile("(?m)^[^,]+, [^,]+, [\\d.]+, [\\d.]+, (\\d+), [\\d.]+, \\d+, \\d+, ([\\d.]+), [\\d.]+");
    private static final Pattern LATENCY_OUTPUT = Pattern.compile("Avg latency: ([\\d.]+) ms");

    private final long produced;
    private final long latencies;

    PerfTools(Duration load) {
        this.produced = Math.max(1_000, load.toMillis() * PRODUCED_PER_SECOND / 1_000);
        this.latencies = Math.max(100, load.toMillis() * LATENCIES_PER_SECOND / 1_000);
    }

    @Override
    public List<Row> rows() {
        return List.of(PRODUCED, PRODUCE_P99, PRODUCE_CPU, CONSUMED, CONSUME_CPU, LATENCY, LATENCY_CPU);
    }

    @Override
    public Map<String, String> kafkaSettings() {
        return NO_REBALANCE_DELAY;
    }

    @Override
    public Map<Row, Double> measure(MeasuredBroker broker) throws Exception {
        String records = "records-" + UUID.randomUUID();
        String latency = "latency-" + UUID.randomUUID();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(records, 1, (short) 1), new NewTopic(latency, 1, (short) 1)))
                    .all()
                    .get();
        }
        double gigabytes = produced * RECORD_SIZE_BYTES / 1e9;
        produce(broker, records);
        long startNanos = broker.cpuNanos();
        Matcher sent = produce(broker, records);
        double produceSeconds = (broker.cpuNanos() - startNanos) / 1e9;

        consume(broker, records);
        startNanos = broker.cpuNanos();
        Matcher received = consume(broker, records);
        double consumeSeconds = (broker.cpuNanos() - startNanos) / 1e9;
        double receivedGigabytes = Long.parseLong(received.group(1)) * RECORD_SIZE_BYTES / 1e9;

        travel(broker, latency);
        startNanos = broker.cpuNanos();
        Matcher travelled = travel(broker, latency);
        double travelMicros = (broker.cpuNanos() - startNanos) / 1e3;
        return Map.of(
                PRODUCED, figure(sent, 1),
                PRODUCE_P99, figure(sent, 2),
                PRODUCE_CPU, produceSeconds / gigabytes,
                CONSUMED, figure(received, 2),
                CONSUME_CPU, consumeSeconds / receivedGigabytes,
                LATENCY, figure(travelled, 1),
                LATENCY_CPU, travelMicros / latencies);
    }

    private static double figure(Matcher output, int group) {
        return Double.parseDouble(output.group(group));
    }

    private Matcher produce(MeasuredBroker broker, String topic) throws Exception {
        return run(
                PRODUCER_OUTPUT,
                "ProducerPerformance --topic %s --bootstrap-server %s --num-records %d --record-size %d --throughput -1"
                        .formatted(topic, broker.bootstrapServers(), produced, RECORD_SIZE_BYTES));
    }

    private Matcher consume(MeasuredBroker broker, String topic) throws Exception {
        return run(
                CONSUMER_OUTPUT,
                "ConsumerPerformance --topic %s --bootstrap-server %s --num-records %d"
                        .formatted(topic, broker.bootstrapServers(), produced));
    }

    private Matcher travel(MeasuredBroker broker, String topic) throws Exception {
        return run(
                LATENCY_OUTPUT,
                "EndToEndLatency --topic %s --bootstrap-server %s --num-records %d --producer-acks all --record-size 100"
                        .formatted(topic, broker.bootstrapServers(), latencies));
    }

    /** Runs a tool, and finds its figures in the last place that looks like them. */
    private static Matcher run(Pattern figures, String toolAndArguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(("org.apache.kafka.tools." + toolAndArguments).split(" ")));
        Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output;
        try {
            output = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            tool.waitFor();
        } finally {
            tool.destroyForcibly();
        }
        Matcher found = figures.matcher(output);
        int last = -1;
        while (found.find()) {
            last = found.start();
        }
        if (last < 0) {
            throw new IOException(toolAndArguments + " printed no figures:\n" + output);
        }
        found.find(last);
        return found;
    }
}
