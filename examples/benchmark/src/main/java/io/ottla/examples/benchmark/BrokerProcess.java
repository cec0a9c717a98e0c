package io.ottla.examples.benchmark;

import java.io.BufferedReader;
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
    private final List<String> command;
    private final Path log;
    private final int port;
    private final Thread killer = new Thread(this::kill);
    private volatile Process process;

    private BrokerProcess(Path folder, List<String> command, Path log, int port) throws Exception {
        this.folder = folder;
        this.command = command;
        this.log = log;
        this.port = port;
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            start();
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

    /** Starts the process on the folder; returns when it answers. */
    void start() throws Exception {
        process = start(command, log);
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (!listens(port)) {
            ensureAlive();
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new IllegalStateException("the broker did not become ready; see " + log);
            }
            Thread.sleep(20);
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
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
        return "localhost:" + port;
    }

    @Override
    public long cpuNanos() {
        return process.info().totalCpuDuration().orElseThrow().toNanos();
    }

    /** @throws IllegalStateException if the process has ended */
    void ensureAlive() {
        if (!process.isAlive()) {
            throw new IllegalStateException("the broker has ended; see " + log);
        }
    }

    /** How much of the process is in memory. */
    long residentBytes() throws IOException {
        for (String line : Files.readAllLines(proc("status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("no VmRSS");
    }

    /** What a full collection leaves on the heap. */
    long liveHeapBytes() throws IOException, InterruptedException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process histogram = new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        String total = "";
        try (BufferedReader lines = histogram.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                total = line.startsWith("Total") ? line : total;
            }
        }
        histogram.waitFor();
        return Long.parseLong(total.replaceAll("^Total +\\d+ +(\\d+).*", "$1"));
    }

    int openFiles() throws IOException {
        try (Stream<Path> files = Files.list(proc("fd"))) {
            return (int) files.count();
        }
    }

    private Path proc(String name) {
        return Path.of("/proc", Long.toString(process.pid()), name);
    }

    /** Ends the process as an operator does. */
    void stop() {
        process.destroy();
        process.onExit()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .exceptionally(late -> process.destroyForcibly())
                .join();
        process.onExit().join();
    }

    private void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        if (process != null) {
            stop();
        }
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
