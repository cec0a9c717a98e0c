package io.ottla.broker.handler;

import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.QuotaEntity;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterClientQuotasRequest;
import io.ottla.protocol.message.AlterClientQuotasRequest.EntryData;
import io.ottla.protocol.message.AlterClientQuotasRequest.OpData;
import io.ottla.protocol.message.AlterClientQuotasResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * AlterClientQuotas: sets and removes quotas of users, client ids and addresses (KIP-546, KIP-612). Each entity is answered for itself.
 * Version 1 is flexible and says nothing else.
 */
public final class AlterClientQuotasHandler extends RequestHandler<AlterClientQuotasRequest> {

    private final ClientQuotaControl quotas;
    private final Executor background;

    /** @param background for requests that may have to look up a host */
    public AlterClientQuotasHandler(ClientQuotaControl quotas, Executor background) {
        super(ApiKey.ALTER_CLIENT_QUOTAS);
        this.quotas = quotas;
        this.background = background;
    }

    @Override
    public void handle(AlterClientQuotasRequest request, RequestContext context) {
        boolean namesHosts = false;
        Map<QuotaEntity, Map<String, Double>> wishes = new LinkedHashMap<>();
        Map<QuotaEntity, Boolean> duplicates = new HashMap<>();
        for (EntryData entry : request.entries()) {
            QuotaEntity entity = entity(entry);
            namesHosts |= entity.has(QuotaEntity.IP);
            boolean duplicate = wishes.containsKey(entity);
            Map<String, Double> values = new LinkedHashMap<>();
            for (OpData op : entry.ops()) {
                duplicate |= values.containsKey(op.key());
                values.put(op.key(), op.remove() ? null : op.value());
            }
            if (!duplicate) {
                wishes.put(entity, values);
            } else {
                duplicates.put(entity, true);
                // As in Apache Kafka, the first wish of an entity that has several is granted all the same.
                wishes.putIfAbsent(entity, null);
            }
        }
        if (namesHosts) {
            background.execute(() -> answer(request, context, wishes, duplicates));
        } else {
            answer(request, context, wishes, duplicates);
        }
    }

    private void answer(
            AlterClientQuotasRequest request,
            RequestContext context,
            Map<QuotaEntity, Map<String, Double>> wishes,
            Map<QuotaEntity, Boolean> duplicates) {
        List<ClientQuotaControl.Wish> valid = new ArrayList<>(wishes.size());
        wishes.forEach((entity, values) -> {
            if (values != null) {
                valid.add(new ClientQuotaControl.Wish(entity, values));
            }
        });
        Map<QuotaEntity, ApiException> failures = new HashMap<>();
        try {
            List<ApiException> outcomes = quotas.alter(valid, request.validateOnly());
            for (int i = 0; i < outcomes.size(); i++) {
                failures.put(valid.get(i).entity(), outcomes.get(i));
            }
        } catch (ApiException e) {
            context.respond(errorResponse(request, context.apiVersion(), e.error(), e.getMessage()));
            return;
        }
        duplicates
                .keySet()
                .forEach(entity -> failures.put(
                        entity, new ApiException(ErrorCode.INVALID_REQUEST, "Ignoring duplicate entity " + entity)));
        AlterClientQuotasResponse response = new AlterClientQuotasResponse();
        for (QuotaEntity entity : wishes.keySet()) {
            ApiException failure = failures.get(entity);
            response.entries()
                    .add(
                            failure == null
                                    ? result(entity, ErrorCode.NONE, null)
                                    : result(entity, failure.error(), failure.getMessage()));
        }
        CommittedAnswer.send(quotas::whenCommitted, this, request, context, response);
    }

    private static QuotaEntity entity(EntryData entry) {
        Map<String, String> names = new HashMap<>();
        entry.entity().forEach(part -> names.put(part.entityType(), part.entityName()));
        return new QuotaEntity(names);
    }

    private static AlterClientQuotasResponse.EntryData result(QuotaEntity entity, ErrorCode error, String message) {
        AlterClientQuotasResponse.EntryData result = new AlterClientQuotasResponse.EntryData()
                .errorCode(error.code())
                .errorMessage(message);
        entity.names().forEach((type, name) -> result.entity()
                .add(new AlterClientQuotasResponse.EntityData().entityType(type).entityName(name)));
        return result;
    }

    @Override
    public AlterClientQuotasResponse errorResponse(
            AlterClientQuotasRequest request, short version, ErrorCode error, String message) {
        AlterClientQuotasResponse response = new AlterClientQuotasResponse();
        request.entries().forEach(entry -> response.entries().add(result(entity(entry), error, message)));
        return response;
    }
}
