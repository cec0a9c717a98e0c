package io.ottla.protocol.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes the Java sources of all messages. Arguments: the directory of the schemas, with one subdirectory for each
 * artifact they come from, and the directory of the sources. Files that have not changed are left alone, so that the
 * compiler need not run; files that are no longer generated are deleted.
 */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("Arguments: <schema directory> <source directory>");
        }
        write(sources(schemas(Path.of(args[0]))), Path.of(args[1]));
    }

    /** All messages that still have a version. */
    static List<Schema> schemas(Path directory) throws IOException {
        List<Schema> schemas = new ArrayList<>();
        for (Path artifact : list(directory)) {
            String family = Names.family(artifact.getFileName().toString());
            for (Path file : walk(artifact, ".json")) {
                Schema schema = SchemaReader.read(file, family);
                if (!schema.versions().isEmpty()) {
                    schemas.add(schema);
                }
            }
        }
        if (schemas.isEmpty()) {
            throw new SchemaException("No schemas in " + directory);
        }
        return schemas;
    }

    /** The sources by path. */
    static Map<String, String> sources(List<Schema> schemas) {
        Map<String, String> sources = new TreeMap<>();
        Map<String, List<Schema>> records = new LinkedHashMap<>();
        List<Schema> apis = new ArrayList<>();
        for (Schema schema : schemas) {
            try {
                put(sources, MessageGenerator.PACKAGE, schema.name(), MessageGenerator.generate(schema));
            } catch (SchemaException e) {
                throw new SchemaException(schema.name() + ": " + e.getMessage(), e);
            }
            switch (schema.kind()) {
                case REQUEST, RESPONSE -> apis.add(schema);
                case METADATA, COORDINATOR_KEY, COORDINATOR_VALUE ->
                    records.computeIfAbsent(schema.family(), family -> new ArrayList<>())
                            .add(schema);
                case HEADER, DATA -> {}
            }
        }
        if (!apis.isEmpty()) {
            put(sources, MessageGenerator.BASE_PACKAGE, "ApiKey", EnumGenerator.apiKeys(apis));
        }
        records.forEach((family, members) -> put(
                sources,
                MessageGenerator.PACKAGE,
                family + "RecordType",
                members.get(0).kind() == Schema.Kind.METADATA
                        ? EnumGenerator.metadataRecordTypes(family, members)
                        : EnumGenerator.coordinatorRecordTypes(family, members)));
        return sources;
    }

    private static void put(Map<String, String> sources, String packageName, String name, String source) {
        if (sources.put(packageName.replace('.', '/') + "/" + name + ".java", source) != null) {
            throw new SchemaException("Two classes are called " + name);
        }
    }

    static void write(Map<String, String> sources, Path directory) throws IOException {
        Files.createDirectories(directory);
        for (Path old : walk(directory, ".java")) {
            if (!sources.containsKey(directory.relativize(old).toString().replace('\\', '/'))) {
                Files.delete(old);
            }
        }
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = directory.resolve(source.getKey());
            if (!Files.exists(file) || !Files.readString(file).equals(source.getValue())) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, source.getValue());
            }
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isDirectory).sorted().toList();
        }
    }

    private static List<Path> walk(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }
}
