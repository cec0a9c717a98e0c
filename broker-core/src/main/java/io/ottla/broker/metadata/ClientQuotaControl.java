package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.ClientQuotaRecord;
import io.ottla.storage.CommitCallback;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Changes the quotas of clients (KIP-546). Thread-safe. */
public final class ClientQuotaControl {

    /** The quotas of users and client ids. */
    public static final String PRODUCER_BYTE_RATE = "producer_byte_rate";

    public static final String CONSUMER_BYTE_RATE = "consumer_byte_rate";
    public static final String REQUEST_PERCENTAGE = "request_percentage";
    public static final String CONTROLLER_MUTATION_RATE = "controller_mutation_rate";

    /** The quota of addresses. */
    public static final String CONNECTION_CREATION_RATE = "connection_creation_rate";

    /** Whole numbers may be so far off, as clients send them as doubles. */
    private static final double TOLERANCE = 1e-6;

    private final MetadataStore store;

    /**
     * A wish to change the quotas of one entity.
     *
     * @param entity what they are for
     * @param values the new values by key; null takes a quota away
     */
    public record Wish(QuotaEntity entity, Map<String, Double> values) {}

    public ClientQuotaControl(MetadataStore store) {
        this.store = store;
    }

    /** Calls back when what has been changed is safe and can be seen, or never will be: see {@link MetadataStore#whenCommitted}. */
    public void whenCommitted(CommitCallback callback) {
        store.whenCommitted(callback);
    }

    /**
     * Changes quotas; those wishes that can be granted, in one step. May block where a wish names a host, which is looked up.
     *
     * @param wishes no two with the same entity
     * @param validateOnly whether to only say what would become of them
     * @return what is wrong with each wish, in their order; null where it is granted
     */
    public List<ApiException> alter(List<Wish> wishes, boolean validateOnly) {
        List<ApiException> outcomes = new ArrayList<>(wishes.size());
        for (Wish wish : wishes) {
            outcomes.add(refusal(wish));
        }
        if (!validateOnly) {
            store.update(image -> {
                List<MetadataRecord> records = new ArrayList<>();
                for (int i = 0; i < wishes.size(); i++) {
                    if (outcomes.get(i) == null) {
                        plan(image, wishes.get(i), records);
                    }
                }
                return records;
            });
        }
        return outcomes;
    }

    private static void plan(MetadataImage image, Wish wish, List<MetadataRecord> records) {
        Map<String, Double> present = image.clientQuotas(wish.entity());
        wish.values().forEach((key, value) -> {
            Double old = present.get(key);
            if (value == null ? old != null : !value.equals(old)) {
                ClientQuotaRecord record = record(wish.entity(), key);
                records.add(value == null ? record.remove(true) : record.value(value));
            }
        });
    }

    /** A record about one quota, without its value. */
    static ClientQuotaRecord record(QuotaEntity entity, String key) {
        ClientQuotaRecord record = new ClientQuotaRecord().key(key);
        entity.names().forEach((type, name) -> record.entity()
                .add(new ClientQuotaRecord.EntityData().entityType(type).entityName(name)));
        return record;
    }

    private static ApiException refusal(Wish wish) {
        String reason = reason(wish.entity());
        if (reason == null) {
            boolean ofAddress = wish.entity().has(QuotaEntity.IP);
            for (Map.Entry<String, Double> entry : wish.values().entrySet()) {
                if (reason == null && entry.getValue() != null) {
                    reason = reason(ofAddress, entry.getKey(), entry.getValue());
                }
            }
        }
        return reason == null ? null : new ApiException(ErrorCode.INVALID_REQUEST, reason);
    }

    private static String reason(QuotaEntity entity) {
        if (entity.names().isEmpty()) {
            return "Invalid empty client quota entity";
        }
        for (Map.Entry<String, String> part : entity.names().entrySet()) {
            switch (part.getKey()) {
                case QuotaEntity.USER, QuotaEntity.CLIENT_ID, QuotaEntity.IP -> {}
                default -> {
                    return "Unhandled client quota entity type: " + part.getKey();
                }
            }
            if (part.getValue() != null && part.getValue().isEmpty()) {
                return "Empty " + part.getKey() + " not supported";
            }
        }
        if (!entity.has(QuotaEntity.IP)) {
            return null;
        }
        if (entity.names().size() > 1) {
            return "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId";
        }
        String address = entity.names().get(QuotaEntity.IP);
        return address == null || address(address) != null ? null : address + " is not a valid IP or resolvable host.";
    }

    private static String reason(boolean ofAddress, String key, double value) {
        boolean known =
                switch (key) {
                    case PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE, REQUEST_PERCENTAGE, CONTROLLER_MUTATION_RATE ->
                        !ofAddress;
                    case CONNECTION_CREATION_RATE -> ofAddress;
                    default -> false;
                };
        if (!known) {
            return "Invalid configuration key " + key;
        }
        if (value <= 0) {
            return "Quota " + key + " must be greater than 0";
        }
        return switch (key) {
            case PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE ->
                value > (double) Long.MAX_VALUE
                        ? "Proposed value for " + key + " is too large for a LONG."
                        : unlessWhole(key, value);
            case CONNECTION_CREATION_RATE ->
                value > Integer.MAX_VALUE
                        ? "Proposed value for " + key + " is too large for an INT."
                        : unlessWhole(key, value);
            default -> null;
        };
    }

    private static String unlessWhole(String key, double value) {
        return Math.abs(value % 1.0) > TOLERANCE ? key + " cannot be a fractional value." : null;
    }

    /** The address of a host, null if it cannot be found. A name that is not an address already is looked up, which may block. */
    public static InetAddress address(String host) {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            return null;
        }
    }

    /** The quotas of all entities, in no certain order. */
    public static Map<QuotaEntity, Map<String, Double>> all(MetadataImage image) {
        Map<QuotaEntity, Map<String, Double>> all = new LinkedHashMap<>();
        image.clientQuotas().forEach(all::put);
        return all;
    }
}
