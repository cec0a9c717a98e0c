package io.ottla.broker.partition;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;

/** Work that is repeated as long as there is some, on the broker's clock. Thread-safe. */
final class OnDemandJob {

    private final Runnable work;
    private final LongSupplier delayMs;
    private final BrokerTimer timer;
    private final Executor executor;
    private TimerTask next;

    /** How far off the next run was when it was planned. */
    private long nextDelayMs;

    private boolean running;
    private boolean cancelled;

    /**
     * Does nothing until it is planned.
     *
     * @param delayMs in how many milliseconds there may be something to do, Long.MAX_VALUE if that is not known
     */
    OnDemandJob(Runnable work, LongSupplier delayMs, BrokerTimer timer, Executor executor) {
        this.work = work;
        this.delayMs = delayMs;
        this.timer = timer;
        this.executor = executor;
    }

    /** Plans the next run if none is planned. */
    synchronized void plan() {
        if (next != null || running || cancelled) {
            return;
        }
        schedule(delayMs.getAsLong());
    }

    /** Sees to it that the next run is not later than in so many milliseconds; Long.MAX_VALUE changes nothing. */
    synchronized void planWithin(long wantedMs) {
        if (running || cancelled || (next != null && nextDelayMs <= wantedMs)) {
            return;
        }
        if (next != null) {
            next.cancel();
            next = null;
        }
        schedule(wantedMs);
    }

    private void schedule(long delay) {
        if (delay != Long.MAX_VALUE) {
            nextDelayMs = delay;
            next = timer.schedule(this::submit, delay);
        }
    }

    /** Plans the next run anew: it may be due earlier than it was. */
    synchronized void replan() {
        if (next != null) {
            next.cancel();
            next = null;
        }
        plan();
    }

    private void submit() {
        synchronized (this) {
            next = null;
            if (running || cancelled) {
                return;
            }
            running = true;
        }
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException e) {
            // The broker stops.
            cancel();
        }
    }

    private void run() {
        try {
            work.run();
        } finally {
            synchronized (this) {
                running = false;
                plan();
            }
        }
    }

    synchronized void cancel() {
        cancelled = true;
        if (next != null) {
            next.cancel();
            next = null;
        }
    }
}
