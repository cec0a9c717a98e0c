package io.ottla.broker.coordinator;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.storage.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The running timers of one shard. Owned by the thread that works on the shard.
 *
 * <p>Session timers are put off at every heartbeat and hardly ever expire. So a timer that is put off keeps its place in the broker's
 * timer, and is started again for the rest of the time when that place is reached.
 */
final class ShardTimers {

    private final Clock clock;
    private final BrokerTimer timer;
    private final Consumer<Runnable> shardExecutor;
    private final Consumer<CoordinatorTimer> onExpiry;
    private final Map<CoordinatorTimer, Entry> entries = new HashMap<>();

    private static final class Entry {
        /** When the timer expires. */
        private long deadlineNanos;

        /** When the broker's timer comes back to it; not after the deadline. */
        private long wakeUpNanos;

        private TimerTask wakeUp;
    }

    ShardTimers(Clock clock, BrokerTimer timer, Consumer<Runnable> shardExecutor, Consumer<CoordinatorTimer> onExpiry) {
        this.clock = clock;
        this.timer = timer;
        this.shardExecutor = shardExecutor;
        this.onExpiry = onExpiry;
    }

    void schedule(CoordinatorTimer key, long delayMs) {
        long deadlineNanos = clock.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.max(0, delayMs));
        Entry entry = entries.get(key);
        if (entry != null && deadlineNanos - entry.wakeUpNanos >= 0) {
            entry.deadlineNanos = deadlineNanos;
            return;
        }
        cancel(key);
        start(key, new Entry(), deadlineNanos, delayMs);
    }

    void cancel(CoordinatorTimer key) {
        Entry entry = entries.remove(key);
        if (entry != null && entry.wakeUp != null) {
            entry.wakeUp.cancel();
        }
    }

    void cancelAll() {
        for (Entry entry : entries.values()) {
            if (entry.wakeUp != null) {
                entry.wakeUp.cancel();
            }
        }
        entries.clear();
    }

    private void start(CoordinatorTimer key, Entry entry, long deadlineNanos, long delayMs) {
        entry.deadlineNanos = deadlineNanos;
        entry.wakeUpNanos = deadlineNanos;
        entries.put(key, entry);
        Runnable expiry = () -> onWakeUp(key, entry);
        if (delayMs <= 0) {
            shardExecutor.accept(expiry);
        } else {
            entry.wakeUp = timer.schedule(() -> shardExecutor.accept(expiry), delayMs);
        }
    }

    private void onWakeUp(CoordinatorTimer key, Entry entry) {
        if (entries.get(key) != entry) {
            return;
        }
        long remainingNanos = entry.deadlineNanos - clock.nanoTime();
        if (remainingNanos > 0) {
            start(key, entry, entry.deadlineNanos, TimeUnit.NANOSECONDS.toMillis(remainingNanos + 999_999));
        } else {
            entries.remove(key);
            onExpiry.accept(key);
        }
    }
}
