package io.ottla.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.handler.DataFixture;
import io.ottla.storage.Log;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LogUpkeepTest {

    private static final long BACKOFF_MS = 15_000;

    private static void start(DataFixture broker) {
        broker.upkeep().start(broker.metadata().brokerConfig());
        broker.metadata().addListener(broker.upkeep());
    }

    private static void advance(DataFixture broker, long millis) throws InterruptedException {
        broker.timer().advance(millis);
        CountDownLatch done = new CountDownLatch(1);
        broker.executor().execute(done::countDown);
        assertTrue(done.await(20, TimeUnit.SECONDS));
    }

    /** The same keys twice, in a segment that is not written to any more. */
    private static Partition fill(DataFixture broker) {
        broker.append("compacted", 0, 3);
        broker.append("compacted", 0, 3);
        Partition partition = broker.partition("compacted", 0);
        partition.log().rollSegment();
        return partition;
    }

    @Test
    void shouldCompactFromTheFirstCompactedTopicOn() throws Exception {
        try (DataFixture broker = new DataFixture()) {
            start(broker);
            int waiting = broker.timer().waiting();
            broker.createTopic("events", 1);
            assertEquals(waiting, broker.timer().waiting());
            broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
            assertEquals(waiting + 1, broker.timer().waiting());
            Partition partition = fill(broker);
            long sizeBytes = partition.log().sizeBytes();
            advance(broker, BACKOFF_MS - 1);
            assertEquals(sizeBytes, partition.log().sizeBytes());
            advance(broker, 1);
            assertEquals(sizeBytes / 2, partition.log().sizeBytes());
            broker.deleteTopic("compacted");
            // The old segment waits for its deletion; the cleaner finds that it has nothing to do any more.
            advance(broker, BACKOFF_MS);
            advance(broker, BACKOFF_MS * 20);
            assertEquals(waiting, broker.timer().waiting());
        }
    }

    @Test
    void shouldNotCompactIfItIsSwitchedOff() throws Exception {
        Map<String, String> settings = Map.of("log.cleaner.enable", "false");
        try (DataFixture broker = new DataFixture(DataFixture.temporaryDirectory(), settings)) {
            start(broker);
            broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
            Partition partition = fill(broker);
            long sizeBytes = partition.log().sizeBytes();
            advance(broker, BACKOFF_MS * 20);
            assertEquals(sizeBytes, partition.log().sizeBytes());
        }
    }

    @Test
    void shouldFlushTheLargestUntilLittleIsLeftToRecover() throws Exception {
        try (DataFixture broker = new DataFixture()) {
            broker.createTopic("events", 3);
            broker.append("events", 0, 1);
            broker.append("events", 1, 50);
            broker.append("events", 2, 20);
            Log small = broker.partition("events", 0).log();
            Log large = broker.partition("events", 1).log();
            Log middle = broker.partition("events", 2).log();
            assertEquals(large.sizeBytes(), large.unflushedBytes());
            long withoutLarge = small.sizeBytes() + middle.sizeBytes();

            broker.upkeep().flushAbove(withoutLarge + large.sizeBytes());
            assertEquals(0, large.recoveryPoint());

            broker.upkeep().flushAbove(withoutLarge);
            assertEquals(50, large.recoveryPoint());
            assertEquals(0, large.unflushedBytes());
            assertEquals(0, middle.recoveryPoint());

            long flushedBytes = large.sizeBytes();
            broker.append("events", 1, 3);
            assertEquals(large.sizeBytes() - flushedBytes, large.unflushedBytes());
            broker.upkeep().flushAbove(0);
            assertEquals(53, large.recoveryPoint());
            assertEquals(20, middle.recoveryPoint());
            assertEquals(1, small.recoveryPoint());
        }
    }
}
