package io.ottla.broker.time;

/** The one place where a broker's delayed work waits: request timeouts, session timeouts, idle connections. */
public interface BrokerTimer {

    /**
     * Runs a task once, not before the delay has passed on the broker's clock, and as soon after it as the timer's thread is
     * free. May be called on any thread.
     *
     * @param task runs on the timer's thread, must be short and must not block
     * @param delayMs 0 or less means at once, but still on the timer's thread
     */
    TimerTask schedule(Runnable task, long delayMs);
}
