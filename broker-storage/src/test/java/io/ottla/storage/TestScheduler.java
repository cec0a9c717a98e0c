package io.ottla.storage;

import java.util.ArrayDeque;
import java.util.Deque;

/** Keeps tasks until a test runs them, in the order they were given; delays are remembered, not waited for. */
final class TestScheduler implements StorageScheduler {

    record Task(Runnable runnable, long delayMs) {}

    private final Deque<Task> tasks = new ArrayDeque<>();

    @Override
    public synchronized void schedule(Runnable task, long delayMs) {
        tasks.add(new Task(task, delayMs));
    }

    synchronized int size() {
        return tasks.size();
    }

    /** Runs all that is due within the delay. */
    void runUpTo(long delayMs) {
        Deque<Task> due = new ArrayDeque<>();
        synchronized (this) {
            tasks.removeIf(task -> task.delayMs() <= delayMs && due.add(task));
        }
        due.forEach(task -> task.runnable().run());
    }

    void runAll() {
        runUpTo(Long.MAX_VALUE);
    }
}
