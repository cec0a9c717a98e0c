package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/** Apache Kafka as a process: one node, broker and controller. Its jars are on the class path in some profiles only. */
final class KafkaProcess extends RunningProcess {
    private static final List<String> JVM = List.of(
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-Dlogback.configurationFile=io/ottla/broker/cli/tools-logback.xml",
            "-cp",
            System.getProperty("java.class.path"));

    private KafkaProcess(List<String> arguments) throws IOException {
        super(JVM, arguments);
    }

    /**
     * Starts Apache Kafka and waits until it answers. A folder without {@code meta.properties} is formatted first. The settings, of
     * the form {@code key=value}, are written to a file beside the folder.
     */
    static KafkaProcess start(Path dataFolder, int port, int controllerPort, String... settings) throws Exception {
        Path file = writeProperties(dataFolder, port, controllerPort, List.of(settings));
        if (!Files.exists(dataFolder.resolve("meta.properties"))) {
            format(file);
        }
        KafkaProcess broker = new KafkaProcess(List.of("kafka.Kafka", file.toString()));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", "localhost:" + port))) {
            broker.await("Apache Kafka answers", () -> answers(admin));
        } catch (Throwable e) {
            broker.close();
            throw e;
        }
        return broker;
    }

    private static Path writeProperties(Path dataFolder, int port, int controllerPort, List<String> settings)
            throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "process.roles=broker,controller",
                "node.id=1",
                "controller.quorum.bootstrap.servers=localhost:" + controllerPort,
                "controller.listener.names=CONTROLLER",
                "listeners=PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort,
                "log.dirs=" + dataFolder,
                "offsets.topic.replication.factor=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "share.coordinator.state.topic.replication.factor=1",
                "share.coordinator.state.topic.min.isr=1"));
        lines.addAll(settings);
        return Files.write(dataFolder.resolveSibling(dataFolder.getFileName() + ".properties"), lines);
    }

    private static void format(Path file) throws Exception {
        String clusterId = Uuid.randomUuid().toString();
        try (KafkaProcess format = new KafkaProcess(
                List.of("kafka.tools.StorageTool", "format", "--standalone", "-t", clusterId, "-c", file.toString()))) {
            assertEquals(0, format.exitCode(), format::toString);
        }
    }

    private static boolean answers(Admin admin) throws InterruptedException {
        try {
            return !admin.describeCluster().nodes().get().isEmpty();
        } catch (ExecutionException e) {
            return false;
        }
    }
}
