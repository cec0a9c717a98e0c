package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The other command-line tools. The expected texts are what they print against Apache Kafka. */
class ToolsIT {
    @TempDir
    Path folder;

    private Path dataFolder;
    private BrokerProcess broker;
    private String server;

    @BeforeEach
    void start() throws Exception {
        dataFolder = folder.resolve("data");
        broker = BrokerProcess.start(dataFolder);
        server = " --bootstrap-server " + broker.bootstrapServers();
    }

    @AfterEach
    void stop() throws Exception {
        broker.close();
    }

    @Test
    void shouldRefuseBadTopicsAsApacheKafkaDoes() throws Exception {
        Tool.TOPICS.run("--create --topic a.b" + server);

        assertError("Topic 'a.b' already exists.", "--create --topic a.b");
        assertError("Topic 'a_b' collides with existing topic: a.b", "--create --topic a_b");
        assertError(
                "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because "
                        + "only 1 broker(s) are registered or some brokers have all their log directories cordoned.",
                "--create --topic two --replication-factor 2");
        assertError(
                "Topic name is invalid: 'bad/name' contains one or more characters other than ASCII alphanumerics, '.', "
                        + "'_' and '-'",
                "--create --topic bad/name");
        assertError("Topic 'none' does not exist as expected", "--delete --topic none");
    }

    private void assertError(String message, String commandLine) throws Exception {
        String output = Tool.TOPICS.run(commandLine + server, 1);
        assertEquals(
                "Error while executing topic command : " + message,
                output.lines().reduce("", (a, b) -> b));
    }

    @Test
    void shouldAlterAndDeleteATopic() throws Exception {
        Tool.TOPICS.run("--create --topic grown --config retention.ms=60000" + server);
        assertEquals("", Tool.TOPICS.run("--alter --topic grown --partitions 3" + server));
        assertEquals("""
                Topic: grown\tTopicId: <id>\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: min.insync.replicas=1,retention.ms=60000
                Topic: grown\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:
                Topic: grown\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:
                Topic: grown\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:""", Tool.TOPICS.run("--describe --topic grown" + server));

        assertEquals("", Tool.TOPICS.run("--delete --topic grown" + server));
        assertEquals("", Tool.TOPICS.run("--list" + server));
    }

    @Test
    void shouldAdministerAGroup() throws Exception {
        Tool.TOPICS.run("--create --topic sensor-data --partitions 2" + server);
        Tool.CONSOLE_PRODUCER.run(
                "--topic sensor-data --reader-property parse.key=true --reader-property key.separator=:" + server,
                0,
                "a:1",
                "b:2",
                "c:3",
                "d:4");
        Tool.CONSOLE_CONSUMER.run(
                "--topic sensor-data --group sensors --from-beginning --max-messages 4 --timeout-ms 60000" + server);

        assertEquals("""
                GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
                sensors sensor-data 0 3 3 0 - - -
                sensors sensor-data 1 1 1 0 - - -""", Tool.CONSUMER_GROUPS.run("--describe --group sensors" + server));
        assertEquals(
                "GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS\n" + "sensors " + broker.bootstrapServers()
                        + " (1) - Empty 0",
                Tool.CONSUMER_GROUPS.run("--describe --group sensors --state" + server));
        assertEquals("GROUP STATE\nsensors Empty", Tool.CONSUMER_GROUPS.run("--list --state" + server));
        assertEquals(
                "GROUP TOPIC PARTITION NEW-OFFSET\nsensors sensor-data 0 0\nsensors sensor-data 1 0",
                Tool.CONSUMER_GROUPS.run(
                        "--reset-offsets --group sensors --topic sensor-data --to-earliest --execute" + server));
        assertEquals(
                "Deletion of requested consumer groups ('sensors') was successful.",
                Tool.CONSUMER_GROUPS.run("--delete --group sensors" + server));
        assertEquals("""
                Error: Deletion of some consumer groups failed:
                * Group 'sensors' could not be deleted due to: org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not exist.""", Tool.CONSUMER_GROUPS.run("--delete --group sensors" + server));
    }

    @Test
    void shouldShowAndMoveTheOffsetsOfALog() throws Exception {
        Tool.TOPICS.run("--create --topic test-topic" + server);
        Tool.CONSOLE_PRODUCER.run("--topic test-topic" + server, 0, "Hello Kafka", "This is message 2");
        assertEquals("test-topic:0:2", Tool.GET_OFFSETS.run("--topic test-topic" + server));

        Path request = Files.writeString(
                folder.resolve("delete.json"),
                "{\"partitions\":[{\"topic\":\"test-topic\",\"partition\":0,\"offset\":1}],\"version\":1}");
        assertEquals("""
                Executing records delete operation
                Records delete operation completed:
                partition: test-topic-0\tlow_watermark: 1""", Tool.DELETE_RECORDS.run("--offset-json-file " + request + server));
        assertEquals("test-topic:0:1", Tool.GET_OFFSETS.run("--topic test-topic --time earliest" + server));

        long sizeBytes = Files.size(dataFolder.resolve("test-topic-0/00000000000000000000.log"));
        assertEquals(
                "Querying brokers for log directories information\n"
                        + "Received log directory information from brokers 1\n"
                        + "{\"brokers\":[{\"broker\":1,\"logDirs\":[{\"partitions\":[{\"partition\":\"test-topic-0\",\"size\":"
                        + sizeBytes + ",\"offsetLag\":0,\"isFuture\":false}],\"error\":null,\"logDir\":\"" + dataFolder
                        + "\"}]}],\"version\":1}",
                Tool.LOG_DIRS.run("--describe --topic-list test-topic" + server));
    }

