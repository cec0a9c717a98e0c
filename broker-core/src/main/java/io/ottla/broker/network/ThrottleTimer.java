package io.ottla.broker.network;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.storage.Clock;
import java.util.function.Consumer;

/** Knows until when nothing is read from a connection, because its client is over a quota (KIP-219). For the event loop only. */
final class ThrottleTimer {

    private static final long NANOS_PER_MS = 1_000_000L;

    private final Clock clock;
    private final BrokerTimer timer;
    private final Consumer<Runnable> eventLoop;
    private final Runnable whenOver;
    private boolean throttled;
    private long endNanos;
    private TimerTask task;

    /**
     * @param eventLoop runs tasks on the event loop
     * @param whenOver is run there when the connection may be read again
     */
    ThrottleTimer(Clock clock, BrokerTimer timer, Consumer<Runnable> eventLoop, Runnable whenOver) {
        this.clock = clock;
        this.timer = timer;
        this.eventLoop = eventLoop;
        this.whenOver = whenOver;
    }

    boolean isThrottled() {
        return throttled;
    }

    /** Begins to hold the client back for this time, or goes on so that it lasts as long from now. */
    void start(int throttleMs) {
        long wantedNanos = clock.nanoTime() + throttleMs * NANOS_PER_MS;
        if (throttled && wantedNanos - endNanos <= 0) {
            return;
        }
        cancel();
        throttled = true;
        endNanos = wantedNanos;
        schedule(throttleMs);
    }

    void cancel() {
        throttled = false;
        if (task != null) {
            task.cancel();
            task = null;
        }
    }

    private void schedule(long delayMs) {
        task = timer.schedule(() -> eventLoop.accept(this::end), delayMs);
    }

    private void end() {
        if (!throttled) {
            return;
        }
        long leftNanos = endNanos - clock.nanoTime();
        if (leftNanos > 0) {
            // Called for an earlier end, or a little early.
            task.cancel();
            schedule((leftNanos + NANOS_PER_MS - 1) / NANOS_PER_MS);
        } else {
            throttled = false;
            whenOver.run();
        }
    }
}
