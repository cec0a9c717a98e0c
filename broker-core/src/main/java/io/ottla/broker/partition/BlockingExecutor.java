package io.ottla.broker.partition;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what somebody's answer waits for and no event loop may be held up by: what waits for the device, or takes large batches apart.
 * Apart from {@link BackgroundExecutor}, so that no answer waits for a compaction.
 *
 * <p>A few threads, so that logs need not wait for each other. They are made when there is something to do and go when there has been
 * nothing for a while.
 */
public final class BlockingExecutor implements Executor, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BlockingExecutor.class);
    private static final long IDLE_THREAD_LIFE_MS = 10_000;
    private static final long CLOSE_WAIT_MS = 30_000;

    private final ThreadPoolExecutor executor;
    private final TaskCount tasks = new TaskCount();

    /**
     * @param threadNamePrefix what the names of the threads begin with
     * @param threads how many there may be
     */
    public BlockingExecutor(String threadNamePrefix, int threads) {
        AtomicInteger made = new AtomicInteger();
        executor = new ThreadPoolExecutor(
                threads, threads, IDLE_THREAD_LIFE_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, threadNamePrefix + made.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs the task soon. What it throws is logged.
     *
     * @throws RejectedExecutionException after {@link #close}
     */
    @Override
    public void execute(Runnable task) {
        tasks.submit(executor, () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.error("A task failed unexpectedly", e);
            }
        });
    }

    /** The tasks that this executor has been given. */
    public TaskCount tasks() {
        return tasks;
    }

    /** Takes no more tasks, and waits for those that it has. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
