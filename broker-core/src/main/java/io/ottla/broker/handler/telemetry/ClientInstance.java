package io.ottla.broker.handler.telemetry;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/** One instance of a client that pushes metrics, as long as its subscription is the same. Guarded by {@link ClientTelemetry}. */
final class ClientInstance {

    private static final long NEVER = Long.MIN_VALUE / 2;

    final Uuid id;
    final long subscriptionsVersion;
    final Subscription subscription;
    ErrorCode lastError = ErrorCode.NONE;
    boolean terminating;
    private long lastGetMs = NEVER;
    private long lastPushMs = NEVER;

    ClientInstance(Uuid id, long subscriptionsVersion, List<String> metrics, int pushIntervalMs) {
        this.id = id;
        this.subscriptionsVersion = subscriptionsVersion;
        CRC32C crc = new CRC32C();
        crc.update((metrics + " " + pushIntervalMs).getBytes(StandardCharsets.UTF_8));
        this.subscription = new Subscription(id, (int) crc.getValue() ^ id.hashCode(), pushIntervalMs, metrics);
    }

    /** Whether the client may ask for its subscription again; takes the time down if it may. */
    boolean mayGet(long nowMs) {
        boolean may = nowMs - Math.max(lastGetMs, lastPushMs) >= subscription.pushIntervalMs();
        if (may) {
            lastGetMs = nowMs;
        }
        return may;
    }

    /** Whether the client may push; takes the time down if it may. Clients vary the time of the first push after a Get, so that one may be early. */
    boolean mayPush(long nowMs) {
        boolean may = lastGetMs > lastPushMs || nowMs - lastPushMs >= subscription.pushIntervalMs();
        if (may) {
            lastPushMs = nowMs;
        }
        return may;
    }
}
