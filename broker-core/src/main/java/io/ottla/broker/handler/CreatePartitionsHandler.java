package io.ottla.broker.handler;

import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.quota.MutationQuota;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreatePartitionsRequest;
import io.ottla.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import io.ottla.protocol.message.CreatePartitionsResponse;
import io.ottla.protocol.message.CreatePartitionsResponse.CreatePartitionsTopicResult;
import java.util.HashMap;
import java.util.Map;

/**
 * Adds partitions to topics. All versions say the same; since version 3 a client knows that a quota may refuse
 * partitions (KIP-599).
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_CreatePartitions">CreatePartitions</a>
 */
public final class CreatePartitionsHandler extends RequestHandler<CreatePartitionsRequest> {

    private static final short STRICT_QUOTA_SINCE = 3;

    private final TopicControl topics;
    private final ClientQuotas quotas;
    private final FileWork work;

    public CreatePartitionsHandler(TopicControl topics, ClientQuotas quotas, FileWork work) {
        super(ApiKey.CREATE_PARTITIONS);
        this.topics = topics;
        this.quotas = quotas;
        this.work = work;
    }

    @Override
    public void handle(CreatePartitionsRequest request, RequestContext context) {
        // Some of them are there already.
        long most = request.topics().stream()
                .mapToLong(topic -> Math.max(1, topic.count()))
                .sum();
        work.serve((int) Math.min(Integer.MAX_VALUE, most), this, request, context, () -> create(request, context));
    }

    private void create(CreatePartitionsRequest request, RequestContext context) {
        Map<String, Integer> counts = new HashMap<>();
        request.topics().forEach(topic -> counts.merge(topic.name(), 1, Integer::sum));
        MutationQuota mutations = quotas.mutations(
                context.connection().userName(), context.clientId(), context.apiVersion() >= STRICT_QUOTA_SINCE);
        CreatePartitionsResponse response = new CreatePartitionsResponse();
        for (CreatePartitionsTopic topic : request.topics()) {
            // A name that stands there several times is answered once.
            Integer count = counts.remove(topic.name());
            if (count != null) {
                response.results().add(create(topic, count, request.validateOnly(), mutations));
            }
        }
        context.throttle(mutations.throttleMs());
        CommittedAnswer.send(topics::whenCommitted, this, request, context, response);
    }

    private CreatePartitionsTopicResult create(
            CreatePartitionsTopic topic, int count, boolean validateOnly, MutationQuota mutations) {
        if (count > 1) {
            return failed(topic.name(), ErrorCode.INVALID_REQUEST, "Duplicate topic name.");
        }
        try {
            topics.createPartitions(topic, validateOnly, mutations);
            return new CreatePartitionsTopicResult().name(topic.name());
        } catch (ApiException e) {
            return failed(topic.name(), e.error(), e.getMessage());
        }
    }

    private static CreatePartitionsTopicResult failed(String name, ErrorCode error, String message) {
        return new CreatePartitionsTopicResult()
                .name(name)
                .errorCode(error.code())
                .errorMessage(message);
    }

    @Override
    public ApiMessage errorResponse(CreatePartitionsRequest request, short version, ErrorCode error, String message) {
        CreatePartitionsResponse response = new CreatePartitionsResponse();
        for (CreatePartitionsTopic topic : request.topics()) {
            response.results().add(failed(topic.name(), error, message));
        }
        return response;
    }
}
