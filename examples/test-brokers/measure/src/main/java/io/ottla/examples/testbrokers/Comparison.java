package io.ottla.examples.testbrokers;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Brokers for tests side by side: starts JVMs, each with the class path of one broker, in turn, so that what else the machine does meets them all, and
 * writes the tables of the medians.
 */
public final class Comparison {

    private static final List<String> MODULES = List.of("ottla", "spring-kafka-test", "kafka-cluster-test-kit");

    private final Path root;
    private final Path out;
    private final int tests;
    private final int snapshotSizeMb;
    private final Table table = new Table();
    private final Map<String, Jars> jars = new LinkedHashMap<>();

    private Comparison(Path root, Path out, int tests, int snapshotSizeMb) {
        this.root = root;
        this.out = out;
        this.tests = tests;
        this.snapshotSizeMb = snapshotSizeMb;
    }

    /**
     * Compares.
     *
     * @param args the folder with the modules, built; the folder to write to; how many JVMs for each broker, how many tests in each JVM after the
     *     first two, and how many MB the snapshots are of
     */
    public static void main(String[] args) throws Exception {
        Comparison comparison = new Comparison(
                Path.of(args[0]).toRealPath(),
                Files.createDirectories(Path.of(args[1])),
                Integer.parseInt(args[3]),
                Integer.parseInt(args[4]));
        int jvms = Integer.parseInt(args[2]);
        for (int i = 0; i < jvms; i++) {
            for (String module : MODULES) {
                System.err.printf("JVM %d of %d with %s%n", i + 1, jvms, module);
                comparison.measure(module);
            }
        }
        comparison.write();
    }

    private Path target(String module) {
        return root.resolve(module).resolve("target");
    }

    private void measure(String module) throws Exception {
        Path target = target(module);
        Path temporary = Files.createTempDirectory("test-brokers");
        String classPath =
                target.resolve("classes") + File.pathSeparator + Files.readString(target.resolve("classpath"));
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        classPath,
                        Measure.class.getName(),
                        Integer.toString(tests),
                        Integer.toString(snapshotSizeMb))
                .redirectError(out.resolve(module + ".log").toFile())
                .start();
        try {
            readFigures(module, jvm.inputReader().lines().toList());
            if (jvm.waitFor() != 0) {
                throw new IllegalStateException(module + " failed: see " + out.resolve(module + ".log"));
            }
        } finally {
            jvm.destroyForcibly();
            delete(temporary);
        }
    }

    private void readFigures(String module, List<String> lines) throws IOException {
        String name = module;
        for (String line : lines) {
            String[] cells = line.split("\t", 2);
            if (cells[0].equals("name")) {
                name = cells[1];
                table.addColumn(name);
                jars.put(name, Jars.read(target(module).resolve("jars")));
            } else {
                table.add(name, Row.valueOf(cells[0]), Double.parseDouble(cells[1]));
            }
        }
    }

    private void write() throws IOException {
        List<String> lines = new ArrayList<>(table.lines(snapshotSizeMb));
        jars.put("Apache Kafka's kafka_2.13", Jars.read(target("apache-kafka").resolve("jars")));
        List<String> sizes = new ArrayList<>();
        List<String> sizesBesideClient = new ArrayList<>();
        for (Map.Entry<String, Jars> entry : jars.entrySet()) {
            sizes.add(entry.getValue().size());
            sizesBesideClient.add(entry.getValue().besideClient().size());
            String file = entry.getKey().replaceAll("[ '].*", "") + ".jars";
            Files.write(out.resolve(file), entry.getValue().lines());
        }
        lines.add("");
        lines.add(Table.line("", jars.keySet().stream()));
        lines.add("| --- |" + " ---: |".repeat(jars.size()));
        lines.add(Table.line("what it brings onto the class path", sizes.stream()));
        lines.add(Table.line("of it, beside kafka-clients and what that needs", sizesBesideClient.stream()));
        Files.write(out.resolve("results.md"), lines);
        lines.forEach(System.out::println);
    }

    /** What brokers leave behind. */
    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
