package io.ottla.broker.coordinator;

import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one shard: orders its steps, appends their records, and sends their answers once the records are committed.
 *
 * <p>A step runs on the thread that submits it, at once, if no other thread is at work on the shard; otherwise it is left in a queue
 * for that thread, which takes it up after its own. So nobody waits for a lock, and under contention the records of many steps go
 * into the log in one batch. Answers are held back until the batch is committed.
 */
final class ShardRunner<S extends CoordinatorShard> {

    private static final Logger log = LoggerFactory.getLogger(ShardRunner.class);

    /** The records of queued steps are appended together up to this number. */
    private static final int MAX_PENDING_RECORDS = 1000;

    private static final long LOAD_RETRY_MS = 1000;

    private final String name;
    private final CoordinatorLog shardLog;
    private final CoordinatorRecordFormat format;
    private final Supplier<S> factory;
    private final Clock clock;
    private final BrokerTimer timer;

    /** The broker that leads the shard's partition, -1 if none does. */
    private volatile int leader = PartitionImage.NO_LEADER;

    /** Counts the calls for work; who brings it from 0 to 1 works until it is 0 again. Starts at 1: not loaded yet. */
    private final AtomicInteger workload = new AtomicInteger(1);

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    // What follows belongs to the thread that works on the shard.
    private final Output output = new Output();
    private final PendingBatch batch;
    private final ShardTimers timers;
    private final List<Answer<?>> answers = new ArrayList<>();
    private S shard;
    private ErrorCode unavailable = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;

    /** Who led when the shard was loaded. */
    private int loadedLeader = PartitionImage.NO_LEADER;

    /** Whether loading failed, and when to try again: what was in its way may have gone. */
    private boolean loadFailed;

    private long retryLoadMs;
    private long stepTimeMs;

    private record Answer<R>(Reply<R> reply, R value, ErrorCode error) {

        void send() {
            if (error == null) {
                reply.complete(value);
            } else {
                reply.fail(error);
            }
        }
    }

    ShardRunner(
            String name,
            CoordinatorLog shardLog,
            CoordinatorRecordFormat format,
            Supplier<S> factory,
            Clock clock,
            BrokerTimer timer) {
        this.name = name;
        this.shardLog = shardLog;
        this.format = format;
        this.factory = factory;
        this.clock = clock;
        this.timer = timer;
        this.batch = new PendingBatch(format, shardLog);
        this.timers = new ShardTimers(clock, timer, this::submit, this::onTimer);
    }

    /** The size of what {@link #load} has to read, in bytes. */
    long loadSizeBytes() {
        try {
            return shardLog.sizeBytes();
        } catch (ApiException e) {
            // It cannot be read now; loading says so.
            return 0;
        }
    }

    /** The broker that leads the shard's partition, -1 if none does. */
    int leader() {
        return leader;
    }

    /** Notes who leads the shard's partition; {@link #move} is to follow, unless the shard is not loaded yet. */
    void lead(int brokerId) {
        leader = brokerId;
    }

    /**
     * Has the shard start over from the log under its new leader: whoever waits is told to look for the coordinator. Without a leader
     * the shard is gone until there is one.
     */
    void move() {
        submit(() -> {
            int now = leader;
            boolean loadedForNobody = shard != null && loadedLeader == PartitionImage.NO_LEADER;
            if (shard != null && (now == loadedLeader || loadedForNobody)) {
                loadedLeader = now;
                return;
            }
            if (shard != null) {
                appendPending();
            }
            if (now == PartitionImage.NO_LEADER) {
                drop(ErrorCode.NOT_COORDINATOR);
                unavailable = ErrorCode.NOT_COORDINATOR;
                loadFailed = false;
            } else {
                reload(ErrorCode.NOT_COORDINATOR);
            }
        });
    }

    /** Loads the shard on the calling thread, then runs what has been submitted since. Called once, first. */
    void load() {
        loadShard();
        work();
    }

