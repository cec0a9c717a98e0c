package io.ottla.protocol.generator;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes the enums that number the messages. None of them loads a message class before it is asked for an instance. */
final class EnumGenerator {
    private final SourceWriter out = new SourceWriter();

    private EnumGenerator() {}

    /** The APIs of these requests and responses. */
    static String apiKeys(List<Schema> schemas) {
        return new EnumGenerator().apiKeyEnum(schemas);
    }

    /** The types of these metadata records. */
    static String metadataRecordTypes(String family, List<Schema> schemas) {
        return new EnumGenerator().metadataEnum(family, sorted(schemas));
    }

    /** The record types of these coordinator keys and values. */
    static String coordinatorRecordTypes(String family, List<Schema> schemas) {
        return new EnumGenerator().coordinatorEnum(family, schemas);
    }

    private static List<Schema> sorted(List<Schema> schemas) {
        return schemas.stream().sorted(Comparator.comparingInt(Schema::apiKey)).toList();
    }

    private static Map<Integer, Schema> byId(List<Schema> schemas, Schema.Kind kind) {
        Map<Integer, Schema> byId = new TreeMap<>();
        for (Schema schema : schemas) {
            if (schema.kind() == kind && byId.put(schema.apiKey(), schema) != null) {
                throw new SchemaException("Two messages have the id " + schema.apiKey());
            }
        }
        return byId;
    }

    private String apiKeyEnum(List<Schema> schemas) {
        Map<Integer, Schema> requests = byId(schemas, Schema.Kind.REQUEST);
        Map<Integer, Schema> responses = byId(schemas, Schema.Kind.RESPONSE);
        if (!requests.keySet().equals(responses.keySet())) {
            throw new SchemaException("Requests and responses do not match");
        }
        out.line("// Generated from the schemas of Apache Kafka.");
        out.line("package %s;", MessageGenerator.BASE_PACKAGE);
        out.line("");
        for (Map<Integer, Schema> all : List.of(requests, responses)) {
            all.values().forEach(one -> out.line("import %s.%s;", MessageGenerator.PACKAGE, one.name()));
        }
        out.line("");
        out.line("/** The APIs of the protocol that have at least one version. */");
        out.line("public enum ApiKey {");
        int left = requests.size();
        for (Schema request : requests.values()) {
            apiKeyConstant(request, responses.get(request.apiKey()), --left == 0 ? ";" : ",");
        }
        lookup("ApiKey", requests.keySet().stream().max(Integer::compare).orElse(-1));
        out.line("private final short id;");
        out.line("private final String schemaName;");
        out.line("private final short lowestVersion;");
        out.line("private final short highestVersion;");
        out.line("private final boolean latestVersionUnstable;");
        out.line("private final boolean servedByBroker;");
        out.line("private final int firstFlexibleRequestVersion;");
        out.line("private final int firstFlexibleResponseVersion;");
        out.line("");
        out.line("ApiKey(");
        out.line(
                "        int id, String schemaName, int lowestVersion, int highestVersion, boolean latestVersionUnstable,");
        out.line(
                "        boolean servedByBroker, int firstFlexibleRequestVersion, int firstFlexibleResponseVersion) {");
        for (String field : List.of("id", "lowestVersion", "highestVersion")) {
            out.line("this.%s = (short) %s;", field, field);
        }
        for (String field : List.of(
                "schemaName",
                "latestVersionUnstable",
                "servedByBroker",
                "firstFlexibleRequestVersion",
                "firstFlexibleResponseVersion")) {
            out.line("this.%s = %s;", field, field);
        }
        out.line("}");
        accessor("The number on the wire.", "short", "id");
        accessor("The name in the protocol's documentation.", "String", "schemaName");
        accessor("The lowest version of its messages.", "short", "lowestVersion");
        accessor("The highest version of its messages.", "short", "highestVersion");
        accessor("Whether the highest version may still change.", "boolean", "latestVersionUnstable");
        accessor("Whether brokers serve it, not only controllers.", "boolean", "servedByBroker");
        headerVersions();
        factory("/** A new request, all defaults. */", "ApiMessage newRequest()", requests);
        factory("/** A new response, all defaults. */", "ApiMessage newResponse()", responses);
        out.line("}");
        return out.toString();
    }

    private void apiKeyConstant(Schema request, Schema response, String end) {
        if (!request.versions().equals(response.versions())
                || !Names.api(request.name()).equals(Names.api(response.name()))) {
            throw new SchemaException(request.name() + " and " + response.name() + " do not match");
        }
        out.line(
                "%s(%d, \"%s\", %d, %d, %b, %b, %d, %d)%s",
                Names.apiConstant(request.name()),
                request.apiKey(),
                Names.api(request.name()),
                request.versions().lowest(),
                request.versions().highest(),
                request.latestVersionUnstable(),
                request.listeners().contains("broker"),
                firstFlexible(request),
                firstFlexible(response),
                end);
    }

