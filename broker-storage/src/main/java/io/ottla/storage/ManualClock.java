package io.ottla.storage;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until a test moves it. Thread-safe. */
public final class ManualClock implements Clock {

    private static final long NANOS_PER_MS = 1_000_000L;

    private final long startMs;
    private final AtomicLong elapsedNanos = new AtomicLong();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    /** A clock that shows the given time, in milliseconds since 1970-01-01T00:00Z. */
    public ManualClock(long startMs) {
        this.startMs = startMs;
    }

    @Override
    public long timeMs() {
        return startMs + elapsedNanos.get() / NANOS_PER_MS;
    }

    @Override
    public long nanoTime() {
        return elapsedNanos.get();
    }

    /**
     * Moves the clock forward and tells its listeners, in the calling thread.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time does not go back: " + duration);
        }
        elapsedNanos.addAndGet(duration.toNanos());
        listeners.forEach(Runnable::run);
    }

    /** Calls the listener after every advance; a timer looks for what is due there. */
    public void onAdvance(Runnable listener) {
        listeners.add(listener);
    }

    /** Forgets a listener, the same object as was given to {@link #onAdvance}. */
    public void removeOnAdvance(Runnable listener) {
        listeners.remove(listener);
    }
}
