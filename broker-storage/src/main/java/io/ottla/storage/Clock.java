package io.ottla.storage;

/** Where the whole broker takes its time from, so that a test may move it. Thread-safe. */
public interface Clock {

    /** The clock of the machine. */
    static Clock system() {
        return SystemClock.INSTANCE;
    }

    /** Milliseconds since 1970-01-01T00:00Z. */
    long timeMs();

    /** Nanoseconds since some fixed point, for measuring durations; never goes back. */
    long nanoTime();
}
