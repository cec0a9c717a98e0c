package io.ottla.protocol.generator;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Writes the class of one schema. */
final class MessageGenerator {
    static final String BASE_PACKAGE = "io.ottla.protocol";
    static final String PACKAGE = BASE_PACKAGE + ".message";

    private static final List<String> IMPORTS = List.of(
            BASE_PACKAGE + ".ApiKey",
            BASE_PACKAGE + ".ApiMessage",
            BASE_PACKAGE + ".CoordinatorKey",
            BASE_PACKAGE + ".Message",
            BASE_PACKAGE + ".MetadataRecord",
            BASE_PACKAGE + ".ProtocolReader",
            BASE_PACKAGE + ".ProtocolWriter",
            BASE_PACKAGE + ".RawTaggedField",
            BASE_PACKAGE + ".Records",
            BASE_PACKAGE + ".ThrottledResponse",
            BASE_PACKAGE + ".UnsupportedVersionException",
            BASE_PACKAGE + ".Uuid",
            "java.nio.ByteBuffer",
            "java.util.ArrayList",
            "java.util.Arrays",
            "java.util.List",
            "java.util.Objects");

    private final Schema schema;
    private final SourceWriter out = new SourceWriter();

    private MessageGenerator(Schema schema) {
        this.schema = schema;
    }

    static String generate(Schema schema) {
        return new MessageGenerator(schema).generate();
    }

    private String generate() {
        Set<String> structs = schema.structs().keySet();
        for (String name : IMPORTS) {
            if (structs.contains(simpleName(name))) {
                throw new SchemaException("The struct " + simpleName(name) + " would hide a class");
            }
        }
        if (structs.contains(schema.name())) {
            throw new SchemaException("The struct " + schema.name() + " is called as its message");
        }
        out.line(
                "/** %s, versions %d to %d. */",
                schema.name(), schema.versions().lowest(), schema.versions().highest());
        out.line("public final class %s implements %s {", schema.name(), implemented());
        out.line("/** The lowest version. */");
        out.line(
                "public static final short LOWEST_SUPPORTED_VERSION = %d;",
                schema.versions().lowest());
        out.line("");
        out.line("/** The highest version. */");
        out.line(
                "public static final short HIGHEST_SUPPORTED_VERSION = %d;",
                schema.versions().highest());
        out.line("");
        identity();
        method("short", "lowestSupportedVersion", "LOWEST_SUPPORTED_VERSION");
        method("short", "highestSupportedVersion", "HIGHEST_SUPPORTED_VERSION");
        new StructGenerator(schema, schema.message(), out).members();
        for (Struct struct : schema.structs().values()) {
            out.line("");
            out.line("/** A part of {@link %s}. */", schema.name());
            out.line("public static final class %s {", struct.name());
            new StructGenerator(schema, struct, out).members();
            out.line("}");
        }
        out.line("}");
        return header() + out;
    }

    private String implemented() {
        return switch (schema.kind()) {
            case REQUEST -> "ApiMessage";
            case RESPONSE -> hasThrottleTime() ? "ThrottledResponse" : "ApiMessage";
            case METADATA -> "MetadataRecord";
            case COORDINATOR_KEY -> "CoordinatorKey";
            case HEADER, DATA, COORDINATOR_VALUE -> "Message";
        };
    }

    private boolean hasThrottleTime() {
        return schema.message().fields().stream().anyMatch(field -> field.name().equals("ThrottleTimeMs"));
    }

    private void identity() {
        switch (schema.kind()) {
            case REQUEST, RESPONSE -> method("ApiKey", "apiKey", "ApiKey." + Names.apiConstant(schema.name()));
            case METADATA -> {
                String type = schema.family() + "RecordType";
                method(type, "type", type + "." + Names.constant(schema.name()));
            }
            case COORDINATOR_KEY -> method("short", "recordType", String.valueOf(schema.apiKey()));
            default -> {}
        }
    }

    private void method(String type, String name, String value) {
        if (schema.message().fields().stream()
                .anyMatch(field -> field.javaName().equals(name))) {
            throw new SchemaException("The field " + name + " would hide a method of the message");
        }
        out.line("@Override");
        out.line("public %s %s() {", type, name);
        out.line("return %s;", value);
        out.line("}");
        out.line("");
    }

    private String header() {
        String body = out.toString().replaceAll("(?m)^ *(/\\*\\*|\\*).*$", "");
        StringBuilder header = new StringBuilder("// Generated from " + schema.name() + ".json of Apache Kafka.\n");
        header.append("package ").append(PACKAGE).append(";\n\n");
        for (String name : IMPORTS) {
            if (Pattern.compile("\\b" + simpleName(name) + "\\b").matcher(body).find()) {
                header.append("import ").append(name).append(";\n");
            }
        }
        return header.append('\n').toString();
    }

    private static String simpleName(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
