package io.ottla.protocol.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaReaderTest {
    private static Schema message(String versions, String flexible, String fields) throws IOException {
        return SchemaReader.read(
                "{ 'type': 'data', 'name': 'Example', 'validVersions': '%s', 'flexibleVersions': '%s', 'fields': [ %s ] }"
                        .formatted(versions, flexible, fields)
                        .replace('\'', '"'),
                "Clients");
    }

    private static Field field(String field) throws IOException {
        return message("0-5", "3+", field).message().fields().get(0);
    }

    @Test
    void shouldReadARequest() throws IOException {
        Schema schema = SchemaReader.read("""
                // a comment, and a comma too many
                { "apiKey": 7, "type": "request", "listeners": ["broker", "controller"], "name": "PingRequest",
                  "validVersions": "1-5", "flexibleVersions": "3+", "latestVersionUnstable": true,
                  "fields": [
                    { "name": "topics", "type": "[]Topic", "versions": "0+", "about": "To ping.", "fields": [
                      { "name": "Data", "type": "records", "versions": "0+", "nullableVersions": "0+" },
                    ]} ]
                }
                """, "Clients");
        assertEquals(Schema.Kind.REQUEST, schema.kind());
        assertEquals(7, schema.apiKey());
        assertEquals(List.of("broker", "controller"), schema.listeners());
        assertTrue(schema.latestVersionUnstable());
        assertEquals(new VersionRange(3, 5), schema.flexibleVersions());
        Field topics = schema.message().fields().get(0);
        assertEquals("Topics", topics.name());
        assertEquals("topics", topics.javaName());
        assertEquals("List<Topic>", topics.javaType());
        assertEquals(new VersionRange(1, 5), topics.versions());
        assertEquals("To ping.", topics.about());
        Field data = schema.structs().get("Topic").fields().get(0);
        assertEquals("ByteBuffer", data.javaType());
        assertEquals("null", data.javaDefault());
    }

    @Test
    void shouldReadARemovedMessage() throws IOException {
        Schema schema = SchemaReader.read(
                "{ \"apiKey\": 4, \"type\": \"request\", \"name\": \"GoneRequest\", \"validVersions\": \"none\" }",
                "Clients");
        assertTrue(schema.versions().isEmpty());
    }

    @Test
    void shouldReadDefaults() throws IOException {
        String field = "{ 'name': 'A', 'versions': '0+', 'nullableVersions': '%s', 'type': '%s', 'default': %s }";
        assertEquals("16", field(field.formatted("none", "int32", "'0x10'")).javaDefault());
        assertEquals("(byte) -3", field(field.formatted("none", "int8", "-3")).javaDefault());
        assertEquals("(short) 5", field(field.formatted("none", "int16", "'5'")).javaDefault());
        assertEquals(
                "Long.MIN_VALUE",
                field(field.formatted("none", "int64", "'-9223372036854775808'"))
                        .javaDefault());
        assertEquals(
                "4294967295L",
                field(field.formatted("none", "uint32", "4294967295")).javaDefault());
        assertEquals("true", field(field.formatted("none", "bool", "true")).javaDefault());
        assertEquals("1.5d", field(field.formatted("none", "float64", "1.5")).javaDefault());
        assertEquals("\"x\"", field(field.formatted("none", "string", "'x'")).javaDefault());
        assertEquals("null", field(field.formatted("0+", "string", "'null'")).javaDefault());
        assertEquals("\"\"", field(field.formatted("0+", "string", "null")).javaDefault());
        assertEquals(
                "new ArrayList<>(0)",
                field(field.formatted("0+", "[]int32", "null")).javaDefault());
        assertEquals("null", field(field.formatted("0+", "[]int32", "'null'")).javaDefault());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'type': 'int8', 'default': '128'",
                "'type': 'int32', 'default': '1.5'",
                "'type': 'uint16', 'default': '-1'",
                "'type': 'bool', 'default': 'yes'",
                "'type': 'string', 'default': 'null'",
                "'type': 'uuid', 'default': 'AAAA'",
                "'type': '[]int32', 'default': '[]'"
            })
    void shouldRefuseDefaultsThatDoNotFit(String field) throws IOException {
        Field read = field("{ 'name': 'A', 'versions': '0+', " + field + " }");
        assertThrows(SchemaException.class, read::javaDefault);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{ 'name': 'A', 'type': 'int32' , 'versions': '0+', 'nullableVersions': '0+' }",
                "{ 'name': 'A', 'type': 'Unknown', 'versions': '0+' }",
                "{ 'name': 'A', 'type': 'int32', 'versions': '0+', 'typo': 1 }",
                "{ 'name': 'A', 'versions': '0+' }",
                "{ 'type': 'int32', 'versions': '0+' }",
                "{ 'name': 'A-B', 'type': 'int32', 'versions': '0+' }",
                "{ 'name': 'Default', 'type': 'int32', 'versions': '0+' }",
                "{ 'name': 'HashCode', 'type': 'int32', 'versions': '0+' }",
                "{ 'name': 'A', 'type': 'int32', 'versions': '0+', 'tag': 1 }",
                "{ 'name': 'A', 'type': 'int32', 'versions': '0+', 'taggedVersions': '3+' }",
                "{ 'name': 'A', 'type': 'int32', 'versions': '0+', 'taggedVersions': '2+', 'tag': 0 }",
                "{ 'name': 'A', 'type': 'int32', 'versions': '0+' }, { 'name': 'a', 'type': 'int8', 'versions': '0+' }",
                "{ 'name': 'A', 'type': 'int32', 'taggedVersions': '3+', 'tag': 0 },"
                        + "{ 'name': 'B', 'type': 'int32', 'taggedVersions': '3+', 'tag': 0 }",
                "{ 'name': 'A', 'type': 'X', 'versions': '0+', 'fields': [] },"
                        + "{ 'name': 'B', 'type': 'X', 'versions': '0+', 'fields': [] }"
            })
    void shouldRefuseSchemasItDoesNotUnderstand(String fields) {
        assertThrows(SchemaException.class, () -> message("0-5", "3+", fields));
    }

    @Test
    void shouldRefuseVersionsWithoutEnd() {
        assertThrows(SchemaException.class, () -> message("0+", "none", ""));
        assertThrows(SchemaException.class, () -> message("0-5", "2-4", ""));
    }

    @Test
    void shouldKnowWhereAFieldIs() throws IOException {
        Field moved = field("{ 'name': 'A', 'type': 'int8', 'versions': '1+', 'taggedVersions': '4+', 'tag': 0 }");
        assertEquals(new VersionRange(1, 3), moved.plainVersions());
        assertEquals(new VersionRange(4, 5), moved.taggedVersions());
        Field tagged = field("{ 'name': 'A', 'type': 'int8', 'taggedVersions': '4+', 'tag': 0 }");
        assertTrue(tagged.plainVersions().isEmpty());
        assertEquals(new VersionRange(4, 5), tagged.versions());
        Field plain = field("{ 'name': 'A', 'type': 'int8', 'versions': '7+' }");
        assertTrue(plain.versions().isEmpty());
        assertFalse(plain.isTagged());
        assertNull(plain.structName());
    }

    @Test
    void shouldKnowTheLeastSizeOfAnElement() throws IOException {
        Schema schema = message("0-5", "3+", """
                { 'name': 'List', 'type': '[]Element', 'versions': '0+', 'fields': [
                  { 'name': 'A', 'type': 'int32', 'versions': '0+' },
                  { 'name': 'B', 'type': 'string', 'versions': '0+' },
                  { 'name': 'C', 'type': 'Nested', 'versions': '1+', 'fields': [
                    { 'name': 'D', 'type': 'uuid', 'versions': '0+' } ] },
                  { 'name': 'E', 'type': 'bytes', 'versions': '3+', 'taggedVersions': '3+', 'tag': 0 } ] }
                """);
        Struct element = schema.structs().get("Element");
        assertEquals(4 + 2, schema.minSizeBytes(element, new VersionRange(0, 2)));
        assertEquals(4 + 2 + 16, schema.minSizeBytes(element, new VersionRange(1, 2)));
        assertEquals(4 + 1 + (16 + 1) + 1, schema.minSizeBytes(element, new VersionRange(3, 5)));
    }
}
