package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kafka-broker-api-versions}: what it prints is what it prints with Apache Kafka, which the transcript beside this class holds and
 * {@link ToolsWithApacheKafkaTest} records, but for the APIs that the file of differences names, each with what the README says of it.
 */
class ApiVersionsToolTest {

    private static final String TRANSCRIPT = "api-versions.txt";
    private static final Pattern REASON = Pattern.compile("# As README.md says: \"(.*)\"");

    @TempDir
    Path folder;

    @Test
    void shouldPrintWhatItPrintsWithApacheKafka() throws Exception {
        String printed;
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            printed = new Transcript(broker.bootstrapServers(), folder, Map.of())
                    .play(TRANSCRIPT, "api-versions-ottla.txt");
        }
        Map<String, String> differences = differences();
        String expected = Transcript.load(TRANSCRIPT)
                .lines()
                .map(line -> differences.getOrDefault(api(line), line))
                .collect(Collectors.joining("\n"));
        assertEquals(expected.strip(), printed);
    }

    @Test
    void shouldDifferOnlyWhereTheReadmeSaysSo() throws IOException {
        Map<String, String> recorded = Transcript.load(TRANSCRIPT)
                .lines()
                .collect(Collectors.toMap(ApiVersionsToolTest::api, line -> line, (a, b) -> b));
        differences().forEach((api, line) -> {
            assertNotNull(recorded.get(api), () -> "Apache Kafka has no " + api);
            assertNotEquals(recorded.get(api), line, () -> api + " no longer differs");
        });
    }

    /** What comes before the colon, with the API's key. */
    private static String api(String line) {
        return line.substring(0, Math.max(0, line.indexOf("): ") + 1));
    }

    /** The lines that differ, by API. */
    private static Map<String, String> differences() throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        Map<String, String> differences = new LinkedHashMap<>();
        String reason = null;
        for (String line :
                Transcript.load("api-versions-differences.txt").lines().toList()) {
            Matcher given = REASON.matcher(line);
            if (given.matches()) {
                reason = given.group(1);
                assertTrue(readme.contains(reason), reason);
            } else if (!line.isBlank() && !line.startsWith("#")) {
                assertNotNull(reason, line);
                differences.put(api(line), line);
            }
        }
        return differences;
    }
}
