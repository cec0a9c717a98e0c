package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the broker's process again and again while clients write, read, commit, create and delete. What was acknowledged is there
 * afterwards, once and in order. {@code -Dkill.cycles} says how often.
 */
class KillIT {
    private static final int CYCLES = Integer.getInteger("kill.cycles", 3);
    private static final long SEED = Long.getLong("kill.seed", System.nanoTime());
    private static final int MIN_LIFE_MS = 100;
    private static final int MAX_LIFE_MS = 1_500;
    private static final int FILES_PER_DUMP = 100;
    private static final Pattern WRONG = Pattern.compile(
            "(?i)mismatch|not found|out of order|isvalid: false|invalid|could not|exception|ignoring|^  \\d+ is followed by");

    /** Of the offsets topic, where offsets are missing, and timestamps whose records are: the tool says so of any compacted log. */
    private static final Pattern OF_COMPACTION =
            Pattern.compile("Found timestamp mismatch in :\\S+\n(  Index timestamp: \\d+, log timestamp: -1\n)+"
                    + "|Non-consecutive offsets in \\S+/__consumer_offsets-\\S+\n(  -?\\d+ is followed by \\d+\n)+");

    @TempDir
    Path folder;

    @Test
    void shouldLoseNothingAndRepeatNothing() throws Exception {
        System.out.println("kill -9, " + CYCLES + " cycles, -Dkill.seed=" + SEED);
        Random random = new Random(SEED);
        Path data = folder.resolve("data");
        String listener = "listeners=PLAINTEXT://localhost:" + freePort();
        BrokerProcess broker = start(data, listener);
        try (Admin admin = Admin.create(KillLoad.clientConfig(broker.bootstrapServers()));
                KillLoad load = new KillLoad(broker.bootstrapServers(), admin, random.nextLong())) {
            load.start();
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                live(random);
                load.throwIfFailed();
                broker.kill();
                // What had been acknowledged by then must be there now; what is acknowledged later, too.
                Map<TopicPartition, Long> committed = load.committed();
                KillLoad.Topics topics = load.topics();
                assertSound("cycle " + cycle, data);
                broker.close();
                broker = start(data, listener);
                assertCommitted(admin, committed);
                assertTopics(admin, topics, load);
            }
            load.stopAndDrain();
            load.assertAllReadOnceInOrder();
            assertCommitted(admin, load.committed());
            System.out.println("kill -9: " + load);
        } finally {
            broker.terminate();
            broker.close();
        }
        assertEquals(List.of(), LogVerifier.examine(data).findings());
        assertDumpFindsNothing(data);
    }

    private static BrokerProcess start(Path data, String listener) throws Exception {
        return BrokerProcess.start(
                data,
                listener,
                "log.segment.bytes=1048576",
                "log.flush.offset.checkpoint.interval.ms=700",
                "log.initial.task.delay.ms=100",
                "log.cleaner.backoff.ms=500",
                "log.segment.delete.delay.ms=500",
                "offsets.topic.segment.bytes=1048576");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            return socket.getLocalPort();
        }
    }

    /** How long the broker lives is what is random here: nothing is waited for. */
    private static void live(Random random) {
        long endNanos = System.nanoTime()
                + TimeUnit.MILLISECONDS.toNanos(MIN_LIFE_MS + random.nextInt(MAX_LIFE_MS - MIN_LIFE_MS));
        for (long left = endNanos - System.nanoTime(); left > 0; left = endNanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** A write that did not end is what a kill may leave; nothing else. */
    private static void assertSound(String when, Path data) throws IOException {
        List<LogVerifier.Finding> findings = LogVerifier.examine(data).findings().stream()
                .filter(finding -> !finding.what().contains("the file ends"))
                .toList();
        assertEquals(List.of(), findings, when);
    }

    private static void assertCommitted(Admin admin, Map<TopicPartition, Long> atLeast) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> found = admin.listConsumerGroupOffsets(KillLoad.GROUP)
                .partitionsToOffsetAndMetadata()
                .get();
        atLeast.forEach((partition, offset) -> {
            OffsetAndMetadata committed = found.get(partition);
            assertTrue(
                    committed != null && committed.offset() >= offset,
                    () -> partition + ": " + offset + " was committed, " + committed + " is");
        });
    }

    private static void assertTopics(Admin admin, KillLoad.Topics before, KillLoad load) throws Exception {
        Set<String> found = admin.listTopics().names().get();
        assertTrue(found.containsAll(KillLoad.TOPICS), found::toString);
        Set<String> present = new HashSet<>(before.present());
        // Those that have been deleted meanwhile are not in it any more.
        present.retainAll(load.topics().present());
        assertTrue(found.containsAll(present), () -> present + " of " + found);
        assertTrue(before.absent().stream().noneMatch(found::contains), () -> before.absent() + " of " + found);
    }

    /** Apache Kafka's own tool on every file that is left. */
    private static void assertDumpFindsNothing(Path data) throws Exception {
        List<String> all = files(data, "log|index|timeindex|txnindex|snapshot");
        assertFalse(all.isEmpty());
        dump("--deep-iteration --verify-index-only", all);
        dump("--index-sanity-check", files(data, "index|timeindex|txnindex"));
    }

    private static List<String> files(Path data, String suffixes) throws IOException {
        try (Stream<Path> files = Files.walk(data, 2)) {
            return files.map(Path::toString)
                    .filter(file -> file.matches(".*-\\d+/\\d{20}\\.(" + suffixes + ")"))
                    .toList();
        }
    }

    private static void dump(String options, List<String> files) throws Exception {
        for (int i = 0; i < files.size(); i += FILES_PER_DUMP) {
            String names = String.join(",", files.subList(i, Math.min(files.size(), i + FILES_PER_DUMP)));
            try (RunningProcess tool = Tool.DUMP_LOG.start(options + " --files " + names)) {
                assertEquals(0, tool.exitCode(), tool::toString);
                assertNothingWrong(tool.stdout() + tool.stderr());
            }
        }
    }

    private static void assertNothingWrong(String dump) {
        String wrong = OF_COMPACTION
                .matcher(dump)
                .replaceAll("")
                .lines()
                .filter(line -> WRONG.matcher(line).find())
                .collect(Collectors.joining("\n"));
        assertEquals("", wrong);
    }
}