    /** Runs a step, now or as soon as those before it are done; its reply is completed or kept by the shard. */
    <R> void execute(CoordinatorStep<S, R> step, Reply<R> reply) {
        submit(() -> runStep(step, reply, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH));
    }

    /** Runs a step whose records belong to a producer's transaction. */
    <R> void executeTransactional(long producerId, short producerEpoch, CoordinatorStep<S, R> step, Reply<R> reply) {
        submit(() -> runStep(step, reply, producerId, producerEpoch));
    }

    /** Ends a producer's transaction: writes the marker and applies it. */
    void completeTransaction(TransactionEnd end, Reply<Void> reply) {
        submit(() -> {
            if (!isAvailable()) {
                answers.add(new Answer<>(reply, null, unavailable));
                return;
            }
            if (!appendPending()) {
                answers.add(new Answer<>(reply, null, ErrorCode.NOT_COORDINATOR));
                return;
            }
            try {
                batch.appendTransactionEnd(end, clock.timeMs());
            } catch (ApiException e) {
                answers.add(new Answer<>(reply, null, e.error()));
                return;
            }
            answers.add(new Answer<>(reply, null, replayEnd(end)));
        });
    }

    /** Applies a marker that is in the log; null, or the error if the shard cannot. It then starts over from the log, which has it. */
    private ErrorCode replayEnd(TransactionEnd end) {
        try {
            shard.replayEndTransaction(end.producerId(), end.committed());
            return null;
        } catch (RuntimeException e) {
            log.error("{}: could not apply {}; the shard is loaded anew", name, end, e);
            reload(ErrorCode.NOT_COORDINATOR);
            return ErrorCode.NOT_COORDINATOR;
        }
    }

    /** Ends the shard: whoever waits is answered with the error, and so is who comes later. */
    void close(ErrorCode error) {
        submit(() -> {
            if (shard != null) {
                appendPending();
            }
            drop(error);
            unavailable = error;
            loadFailed = false;
        });
    }

    private void submit(Runnable task) {
        if (workload.compareAndSet(0, 1)) {
            run(task);
            work();
        } else {
            tasks.add(task);
            if (workload.getAndIncrement() == 0) {
                work();
            }
        }
    }

    /** Works until nobody has asked for work since the queue was last seen empty. The caller has brought the workload to 1. */
    private void work() {
        int seen = 1;
        do {
            Runnable task;
            while ((task = tasks.poll()) != null) {
                run(task);
                if (batch.recordCount() >= MAX_PENDING_RECORDS) {
                    flush();
                }
            }
            flush();
            seen = workload.addAndGet(-seen);
        } while (seen != 0);
    }

    private void run(Runnable task) {
        stepTimeMs = clock.timeMs();
        try {
            task.run();
        } catch (RuntimeException e) {
            log.error("{}: a step failed unexpectedly", name, e);
        }
    }

    private <R> void runStep(CoordinatorStep<S, R> step, Reply<R> reply, long producerId, short producerEpoch) {
        if (!isAvailable() || (!batch.isOf(producerId, producerEpoch) && !appendPending())) {
            answers.add(new Answer<>(reply, null, unavailable == null ? ErrorCode.NOT_COORDINATOR : unavailable));
            return;
        }
        batch.producer(producerId, producerEpoch);
        int recordsBefore = batch.recordCount();
        try {
            R answer = step.handle(shard, output);
            if (answer != null) {
                answers.add(new Answer<>(reply, answer, null));
            }
        } catch (RuntimeException e) {
            stepFailed(reply, e, recordsBefore);
        }
    }

    private void stepFailed(Reply<?> reply, RuntimeException failure, int recordsBefore) {
        ErrorCode error = ErrorCode.UNKNOWN_SERVER_ERROR;
        if (failure instanceof ApiException apiFailure) {
            error = apiFailure.error();
        } else {
            log.error("{}: a request failed unexpectedly", name, failure);
        }
        answers.add(new Answer<>(reply, null, error));
        if (batch.recordCount() > recordsBefore) {
            // Half of the step has been replayed. What came before it is kept; the shard starts over from the log.
            batch.truncate(recordsBefore);
            if (appendPending()) {
                reload(ErrorCode.NOT_COORDINATOR);
            }
        }
    }

