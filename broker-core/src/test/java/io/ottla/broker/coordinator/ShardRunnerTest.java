package io.ottla.broker.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.CoordinatorKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Message;
import io.ottla.protocol.message.OffsetCommitKey;
import io.ottla.protocol.message.OffsetCommitValue;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ShardRunnerTest {

    private final ManualClock clock = new ManualClock(1_000_000);
    private final TestTimer timer = new TestTimer();
    private final MemoryCoordinatorLog log = new MemoryCoordinatorLog();
    private final List<SumShard> shards = new ArrayList<>();
    private final ShardRunner<SumShard> runner = newRunner();

    /** Counts what is added to names. A name is a group id in the records, of which there are some anyway. */
    private static final class SumShard implements CoordinatorShard {
        private final Map<String, Long> sums = new HashMap<>();
        private final Map<Long, List<CoordinatorRecord>> open = new HashMap<>();
        private final List<CoordinatorTimer> expired = new ArrayList<>();
        private Reply<Long> parked;
        private boolean markerFails;

        @Override
        public void replay(CoordinatorRecord record, long offset, long producerId) {
            if (producerId != RecordBatch.NO_PRODUCER_ID) {
                open.computeIfAbsent(producerId, id -> new ArrayList<>()).add(record);
                return;
            }
            sums.merge(
                    ((OffsetCommitKey) record.key()).group(), ((OffsetCommitValue) record.value()).offset(), Long::sum);
        }

        @Override
        public void replayEndTransaction(long producerId, boolean committed) {
            if (markerFails) {
                throw new IllegalStateException("cannot take it");
            }
            List<CoordinatorRecord> ended = open.remove(producerId);
            if (committed && ended != null) {
                ended.forEach(record -> replay(record, 0, RecordBatch.NO_PRODUCER_ID));
            }
        }

        private Long add(String name, long value, CoordinatorOutput out) {
            out.append(new CoordinatorRecord(
                    new OffsetCommitKey().group(name).topic("t"),
                    new OffsetCommitValue().offset(value).metadata("").commitTimestamp(out.nowMs()),
                    (short) 3));
            return sums.get(name);
        }

        @Override
        public void onLoaded(CoordinatorOutput out) {}

        @Override
        public void onTimer(CoordinatorTimer expiredTimer, CoordinatorOutput out) {
            expired.add(expiredTimer);
            add("timer", 1, out);
        }

        @Override
        public void drainReplies(Consumer<Reply<?>> taker) {
            if (parked != null) {
                taker.accept(parked);
            }
        }
    }

    private static final class SumFormat extends CoordinatorRecordFormat {
        @Override
        protected CoordinatorKey newKey(short recordType) {
            return recordType == 1 ? new OffsetCommitKey() : null;
        }

        @Override
        protected Message newValue(short recordType) {
            return new OffsetCommitValue();
        }
    }

    /** Keeps its tasks until the test runs those that are due. */
    private final class TestTimer implements BrokerTimer {
        private final Map<Runnable, Long> tasks = new HashMap<>();
        private int scheduled;

        @Override
        public TimerTask schedule(Runnable task, long delayMs) {
            scheduled++;
            tasks.put(task, clock.timeMs() + delayMs);
            return () -> tasks.remove(task) != null;
        }

        void advance(long ms) {
            clock.advance(Duration.ofMillis(ms));
            for (Runnable task : List.copyOf(tasks.keySet())) {
                if (tasks.get(task) <= clock.timeMs()) {
                    tasks.remove(task);
                    task.run();
                }
            }
        }
    }

    private record Name(String name) implements CoordinatorTimer {}

    private static final class Answer {
        private Long value;
        private ErrorCode error;
        private int count;

        private Reply<Long> reply() {
            return Reply.of(
                    answer -> {
                        value = answer;
                        count++;
                    },
                    failure -> {
                        error = failure;
                        return null;
                    });
        }
    }

    private ShardRunner<SumShard> newRunner() {
        return new ShardRunner<>(
                "test",
                log,
                new SumFormat(),
                () -> {
                    SumShard shard = new SumShard();
                    shards.add(shard);
                    return shard;
                },
                clock,
                timer);
    }

    @BeforeEach
    void load() {
        runner.load();
    }

    private Answer run(CoordinatorStep<SumShard, Long> step) {
        Answer answer = new Answer();
        runner.execute(step, answer.reply());
        return answer;
    }

    private SumShard shard() {
        return shards.get(shards.size() - 1);
    }

    @Test
    void shouldReplayRecordsIntoTheShardAndAppendThemAsOneBatch() {
        Answer answer = run((shard, out) -> {
            shard.add("a", 1, out);
            return shard.add("a", 2, out);
        });
        assertEquals(3, answer.value);
        assertEquals(1, log.batches().size());
        assertEquals(2, log.batches().get(0).recordCount());
    }

    @Test
    void shouldHoldAnswersUntilTheirRecordsAreCommitted() {
        log.commitUpTo(0);
        Answer written = run((shard, out) -> shard.add("a", 1, out));
        Answer read = run((shard, out) -> shard.sums.get("a"));
        assertEquals(0, written.count);
        assertEquals(0, read.count);
        log.commitUpTo(1);
        assertEquals(1, written.value);
        assertEquals(1, read.value);
    }

    @Test
    void shouldTellAllWhoWaitAndLoadAnewWhenTheLogFails() {
        run((shard, out) -> shard.add("a", 1, out));
        Answer parked = new Answer();
        run((shard, out) -> {
            shard.parked = parked.reply();
            return null;
        });
        log.failWith(ErrorCode.KAFKA_STORAGE_ERROR);
        Answer failed = run((shard, out) -> shard.add("a", 5, out));
        assertEquals(ErrorCode.NOT_COORDINATOR, failed.error);
        assertNull(failed.value);
        assertEquals(ErrorCode.NOT_COORDINATOR, parked.error);
        log.failWith(null);
        assertEquals(1L, run((shard, out) -> shard.sums.get("a")).value);
        assertEquals(3L, run((shard, out) -> shard.add("a", 2, out)).value);
    }

    @Test
    void shouldAnswerWithoutALogAndLoadWhenThereIsOne() {
        run((shard, out) -> shard.add("a", 1, out));
        log.offline(true);
        ShardRunner<SumShard> late = newRunner();
        late.load();
        Answer[] refused = {new Answer(), new Answer()};
        for (Answer answer : refused) {
            late.execute((shard, out) -> shard.add("a", 5, out), answer.reply());
            assertEquals(ErrorCode.NOT_COORDINATOR, answer.error);
        }
        timer.advance(1_000);
        log.offline(false);
        int tried = shards.size();
        timer.advance(1_000);
        assertEquals(tried + 1, shards.size(), "nobody has to ask");
        Answer answer = new Answer();
        late.execute((shard, out) -> shard.sums.get("a"), answer.reply());
        assertEquals(1L, answer.value);
    }

    @Test
    void shouldForgetHalfAStep() {
        run((shard, out) -> shard.add("a", 1, out));
        Answer failed = run((shard, out) -> {
            shard.add("a", 5, out);
            throw new IllegalStateException("half way");
        });
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, failed.error);
        assertEquals(1L, run((shard, out) -> shard.sums.get("a")).value);
        assertEquals(1, log.endOffset());
    }

    @Test
    void shouldAnswerAStepThatRefuses() {
        Answer refused = run((shard, out) -> {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        });
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, refused.error);
        assertEquals(1, refused.count);
        assertEquals(1, shards.size());
    }

    @Test
    void shouldRunTheStepsOfManyThreadsOneAfterAnother() throws InterruptedException {
        int threads = 4;
        int steps = 2_000;
        CountDownLatch answered = new CountDownLatch(threads * steps);
        List<Thread> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            String name = "thread" + i;
            Thread thread = new Thread(() -> {
                for (int step = 0; step < steps; step++) {
                    runner.execute(
                            (shard, out) -> {
                                shard.add(name, 1, out);
                                return shard.add("all", 1, out);
                            },
                            Reply.<Long>of(answer -> answered.countDown(), error -> null));
                }
            });
            running.add(thread);
            thread.start();
        }
        for (Thread thread : running) {
            thread.join();
        }
        answered.await();
        assertEquals((long) threads * steps, shard().sums.get("all"));
        assertEquals(2L * threads * steps, log.endOffset());
        ShardRunner<SumShard> recovered = newRunner();
        recovered.load();
        assertEquals(shards.get(0).sums, shard().sums);
    }

    @Test
    void shouldTakeUpWhatAnAnswerAsksForNext() {
        Answer second = new Answer();
        runner.execute(
                (shard, out) -> shard.add("a", 1, out),
                Reply.<Long>of(
                        answer -> runner.execute((shard, out) -> shard.add("a", answer, out), second.reply()),
                        error -> null));
        assertEquals(2, second.value);
    }

    @Test
    void shouldQueueWhatComesBeforeItIsLoaded() {
        ShardRunner<SumShard> unloaded = newRunner();
        Answer early = new Answer();
        unloaded.execute((shard, out) -> shard.add("a", 1, out), early.reply());
        assertEquals(0, early.count);
        unloaded.load();
        assertEquals(1, early.value);
    }

    @Test
    void shouldRunATimerWhenItsTimeHasCome() {
        run((shard, out) -> {
            out.schedule(new Name("x"), 100);
            out.schedule(new Name("y"), 100);
            out.cancel(new Name("y"));
            return 0L;
        });
        timer.advance(99);
        assertEquals(List.of(), shard().expired);
        timer.advance(1);
        assertEquals(List.of(new Name("x")), shard().expired);
        assertEquals(1, shard().sums.get("timer"));
    }

    @Test
    void shouldPutATimerOffWithoutAskingTheBrokersTimerAgain() {
        run((shard, out) -> {
            out.schedule(new Name("x"), 100);
            return 0L;
        });
        for (int i = 0; i < 9; i++) {
            timer.advance(10);
            run((shard, out) -> {
                out.schedule(new Name("x"), 100);
                return 0L;
            });
        }
        assertEquals(1, timer.scheduled);
        timer.advance(10);
        assertEquals(List.of(), shard().expired);
        assertEquals(2, timer.scheduled);
        timer.advance(89);
        assertEquals(List.of(), shard().expired);
        timer.advance(1);
        assertEquals(List.of(new Name("x")), shard().expired);
    }

    @Test
    void shouldBringATimerForward() {
        run((shard, out) -> {
            out.schedule(new Name("x"), 100);
            out.schedule(new Name("x"), 10);
            return 0L;
        });
        timer.advance(10);
        assertEquals(List.of(new Name("x")), shard().expired);
        timer.advance(1_000);
        assertEquals(1, shard().expired.size());
    }

    @Test
    void shouldRunATimerWithoutDelayAfterTheStep() {
        Answer answer = run((shard, out) -> {
            out.schedule(new Name("x"), 0);
            return (long) shard.expired.size();
        });
        assertEquals(0, answer.value);
        assertEquals(1, shard().expired.size());
    }

    @Test
    void shouldStartABatchForEveryTransactionAndApplyItAtItsEnd() {
        Answer inTransaction = new Answer();
        runner.executeTransactional(
                7,
                (short) 2,
                (shard, out) -> {
                    shard.add("a", 5, out);
                    return 0L;
                },
                inTransaction.reply());
        assertEquals(0, inTransaction.value);
        RecordBatch batch = log.batches().get(0);
        assertTrue(batch.isTransactional());
        assertEquals(7, batch.producerId());
        assertEquals(2, batch.producerEpoch());
        assertFalse(shard().sums.containsKey("a"));

        int[] ended = {0};
        runner.completeTransaction(
                new TransactionEnd(7, (short) 2, 1, true), Reply.of(done -> ended[0]++, error -> null));
        assertEquals(1, ended[0]);
        assertEquals(5, shard().sums.get("a"));
        assertTrue(log.batches().get(1).isControlBatch());

        newRunner().load();
        assertEquals(5, shard().sums.get("a"));
    }

    @Test
    void shouldLetNobodyWaitForRecordsThatCannotBeCommitted() {
        Answer parked = new Answer();
        log.commitUpTo(0);
        Answer written = run((shard, out) -> {
            shard.parked = parked.reply();
            return shard.add("a", 1, out);
        });
        log.failCommits(ErrorCode.KAFKA_STORAGE_ERROR);
        assertEquals(ErrorCode.NOT_COORDINATOR, written.error);
        log.commitUpTo(1);
        assertEquals(ErrorCode.NOT_COORDINATOR, parked.error);
        assertEquals(ErrorCode.NOT_COORDINATOR, run((shard, out) -> 0L).error);
        timer.advance(1_000);
        assertEquals(1L, run((shard, out) -> shard.sums.get("a")).value);
        assertEquals(List.of(1, 1), List.of(parked.count, written.count));
    }

    @Test
    void shouldAnswerThoughTheShardCannotTakeAMarker() {
        SumShard first = shard();
        Answer inTransaction = new Answer();
        runner.executeTransactional(
                7, (short) 2, (shard, out) -> shard.add("a", 5, out) == null ? 0L : 1L, inTransaction.reply());
        first.markerFails = true;
        ErrorCode[] error = {ErrorCode.NONE};
        runner.completeTransaction(new TransactionEnd(7, (short) 2, 1, true), Reply.of(done -> {}, failure -> {
            error[0] = failure;
            return null;
        }));
        assertEquals(ErrorCode.NOT_COORDINATOR, error[0]);
        // The marker is in the log, and the shard has been loaded from there.
        assertEquals(5L, run((shard, out) -> shard.sums.get("a")).value);
        assertEquals(2, shards.size());
    }

    @Test
    void shouldSplitWhatDoesNotFitIntoOneBatch() {
        log.maxBatchSizeBytes(300);
        run((shard, out) -> {
            for (int i = 0; i < 20; i++) {
                shard.add("a", 1, out);
            }
            return 0L;
        });
        assertTrue(log.batches().size() > 1);
        assertEquals(20, log.endOffset());
        log.batches().forEach(batch -> assertTrue(batch.sizeBytes() <= 300));
    }

    @Test
    void shouldAnswerWithAnErrorOnceItIsClosed() {
        Answer parked = new Answer();
        run((shard, out) -> {
            shard.parked = parked.reply();
            out.schedule(new Name("x"), 10);
            return null;
        });
        runner.close(ErrorCode.NOT_COORDINATOR);
        assertEquals(ErrorCode.NOT_COORDINATOR, parked.error);
        assertEquals(ErrorCode.NOT_COORDINATOR, run((shard, out) -> 0L).error);
        timer.advance(10);
        assertEquals(List.of(), shard().expired);
    }
}
