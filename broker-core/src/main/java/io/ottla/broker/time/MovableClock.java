package io.ottla.broker.time;

import io.ottla.storage.Clock;

/** A clock that somebody may move or stop. Thread-safe. */
public interface MovableClock extends Clock {

    /** Whether the clock goes on by itself; may change, and who listens is told. */
    boolean isRunning();

    /** Calls the listener after every move, stop and start, in the thread that did it. */
    void onMove(Runnable listener);

    /** Forgets a listener, the same object as was given to {@link #onMove}. */
    void removeOnMove(Runnable listener);
}
