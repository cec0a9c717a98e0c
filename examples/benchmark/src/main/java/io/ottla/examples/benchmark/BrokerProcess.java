package io.ottla.examples.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/** A broker as a process of its own, on a data folder that lasts as long as it. */
final class BrokerProcess implements MeasuredBroker, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path folder;
    private final Process process;
    private final Thread killer;
    private final String bootstrapServers;

    private BrokerProcess(Path folder, List<String> command, Path log, int port) throws Exception {
        this.folder = folder;
        bootstrapServers = "localhost:" + port;
        process = start(command, log);
        killer = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            awaitReady(port, log);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Ottla as its README starts it. */
    static BrokerProcess ottla(Path jar, Path log) throws Exception {
        Path folder = Files.createTempDirectory("benchmark-ottla");
        int port = freePort();
        List<String> command = List.of(
                java(),
                "-jar",
                jar.toString(),
                "--override",
                "listeners=PLAINTEXT://localhost:" + port,
                "--override",
                "log.dirs=" + folder.resolve("data"));
        return new BrokerProcess(folder, command, log, port);
    }

    /** One node of Apache Kafka, broker and controller, with the JVM options of its own start script. */
    static BrokerProcess kafka(Map<String, String> settings, Path log) throws Exception {
        Path folder = Files.createTempDirectory("benchmark-kafka");
        int port = freePort();
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
        properties.putAll(settings);
        Path file = Files.write(
                folder.resolve("server.properties"),
                properties.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList());

        String clusterId = Uuid.randomUuid().toString();
        List<String> format = kafkaCommand(
                "-Xmx256m",
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                "-t",
                clusterId,
                "-c",
                file.toString());
        if (start(format, log).waitFor() != 0) {
            throw new IllegalStateException("Apache Kafka's data folder was not formatted; see " + log);
        }
        List<String> command = kafkaCommand(
                "-Xms1G",
                "-Xmx1G",
                "-server",
                "-XX:+UseG1GC",
                "-XX:MaxGCPauseMillis=20",
                "-XX:InitiatingHeapOccupancyPercent=35",
                "-XX:+ExplicitGCInvokesConcurrent",
                "-Djava.awt.headless=true",
                "kafka.Kafka",
                file.toString());
        return new BrokerProcess(folder, command, log, port);
    }

    /** Apache Kafka's classes are on the class path of the benchmark itself. */
    private static List<String> kafkaCommand(String... words) {
        List<String> command = new ArrayList<>(List.of(java(), "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(words));
        return command;
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static Process start(List<String> command, Path log) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void awaitReady(int port, Path log) throws Exception {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (!listens(port)) {
            if (!process.isAlive() || System.nanoTime() - deadlineNanos > 0) {
                throw new IllegalStateException("the broker did not become ready; see " + log);
            }
            Thread.sleep(20);
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.describeCluster().nodes().get();
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket("localhost", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String bootstrapServers() {
        return bootstrapServers;
    }

    @Override
    public long cpuNanos() {
        return process.info().totalCpuDuration().orElseThrow().toNanos();
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        process.onExit()
                .orTimeout(20, TimeUnit.SECONDS)
                .exceptionally(late -> process.destroyForcibly())
                .join();
        process.onExit().join();
        Runtime.getRuntime().removeShutdownHook(killer);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).collect(Collectors.toList())) {
                Files.delete(file);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
