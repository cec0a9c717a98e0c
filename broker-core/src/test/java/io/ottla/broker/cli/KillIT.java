package io.ottla.broker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.storage.LogVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
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

    @TempDir
    Path folder;

    @Test
    void shouldLoseNothingAndRepeatNothing() throws Exception {
        System.out.println("kill -9, " + CYCLES + " cycles, -Dkill.seed=" + SEED);
        Random random = new Random(SEED);
        Times times = new Times();
        Path data = folder.resolve("data");
        String listener = "listeners=PLAINTEXT://localhost:" + Ports.free();
        BrokerProcess broker = start(data, listener);
        try (Admin admin = Admin.create(KillLoad.clientConfig(broker.bootstrapServers()));
                KillLoad load = new KillLoad(broker.bootstrapServers(), admin, random.nextLong())) {
            load.start();
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                live(random);
                load.throwIfFailed();
                times.begin("kill");
                broker.kill();
                // What had been acknowledged by then must be there now; what is acknowledged later, too.
                Map<TopicPartition, Long> committed = load.committed();
                KillLoad.Topics topics = load.topics();
                times.begin("verify");
                assertSound("cycle " + cycle, data);
                broker.close();
                times.begin("start");
                broker = start(data, listener);
                times.begin("ask for the offsets");
                assertCommitted(admin, committed);
                times.begin("ask for the topics");
                assertTopics(admin, topics, load);
                times.begin("delete what was read");
                load.assertStillDeleted();
                load.deleteWhatWasRead();
                times.begin("live");
            }
            times.begin("drain");
            load.stopAndDrain();
            times.begin("end");
            load.assertAllReadOnceInOrder();
            assertCommitted(admin, load.committed());
            System.out.println("kill -9: " + load);
        } finally {
            broker.terminate();
            broker.close();
        }
        assertEquals(List.of(), LogVerifier.examine(data).findings());
        times.begin("dump");
        DumpLog.assertFindsNothing(data);
        times.begin("over");
        System.out.println("kill -9: " + times);
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

    /** Where the time goes: in all, and at most at once. */
    private static final class Times {
        private final Map<String, long[]> sumAndMaxMs = new LinkedHashMap<>();
        private String part = "live";
        private long beginNanos = System.nanoTime();

        void begin(String next) {
            long now = System.nanoTime();
            long ms = TimeUnit.NANOSECONDS.toMillis(now - beginNanos);
            long[] sumAndMax = sumAndMaxMs.computeIfAbsent(part, key -> new long[2]);
            sumAndMax[0] += ms;
            sumAndMax[1] = Math.max(sumAndMax[1], ms);
            part = next;
            beginNanos = now;
        }

        @Override
        public String toString() {
            return sumAndMaxMs.entrySet().stream()
                    .map(entry -> entry.getKey() + " " + entry.getValue()[0] + " ms, at most " + entry.getValue()[1])
                    .collect(Collectors.joining("; "));
        }
    }
}