    @Test
    void shouldLeaveFilesThatTheDumpToolReads() throws Exception {
        Tool.TOPICS.run("--create --topic test-topic" + server);
        Tool.CONSOLE_PRODUCER.run("--topic test-topic" + server, 0, "Hello Kafka", "This is message 2");
        Tool.CONSOLE_CONSUMER.run(
                "--topic test-topic --group readers --from-beginning --max-messages 2 --timeout-ms 60000" + server);
        broker.terminate();

        String log = Tool.DUMP_LOG.run("--print-data-log --files " + files("test-topic-0"));
        assertTrue(log.contains("Log starting offset: 0"), log);
        assertTrue(log.contains(" payload: Hello Kafka\n"), log);
        assertTrue(log.contains(" payload: This is message 2"), log);
        assertTrue(log.contains(" isvalid: true"), log);
        assertSound(log);

        String groups = Tool.DUMP_LOG.run("--offsets-decoder --files " + files("__consumer_offsets-0"));
        assertTrue(groups.contains("\"group\":\"readers\",\"topic\":\"test-topic\",\"partition\":0"), groups);
        assertSound(groups);

        String metadata = Tool.DUMP_LOG.run("--cluster-metadata-decoder --files " + files("__cluster_metadata-0"));
        assertTrue(metadata.contains("\"type\":\"TOPIC_RECORD\""), metadata);
        assertTrue(metadata.contains("\"name\":\"test-topic\""), metadata);
        assertSound(metadata);
    }

    private String files(String partition) {
        Path segment = dataFolder.resolve(partition).resolve("00000000000000000000");
        return segment + ".log," + segment + ".index," + segment + ".timeindex";
    }

    private static void assertSound(String dump) {
        assertFalse(dump.contains("isvalid: false"), dump);
        assertFalse(dump.contains("Mismatches"), dump);
        assertFalse(dump.contains("not found"), dump);
        assertFalse(dump.contains("out of order"), dump);
        assertFalse(dump.contains("Could not deserialize"), dump);
    }

    @Test
    void shouldServeTheMeasuringTools() throws Exception {
        String sent = Tool.PRODUCER_PERF_TEST.run(
                "--topic perf --num-records 10000 --record-size 100 --throughput -1" + server);
        assertTrue(sent.startsWith("10000 records sent, "), sent);

        String received = Tool.CONSUMER_PERF_TEST.run("--topic perf --num-records 10000" + server);
        assertTrue(received.contains(", 10000, "), received);

        String latency =
                Tool.E2E_LATENCY.run("--topic perf --num-records 20 --producer-acks 1 --record-size 10" + server);
        assertTrue(latency.contains("Avg latency: "), latency);
    }

    @Test
    void shouldServeTheVerifyingTools() throws Exception {
        String sent = Tool.VERIFIABLE_PRODUCER.run("--topic verified --max-messages 3" + server);
        assertTrue(sent.contains("\"name\":\"tool_data\",\"sent\":3,\"acked\":3"), sent);

        String received =
                Tool.VERIFIABLE_CONSUMER.run("--topic verified --group-id verifiers --max-messages 3" + server);
        assertTrue(received.contains("\"partition\":0,\"count\":3,\"minOffset\":0,\"maxOffset\":2"), received);
        assertTrue(
                received.contains("\"offsets_committed\",\"offsets\":[{\"topic\":\"verified\",\"partition\":0,"
                        + "\"offset\":3}],\"success\":true"),
                received);
    }

    @Test
    void shouldSpeakWhatTheReadmeLists() throws Exception {
        String versions = Tool.BROKER_API_VERSIONS.run(server.strip());

        assertTrue(
                versions.startsWith(broker.bootstrapServers() + " (id: 1 rack: null isFenced: false) -> (\n"),
                versions);
        Set<String> spoken = find("^(\\w+)\\(\\d+\\): (\\d+(?: to \\d+)?) \\[usable", versions);
        String readme = Files.readString(Path.of("../README.md"));
        String table = readme.substring(
                readme.indexOf("| area | APIs and their versions |"), readme.indexOf("## What does not, yet"));
        assertEquals(find("\\b([A-Z][A-Za-z]+) (\\d+(?: to \\d+)?)\\b", table), spoken);
    }

    private static Set<String> find(String pattern, String text) {
        return Pattern.compile(pattern, Pattern.MULTILINE)
                .matcher(text)
                .results()
                .map(result -> result.group(1) + " " + result.group(2))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void shouldTellItsClusterId() throws Exception {
        String cluster = Tool.CLUSTER.run("cluster-id" + server);

        assertTrue(cluster.matches("Cluster ID: [\\w-]{22}"), cluster);
    }
}
