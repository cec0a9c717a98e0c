package io.ottla.broker.handler;

import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.QuotaEntity;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeClientQuotasRequest;
import io.ottla.protocol.message.DescribeClientQuotasRequest.ComponentData;
import io.ottla.protocol.message.DescribeClientQuotasResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * DescribeClientQuotas: the quotas of the entities that match a filter (KIP-546). A filter names types of which an entity must have a part:
 * with a certain name, the default, or any; a strict one matches entities that have no other part. Version 1 is flexible and says nothing
 * else.
 */
public final class DescribeClientQuotasHandler extends RequestHandler<DescribeClientQuotasRequest> {

    private static final byte EXACT = 0;
    private static final byte DEFAULT = 1;
    private static final byte ANY = 2;

    private final MetadataStore store;

    public DescribeClientQuotasHandler(MetadataStore store) {
        super(ApiKey.DESCRIBE_CLIENT_QUOTAS);
        this.store = store;
    }

    @Override
    public void handle(DescribeClientQuotasRequest request, RequestContext context) {
        Map<String, ComponentData> filter = new HashMap<>();
        for (ComponentData component : request.components()) {
            validate(component, filter.put(component.entityType(), component) != null);
        }
        if (filter.containsKey(QuotaEntity.IP) && filter.size() > 1) {
            throw invalid(
                    "Invalid entity filter component combination. IP filter component should not be used with user"
                            + " or clientId filter component.");
        }
        DescribeClientQuotasResponse response = new DescribeClientQuotasResponse().errorMessage("");
        ClientQuotaControl.all(store.image()).forEach((entity, quotas) -> {
            if (matches(filter, entity, request.strict())) {
                response.entries().add(entry(entity, quotas));
            }
        });
        context.respond(response);
    }

    private static void validate(ComponentData component, boolean repeated) {
        String type = component.entityType();
        if (type.isEmpty()) {
            throw invalid("Invalid empty entity type.");
        }
        if (repeated) {
            throw invalid("Entity type " + type + " cannot appear more than once in the filter.");
        }
        if (!type.equals(QuotaEntity.USER) && !type.equals(QuotaEntity.CLIENT_ID) && !type.equals(QuotaEntity.IP)) {
            throw new ApiException(ErrorCode.UNSUPPORTED_VERSION, "Unsupported entity type " + type);
        }
        boolean named = component.match() != null;
        switch (component.matchType()) {
            case EXACT -> {
                if (!named) {
                    throw invalid("Request specified MATCH_TYPE_EXACT, but set match string to null.");
                }
            }
            case DEFAULT -> {
                if (named) {
                    throw invalid("Request specified MATCH_TYPE_DEFAULT, but also specified a match string.");
                }
            }
            case ANY -> {
                if (named) {
                    throw invalid("Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.");
                }
            }
            default -> throw invalid("Unknown match type " + component.matchType());
        }
    }

    private static ApiException invalid(String message) {
        return new ApiException(ErrorCode.INVALID_REQUEST, message);
    }

    private static boolean matches(Map<String, ComponentData> filter, QuotaEntity entity, boolean strict) {
        if (strict && entity.names().size() != filter.size()) {
            return false;
        }
        for (ComponentData component : filter.values()) {
            if (!entity.has(component.entityType())) {
                return false;
            }
            if (component.matchType() != ANY
                    && !Objects.equals(entity.names().get(component.entityType()), component.match())) {
                return false;
            }
        }
        return true;
    }

    private static DescribeClientQuotasResponse.EntryData entry(QuotaEntity entity, Map<String, Double> quotas) {
        DescribeClientQuotasResponse.EntryData entry = new DescribeClientQuotasResponse.EntryData();
        entity.names().forEach((type, name) -> entry.entity()
                .add(new DescribeClientQuotasResponse.EntityData()
                        .entityType(type)
                        .entityName(name)));
        quotas.forEach((key, value) -> entry.values()
                .add(new DescribeClientQuotasResponse.ValueData().key(key).value(value)));
        return entry;
    }

    @Override
    public DescribeClientQuotasResponse errorResponse(
            DescribeClientQuotasRequest request, short version, ErrorCode error, String message) {
        return new DescribeClientQuotasResponse()
                .errorCode(error.code())
                .errorMessage(message)
                .entries(null);
    }
}
