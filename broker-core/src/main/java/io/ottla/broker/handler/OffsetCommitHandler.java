package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetCommitResponse;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponsePartition;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponseTopic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * OffsetCommit: a group's positions. Topics and partitions that are not there are answered here; the coordinator sees the rest.
 *
 * <p>Versions: 5 takes away the retention time, 6 adds leader epochs, 7 static members, 9 errors of the new group protocol and of
 * groups that are not there, 10 topic ids instead of names (KIP-848).
 */
public final class OffsetCommitHandler extends RequestHandler<OffsetCommitRequest> {

    private static final short TOPIC_IDS_VERSION = 10;

    private final MetadataStore metadata;
    private final GroupCoordinator coordinator;

    public OffsetCommitHandler(MetadataStore metadata, GroupCoordinator coordinator) {
        super(ApiKey.OFFSET_COMMIT);
        this.metadata = metadata;
        this.coordinator = coordinator;
    }

    @Override
    public void handle(OffsetCommitRequest request, RequestContext context) {
        boolean topicIds = context.apiVersion() >= TOPIC_IDS_VERSION;
        List<OffsetCommitResponseTopic> refused = new ArrayList<>(0);
        List<OffsetCommitRequestTopic> accepted = accept(request.topics(), topicIds, refused);
        if (accepted.isEmpty()) {
            context.respond(new OffsetCommitResponse().topics(refused));
            return;
        }
        OffsetCommitRequest forCoordinator = new OffsetCommitRequest()
                .groupId(request.groupId())
                .memberId(request.memberId())
                .groupInstanceId(request.groupInstanceId())
                .generationIdOrMemberEpoch(request.generationIdOrMemberEpoch())
                .retentionTimeMs(request.retentionTimeMs())
                .topics(accepted);
        Reply<OffsetCommitResponse> reply =
                Reply.of(response -> context.respond(merge(response, refused)), error -> failed(accepted, error));
        coordinator.commitOffsets(context.connection().brokerId(), forCoordinator, context.apiVersion(), reply);
    }

    private List<OffsetCommitRequestTopic> accept(
            List<OffsetCommitRequestTopic> topics, boolean topicIds, List<OffsetCommitResponseTopic> refused) {
        MetadataImage image = metadata.image();
        List<OffsetCommitRequestTopic> accepted = new ArrayList<>(topics.size());
        for (OffsetCommitRequestTopic topic : topics) {
            TopicImage known = topicIds ? image.topic(topic.topicId()) : image.topic(topic.name());
            if (known == null) {
                refused.add(
                        failed(topic, topicIds ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
                continue;
            }
            OffsetCommitRequestTopic there =
                    new OffsetCommitRequestTopic().name(known.name()).topicId(known.id());
            OffsetCommitRequestTopic missing =
                    new OffsetCommitRequestTopic().name(known.name()).topicId(known.id());
            for (OffsetCommitRequestPartition partition : topic.partitions()) {
                boolean exists = known.partition(partition.partitionIndex()) != null;
                (exists ? there : missing).partitions().add(partition);
            }
            if (!missing.partitions().isEmpty()) {
                refused.add(failed(missing, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
            }
            if (!there.partitions().isEmpty()) {
                accepted.add(there);
            }
        }
        return accepted;
    }

    /** What was refused comes first, as in Apache Kafka. */
    private static OffsetCommitResponse merge(OffsetCommitResponse response, List<OffsetCommitResponseTopic> refused) {
        if (refused.isEmpty()) {
            return response;
        }
        Map<String, OffsetCommitResponseTopic> refusedByName = new HashMap<>();
        List<OffsetCommitResponseTopic> merged = new ArrayList<>(refused);
        for (OffsetCommitResponseTopic topic : refused) {
            // A topic that is not known by its id has no name, and the coordinator has not seen it.
            refusedByName.put(topic.name(), topic);
        }
        for (OffsetCommitResponseTopic topic : response.topics()) {
            OffsetCommitResponseTopic present = refusedByName.get(topic.name());
            if (present == null) {
                merged.add(topic);
            } else {
                present.partitions().addAll(topic.partitions());
            }
        }
        return response.topics(merged);
    }

    private static OffsetCommitResponse failed(List<OffsetCommitRequestTopic> topics, ErrorCode error) {
        OffsetCommitResponse response = new OffsetCommitResponse();
        for (OffsetCommitRequestTopic topic : topics) {
            response.topics().add(failed(topic, error));
        }
        return response;
    }

    private static OffsetCommitResponseTopic failed(OffsetCommitRequestTopic topic, ErrorCode error) {
        OffsetCommitResponseTopic result =
                new OffsetCommitResponseTopic().name(topic.name()).topicId(topic.topicId());
        for (OffsetCommitRequestPartition partition : topic.partitions()) {
            result.partitions()
                    .add(new OffsetCommitResponsePartition()
                            .partitionIndex(partition.partitionIndex())
                            .errorCode(error.code()));
        }
        return result;
    }

    @Override
    public ApiMessage errorResponse(OffsetCommitRequest request, short version, ErrorCode error, String message) {
        return failed(request.topics(), error);
    }
}
