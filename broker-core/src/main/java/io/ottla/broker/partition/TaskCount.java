package io.ottla.broker.partition;

import java.util.concurrent.Executor;

/** How many tasks an executor has been given, and whether all of them are done. Thread-safe. */
public final class TaskCount {

    private long submitted;
    private long done;

    /** Hands a task over and counts it. */
    void submit(Executor executor, Runnable task) {
        synchronized (this) {
            submitted++;
        }
        boolean accepted = false;
        try {
            executor.execute(() -> {
                try {
                    task.run();
                } finally {
                    finished();
                }
            });
            accepted = true;
        } finally {
            if (!accepted) {
                finished();
            }
        }
    }

    private synchronized void finished() {
        done++;
        if (done == submitted) {
            notifyAll();
        }
    }

    /**
     * Returns when no task waits or runs. Must not be called by a task.
     *
     * @return how many tasks there have been
     */
    public synchronized long awaitIdle() {
        boolean interrupted = false;
        while (done < submitted) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return submitted;
    }
}