    private void onTimer(CoordinatorTimer timer) {
        if (unavailable != null
                || (!batch.isOf(RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH) && !appendPending())) {
            return;
        }
        batch.producer(RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH);
        int recordsBefore = batch.recordCount();
        try {
            shard.onTimer(timer, output);
        } catch (RuntimeException e) {
            log.error("{}: the expiry of {} failed unexpectedly", name, timer, e);
            if (batch.recordCount() > recordsBefore) {
                batch.truncate(recordsBefore);
                if (appendPending()) {
                    reload(ErrorCode.NOT_COORDINATOR);
                }
            }
        }
    }

    private void flush() {
        // Should it fail, all answers are errors.
        appendPending();
        try {
            sendAnswers();
        } catch (ApiException e) {
            // The log is not there, so nobody can say what is in it; and who asks must not wait for ever.
            answers.forEach(answer -> send(new Answer<>(answer.reply(), null, answerFor(e.error()))));
            answers.clear();
        }
    }

    /** Appends the records of the steps since the last append. False if that failed: all answers are errors then. */
    private boolean appendPending() {
        if (batch.recordCount() == 0) {
            return true;
        }
        try {
            batch.append();
            return true;
        } catch (RuntimeException e) {
            ErrorCode cause =
                    e instanceof ApiException apiFailure ? apiFailure.error() : ErrorCode.UNKNOWN_SERVER_ERROR;
            if (cause == ErrorCode.NOT_ENOUGH_REPLICAS) {
                // Nothing is wrong here: clients ask again until brokers are back.
                log.debug("{}: could not append to the log: {}", name, e.getMessage());
            } else if (e instanceof ApiException) {
                // The log has said what is wrong with its files, and said it once.
                log.warn("{}: could not append to the log; the shard is loaded anew: {}", name, e.getMessage());
            } else {
                log.error("{}: could not append to the log; the shard is loaded anew", name, e);
            }
            ErrorCode error = answerFor(cause);
            batch.truncate(0);
            for (Answer<?> answer : List.copyOf(answers)) {
                send(new Answer<>(answer.reply(), null, error));
            }
            answers.clear();
            reload(error);
            return false;
        }
    }

    private void sendAnswers() {
        if (answers.isEmpty()) {
            return;
        }
        long endOffset = shardLog.endOffset();
        if (shardLog.isCommitted(endOffset)) {
            for (int i = 0; i < answers.size(); i++) {
                send(answers.get(i));
            }
        } else {
            List<Answer<?>> held = List.copyOf(answers);
            shardLog.whenCommitted(endOffset, failure -> sendHeld(held, failure));
        }
        answers.clear();
    }

    /** What could not be committed may be lost by a power failure: nobody is told that it was done. */
    private void sendHeld(List<Answer<?>> held, ApiException failure) {
        if (failure != null) {
            log.error("{}: its records could not be committed: {}", name, failure.getMessage());
            submit(() -> giveUp(answerFor(failure.error())));
        }
        for (Answer<?> answer : held) {
            send(failure == null ? answer : new Answer<>(answer.reply(), null, answerFor(failure.error())));
        }
    }

    /**
     * Lets go of a state that is ahead of what lasts: nobody may wait for what follows from it. Who asks next has the shard loaded from
     * the log, if that can be written to by then.
     */
    private void giveUp(ErrorCode error) {
        if (shard != null && appendPending()) {
            drop(error);
            loadLater();
        }
    }

    private void send(Answer<?> answer) {
        try {
            answer.send();
        } catch (RuntimeException e) {
            log.error("{}: could not send an answer", name, e);
        }
    }

