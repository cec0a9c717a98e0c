package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tools with three simulated brokers, two of which stop and start. The transcript beside this class is what they print against three
 * brokers of Apache Kafka, the first of which is the controller: {@code -Dapache.kafka.cluster=host:port} runs the test there, on
 * brokers without topics, and {@code -Dapache.kafka.control=program} is called with {@code stop} or {@code start} and the id of a broker.
 */
class ClusterToolsTest {

    private static final String CLUSTER = System.getProperty("apache.kafka.cluster");
    private static final String CONTROL = System.getProperty("apache.kafka.control");

    private static final Map<String, String> FILES = Map.of(
            "<topics.json>", "{\"topics\":[{\"topic\":\"orders\"}],\"version\":1}",
            "<move.json>",
                    "{\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[3,2]},"
                            + "{\"topic\":\"orders\",\"partition\":1,\"replicas\":[1,3,2]}]}",
            "<unknown.json>",
                    "{\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[4]}]}");

    @TempDir
    Path folder;

    @Test
    void shouldPrintWhatTheyPrintWithApacheKafka() throws Exception {
        if (CLUSTER == null) {
            try (EmbeddedBroker cluster = EmbeddedBroker.builder().brokers(3).start()) {
                play(cluster.broker(1).bootstrapServers(), (action, id) -> {
                    if (action.equals("stop")) {
                        cluster.broker(id).stop();
                    } else {
                        cluster.broker(id).start();
                    }
                });
            }
        } else {
            play(CLUSTER, (action, id) -> {
                int exitCode = new ProcessBuilder(CONTROL, action, Integer.toString(id))
                        .inheritIO()
                        .start()
                        .waitFor();
                assertEquals(0, exitCode);
            });
        }
    }

    @FunctionalInterface
    private interface Control {
        void act(String action, int brokerId) throws Exception;
    }

    private void play(String server, Control control) throws Exception {
        Set<Integer> stopped = new HashSet<>();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            String played = new Transcript(server, folder, FILES).play("cluster.txt", event -> {
                String[] words = event.split(" ", -1);
                if (words.length == 2) {
                    int id = Integer.parseInt(words[1]);
                    control.act(words[0], id);
                    if (words[0].equals("stop")) {
                        stopped.add(id);
                    } else {
                        stopped.remove(id);
                    }
                }
                while (!isSettled(admin, stopped)) {
                    TimeUnit.MILLISECONDS.sleep(200);
                }
            });
            assertEquals(Transcript.load("cluster.txt").strip(), played);
        }
    }

    /** Whether everybody knows who runs, and who should be in sync is; at once with simulated brokers. */
    private static boolean isSettled(Admin admin, Set<Integer> stopped) throws Exception {
        Set<Integer> running = admin.describeCluster().nodes().get(30, TimeUnit.SECONDS).stream()
                .map(Node::id)
                .collect(Collectors.toSet());
        if (running.size() != 3 - stopped.size()) {
            return false;
        }
        Set<String> topics = admin.listTopics().names().get(30, TimeUnit.SECONDS);
        for (TopicDescription topic : admin.describeTopics(topics)
                .allTopicNames()
                .get(30, TimeUnit.SECONDS)
                .values()) {
            for (TopicPartitionInfo partition : topic.partitions()) {
                boolean leaderless = partition.leader() == null;
                List<Integer> inSync = partition.isr().stream().map(Node::id).toList();
                for (Node replica : partition.replicas()) {
                    boolean runs = running.contains(replica.id());
                    if (inSync.contains(replica.id()) ? !runs : runs && !leaderless) {
                        return false;
                    }
                }
            }
        }
        return admin.listPartitionReassignments()
                .reassignments()
                .get(30, TimeUnit.SECONDS)
                .isEmpty();
    }
}
