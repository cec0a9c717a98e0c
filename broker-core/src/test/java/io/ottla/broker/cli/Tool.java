package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Apache Kafka's command-line tools, as processes. */
enum Tool {
    CONSOLE_CONSUMER("consumer.ConsoleConsumer"),
    CONSOLE_PRODUCER("ConsoleProducer"),
    CONSUMER_GROUPS("consumer.group.ConsumerGroupCommand"),
    CONSUMER_PERF_TEST("ConsumerPerformance"),
    BROKER_API_VERSIONS("BrokerApiVersionsCommand"),
    CLUSTER("ClusterTool"),
    DELETE_RECORDS("DeleteRecordsCommand"),
    DUMP_LOG("DumpLogSegments"),
    E2E_LATENCY("EndToEndLatency"),
    GET_OFFSETS("GetOffsetShell"),
    LOG_COMPACTION_TESTER("LogCompactionTester"),
    LOG_DIRS("LogDirsCommand"),
    /** Only there in the profile {@code kafka-answers}. */
    METADATA_SHELL("../shell.MetadataShell"),
    PRODUCER_PERF_TEST("ProducerPerformance"),
    TOPICS("TopicCommand"),
    TRANSACTIONAL_MESSAGE_COPIER("TransactionalMessageCopier"),
    VERIFIABLE_CONSUMER("VerifiableConsumer"),
    VERIFIABLE_PRODUCER("VerifiableProducer");

    /** The least of a JVM, for a quick start. */
    private static final List<String> JVM = List.of(
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "-Dlogback.configurationFile=io/ottla/broker/cli/tools-logback.xml",
            "-cp",
            System.getProperty("java.class.path"));

    private final String mainClass;

    Tool(String mainClass) {
        this.mainClass = mainClass.startsWith("..")
                ? "org.apache.kafka" + mainClass.substring(2).replace('/', '.')
                : "org.apache.kafka.tools." + mainClass;
    }

    /** Starts the tool; the words of the command line are separated by blanks. */
    RunningProcess start(String commandLine) throws IOException {
        List<String> arguments = new ArrayList<>();
        arguments.add(mainClass);
        arguments.addAll(List.of(commandLine.split(" ")));
        return new RunningProcess(JVM, arguments);
    }

    /** Runs the tool to its end, which must be a success, and returns what it printed on stdout. */
    String run(String commandLine) throws Exception {
        return run(commandLine, 0);
    }

    /** Runs the tool to its end, checks the exit code, and returns what it printed on stdout. */
    String run(String commandLine, int exitCode, String... input) throws Exception {
        try (RunningProcess process = start(commandLine)) {
            for (String line : input) {
                process.type(line);
            }
            assertEquals(exitCode, process.exitCode(), process::toString);
            return masked(process.stdout());
        }
    }

    /** The text without what differs from run to run (ids), and without the padding of columns. */
    static String masked(String text) {
        return text.lines()
                .map(line -> line.replaceAll("TopicId: [\\w-]{22}", "TopicId: <id>")
                        .replaceAll("console-consumer-[0-9a-f-]{36}", "<member>")
                        .replaceAll(" +", " ")
                        .strip())
                .collect(Collectors.joining("\n"))
                .strip();
    }
}
