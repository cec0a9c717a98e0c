package io.ottla.broker.quota;

import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.QuotaEntity;
import java.util.HashMap;
import java.util.Map;

/** The limits of one kind for users and client ids, and which of them holds for whom. Immutable. */
final class QuotaLimits {

    private final Map<QuotaKey, Double> limits;

    /**
     * The limit that holds for a client.
     *
     * @param key who is measured together with it
     * @param limit per second
     */
    record Applied(QuotaKey key, double limit) {}

    private QuotaLimits(Map<QuotaKey, Double> limits) {
        this.limits = limits;
    }

    /** The limits of this kind, null if there is none. */
    static QuotaLimits of(MetadataImage image, String kind) {
        Map<QuotaKey, Double> limits = new HashMap<>();
        ClientQuotaControl.all(image).forEach((entity, quotas) -> {
            Double limit = quotas.get(kind);
            if (limit != null && !entity.has(QuotaEntity.IP)) {
                limits.put(new QuotaKey(part(entity, QuotaEntity.USER), part(entity, QuotaEntity.CLIENT_ID)), limit);
            }
        });
        return limits.isEmpty() ? null : new QuotaLimits(limits);
    }

    private static String part(QuotaEntity entity, String type) {
        if (!entity.has(type)) {
            return null;
        }
        String name = entity.names().get(type);
        return name == null ? QuotaKey.DEFAULT : name;
    }

    /**
     * The limit for a client: the one of the most specific entity, users before client ids (KIP-55). Null if there is none. As in Apache
     * Kafka, no quota of client ids holds for clients without one, not even the default.
     */
    Applied find(String user, String clientId) {
        Applied found = find(user, clientId, user);
        if (found == null) {
            found = find(user, clientId, QuotaKey.DEFAULT);
        }
        return found == null ? find(null, clientId, null) : found;
    }

    /** @param wanted the user that the limit is set for: this one, the default, or null for none */
    private Applied find(String user, String clientId, String wanted) {
        if (!clientId.isEmpty()) {
            Double limit = limits.get(new QuotaKey(wanted, clientId));
            if (limit == null) {
                limit = limits.get(new QuotaKey(wanted, QuotaKey.DEFAULT));
            }
            if (limit != null) {
                return new Applied(new QuotaKey(user, clientId), limit);
            }
        }
        Double limit = wanted == null ? null : limits.get(new QuotaKey(wanted, null));
        return limit == null ? null : new Applied(new QuotaKey(user, null), limit);
    }
}
