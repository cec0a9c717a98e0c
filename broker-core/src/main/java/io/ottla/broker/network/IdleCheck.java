package io.ottla.broker.network;

import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.storage.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a connection over which nothing has come or gone for too long. For its event loop only. */
final class IdleCheck {

    private static final Logger LOG = LoggerFactory.getLogger(IdleCheck.class);
    private static final long NANOS_PER_MS = 1_000_000L;

    private final Connection connection;
    private final Clock clock;
    private final BrokerTimer timer;
    private final long maxIdleMs;
    private long lastActiveNanos;
    private boolean cancelled;
    private TimerTask task;

    /** @param maxIdleMs how many milliseconds may pass; the connection is never closed if this is not above 0 */
    IdleCheck(Connection connection, Clock clock, BrokerTimer timer, long maxIdleMs) {
        this.connection = connection;
        this.clock = clock;
        this.timer = timer;
        this.maxIdleMs = maxIdleMs;
    }

    void start() {
        touch();
        if (maxIdleMs > 0) {
            schedule(maxIdleMs);
        }
    }

    /** Something has come or gone. */
    void touch() {
        lastActiveNanos = clock.nanoTime();
    }

    void cancel() {
        cancelled = true;
        if (task != null) {
            task.cancel();
        }
    }

    private void schedule(long delayMs) {
        task = timer.schedule(() -> connection.executeLaterIfOpen(this::check), delayMs);
    }

    private void check() {
        if (cancelled) {
            return;
        }
        long idleMs = (clock.nanoTime() - lastActiveNanos) / NANOS_PER_MS;
        if (connection.keepsClientWaiting()) {
            schedule(maxIdleMs);
        } else if (idleMs < maxIdleMs) {
            schedule(maxIdleMs - idleMs);
        } else {
            LOG.debug("Closing connection {}: idle for {} ms", connection, idleMs);
            connection.close();
        }
    }
}
