package io.ottla.broker.quota;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.Clock;
import java.util.function.IntConsumer;

/**
 * Counts the partitions that one request makes or removes (KIP-599). Where the request is strict, those for which its client has no tokens
 * are refused. Used by one thread at a time.
 */
public final class MutationQuota implements IntConsumer {

    private static final MutationQuota UNLIMITED = new MutationQuota(null, 0, false, null);

    private final TokenBucket bucket;
    private final double limit;
    private final boolean strict;
    private final Clock clock;
    private long throttleMs;
    private long recordedMs;

    MutationQuota(TokenBucket bucket, double limit, boolean strict, Clock clock) {
        this.bucket = bucket;
        this.limit = limit;
        this.strict = strict;
        this.clock = clock;
    }

    static MutationQuota unlimited() {
        return UNLIMITED;
    }

    /** @throws ApiException THROTTLING_QUOTA_EXCEEDED */
    @Override
    public void accept(int partitions) {
        if (bucket == null) {
            return;
        }
        long nowMs = clock.timeMs();
        long debtMs = bucket.take(partitions, strict, limit, nowMs);
        if (debtMs > 0) {
            throttleMs = debtMs;
            recordedMs = nowMs;
            if (strict) {
                throw new ApiException(ErrorCode.THROTTLING_QUOTA_EXCEEDED, null);
            }
        }
    }

    /** For how many milliseconds the client is to be held back, 0 for not at all. */
    public long throttleMs() {
        return throttleMs == 0 ? 0 : Math.max(0, throttleMs - (clock.timeMs() - recordedMs));
    }
}
