package io.ottla.broker.metadata;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * What a client quota is for: a user, a client id, a user's client id, or an address; each by its name, or the default for those without a
 * quota of their own.
 *
 * @param names the name by entity type; a null name is the default
 */
public record QuotaEntity(Map<String, String> names) {

    public static final String USER = "user";
    public static final String CLIENT_ID = "client-id";
    public static final String IP = "ip";

    public QuotaEntity {
        // The copies of this package's own methods refuse nulls.
        names = Collections.unmodifiableMap(new HashMap<>(names));
    }

    /** Whether the entity has a part of this type. */
    public boolean has(String type) {
        return names.containsKey(type);
    }

    @Override
    public String toString() {
        return "ClientQuotaEntity(entries=" + names + ")";
    }
}
