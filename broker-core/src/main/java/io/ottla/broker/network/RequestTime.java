package io.ottla.broker.network;

import io.ottla.storage.Clock;

/** How long the event loop is at work on a request, which may wait for its answer in between. For the event loop only. */
final class RequestTime {

    private final Clock clock;
    private long startNanos;
    private long spentNanos;
    private boolean running;
    private boolean settled;

    /** Starts to measure. */
    RequestTime(Clock clock) {
        this.clock = clock;
        start();
    }

    void start() {
        startNanos = clock.nanoTime();
        running = true;
    }

    void pause() {
        spentNanos += clock.nanoTime() - startNanos;
        running = false;
    }

    /** The time since the beginning without the pauses; what is spent from now on counts for itself. */
    long settle() {
        settled = true;
        return take();
    }

    /** The time since it was last taken. */
    long take() {
        if (running) {
            pause();
            start();
        }
        long taken = spentNanos;
        spentNanos = 0;
        return taken;
    }

    boolean isSettled() {
        return settled;
    }
}
