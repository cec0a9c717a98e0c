package io.ottla.broker.partition;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.storage.StorageScheduler;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what may block away from the event loops: deleting files, retention, checkpoints, asking the file system for its size.
 *
 * <p>One thread, made when there is something to do and gone again when there has been nothing for a while. Tasks run in the
 * order they came in.
 */
public final class BackgroundExecutor implements Executor, StorageScheduler, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BackgroundExecutor.class);
    private static final long IDLE_THREAD_LIFE_MS = 10_000;
    private static final long CLOSE_WAIT_MS = 30_000;

    private final ThreadPoolExecutor executor;

    private final BrokerTimer timer;

    private final TaskCount tasks = new TaskCount();

    /** The thread that was made last: there is never more than one. */
    private volatile Thread thread;

    /** @param timer tells when delayed tasks are due */
    public BackgroundExecutor(String threadName, BrokerTimer timer) {
        this.timer = timer;
        executor = new ThreadPoolExecutor(
                1, 1, IDLE_THREAD_LIFE_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread made = new Thread(task, threadName);
                    made.setDaemon(true);
                    thread = made;
                    return made;
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
                LOG.error("A background task failed", e);
            }
        });
    }

    /** The tasks that this executor has been given. */
    public TaskCount tasks() {
        return tasks;
    }

    /** Like {@link #execute}, but forgets the task when the executor is closed. */
    public void executeUnlessClosed(Runnable task) {
        try {
            execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("A background task came after the end and is dropped");
        }
    }

    /** {@inheritDoc} Tasks that are not yet due when the executor is closed are dropped. */
    @Override
    public void schedule(Runnable task, long delayMs) {
        if (delayMs <= 0) {
            executeUnlessClosed(task);
        } else {
            timer.schedule(() -> executeUnlessClosed(task), delayMs);
        }
    }

    /** Takes no more tasks, waits for those that it has, and for its thread to be gone. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                executor.shutdownNow();
            }
            Thread last = thread;
            if (last != null) {
                last.join(CLOSE_WAIT_MS);
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