    private void reload(ErrorCode error) {
        drop(error);
        loadShard();
    }

    private void drop(ErrorCode error) {
        timers.cancelAll();
        batch.truncate(0);
        if (shard != null) {
            shard.drainReplies(reply -> answers.add(new Answer<>(reply, null, error)));
            shard = null;
        }
    }

    private void loadShard() {
        S fresh = factory.get();
        try {
            shardLog.replay(recordBatch -> replay(fresh, recordBatch));
            shard = fresh;
            loadedLeader = leader;
            unavailable = null;
            batch.producer(RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH);
            stepTimeMs = clock.timeMs();
            fresh.onLoaded(output);
        } catch (RuntimeException e) {
            if (!loadFailed) {
                log.error("{}: could not load from the log, which is tried again", name, e);
            }
            shard = null;
            loadLater();
            return;
        }
        if (loadFailed) {
            loadFailed = false;
            log.info("{}: could be loaded from the log now", name);
        }
    }

    /** Nobody may ask for long, and others wait for what only a shard that is loaded does: markers, timeouts. */
    private void loadLater() {
        unavailable = ErrorCode.NOT_COORDINATOR;
        loadFailed = true;
        retryLoadMs = clock.timeMs() + LOAD_RETRY_MS;
        var unused = timer.schedule(this::retryLoad, LOAD_RETRY_MS);
    }

    /** On the timer's thread, which much to read would hold up: that is left to who asks. */
    private void retryLoad() {
        if (loadSizeBytes() <= CoordinatorRuntime.INLINE_LOAD_SIZE_BYTES) {
            submit(this::isAvailable);
        }
    }

    private boolean isAvailable() {
        if (loadFailed && clock.timeMs() >= retryLoadMs) {
            loadShard();
        }
        return unavailable == null;
    }

    private void replay(S target, RecordBatch recordBatch) {
        if (recordBatch.isControlBatch()) {
            for (Record record : recordBatch.records()) {
                switch (ControlRecords.type(record)) {
                    case COMMIT -> target.replayEndTransaction(recordBatch.producerId(), true);
                    case ABORT -> target.replayEndTransaction(recordBatch.producerId(), false);
                    default -> {
                        // Of no meaning for a coordinator.
                    }
                }
            }
            return;
        }
        long producerId = recordBatch.isTransactional() ? recordBatch.producerId() : RecordBatch.NO_PRODUCER_ID;
        for (Record record : recordBatch.records()) {
            CoordinatorRecord parsed = format.read(record.key(), record.value());
            if (parsed == null) {
                log.warn("{}: skipped the record at offset {}: its type is not known", name, record.offset());
            } else {
                target.replay(parsed, record.offset(), producerId);
            }
        }
    }

    /** What a client is told when the log did not take a record, as Apache Kafka's coordinators do. */
    private static ErrorCode answerFor(ErrorCode appendError) {
        return switch (appendError) {
            case UNKNOWN_TOPIC_OR_PARTITION, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT ->
                ErrorCode.COORDINATOR_NOT_AVAILABLE;
            case NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR -> ErrorCode.NOT_COORDINATOR;
            case MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_FETCH_SIZE -> ErrorCode.UNKNOWN_SERVER_ERROR;
            default -> appendError;
        };
    }

    private final class Output implements CoordinatorOutput {

        @Override
        public long nowMs() {
            return stepTimeMs;
        }

        @Override
        public void append(CoordinatorRecord record) {
            long offset = batch.add(record, stepTimeMs);
            shard.replay(record, offset, batch.producerId());
        }

        @Override
        public <R> void reply(Reply<R> reply, R answer) {
            answers.add(new Answer<>(reply, answer, null));
        }

        @Override
        public void schedule(CoordinatorTimer timer, long delayMs) {
            timers.schedule(timer, delayMs);
        }

        @Override
        public void cancel(CoordinatorTimer timer) {
            timers.cancel(timer);
        }
    }
}
