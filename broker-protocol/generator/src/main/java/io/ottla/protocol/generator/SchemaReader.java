package io.ottla.protocol.generator;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Reads schema files. The format is described in the README beside Apache Kafka's message schemas.
 *
 * @see <a href="https://github.com/apache/kafka/blob/trunk/clients/src/main/resources/common/message/README.md">Its description</a>
 */
final class SchemaReader {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
            .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
            .build();
    private static final Set<String> MESSAGE_KEYS = Set.of(
            "type",
            "name",
            "apiKey",
            "listeners",
            "validVersions",
            "deprecatedVersions",
            "flexibleVersions",
            "latestVersionUnstable",
            "fields",
            "commonStructs");
    private static final Set<String> STRUCT_KEYS = Set.of("name", "versions", "fields", "about");
    private static final Set<String> FIELD_KEYS = Set.of(
            "name",
            "type",
            "versions",
            "nullableVersions",
            "taggedVersions",
            "flexibleVersions",
            "tag",
            "default",
            "ignorable",
            "entityType",
            "mapKey",
            "zeroCopy",
            "about",
            "fields");

    private final String family;
    private Schema.Kind kind;
    private VersionRange flexibleVersions;
    private final Map<String, Struct> structs = new LinkedHashMap<>();

    private SchemaReader(String family) {
        this.family = family;
    }

    /** Reads one file of the given record family. */
    static Schema read(Path file, String family) throws IOException {
        try {
            return read(Files.readString(file), family);
        } catch (SchemaException e) {
            throw new SchemaException(file + ": " + e.getMessage(), e);
        }
    }

    static Schema read(String json, String family) throws IOException {
        return new SchemaReader(family).schema(JSON.readTree(json));
    }

    private Schema schema(JsonNode node) {
        onlyKeys(node, MESSAGE_KEYS);
        String name = text(node, "name");
        kind = Schema.Kind.valueOf(text(node, "type").toUpperCase(Locale.ROOT).replace('-', '_'));
        VersionRange versions = VersionRange.parse(text(node, "validVersions"));
        if (!versions.isEmpty() && versions.highest() == Short.MAX_VALUE) {
            throw new SchemaException("The versions of " + name + " have no end");
        }
        flexibleVersions = versions.isEmpty()
                ? VersionRange.NONE
                : VersionRange.parse(text(node, "flexibleVersions")).intersect(versions);
        if (!flexibleVersions.isEmpty() && flexibleVersions.highest() != versions.highest()) {
            throw new SchemaException(name + " stops being flexible");
        }
        Struct message = new Struct(name, versions, List.of());
        if (!versions.isEmpty()) {
            for (JsonNode common : node.path("commonStructs")) {
                onlyKeys(common, STRUCT_KEYS);
                VersionRange range =
                        VersionRange.parse(text(common, "versions")).intersect(versions);
                define(new Struct(text(common, "name"), range, fields(common, range)));
            }
            message = new Struct(name, versions, fields(node, versions));
            requireStructs(message);
            structs.values().forEach(this::requireStructs);
        }
        List<String> listeners = new ArrayList<>();
        node.path("listeners").forEach(listener -> listeners.add(listener.asText()));
        return new Schema(
                kind,
                family,
                node.path("apiKey").asInt(-1),
                versions,
                flexibleVersions,
                node.path("latestVersionUnstable").asBoolean(false),
                listeners,
                message,
                structs);
    }

    private List<Field> fields(JsonNode owner, VersionRange possible) {
        List<Field> fields = new ArrayList<>();
        for (JsonNode node : owner.path("fields")) {
            Field field = field(node, possible);
            if (fields.stream().anyMatch(other -> other.javaName().equals(field.javaName()))) {
                throw new SchemaException("Two fields are called " + field.name());
            }
            if (field.isTagged() && fields.stream().anyMatch(other -> other.tag() == field.tag())) {
                throw new SchemaException("Two fields have the tag " + field.tag());
            }
            fields.add(field);
        }
        return List.copyOf(fields);
    }

    private Field field(JsonNode node, VersionRange possible) {
        onlyKeys(node, FIELD_KEYS);
        String given = text(node, "name");
        String name = given.substring(0, 1).toUpperCase(Locale.ROOT) + given.substring(1);
        VersionRange declaredTagged = range(node, "taggedVersions", VersionRange.NONE);
        VersionRange declared = node.has("versions") ? range(node, "versions", null) : declaredTagged;
        VersionRange versions = declared.intersect(possible);
        VersionRange tagged = declaredTagged.intersect(versions);
        if (declaredTagged.isEmpty() == node.has("tag")) {
            throw new SchemaException("The field " + name + " needs both a tag and taggedVersions, or neither");
        }
        if (!flexibleVersions.containsAll(tagged)) {
            throw new SchemaException("The field " + name + " is tagged in versions that are not flexible");
        }
        String type = text(node, "type");
        boolean array = type.startsWith("[]");
        String element = array ? type.substring(2) : type;
        Primitive primitive = Primitive.of(element);
        if (primitive == null && node.has("fields")) {
            define(new Struct(element, versions, fields(node, versions)));
        }
        boolean buffer = node.path("zeroCopy").asBoolean(false)
                || (primitive == Primitive.RECORDS && kind == Schema.Kind.REQUEST);
        VersionRange nullable =
                range(node, "nullableVersions", VersionRange.NONE).intersect(versions);
        if (!nullable.isEmpty() && !array && primitive != null && !primitive.isVariable()) {
            throw new SchemaException("The field " + name + " cannot be null");
        }
        return new Field(
                name,
                array,
                primitive,
                primitive == null ? element : null,
                versions,
                nullable,
                tagged,
                range(node, "flexibleVersions", flexibleVersions).intersect(flexibleVersions),
                tagged.isEmpty() ? -1 : node.get("tag").asInt(),
                defaultValue(node),
                node.path("ignorable").asBoolean(false),
                buffer,
                node.path("about").asText(""));
    }

    /** A JSON null is no default at all; the default null is the string "null". */
    private static String defaultValue(JsonNode node) {
        JsonNode value = node.path("default");
        return value.isNull() ? "" : value.asText("");
    }

    private void define(Struct struct) {
        if (!struct.name().matches("[A-Z][A-Za-z0-9]*")) {
            throw new SchemaException("Not a name for a struct: " + struct.name());
        }
        if (structs.put(struct.name(), struct) != null) {
            throw new SchemaException("Two structs are called " + struct.name());
        }
    }

    private void requireStructs(Struct owner) {
        for (Field field : owner.fields()) {
            if (field.structName() != null && !structs.containsKey(field.structName())) {
                throw new SchemaException("The field " + field.name() + " has the unknown type " + field.structName());
            }
        }
    }

    private static VersionRange range(JsonNode node, String key, VersionRange otherwise) {
        return node.has(key) ? VersionRange.parse(node.get(key).asText()) : otherwise;
    }

    private static String text(JsonNode node, String key) {
        if (!node.hasNonNull(key)) {
            throw new SchemaException("No " + key + " in " + node.path("name").asText("the schema"));
        }
        return node.get(key).asText();
    }

    private static void onlyKeys(JsonNode node, Set<String> known) {
        node.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                throw new SchemaException(
                        "Unknown key " + key + " in " + node.path("name").asText("the schema"));
            }
        });
    }
}