    private static int firstFlexible(Schema schema) {
        return schema.flexibleVersions().isEmpty()
                ? Short.MAX_VALUE
                : schema.flexibleVersions().lowest();
    }

    private void headerVersions() {
        out.line("");
        out.line("/** The version of the request header in front of a request of this version. */");
        out.line("public short requestHeaderVersion(short version) {");
        out.line("return (short) (version >= firstFlexibleRequestVersion ? 2 : 1);");
        out.line("}");
        out.line("");
        out.line("/**");
        out.line(
                " * The version of the response header in front of a response of this version. That of ApiVersions is always 0:");
        out.line(" * a client has to read it before it knows which versions the broker has (KIP-511).");
        out.line(" */");
        out.line("public short responseHeaderVersion(short version) {");
        out.line("return (short) (this != API_VERSIONS && version >= firstFlexibleResponseVersion ? 1 : 0);");
        out.line("}");
    }

    private String metadataEnum(String family, List<Schema> schemas) {
        Map<Integer, Schema> byId = byId(schemas, Schema.Kind.METADATA);
        String name = family + "RecordType";
        openEnum(name, "io.ottla.protocol.MetadataRecord");
        int left = byId.size();
        for (Schema schema : byId.values()) {
            constant(Names.constant(schema.name()), schema, --left == 0 ? ";" : ",");
        }
        typeMembers(name, byId.keySet().stream().max(Integer::compare).orElse(-1), "version");
        factory("/** A new record, all defaults. */", "MetadataRecord newRecord()", byId);
        out.line("}");
        return out.toString();
    }

    private String coordinatorEnum(String family, List<Schema> schemas) {
        Map<Integer, Schema> keys = byId(schemas, Schema.Kind.COORDINATOR_KEY);
        Map<Integer, Schema> values = byId(schemas, Schema.Kind.COORDINATOR_VALUE);
        if (!keys.keySet().equals(values.keySet())) {
            throw new SchemaException("Keys and values do not match in " + family);
        }
        String name = family + "RecordType";
        openEnum(name, "io.ottla.protocol.CoordinatorKey", "io.ottla.protocol.Message");
        int left = keys.size();
        for (Schema key : keys.values()) {
            String constant = Names.constant(Names.without(key.name(), "Key"));
            constant(constant, values.get(key.apiKey()), --left == 0 ? ";" : ",");
        }
        typeMembers(name, keys.keySet().stream().max(Integer::compare).orElse(-1), "value version");
        factory("/** A new key, all defaults. */", "CoordinatorKey newKey()", keys);
        factory("/** A new value, all defaults. */", "Message newValue()", values);
        out.line("}");
        return out.toString();
    }

    private void openEnum(String name, String... imports) {
        out.line("// Generated from the schemas of Apache Kafka.");
        out.line("package %s;", MessageGenerator.PACKAGE);
        out.line("");
        for (String one : imports) {
            out.line("import %s;", one);
        }
        out.line("");
        out.line("/** The types of records in the log of this kind. */");
        out.line("public enum %s {", name);
    }

    private void constant(String constant, Schema schema, String end) {
        out.line(
                "%s(%d, %d, %d)%s",
                constant,
                schema.apiKey(),
                schema.versions().lowest(),
                schema.versions().highest(),
                end);
    }

    private void typeMembers(String name, int highestId, String version) {
        lookup(name, highestId);
        out.line("private final short id;");
        out.line("private final short lowestVersion;");
        out.line("private final short highestVersion;");
        out.line("");
        out.line("%s(int id, int lowestVersion, int highestVersion) {", name);
        for (String field : List.of("id", "lowestVersion", "highestVersion")) {
            out.line("this.%s = (short) %s;", field, field);
        }
        out.line("}");
        accessor("The number in the log.", "short", "id");
        accessor("The lowest " + version + " that can be read.", "short", "lowestVersion");
        accessor("The highest " + version + " that can be read.", "short", "highestVersion");
    }

    private void lookup(String name, int highestId) {
        out.line("");
        out.line("private static final %s[] BY_ID = new %s[%d];", name, name, highestId + 1);
        out.line("");
        out.line("static {");
        out.line("for (%s one : values()) {", name);
        out.line("BY_ID[one.id] = one;");
        out.line("}");
        out.line("}");
        out.line("");
        out.line("/** The constant of an id; null if there is none. */");
        out.line("public static %s forId(short id) {", name);
        out.line("return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;");
        out.line("}");
        out.line("");
    }

    private void accessor(String doc, String type, String name) {
        out.line("");
        out.line("/** %s */", doc);
        out.line("public %s %s() {", type, name);
        out.line("return %s;", name);
        out.line("}");
    }

    private void factory(String doc, String signature, Map<Integer, Schema> byId) {
        out.line("");
        out.line(doc);
        out.line("public %s {", signature);
        out.line("switch (id) {");
        byId.forEach((id, schema) -> out.line("case %d: return new %s();", id, schema.name()));
        out.line("default: throw new AssertionError(this);");
        out.line("}");
        out.line("}");
    }
}
