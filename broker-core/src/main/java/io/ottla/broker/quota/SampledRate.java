package io.ottla.broker.quota;

import java.util.Arrays;

/**
 * How much there is of something in each second, over a window that slides in samples: the measure that Apache Kafka holds against its
 * quotas (KIP-13), so that a client is held back here for as long as there. Thread-safe.
 */
final class SampledRate {

    private static final double MS_PER_SECOND = 1000.0;

    private final int samples;
    private final long sampleMs;

    // One more sample than counts: the one that is about to leave the window still overlaps it.
    private final double[] values;
    private final long[] startTimesMs;
    private final long[] lastEventTimesMs;
    private int size;
    private int current;

    /**
     * @param samples how many samples the window has, at least 1
     * @param sampleMs how many milliseconds one of them spans
     */
    SampledRate(int samples, long sampleMs) {
        this.samples = samples;
        this.sampleMs = sampleMs;
        this.values = new double[samples + 1];
        this.startTimesMs = new long[samples + 1];
        this.lastEventTimesMs = new long[samples + 1];
    }

    /**
     * Records a value, and says how long the client must be silent for the rate to fall to the limit.
     *
     * @param limit the allowed rate per second
     * @return milliseconds, 0 if the rate is within the limit
     */
    synchronized long record(double value, double limit, long nowMs) {
        add(value, nowMs);
        double rate = rate(nowMs);
        return rate > limit ? Math.round((rate - limit) / limit * windowMs(nowMs)) : 0;
    }

    /** Records a value for which nobody is held back now. */
    synchronized void add(double value, long nowMs) {
        if (size == 0) {
            size = 1;
            reset(0, nowMs);
        } else if (nowMs - startTimesMs[current] >= sampleMs) {
            current = (current + 1) % values.length;
            size = Math.max(size, current + 1);
            reset(current, nowMs);
        }
        values[current] += value;
        lastEventTimesMs[current] = nowMs;
    }

    /** The rate per second. */
    synchronized double rate(long nowMs) {
        forget(nowMs);
        return Arrays.stream(values, 0, size).sum() / (windowMs(nowMs) / MS_PER_SECOND);
    }

    private void forget(long nowMs) {
        for (int i = 0; i < size; i++) {
            if (nowMs - lastEventTimesMs[i] >= samples * sampleMs) {
                reset(i, nowMs);
            }
        }
    }

    /** The time that the samples tell of; samples that are still to come count as full, so that a burst at the start is not everything. */
    private long windowMs(long nowMs) {
        long oldestMs = nowMs;
        for (int i = 0; i < size; i++) {
            oldestMs = Math.min(oldestMs, startTimesMs[i]);
        }
        long elapsedMs = nowMs - oldestMs;
        long missing = samples - 1 - elapsedMs / sampleMs;
        return Math.max(1, missing > 0 ? elapsedMs + missing * sampleMs : elapsedMs);
    }

    private void reset(int sample, long nowMs) {
        values[sample] = 0;
        startTimesMs[sample] = nowMs;
        lastEventTimesMs[sample] = nowMs;
    }
}
