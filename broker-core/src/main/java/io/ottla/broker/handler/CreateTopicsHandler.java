package io.ottla.broker.handler;

import io.ottla.broker.metadata.ConfigDescriber;
import io.ottla.broker.metadata.DescribedConfig;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicOutcome;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.quota.MutationQuota;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreateTopicsRequest;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsResponse;
import io.ottla.protocol.message.CreateTopicsResponse.CreatableTopicConfigs;
import io.ottla.protocol.message.CreateTopicsResponse.CreatableTopicResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Creates topics.
 *
 * <p>Version 4 makes the numbers of partitions and replicas optional, 5 says in the answer what the topic looks like, 6 knows
 * that a quota may refuse a topic (KIP-599), 7 says what its id is. The topics exist when the answer is sent; the timeout of
 * the request is never needed.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_CreateTopics">CreateTopics</a>
 */
public final class CreateTopicsHandler extends RequestHandler<CreateTopicsRequest> {

    private static final short CONFIGS_SINCE = 5;
    private static final short STRICT_QUOTA_SINCE = 6;

    private final MetadataStore store;
    private final TopicControl topics;
    private final ClientQuotas quotas;
    private final FileWork work;

    public CreateTopicsHandler(MetadataStore store, TopicControl topics, ClientQuotas quotas, FileWork work) {
        super(ApiKey.CREATE_TOPICS);
        this.store = store;
        this.topics = topics;
        this.quotas = quotas;
        this.work = work;
    }

    @Override
    public void handle(CreateTopicsRequest request, RequestContext context) {
        work.serve(partitions(request), this, request, context, () -> create(request, context));
    }

    /** How many there will be at least. */
    private static int partitions(CreateTopicsRequest request) {
        long count = 0;
        for (CreatableTopic topic : request.topics()) {
            count += Math.max(
                    1, Math.max(topic.numPartitions(), topic.assignments().size()));
        }
        return (int) Math.min(Integer.MAX_VALUE, count);
    }

    private void create(CreateTopicsRequest request, RequestContext context) {
        Map<String, CreatableTopic> wishes = new HashMap<>();
        Set<String> duplicates = new LinkedHashSet<>();
        for (CreatableTopic topic : request.topics()) {
            if (wishes.put(topic.name(), topic) != null) {
                duplicates.add(topic.name());
            }
        }
        List<CreatableTopic> distinct = new ArrayList<>(request.topics().size());
        for (CreatableTopic topic : request.topics()) {
            if (!duplicates.contains(topic.name())) {
                distinct.add(topic);
            }
        }
        CreateTopicsResponse response = new CreateTopicsResponse();
        MutationQuota mutations = quotas.mutations(
                context.connection().userName(), context.clientId(), context.apiVersion() >= STRICT_QUOTA_SINCE);
        for (TopicOutcome outcome : topics.createAll(distinct, request.validateOnly(), mutations)) {
            response.topics().add(result(outcome, wishes.get(outcome.name()), context.apiVersion()));
        }
        for (String name : duplicates) {
            response.topics().add(failed(name, ErrorCode.INVALID_REQUEST, "Duplicate topic name."));
        }
        context.throttle(mutations.throttleMs());
        CommittedAnswer.send(topics::whenCommitted, this, request, context, response);
    }

    private CreatableTopicResult result(TopicOutcome outcome, CreatableTopic wish, short version) {
        if (outcome.error() != ErrorCode.NONE) {
            return failed(outcome.name(), outcome.error(), outcome.message());
        }
        TopicImage topic = outcome.topic();
        CreatableTopicResult result = new CreatableTopicResult()
                .name(topic.name())
                .topicId(topic.id())
                .numPartitions(topic.partitions().size())
                .replicationFactor((short) topic.partitions().get(0).replicas().size())
                .errorMessage(null);
        if (version >= CONFIGS_SINCE) {
            result.configs(configs(wish));
        }
        return result;
    }

    private List<CreatableTopicConfigs> configs(CreatableTopic wish) {
        Map<String, String> overrides = new HashMap<>();
        wish.configs().forEach(config -> overrides.put(config.name(), config.value()));
        List<CreatableTopicConfigs> configs = new ArrayList<>();
        for (DescribedConfig config : new ConfigDescriber(store.image(), store.staticConfig(), store.brokerConfig())
                .createdTopic(overrides)) {
            // This answer repeats the words of the request, where DescribeConfigs tidies them.
            configs.add(new CreatableTopicConfigs()
                    .name(config.name())
                    .value(overrides.getOrDefault(config.name(), config.value()))
                    .readOnly(config.isReadOnly())
                    .configSource(config.source())
                    .isSensitive(config.isSensitive()));
        }
        return configs;
    }

    private static CreatableTopicResult failed(String name, ErrorCode error, String message) {
        return new CreatableTopicResult().name(name).errorCode(error.code()).errorMessage(message);
    }

    @Override
    public ApiMessage errorResponse(CreateTopicsRequest request, short version, ErrorCode error, String message) {
        CreateTopicsResponse response = new CreateTopicsResponse();
        for (CreatableTopic topic : request.topics()) {
            response.topics().add(failed(topic.name(), error, message == null ? error.message() : message));
        }
        return response;
    }
}
