package io.ottla.examples.testbrokers;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Jars on a class path, as Maven wrote them down. */
record Jars(List<Path> paths) {

    /** What a test of an application that uses Kafka has anyway: the client, and what the client needs. */
    private static final Set<String> CLIENT =
            Set.of("kafka-clients", "zstd-jni", "lz4-java", "snappy-java", "slf4j-api");

    static Jars read(Path file) throws IOException {
        return new Jars(Arrays.stream(Files.readString(file).strip().split(File.pathSeparator))
                .map(Path::of)
                .toList());
    }

    /** Without those of the client, whatever their versions. */
    Jars besideClient() {
        // In a Maven repository the folder above that of the version has the name; jars with a classifier are extra
        // ones.
        return new Jars(paths.stream()
                .filter(path ->
                        !CLIENT.contains(artifact(path)) || path.toString().endsWith("-test.jar"))
                .toList());
    }

    private static String artifact(Path jar) {
        return jar.getParent().getParent().getFileName().toString();
    }

    String size() throws IOException {
        long sizeBytes = 0;
        for (Path path : paths) {
            sizeBytes += Files.size(path);
        }
        return "%.1f MB in %d jars".formatted(sizeBytes / 1e6, paths.size());
    }

    /** One line for each, the large ones first. */
    List<String> lines() {
        return paths.stream()
                .sorted(Comparator.comparing((Path path) -> path.toFile().length())
                        .reversed())
                .map(path -> "%.2f MB  %s".formatted(path.toFile().length() / 1e6, path.getFileName()))
                .collect(Collectors.toList());
    }
}
