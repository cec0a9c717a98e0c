package io.ottla.broker.partition;

import io.ottla.storage.Clock;
import java.util.function.LongSupplier;

/**
 * Says how much may be copied now so that no more than so many bytes a second are. A second's worth may come at once; what was too much
 * is waited for. Not thread-safe.
 */
final class MoveThrottle {

    /** After so long at the latest it is asked again: the rate may be another. */
    private static final long MAX_WAIT_MS = 1000;

    private static final double MS_PER_SECOND = 1000.0;

    private final Clock clock;
    private final LongSupplier bytesPerSecond;
    private boolean used;
    private double availableBytes;
    private long lastMs;

    /** @param bytesPerSecond the rate as it is now; Long.MAX_VALUE for none */
    MoveThrottle(Clock clock, LongSupplier bytesPerSecond) {
        this.clock = clock;
        this.bytesPerSecond = bytesPerSecond;
    }

    /**
     * How many bytes may be copied.
     *
     * @param maxBytes how many are wanted
     * @return 0 if it has to be waited for {@link #waitMs}
     */
    int allowedBytes(int maxBytes) {
        long rate = bytesPerSecond.getAsLong();
        if (rate == Long.MAX_VALUE) {
            used = false;
            return maxBytes;
        }
        long nowMs = clock.timeMs();
        long elapsedMs = Math.max(0L, nowMs - lastMs);
        double aSecondsWorth = (double) rate;
        availableBytes = used
                ? Math.min(aSecondsWorth, availableBytes + aSecondsWorth / MS_PER_SECOND * elapsedMs)
                : aSecondsWorth;
        used = true;
        lastMs = nowMs;
        return (int) Math.min(maxBytes, Math.max(0.0, availableBytes));
    }

    /** So many bytes were copied. */
    void copied(long bytes) {
        availableBytes -= (double) bytes;
    }

    /** In how many milliseconds it is to be asked again. */
    long waitMs() {
        double missingBytes = 1.0 - availableBytes;
        double waitMs = Math.ceil(missingBytes * MS_PER_SECOND / (double) bytesPerSecond.getAsLong());
        // Of no bytes at all a second, too.
        return (long) Math.max(1.0, Math.min(MAX_WAIT_MS, waitMs));
    }
}
