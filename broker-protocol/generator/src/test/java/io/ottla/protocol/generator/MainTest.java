package io.ottla.protocol.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    @TempDir
    Path directory;

    private void schema(String artifact, String type, String name, int apiKey, String versions) throws IOException {
        Path file = directory.resolve("schemas").resolve(artifact).resolve("message/" + name + ".json");
        Files.createDirectories(file.getParent());
        Files.writeString(file, """
                { "type": "%s", "name": "%s", "apiKey": %d, "validVersions": "%s", "flexibleVersions": "none",
                  "listeners": ["broker"], "fields": [ { "name": "Value", "type": "int32", "versions": "0+" } ] }
                """.formatted(type, name, apiKey, versions));
    }

    private Map<String, String> sources() throws IOException {
        return Main.sources(Main.schemas(directory.resolve("schemas")));
    }

    @Test
    void shouldWriteOneClassPerMessageAndTheEnums() throws IOException {
        schema("kafka-clients", "request", "PingRequest", 0, "0-1");
        schema("kafka-clients", "response", "PingResponse", 0, "0-1");
        schema("kafka-clients", "request", "GoneRequest", 1, "none");
        schema("kafka-group-coordinator", "coordinator-key", "GroupKey", 3, "0");
        schema("kafka-group-coordinator", "coordinator-value", "GroupValue", 3, "0-2");
        schema("kafka-metadata", "metadata", "TopicRecord", 2, "0");
        assertEquals(
                Set.of(
                        "io/ottla/protocol/ApiKey.java",
                        "io/ottla/protocol/message/PingRequest.java",
                        "io/ottla/protocol/message/PingResponse.java",
                        "io/ottla/protocol/message/GroupKey.java",
                        "io/ottla/protocol/message/GroupValue.java",
                        "io/ottla/protocol/message/GroupCoordinatorRecordType.java",
                        "io/ottla/protocol/message/TopicRecord.java",
                        "io/ottla/protocol/message/MetadataRecordType.java"),
                sources().keySet());
    }

    @Test
    void shouldRefuseMessagesThatDoNotMatch() throws IOException {
        schema("kafka-clients", "request", "PingRequest", 0, "0-1");
        assertThrows(SchemaException.class, this::sources, "no response");
        schema("kafka-clients", "response", "PingResponse", 0, "0-2");
        assertThrows(SchemaException.class, this::sources, "other versions");
        schema("kafka-clients", "response", "PingResponse", 0, "0-1");
        sources();
        schema("kafka-clients", "response", "PongResponse", 0, "0-1");
        assertThrows(SchemaException.class, this::sources, "two of one id");
    }

    @Test
    void shouldRefuseAClassOfTwoSchemas() throws IOException {
        schema("kafka-clients", "data", "Twice", -1, "0");
        schema("kafka-storage", "data", "Twice", -1, "0");
        assertThrows(SchemaException.class, this::sources);
    }

    @Test
    void shouldRefuseADirectoryWithoutSchemas() throws IOException {
        Files.createDirectories(directory.resolve("schemas"));
        assertThrows(SchemaException.class, this::sources);
        assertThrows(IllegalArgumentException.class, () -> Main.main(new String[] {"one"}));
    }

    @Test
    void shouldNameTheFileThatIsWrong() throws IOException {
        schema("kafka-clients", "data", "Wrong", -1, "0+");
        String message = assertThrows(SchemaException.class, this::sources).getMessage();
        assertTrue(message.contains("Wrong.json"), message);
    }

    @Test
    void shouldTouchOnlyWhatHasChanged() throws IOException {
        schema("kafka-clients", "data", "Kept", -1, "0");
        schema("kafka-clients", "data", "Changed", -1, "0");
        schema("kafka-clients", "data", "Dropped", -1, "0");
        String[] args = {
            directory.resolve("schemas").toString(),
            directory.resolve("sources").toString()
        };
        Main.main(args);
        Path messages = directory.resolve("sources/io/ottla/protocol/message");
        FileTime old = FileTime.fromMillis(1_000_000_000_000L);
        for (String name : List.of("Kept", "Changed")) {
            Files.setLastModifiedTime(messages.resolve(name + ".java"), old);
        }
        schema("kafka-clients", "data", "Changed", -1, "0-1");
        Files.delete(directory.resolve("schemas/kafka-clients/message/Dropped.json"));
        Main.main(args);
        assertEquals(old, Files.getLastModifiedTime(messages.resolve("Kept.java")));
        assertTrue(Files.getLastModifiedTime(messages.resolve("Changed.java")).compareTo(old) > 0);
        assertFalse(Files.exists(messages.resolve("Dropped.java")));
    }
}
