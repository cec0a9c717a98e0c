package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.quota.MutationQuota;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.DeleteTopicsRequest;
import io.ottla.protocol.message.DeleteTopicsRequest.DeleteTopicState;
import io.ottla.protocol.message.DeleteTopicsResponse;
import io.ottla.protocol.message.DeleteTopicsResponse.DeletableTopicResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Deletes topics, by name or, since version 6, by id. Version 5 adds a message to the error, and
 * knows that a quota may refuse a deletion (KIP-599). The broker's own topics may be
 * deleted too, as in Apache Kafka.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DeleteTopics">DeleteTopics</a>
 */
public final class DeleteTopicsHandler extends RequestHandler<DeleteTopicsRequest> {

    private static final short DISABLED_ERROR_SINCE = 3;
    private static final short STRICT_QUOTA_SINCE = 5;
    private static final short TOPIC_STATES_SINCE = 6;

    private final MetadataStore store;
    private final TopicControl topics;
    private final ClientQuotas quotas;
    private final FileWork work;

    public DeleteTopicsHandler(MetadataStore store, TopicControl topics, ClientQuotas quotas, FileWork work) {
        super(ApiKey.DELETE_TOPICS);
        this.store = store;
        this.topics = topics;
        this.quotas = quotas;
        this.work = work;
    }

    @Override
    public void handle(DeleteTopicsRequest request, RequestContext context) {
        if (!store.brokerConfig().deleteTopicEnable()) {
            throw context.apiVersion() < DISABLED_ERROR_SINCE
                    ? new ApiException(ErrorCode.INVALID_REQUEST, null)
                    : new ApiException(ErrorCode.TOPIC_DELETION_DISABLED, null);
        }
        work.serve(partitions(request, context.apiVersion()), this, request, context, () -> delete(request, context));
    }

    /** How many there are. */
    private int partitions(DeleteTopicsRequest request, short version) {
        MetadataImage image = store.image();
        long count = 0;
        for (DeleteTopicState state : states(request, version)) {
            TopicImage topic = state.name() == null ? image.topic(state.topicId()) : image.topic(state.name());
            count += topic == null ? 1 : topic.partitions().size();
        }
        return (int) Math.min(Integer.MAX_VALUE, count);
    }

    private void delete(DeleteTopicsRequest request, RequestContext context) {
        DeleteTopicsResponse response = new DeleteTopicsResponse();
        MutationQuota mutations = quotas.mutations(
                context.connection().userName(), context.clientId(), context.apiVersion() >= STRICT_QUOTA_SINCE);
        plan(states(request, context.apiVersion()), response.responses()).forEach((id, result) -> {
            delete(id, result, mutations);
            response.responses().add(result);
        });
        context.throttle(mutations.throttleMs());
        CommittedAnswer.send(topics::whenCommitted, this, request, context, response);
    }

    private static List<DeleteTopicState> states(DeleteTopicsRequest request, short version) {
        if (version >= TOPIC_STATES_SINCE) {
            return request.topics();
        }
        List<DeleteTopicState> states = new ArrayList<>(request.topicNames().size());
        request.topicNames().forEach(name -> states.add(new DeleteTopicState().name(name)));
        return states;
    }

    /** The topics to delete with the answers they get if it works; what cannot be tried is answered at once. */
    private Map<Uuid, DeletableTopicResult> plan(List<DeleteTopicState> states, List<DeletableTopicResult> failures) {
        MetadataImage image = store.image();
        Map<String, Integer> nameCounts = new HashMap<>();
        Map<Uuid, Integer> idCounts = new HashMap<>();
        for (DeleteTopicState state : states) {
            if (state.name() != null) {
                nameCounts.merge(state.name(), 1, Integer::sum);
            } else if (!state.topicId().equals(Uuid.ZERO)) {
                idCounts.merge(state.topicId(), 1, Integer::sum);
            }
        }
        Map<Uuid, DeletableTopicResult> plan = new LinkedHashMap<>();
        for (DeleteTopicState state : states) {
            DeletableTopicResult result =
                    new DeletableTopicResult().name(state.name()).topicId(state.topicId());
            if (state.name() == null) {
                planById(image, idCounts, result, plan, failures);
            } else {
                planByName(image, nameCounts, idCounts, result, plan, failures);
            }
        }
        return plan;
    }

    private static void planById(
            MetadataImage image,
            Map<Uuid, Integer> idCounts,
            DeletableTopicResult result,
            Map<Uuid, DeletableTopicResult> plan,
            List<DeletableTopicResult> failures) {
        Uuid id = result.topicId();
        if (id.equals(Uuid.ZERO)) {
            failures.add(failed(result, ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified."));
            return;
        }
        int count = idCounts.getOrDefault(id, 0);
        if (count != 1) {
            if (count > 1) {
                failures.add(failed(result, ErrorCode.INVALID_REQUEST, "Duplicate topic id."));
                idCounts.put(id, 0);
            }
            return;
        }
        TopicImage topic = image.topic(id);
        if (topic != null) {
            result.name(topic.name());
        }
        plan.put(id, result);
    }

    private static void planByName(
            MetadataImage image,
            Map<String, Integer> nameCounts,
            Map<Uuid, Integer> idCounts,
            DeletableTopicResult result,
            Map<Uuid, DeletableTopicResult> plan,
            List<DeletableTopicResult> failures) {
        if (!result.topicId().equals(Uuid.ZERO)) {
            failures.add(
                    failed(result, ErrorCode.INVALID_REQUEST, "You may not specify both topic name and topic id."));
            return;
        }
        int count = nameCounts.getOrDefault(result.name(), 0);
        if (count != 1) {
            if (count > 1) {
                failures.add(failed(result, ErrorCode.INVALID_REQUEST, "Duplicate topic name."));
                nameCounts.put(result.name(), 0);
            }
            return;
        }
        TopicImage topic = image.topic(result.name());
        if (topic == null) {
            failures.add(failed(
                    result, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.message()));
            return;
        }
        result.topicId(topic.id());
        if (idCounts.remove(topic.id()) != null) {
            // Named twice, in two ways: nothing is deleted, and one answer says so.
            plan.remove(topic.id());
            failures.add(failed(
                    result,
                    ErrorCode.INVALID_REQUEST,
                    "The provided topic name maps to an ID that was already supplied."));
            return;
        }
        plan.put(topic.id(), result);
    }

    private void delete(Uuid id, DeletableTopicResult result, MutationQuota mutations) {
        try {
            topics.delete(id, mutations);
        } catch (ApiException e) {
            failed(result, e.error(), e.getMessage());
        }
    }

    private static DeletableTopicResult failed(DeletableTopicResult result, ErrorCode error, String message) {
        return result.errorCode(error.code()).errorMessage(message);
    }

    @Override
    public ApiMessage errorResponse(DeleteTopicsRequest request, short version, ErrorCode error, String message) {
        DeleteTopicsResponse response = new DeleteTopicsResponse();
        for (DeleteTopicState state : states(request, version)) {
            DeletableTopicResult result =
                    new DeletableTopicResult().name(state.name()).topicId(state.topicId());
            response.responses().add(failed(result, error, message));
        }
        return response;
    }
}
