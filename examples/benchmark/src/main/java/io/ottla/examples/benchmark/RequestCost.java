package io.ottla.examples.benchmark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * The broker's CPU time per request of a member of a group at rest. Each connection has groups of one member each; it
 * sends one request per group in one go and reads the answers, again and again.
 */
final class RequestCost implements Measurement {
    private static final int CONNECTIONS = 8;
    private static final int GROUPS_PER_CONNECTION = 16;

    private final GroupRequest request;
    private final Duration load;
    private final Row row;

    RequestCost(GroupRequest request, Duration load) {
        this.request = request;
        this.load = load;
        this.row = Row.cost(request.title() + ", CPU per request", "us");
    }

    @Override
    public List<Row> rows() {
        return List.of(row);
    }

    @Override
    public Map<String, String> kafkaSettings() {
        return NO_REBALANCE_DELAY; // so that the groups are there at once
    }

    @Override
    public Map<Row, Double> measure(MeasuredBroker broker) throws Exception {
        String topic = "requests-" + UUID.randomUUID();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        List<Lane> lanes = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                lanes.add(new Lane(broker, topic));
            }
            drive(threads, lanes);
            long cpuNanos = broker.cpuNanos();
            long count = drive(threads, lanes);
            return Map.of(row, (broker.cpuNanos() - cpuNanos) / 1e3 / count);
        } finally {
            for (Lane lane : lanes) {
                lane.connection.close();
            }
            threads.shutdownNow();
        }
    }

    /** Runs all lanes side by side; returns how many requests were answered. */
    private long drive(ExecutorService threads, List<Lane> lanes) throws InterruptedException, ExecutionException {
        List<Future<Long>> counts = new ArrayList<>();
        for (Lane lane : lanes) {
            counts.add(threads.submit(() -> lane.drive(load)));
        }
        long sum = 0;
        for (Future<Long> count : counts) {
            sum += count.get();
        }
        return sum;
    }

    /** A connection with its requests, and the answer that each of them must get every time. */
    private final class Lane {
        private final RawConnection connection;
        private final byte[] requests;
        private final List<byte[]> answers = new ArrayList<>();

        Lane(MeasuredBroker broker, String topic) throws IOException, InterruptedException {
            connection = new RawConnection(broker.bootstrapServers());
            ByteArrayOutputStream frames = new ByteArrayOutputStream();
            for (int i = 0; i < GROUPS_PER_CONNECTION; i++) {
                byte[] frame = request.prepare(new GroupJoiner(connection, "group-" + UUID.randomUUID(), topic));
                connection.send(frame);
                byte[] answer = connection.receive();
                request.check(answer);
                frames.writeBytes(frame);
                answers.add(answer);
            }
            requests = frames.toByteArray();
        }

        long drive(Duration duration) throws IOException {
            long endNanos = System.nanoTime() + duration.toNanos();
            long count = 0;
            while (System.nanoTime() - endNanos < 0) {
                connection.send(requests);
                for (byte[] answer : answers) {
                    if (!Arrays.equals(answer, connection.receive())) {
                        throw new IllegalStateException("another answer than the first one to the same request");
                    }
                }
                count += answers.size();
            }
            return count;
        }
    }
}
