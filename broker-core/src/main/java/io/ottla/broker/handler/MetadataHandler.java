package io.ottla.broker.handler;

import io.ottla.broker.config.Listener;
import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.MetadataRequest;
import io.ottla.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.ottla.protocol.message.MetadataResponse;
import io.ottla.protocol.message.MetadataResponse.MetadataResponseBroker;
import io.ottla.protocol.message.MetadataResponse.MetadataResponsePartition;
import io.ottla.protocol.message.MetadataResponse.MetadataResponseTopic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Says where brokers, topics and partitions are.
 *
 * <p>Version 0 asks for all topics with an empty list, later ones with null. Version 4 lets the client forbid auto-creation, 7
 * adds leader epochs, 8 the authorized operations, 10 topic ids in the answer, 12 topics asked for by id, 13 an error for the
 * whole answer. A topic that is created here is in the same answer: the client need not ask again.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_Metadata">Metadata</a>
 */
public final class MetadataHandler extends RequestHandler<MetadataRequest> {

    private static final short NULL_MEANS_ALL_SINCE = 1;
    private static final short TOPIC_IDS_SINCE = 12;

    private final MetadataStore store;
    private final TopicControl topics;

    public MetadataHandler(MetadataStore store, TopicControl topics) {
        super(ApiKey.METADATA);
        this.store = store;
        this.topics = topics;
    }

    @Override
    public void handle(MetadataRequest request, RequestContext context) {
        validate(request, context.apiVersion());
        boolean all =
                context.apiVersion() < NULL_MEANS_ALL_SINCE ? request.topics().isEmpty() : request.topics() == null;
        List<MetadataResponseTopic> answers = all ? allTopics(store.image(), request) : askedTopics(request);
        // A topic that was just created is told of when it is safe.
        CommittedAnswer.send(topics::whenCommitted, this, request, context, respond(request, context, answers));
    }

