package io.ottla.broker.handler;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A timer that runs its tasks when the test says that time has passed, on the test's thread. */
public final class TestTimer implements BrokerTimer {

    private final List<Entry> entries = new ArrayList<>();
    private long nowMs;

    private final class Entry implements TimerTask {
        private final Runnable task;
        private final long dueMs;

        Entry(Runnable task, long dueMs) {
            this.task = task;
            this.dueMs = dueMs;
        }

        @Override
        public boolean cancel() {
            synchronized (entries) {
                return entries.remove(this);
            }
        }
    }

    @Override
    public TimerTask schedule(Runnable task, long delayMs) {
        synchronized (entries) {
            Entry entry = new Entry(task, nowMs + Math.max(0, delayMs));
            entries.add(entry);
            return entry;
        }
    }

    /** How many tasks wait. */
    public int waiting() {
        synchronized (entries) {
            return entries.size();
        }
    }

    /** Lets time pass and runs what is due, in order. */
    public void advance(long millis) {
        long untilMs;
        synchronized (entries) {
            untilMs = nowMs + millis;
        }
        for (Entry due = nextDue(untilMs); due != null; due = nextDue(untilMs)) {
            due.task.run();
        }
        synchronized (entries) {
            nowMs = untilMs;
        }
    }

    private Entry nextDue(long untilMs) {
        synchronized (entries) {
            Entry next = entries.stream()
                    .filter(entry -> entry.dueMs <= untilMs)
                    .min(Comparator.comparingLong(entry -> entry.dueMs))
                    .orElse(null);
            if (next != null) {
                entries.remove(next);
                nowMs = next.dueMs;
            }
            return next;
        }
    }
}
