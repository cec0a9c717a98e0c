package io.ottla.broker.time;

/** A task that waits in a {@link BrokerTimer}. */
public interface TimerTask {

    /**
     * Keeps the task from running. May be called on any thread and more than once.
     *
     * @return true if this call kept the task from running; false if it was cancelled before, has run, or is about to
     */
    boolean cancel();
}
