package io.ottla.broker.quota;

import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.QuotaEntity;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many connections an address may open in a second (KIP-612). Thread-safe. */
final class ConnectionQuota {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionQuota.class);

    private final long maxThrottleMs;
    private final Measurements<InetAddress, SampledRate> rates;

    /** Null while there is no limit. */
    private volatile Limits limits;

    private record Limits(Map<InetAddress, Double> byAddress, Double others) {}

    ConnectionQuota(int samples, long sampleMs, long maxThrottleMs) {
        this.maxThrottleMs = maxThrottleMs;
        this.rates = new Measurements<>(() -> new SampledRate(samples, sampleMs));
    }

    void update(MetadataImage image) {
        Map<InetAddress, Double> byAddress = new HashMap<>();
        Double[] others = {null};
        ClientQuotaControl.all(image).forEach((entity, quotas) -> {
            Double limit = quotas.get(ClientQuotaControl.CONNECTION_CREATION_RATE);
            if (limit == null || !entity.has(QuotaEntity.IP)) {
                return;
            }
            String name = entity.names().get(QuotaEntity.IP);
            InetAddress address = name == null ? null : ClientQuotaControl.address(name);
            if (name == null) {
                others[0] = limit;
            } else if (address != null) {
                byAddress.put(address, limit);
            } else {
                LOG.warn("The connection quota of {} does not hold: there is no such host now", name);
            }
        });
        limits = byAddress.isEmpty() && others[0] == null ? null : new Limits(byAddress, others[0]);
    }

    boolean isLimited() {
        return limits != null;
    }

    /** Counts a connection; returns after how many milliseconds it is to be refused, 0 if it is welcome. */
    int record(InetAddress address, long nowMs) {
        Limits current = limits;
        Double limit = current == null ? null : current.byAddress.getOrDefault(address, current.others);
        if (limit == null) {
            return 0;
        }
        SampledRate rate = rates.of(address, nowMs);
        int throttleMs = (int) Math.min(maxThrottleMs, rate.record(1, limit, nowMs));
        if (throttleMs > 0) {
            rate.add(-1, nowMs);
        }
        return throttleMs;
    }
}
