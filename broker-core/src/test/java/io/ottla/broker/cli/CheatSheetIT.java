package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.Await;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user's first hour with the command-line tools. The expected texts are what the tools print against Apache Kafka. */
class CheatSheetIT {
    private static final String WITH_OFFSETS =
            " --formatter-property print.partition=true --formatter-property print.offset=true";

    @TempDir
    Path dataFolder;

    private BrokerProcess broker;
    private String server;

    private void start(String... settings) throws Exception {
        broker = BrokerProcess.start(dataFolder, settings);
        server = " --bootstrap-server " + broker.bootstrapServers();
    }

    @AfterEach
    void stop() throws Exception {
        if (broker != null) {
            broker.close();
        }
    }

    @Test
    void shouldAnswerTheCheatSheetAsApacheKafkaDoes() throws Exception {
        start();
        assertEquals(
                "Created topic test-topic.",
                Tool.TOPICS.run("--create --topic test-topic" + server + " --partitions 1 --replication-factor 1"));
        assertEquals("test-topic", Tool.TOPICS.run("--list" + server));
        assertEquals("""
                Topic: test-topic\tTopicId: <id>\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: min.insync.replicas=1
                Topic: test-topic\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:""", Tool.TOPICS.run("--describe --topic test-topic" + server));

        try (RunningProcess producer = Tool.CONSOLE_PRODUCER.start("--topic test-topic" + server);
                RunningProcess consumer = Tool.CONSOLE_CONSUMER.start("--topic test-topic --from-beginning" + server)) {
            producer.type("Hello Kafka");
            producer.type("This is message 2");
            consumer.await(
                    "both messages are printed", () -> consumer.stdout().equals("Hello Kafka\nThis is message 2\n"));
            assertEquals(0, producer.exitCode());
            consumer.terminate();
            assertTrue(consumer.stderr().contains("Processed a total of 2 messages"), consumer::toString);
        }

        assertEquals(
                "Partition:0\tOffset:0\tHello Kafka\nPartition:0\tOffset:1\tThis is message 2",
                Tool.CONSOLE_CONSUMER.run(
                        "--topic test-topic --from-beginning --max-messages 2" + WITH_OFFSETS + server));
    }

    @Test
    void shouldLoseNothingWhenItIsKilledOrStopped() throws Exception {
        start();
        Tool.TOPICS.run("--create --topic test-topic --partitions 1" + server);
        Tool.CONSOLE_PRODUCER.run("--topic test-topic" + server, 0, "Hello Kafka", "This is message 2");
        String read = "--topic test-topic --group readers --from-beginning --timeout-ms 60000" + WITH_OFFSETS;
        assertEquals(
                "Partition:0\tOffset:0\tHello Kafka", Tool.CONSOLE_CONSUMER.run(read + " --max-messages 1" + server));

        broker.kill();
        broker.close();
        start();
        assertEquals("__consumer_offsets\ntest-topic", Tool.TOPICS.run("--list" + server));
        assertEquals(
                "Partition:0\tOffset:1\tThis is message 2",
                Tool.CONSOLE_CONSUMER.run(read + " --max-messages 1" + server));
        Tool.CONSOLE_PRODUCER.run("--topic test-topic" + server, 0, "After kill -9");

        int exitCode = broker.terminate();
        assertTrue(exitCode == 0 || exitCode == 143, broker::toString);
        broker.close();
        start();
        assertEquals(
                "Partition:0\tOffset:2\tAfter kill -9", Tool.CONSOLE_CONSUMER.run(read + " --max-messages 1" + server));
        assertEquals("test-topic:0:3", Tool.GET_OFFSETS.run("--topic test-topic" + server));
    }

    @Test
    void shouldGiveEachOfTwoConsumersOnePartition() throws Exception {
        start();
        Tool.TOPICS.run("--create --topic sensor-data --partitions 2 --replication-factor 1" + server);
        String command = "--topic sensor-data --group sensors --command-property heartbeat.interval.ms=200"
                + " --formatter-property print.partition=true --formatter-property print.key=true" + server;
        try (RunningProcess one = Tool.CONSOLE_CONSUMER.start(command);
                RunningProcess two = Tool.CONSOLE_CONSUMER.start(command)) {
            Await.until(() -> "each consumer has a partition; " + one + two, () -> Tool.CONSUMER_GROUPS
                    .run("--describe --group sensors --members" + server)
                    .equals("""
                                    GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS
                                    sensors <member> /127.0.0.1 console-consumer 1
                                    sensors <member> /127.0.0.1 console-consumer 1"""));
            Tool.CONSOLE_PRODUCER.run(
                    "--topic sensor-data --reader-property parse.key=true --reader-property key.separator=:" + server,
                    0,
                    "a:20.5",
                    "d:21.0",
                    "b:20.7");
            Await.until(
                    () -> "all records are printed; " + one + two,
                    () -> (one.stdout() + two.stdout()).lines().count() == 3);
            assertEquals("Partition:0\ta\t20.5\nPartition:0\tb\t20.7\n", ofPartition(0, one, two));
            assertEquals("Partition:1\td\t21.0\n", ofPartition(1, one, two));
        }
    }

    /** The output of the one consumer that has records of the partition; it must have no others. */
    private static String ofPartition(int partition, RunningProcess... consumers) {
        return java.util.Arrays.stream(consumers)
                .map(RunningProcess::stdout)
                .filter(output -> output.contains("Partition:" + partition))
                .collect(Collectors.joining("--- another consumer\n"));
    }

    @Test
    void shouldLetOldRecordsGo() throws Exception {
        start("log.retention.check.interval.ms=100", "log.initial.task.delay.ms=100");
        Tool.TOPICS.run("--create --topic short-lived --config retention.ms=500" + server);
        Tool.CONSOLE_PRODUCER.run("--topic short-lived" + server, 0, "one", "two");

        Await.until("the records are gone", () -> Tool.GET_OFFSETS
                .run("--topic short-lived --time earliest" + server)
                .equals("short-lived:0:2"));

        Tool.TOPICS.run("--create --topic kept" + server);
        Tool.CONSOLE_PRODUCER.run("--topic kept" + server, 0, "three");
        assertEquals("three", Tool.CONSOLE_CONSUMER.run("--topic kept --from-beginning --max-messages 1" + server));
        assertEquals("short-lived:0:2", Tool.GET_OFFSETS.run("--topic short-lived --time latest" + server));
    }
}
