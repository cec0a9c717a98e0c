package io.ottla.broker.coordinator.transaction;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.CoordinatorTimer;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.TransactionLogKey;
import io.ottla.protocol.message.TransactionLogValue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/**
 * A shard with a log, timers and markers, all in memory, that dies at times of a random generator's choice: between two records, before
 * they are committed, before an answer, between two markers. What is not committed may be gone then.
 */
final class SimulatedCoordinator implements CoordinatorOutput {

    /** The process is gone. */
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;

        Crash() {
            super(null, null, false, false);
        }
    }

    private record Held(Runnable answer) {}

    private final Random random;
    private final Map<TopicPartition, SimulatedPartition> partitions;
    private final List<CoordinatorRecord> log = new ArrayList<>();
    private final Map<CoordinatorTimer, Long> timers = new HashMap<>();
    private final List<Held> held = new ArrayList<>();
    private final Deque<Runnable> work = new ArrayDeque<>();
    private TransactionShard shard;
    private int committedCount;
    private long nextProducerId = 1;
    private long nowMs = 1_000_000;

    /** How many crash points there are to one crash; 0 for none. */
    private int crashRarity;

    /** How many markers there are to one that cannot be written; 0 for none. */
    private int failureRarity;

    int transactionVersion = 2;

    SimulatedCoordinator(Random random, Map<TopicPartition, SimulatedPartition> partitions) {
        this.random = random;
        this.partitions = partitions;
    }

    void dangers(int crashes, int failures) {
        crashRarity = crashes;
        failureRarity = failures;
    }

    /** A record of before the simulation. */
    void seed(CoordinatorRecord record) {
        log.add(record);
        committedCount = log.size();
    }

    TransactionShard newShard() {
        return new TransactionShard(
                new TransactionConfig(900_000, 200_000),
                () -> transactionVersion,
                () -> nextProducerId++,
                Reply.of(this::writeMarkers, error -> {
                    throw new AssertionError(error);
                }));
    }

    TransactionShard shard() {
        return shard;
    }

    /** Starts from what is in the log. */
    void load() {
        timers.clear();
        held.clear();
        work.clear();
        TransactionShard fresh = newShard();
        replayInto(fresh);
        shard = fresh;
        fresh.onLoaded(this);
        commit();
    }

    void replayInto(TransactionShard target) {
        for (int i = 0; i < log.size(); i++) {
            target.replay(log.get(i), i, -1);
        }
    }

    /** The process dies: what is not committed is there, or not, or in part. */
    void crash() {
        while (log.size() > committedCount && random.nextBoolean()) {
            log.remove(log.size() - 1);
        }
        committedCount = log.size();
        partitions.values().forEach(partition -> partition.crash(random));
        shard.drainReplies(reply -> reply.fail(ErrorCode.NOT_COORDINATOR));
    }

    void mayCrash() {
        if (crashRarity > 0 && random.nextInt(crashRarity) == 0) {
            throw new Crash();
        }
    }

    /** Runs a request on the shard, and all that follows from it. */
    <R> void run(Supplier<R> step, Reply<R> reply) {
        R answer = step.get();
        if (answer != null) {
            reply(reply, answer);
        }
        commit();
    }

    private void commit() {
        do {
            mayCrash();
            committedCount = log.size();
            mayCrash();
            List<Held> released = List.copyOf(held);
            held.clear();
            for (Held answer : released) {
                answer.answer().run();
                mayCrash();
            }
            Runnable next = work.poll();
            if (next != null) {
                next.run();
            }
        } while (!held.isEmpty() || !work.isEmpty() || committedCount < log.size());
    }

    private void writeMarkers(MarkerRound round) {
        if (round.isCancelled()) {
            return;
        }
        assertDecided(round);
        Map<TopicPartition, ErrorCode> results = new HashMap<>();
        for (TopicPartition target : round.partitions()) {
            mayCrash();
            if (failureRarity > 0 && random.nextInt(failureRarity) == 0) {
                results.put(target, ErrorCode.KAFKA_STORAGE_ERROR);
                continue;
            }
            SimulatedPartition partition = partitions.get(target);
            results.put(target, partition.mark(round.producerId(), round.producerEpoch(), round.isCommitted()));
        }
        mayCrash();
        round.partitions().forEach(target -> partitions.get(target).commit());
        mayCrash();
        work.add(() -> shard.ending().onMarkers(round, results, this));
    }

    /** No marker without a committed record that says so. */
    private void assertDecided(MarkerRound round) {
        TransactionLogValue last = null;
        for (CoordinatorRecord record : log.subList(0, committedCount)) {
            if (((TransactionLogKey) record.key()).transactionalId().equals(round.transactionalId())) {
                last = (TransactionLogValue) record.value();
            }
        }
        TransactionState wanted =
                round.isCommitted() ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT;
        assertTrue(
                last != null
                        && last.transactionStatus() == wanted.id()
                        && last.producerId() == round.producerId()
                        && last.producerEpoch() == round.producerEpoch(),
                "markers are written that the log does not ask for");
    }

    /** Lets the time pass; timers expire at their deadlines. */
    void advance(long ms) {
        long targetMs = nowMs + ms;
        while (true) {
            CoordinatorTimer next = null;
            for (Map.Entry<CoordinatorTimer, Long> timer : timers.entrySet()) {
                if (timer.getValue() <= targetMs && (next == null || timer.getValue() < timers.get(next))) {
                    next = timer.getKey();
                }
            }
            if (next == null) {
                nowMs = targetMs;
                return;
            }
            nowMs = Math.max(nowMs, timers.remove(next));
            shard.onTimer(next, this);
            commit();
        }
    }

    @Override
    public long nowMs() {
        return nowMs;
    }

    @Override
    public void append(CoordinatorRecord record) {
        mayCrash();
        log.add(record);
        shard.replay(record, log.size() - 1, -1);
    }

    @Override
    public <R> void reply(Reply<R> reply, R answer) {
        held.add(new Held(() -> reply.complete(answer)));
    }

    @Override
    public void schedule(CoordinatorTimer timer, long delayMs) {
        timers.put(timer, nowMs + Math.max(0, delayMs));
    }

    @Override
    public void cancel(CoordinatorTimer timer) {
        timers.remove(timer);
    }
}
