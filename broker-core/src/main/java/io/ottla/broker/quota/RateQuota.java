package io.ottla.broker.quota;

import io.ottla.broker.metadata.MetadataImage;

/** One kind of quota on a rate. Thread-safe. */
final class RateQuota {

    private final String kind;
    private final int samples;
    private final long sampleMs;
    private final long maxThrottleMs;
    private final Measurements<QuotaKey, SampledRate> rates;

    /** Null while there is no limit of this kind. */
    private volatile QuotaLimits limits;

    /**
     * @param kind the key of the quota
     * @param samples how many samples a rate is measured over
     * @param sampleMs how many milliseconds one sample spans
     * @param maxThrottleMs the longest time that a client is held back for one request
     */
    RateQuota(String kind, int samples, long sampleMs, long maxThrottleMs) {
        this.kind = kind;
        this.samples = samples;
        this.sampleMs = sampleMs;
        this.maxThrottleMs = maxThrottleMs;
        this.rates = new Measurements<>(() -> new SampledRate(samples, sampleMs));
    }

    void update(MetadataImage image) {
        limits = QuotaLimits.of(image, kind);
    }

    boolean isLimited() {
        return limits != null;
    }

    /** Records a value; returns for how many milliseconds the client must be held back, 0 for not at all. */
    int record(String user, String clientId, double value, long nowMs) {
        QuotaLimits.Applied applied = applied(user, clientId);
        return applied == null
                ? 0
                : (int) Math.min(maxThrottleMs, rates.of(applied.key(), nowMs).record(value, applied.limit(), nowMs));
    }

    /** Records a value, or takes it back if it is negative, without holding anybody back. */
    void add(String user, String clientId, double value, long nowMs) {
        QuotaLimits.Applied applied = applied(user, clientId);
        if (applied != null) {
            rates.of(applied.key(), nowMs).add(value, nowMs);
        }
    }

    /** How much a client may have at once and be within its limit again when the window has passed. */
    double maxInWindow(String user, String clientId) {
        QuotaLimits.Applied applied = applied(user, clientId);
        return applied == null ? Double.MAX_VALUE : applied.limit() * (samples - 1) * (sampleMs / 1000.0);
    }

    private QuotaLimits.Applied applied(String user, String clientId) {
        QuotaLimits current = limits;
        return current == null ? null : current.find(user, clientId);
    }
}
