package io.ottla.broker.quota;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * What has been measured of those who have a limit. One that was not used for an hour is forgotten, as in Apache Kafka, and so are the least
 * recently used when there are too many: client ids cost nothing. Thread-safe.
 *
 * @param <K> who is measured
 * @param <M> the measurement
 */
final class Measurements<K, M> {

    static final int MAX_COUNT = 10_000;
    static final long EXPIRY_MS = 3_600_000;

    private final Map<K, Slot<M>> slots = new ConcurrentHashMap<>();
    private final Supplier<M> maker;

    /** When it was last looked for what has expired. */
    private volatile long expiredMs;

    private static final class Slot<M> {

        private final M measurement;
        private volatile long usedMs;

        Slot(M measurement, long usedMs) {
            this.measurement = measurement;
            this.usedMs = usedMs;
        }
    }

    /** @param maker of new measurements */
    Measurements(Supplier<M> maker) {
        this.maker = maker;
    }

    /** The measurement, a new one if there is none. */
    M of(K key, long nowMs) {
        Slot<M> slot = slots.get(key);
        if (slot == null) {
            if (slots.size() >= MAX_COUNT || nowMs - expiredMs >= EXPIRY_MS) {
                makeRoom(nowMs);
            }
            slot = slots.computeIfAbsent(key, k -> new Slot<>(maker.get(), nowMs));
        }
        slot.usedMs = nowMs;
        return slot.measurement;
    }

    /** Takes out what has expired; if that is not enough, the older half. */
    private synchronized void makeRoom(long nowMs) {
        expire(nowMs);
        if (slots.size() >= MAX_COUNT) {
            List<Long> times = slots.values().stream()
                    .map(slot -> slot.usedMs)
                    .sorted(Comparator.naturalOrder())
                    .toList();
            long middleMs = times.get(times.size() / 2);
            slots.values().removeIf(slot -> slot.usedMs <= middleMs);
        }
    }

    private void expire(long nowMs) {
        expiredMs = nowMs;
        slots.values().removeIf(slot -> nowMs - slot.usedMs >= EXPIRY_MS);
    }

    int count() {
        return slots.size();
    }
}
