package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.admin.ApacheKafka;
import io.ottla.broker.clients.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Runs the command-line tools on a running Apache Kafka: what they print there is what the transcripts hold, and what they print with Ottla. */
@EnabledIf("io.ottla.broker.admin.ApacheKafka#isOnClassPath")
class ToolsWithApacheKafkaTest {

    @TempDir
    Path folder;

    @Test
    void shouldPrintWhatTheTranscriptsHold() throws Exception {
        try (ApacheKafka kafka = ApacheKafka.start(Map.of())) {
            OperationsToolsTest.prepare(kafka.bootstrapServers());
            Transcript transcript = new Transcript(kafka.bootstrapServers(), folder, OperationsToolsTest.FILES);
            String topics = transcript.play("topics.txt");
            String operations = transcript.play("operations.txt");
            String apiVersions = transcript.play("api-versions.txt");
            assertEquals(Transcript.load("topics.txt").strip(), topics);
            assertEquals(Transcript.load("operations.txt").strip(), operations);
            assertEquals(Transcript.load("api-versions.txt").strip(), apiVersions);
        }
    }

    @Test
    void shouldMoveLogsAsTheTranscriptSays() throws Exception {
        try (ApacheKafka kafka = ApacheKafka.start(Map.of("log.dirs", LogDirToolsTest.directories(folder)))) {
            assertEquals(Transcript.load("moves.txt").strip(), LogDirToolsTest.play(kafka.bootstrapServers(), folder));
        }
    }

    @Test
    void shouldShowAndChangeConfigurationsAlike() throws Exception {
        String expected;
        String actual;
        try (ApacheKafka kafka = ApacheKafka.start(Map.of())) {
            OperationsToolsTest.prepare(kafka.bootstrapServers());
            expected = new Transcript(kafka.bootstrapServers(), folder, Map.of()).play("configs.txt");
        }
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            OperationsToolsTest.prepare(broker.bootstrapServers());
            actual = new Transcript(broker.bootstrapServers(), folder, Map.of())
                    .play("configs.txt", "configs-ottla.txt");
        }
        assertEquals(withoutOwn(expected), withoutOwn(actual));
        assertEquals(Transcript.load("configs.txt").strip(), withoutOwn(expected));
    }

    @Test
    void shouldReadASnapshotInItsMetadataShell() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                .config("log.dirs", folder.toString())
                .config("metadata.log.max.record.bytes.between.snapshots", "100")
                .start()) {
            OperationsToolsTest.prepare(broker.bootstrapServers());
        }
        Path snapshot;
        try (Stream<Path> files = Files.list(folder.resolve("__cluster_metadata-0"))) {
            snapshot = files.filter(file -> file.toString().endsWith(".checkpoint"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
        // The shell may answer before it has taken in what it has read.
        Await.until("the topics are shown", () -> Tool.METADATA_SHELL
                .run("--snapshot " + snapshot + " ls /image/topics/byName")
                .equals("alarms\nreadings"));
        Await.until("the partition is shown", () -> Tool.METADATA_SHELL
                .run("--snapshot " + snapshot + " cat /image/topics/byName/readings/1")
                .startsWith("PartitionRegistration(replicas=[1], "));
    }

    /** Without the keys whose defaults differ, which the documentation lists, and those that say where a broker is. */
    private static String withoutOwn(String transcript) throws IOException {
        String page = Files.readString(Path.of("../docs/configuration.md"));
        String table = page.substring(page.indexOf("## Where a default differs"), page.indexOf("## Ottla's own keys"));
        Set<String> own = Pattern.compile("(?m)^\\| `([a-z.]+)` ")
                .matcher(table)
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toCollection(HashSet::new));
        own.addAll(Set.of("broker.id", "controller.quorum.bootstrap.servers", "log.dirs"));
        return transcript
                .lines()
                .filter(line -> !own.contains(line.substring(0, Math.max(0, line.indexOf('=')))))
                .collect(Collectors.joining("\n"));
    }
}
