package io.ottla.broker.testing;

import io.ottla.broker.time.MovableClock;
import io.ottla.storage.Clock;
import io.ottla.storage.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The clock of a broker, which a test may move forward and stop. All that the broker does in time follows it: retention, the rolling of
 * segments, compaction lags, sessions, rebalance and transaction time-outs, long polls, the expiry of offsets and producer ids, idle
 * connections.
 *
 * <pre>{@code
 * broker.clock().advance(Duration.ofDays(7)); // returns when everything is done that is due by then
 * }</pre>
 *
 * <p>The clock goes on by itself, as that of the machine, and an advance comes on top. {@link #stop} keeps it where it is. Clients do not
 * know of it: what they wait for themselves ({@code request.timeout.ms}, {@code delivery.timeout.ms}, {@code max.poll.interval.ms},
 * {@code linger.ms}, heartbeats, {@code metadata.max.age.ms}, back-offs) takes real time, and the timestamps of their records are real.
 *
 * <p>Time does not go back, and a restart of the broker does not change it. Thread-safe.
 */
public final class BrokerClock implements MovableClock {

    private static final long NANOS_PER_MS = 1_000_000L;

    private final Clock base;
    private final Runnable settle;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile Setting setting;

    /**
     * How to come from the base to what is shown.
     *
     * @param running whether {@code ms} and {@code nanos} are to be added to the base; they are in its place otherwise
     * @param ahead nanoseconds by which the clock was advanced, added in any case
     */
    private record Setting(boolean running, long ms, long nanos, long ahead) {}

    /**
     * For the broker, which gives its clock out as {@code broker.clock()}.
     *
     * @param base what goes on by itself
     * @param start what to show now; null for what the base shows
     * @param settle called after each advance; returns when all is done that is due
     */
    public BrokerClock(Clock base, Instant start, Runnable settle) {
        this.base = base;
        this.settle = settle;
        this.setting = new Setting(true, start == null ? 0L : start.toEpochMilli() - base.timeMs(), 0L, 0L);
    }

    @Override
    public long timeMs() {
        Setting current = setting;
        return (current.running ? base.timeMs() : 0L) + current.ms + current.ahead / NANOS_PER_MS;
    }

    @Override
    public long nanoTime() {
        Setting current = setting;
        return (current.running ? base.nanoTime() : 0L) + current.nanos + current.ahead;
    }

    /** The broker's time, in whole milliseconds. */
    public Instant now() {
        return Instant.ofEpochMilli(timeMs());
    }

    /**
     * Moves the clock forward in one step, and returns when everything is done that is due at the new time: timers have fired, retention and
     * compaction have been looked after whatever their intervals are, the coordinators have drawn their conclusions, and the answers to
     * clients are with the network. What follows from that counts from the new time on: a member that is told to join again has the whole
     * of its rebalance time-out for it.
     *
     * @param duration any, up to 292 years in all
     * @throws IllegalArgumentException if the duration is negative
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("Time does not go back: " + duration);
        }
        synchronized (this) {
            Setting before = setting;
            setting = new Setting(
                    before.running, before.ms, before.nanos, Math.addExact(before.ahead, duration.toNanos()));
        }
        listeners.forEach(Runnable::run);
        settle.run();
    }

    /**
     * Moves the clock forward to a time, as {@link #advance} does.
     *
     * @throws IllegalArgumentException if it is that late already
     */
    public void advanceTo(Instant time) {
        advance(Duration.between(now(), time));
    }

    /**
     * Stops the clock: nothing expires and no long poll ends until it is advanced or goes on. A client that gets no answer for too long
     * still gives up by its own clock. Does nothing if it stands still.
     */
    public void stop() {
        synchronized (this) {
            Setting before = setting;
            if (before.running) {
                setting = new Setting(false, base.timeMs() + before.ms, base.nanoTime() + before.nanos, before.ahead);
            }
        }
        listeners.forEach(Runnable::run);
    }

    /** Lets a stopped clock go on from where it is. Does nothing if it goes. */
    public void resume() {
        synchronized (this) {
            Setting before = setting;
            if (!before.running) {
                setting = new Setting(true, before.ms - base.timeMs(), before.nanos - base.nanoTime(), before.ahead);
            }
        }
        listeners.forEach(Runnable::run);
    }

    @Override
    public boolean isRunning() {
        return setting.running && !(base instanceof ManualClock);
    }

    @Override
    public void onMove(Runnable listener) {
        listeners.add(listener);
        if (base instanceof ManualClock manual) {
            manual.onAdvance(listener);
        }
    }

    @Override
    public void removeOnMove(Runnable listener) {
        listeners.remove(listener);
        if (base instanceof ManualClock manual) {
            manual.removeOnAdvance(listener);
        }
    }

    @Override
    public String toString() {
        return now() + (isRunning() ? "" : " (stopped)");
    }
}
