package io.ottla.broker.testing;

import io.ottla.broker.network.SocketServer;
import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.BlockingExecutor;
import io.ottla.broker.time.WheelTimer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that does something in a broker without being asked by a test: says when it is done. Thread-safe.
 *
 * @param timer the broker's timer
 * @param background where upkeep is done
 * @param blocking where requests wait for the device or for large batches
 * @param dueWork what the broker looks for at intervals, and does at once if it is due; for the background
 * @param servers the event loops
 */
public record Workers(
        WheelTimer timer,
        BackgroundExecutor background,
        List<BlockingExecutor> blocking,
        List<Runnable> dueWork,
        List<SocketServer> servers) {

    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

    /** Clients that never pause must not keep a test for ever. */
    private static final int MAX_ROUNDS = 1_000;

    /** Something that may fail on the file system. */
    @FunctionalInterface
    interface IoTask {
        void run() throws IOException;
    }

    /** Returns when nothing is due and nothing is at work; what new requests of clients cause meanwhile may be left over. */
    public void settle() {
        try {
            long before = -1;
            long after = round();
            for (int i = 0; i < MAX_ROUNDS && before != after; i++) {
                before = after;
                after = round();
            }
        } catch (RejectedExecutionException e) {
            LOG.debug("The broker stops: nothing will be due any more", e);
        }
    }

    /** Each may have given work to the others: they are idle when a whole round has brought none. */
    private long round() {
        long done = timer.awaitIdle() + background.tasks().awaitIdle();
        for (BlockingExecutor executor : blocking) {
            done += executor.tasks().awaitIdle();
        }
        servers.forEach(SocketServer::awaitLoops);
        return done;
    }

    /** How many requests have come and not been answered; those that wait for records do not count. */
    int requestsAtWork() {
        return servers.stream().mapToInt(SocketServer::requestsAtWork).sum();
    }

    /** Does what is due by the settings, whenever its next round would be, and {@link #settle settles}. */
    public void catchUp() {
        settle();
        dueWork.forEach(background::executeUnlessClosed);
        settle();
    }

    /** Runs a task when no compaction, deletion or retention runs, and returns when it is done. */
    void runAlone(IoTask task) throws IOException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        background.execute(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw e;
        }
    }
}
