package io.ottla.broker.admin;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/**
 * A new Apache Kafka as a process, broker and controller 1, on localhost. It is there to compare with in the profile {@code kafka-answers}, which puts
 * its classes on the class path of the tests.
 */
public final class ApacheKafka implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 90;

    private final Path folder;
    private final Path log;
    private final int port;
    private Process process;

    private ApacheKafka(Path folder, int port) {
        this.folder = folder;
        this.port = port;
        log = folder.resolve("kafka.log");
    }

    public static boolean isOnClassPath() {
        return ApacheKafka.class.getClassLoader().getResource("kafka/tools/StorageTool.class") != null;
    }

    /** Formats a folder and starts a broker there; returns when it answers. */
    public static ApacheKafka start(Map<String, String> settings) throws Exception {
        ApacheKafka kafka = new ApacheKafka(Files.createTempDirectory("apache-kafka"), freePort());
        try {
            kafka.run(settings);
            return kafka;
        } catch (Throwable e) {
            kafka.close();
            throw e;
        }
    }

    private void run(Map<String, String> settings) throws Exception {
        int controllerPort = freePort();
        Map<String, String> properties = new TreeMap<>(Map.of(
                "process.roles",
                "broker,controller",
                "node.id",
                "1",
                "controller.quorum.bootstrap.servers",
                "localhost:" + controllerPort,
                "controller.listener.names",
                "CONTROLLER",
                "listeners",
                "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort,
                "log.dirs",
                folder.resolve("data").toString()));
        for (String topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            properties.put(topic + ".replication.factor", "1");
        }
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        properties.put("group.initial.rebalance.delay.ms", "0");
        properties.putAll(settings);
        Path file = Files.write(
                folder.resolve("server.properties"),
                properties.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList());
        String id = Uuid.randomUuid().toString();
        Process format = java("kafka.tools.StorageTool", "format", "--standalone", "-t", id, "-c", file.toString());
        if (format.waitFor() != 0) {
            throw new IOException("The folder was not formatted:\n" + Files.readString(log));
        }
        process = java("kafka.Kafka", file.toString());
        for (int waits = 0; !listens(); waits++) {
            if (!process.isAlive() || waits > PATIENCE_SECONDS * 20) {
                throw new IOException("Apache Kafka did not start:\n" + Files.readString(log));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
            admin.describeCluster().nodes().get();
        }
    }

    /** A port that must be known before its owner starts. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket("localhost", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private Process java(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx768m",
                "-XX:+UseSerialGC",
                "-Dlogback.configurationFile=io/ottla/broker/cli/tools-logback.xml",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(words));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    public int port() {
        return port;
    }

    public String bootstrapServers() {
        return "localhost:" + port;
    }

    @Override
    public void close() throws IOException {
        if (process != null) {
            process.destroyForcibly()
                    .onExit()
                    .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .join();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        }
    }
}
