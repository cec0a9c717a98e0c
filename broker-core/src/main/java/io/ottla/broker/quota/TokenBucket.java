package io.ottla.broker.quota;

/**
 * Tokens that come at a rate and of which a request may take more than there are: the next one then waits until the debt is paid (KIP-599).
 * Thread-safe.
 */
final class TokenBucket {

    private static final double MS_PER_SECOND = 1000.0;

    private final double burstSeconds;
    private double tokens;
    private long lastUpdateMs;

    /** @param burstSeconds the tokens of how many seconds the bucket holds */
    TokenBucket(double burstSeconds) {
        this.burstSeconds = burstSeconds;
    }

    /**
     * Takes tokens.
     *
     * @param strict whether nothing is taken where there is a debt already
     * @param limit how many tokens come in a second
     * @return in how many milliseconds the debt is paid, 0 if there is none; where the call is strict, the debt before it
     */
    synchronized long take(double count, boolean strict, double limit, long nowMs) {
        tokens = Math.min(limit * burstSeconds, tokens + limit * (nowMs - lastUpdateMs) / MS_PER_SECOND);
        lastUpdateMs = nowMs;
        long debtMs = debtMs(limit);
        if (strict && debtMs > 0) {
            return debtMs;
        }
        tokens -= count;
        return strict ? 0 : debtMs(limit);
    }

    private long debtMs(double limit) {
        return tokens < 0 ? Math.max(1, Math.round(-tokens / limit * MS_PER_SECOND)) : 0;
    }
}
