package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for conditions that another thread or process brings about. */
public final class Await {
    private static final long PAUSE_NANOS = Duration.ofMillis(10).toNanos();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Await() {}

    /** Asks the condition until it holds; fails, with the description, when it does not within 60 seconds. */
    public static void until(Supplier<String> description, Callable<Boolean> condition) throws Exception {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() - deadlineNanos > 0) {
                fail("not within " + PATIENCE.toSeconds() + " s: " + description.get());
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** As {@link #until(Supplier, Callable)}, with a fixed description. */
    public static void until(String description, Callable<Boolean> condition) throws Exception {
        until(() -> description, condition);
    }
}