    private static void validate(MetadataRequest request, short version) {
        if (request.topics() == null) {
            return;
        }
        for (MetadataRequestTopic topic : request.topics()) {
            boolean hasId = !topic.topicId().equals(Uuid.ZERO);
            if (version < TOPIC_IDS_SINCE && (hasId || topic.name() == null)) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST, "Topic IDs are not supported in requests for version " + version);
            }
            if (!hasId && topic.name() == null) {
                throw new ApiException(ErrorCode.INVALID_REQUEST, "A topic has neither a name nor an id");
            }
        }
    }

    private MetadataResponse respond(
            MetadataRequest request, RequestContext context, List<MetadataResponseTopic> answers) {
        MetadataImage image = store.image();
        MetadataResponse response = new MetadataResponse()
                .clusterId(image.clusterId())
                .controllerId(image.controllerId())
                .topics(answers);
        for (BrokerImage broker : image.brokers()) {
            Listener endpoint = broker.fenced()
                    ? null
                    : broker.endpoint(context.connection().listenerName());
            if (endpoint != null) {
                response.brokers()
                        .add(new MetadataResponseBroker()
                                .nodeId(broker.id())
                                .host(endpoint.host())
                                .port(endpoint.port())
                                .rack(broker.rack()));
            }
        }
        if (request.includeClusterAuthorizedOperations()) {
            response.clusterAuthorizedOperations(AuthorizedOperations.CLUSTER);
        }
        return response;
    }

    private static List<MetadataResponseTopic> allTopics(MetadataImage image, MetadataRequest request) {
        List<MetadataResponseTopic> answers = new ArrayList<>(image.topicCount());
        for (TopicImage topic : image.topics()) {
            answers.add(found(image, topic, request));
        }
        return answers;
    }

    private List<MetadataResponseTopic> askedTopics(MetadataRequest request) {
        boolean byId = false;
        for (MetadataRequestTopic topic : request.topics()) {
            byId |= !topic.topicId().equals(Uuid.ZERO);
        }
        List<MetadataResponseTopic> answers = new ArrayList<>(request.topics().size());
        List<MetadataResponseTopic> failures = new ArrayList<>(0);
        if (byId) {
            askedById(request, answers, failures);
        } else {
            askedByName(request, answers, failures);
        }
        answers.addAll(failures);
        return answers;
    }

    /** One id among the topics makes all of them be looked up by id, as in Apache Kafka. */
    private void askedById(
            MetadataRequest request, List<MetadataResponseTopic> answers, List<MetadataResponseTopic> failures) {
        MetadataImage image = store.image();
        Set<Uuid> seen = new HashSet<>();
        for (MetadataRequestTopic asked : request.topics()) {
            if (asked.topicId().equals(Uuid.ZERO) || !seen.add(asked.topicId())) {
                continue;
            }
            TopicImage topic = image.topic(asked.topicId());
            if (topic == null) {
                failures.add(new MetadataResponseTopic()
                        .name(null)
                        .topicId(asked.topicId())
                        .errorCode(ErrorCode.UNKNOWN_TOPIC_ID.code()));
            } else {
                answers.add(found(image, topic, request));
            }
        }
    }

    private void askedByName(
            MetadataRequest request, List<MetadataResponseTopic> answers, List<MetadataResponseTopic> failures) {
        Set<String> seen = request.topics().size() == 1 ? null : new HashSet<>();
        boolean create =
                request.allowAutoTopicCreation() && store.brokerConfig().autoCreateTopicsEnable();
        for (MetadataRequestTopic asked : request.topics()) {
            if (seen != null && !seen.add(asked.name())) {
                continue;
            }
            // The image is taken anew: an earlier topic of this request may just have been created.
            MetadataImage image = store.image();
            TopicImage topic = image.topic(asked.name());
            if (topic != null) {
                answers.add(found(image, topic, request));
            } else if (!TopicNames.isValid(asked.name())) {
                failures.add(failed(asked.name(), ErrorCode.INVALID_TOPIC_EXCEPTION, request));
            } else if (create) {
                autoCreate(asked.name(), request, answers, failures);
            } else {
                failures.add(failed(asked.name(), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, request));
            }
        }
    }

    private void autoCreate(
            String name,
            MetadataRequest request,
            List<MetadataResponseTopic> answers,
            List<MetadataResponseTopic> failures) {
        try {
            TopicImage topic = topics.ensureTopic(name);
            answers.add(found(store.image(), topic, request));
        } catch (ApiException e) {
            failures.add(failed(name, e.error(), request));
        }
    }

    private static MetadataResponseTopic failed(String name, ErrorCode error, MetadataRequest request) {
        return withOperations(
                new MetadataResponseTopic()
                        .name(name)
                        .isInternal(TopicNames.isInternal(name))
                        .errorCode(error.code()),
                request);
    }

    private static MetadataResponseTopic withOperations(MetadataResponseTopic answer, MetadataRequest request) {
        return request.includeTopicAuthorizedOperations()
                ? answer.topicAuthorizedOperations(AuthorizedOperations.TOPIC)
                : answer;
    }

    private static MetadataResponseTopic found(MetadataImage image, TopicImage topic, MetadataRequest request) {
        List<MetadataResponsePartition> partitions =
                new ArrayList<>(topic.partitions().size());
        for (PartitionImage partition : topic.partitions()) {
            boolean hasLeader = partition.leader() != PartitionImage.NO_LEADER;
            partitions.add(new MetadataResponsePartition()
                    .errorCode((hasLeader ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE).code())
                    .partitionIndex(partition.partition())
                    .leaderId(partition.leader())
                    .leaderEpoch(partition.leaderEpoch())
                    .replicaNodes(partition.replicas())
                    .isrNodes(partition.isr())
                    .offlineReplicas(image.offlineReplicas(partition)));
        }
        return withOperations(
                new MetadataResponseTopic()
                        .name(topic.name())
                        .topicId(topic.id())
                        .isInternal(topic.isInternal())
                        .partitions(partitions),
                request);
    }

    @Override
    public ApiMessage errorResponse(MetadataRequest request, short version, ErrorCode error, String message) {
        MetadataResponse response = new MetadataResponse().errorCode(error.code());
        if (request.topics() != null) {
            for (MetadataRequestTopic topic : request.topics()) {
                // Before version 12 an answer cannot do without a name.
                response.topics()
                        .add(new MetadataResponseTopic()
                                .name(topic.name() == null ? "" : topic.name())
                                .topicId(topic.topicId())
                                .errorCode(error.code()));
            }
        }
        return response;
    }
}
