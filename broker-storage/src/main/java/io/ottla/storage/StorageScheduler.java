package io.ottla.storage;

/** Runs what storage wants done later or elsewhere: storage starts no threads of its own. */
@FunctionalInterface
public interface StorageScheduler {

    /**
     * Runs the task once, on a thread where it may block, not before the delay has passed on the broker's clock. A
     * scheduler that is shut down may drop the task: what it would have done is done again at the next start.
     *
     * @param task never throws
     * @param delayMs 0 for as soon as possible
     */
    void schedule(Runnable task, long delayMs);
}
