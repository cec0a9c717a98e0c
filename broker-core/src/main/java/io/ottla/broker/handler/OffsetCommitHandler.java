package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetCommitResponse;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponsePartition;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponseTopic;
import java.util.ArrayList;
import java.util.List;

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
        Reply<OffsetCommitResponse> reply = Reply.of(
                response -> {
                    merge(response, refused);
                    context.respond(response);
                },
                error -> failed(accepted, error));
        coordinator.commitOffsets(forCoordinator, context.apiVersion(), reply);
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

    private static void merge(OffsetCommitResponse response, List<OffsetCommitResponseTopic> refused) {
        for (OffsetCommitResponseTopic topic : refused) {
            OffsetCommitResponseTopic present = null;
            for (OffsetCommitResponseTopic candidate : response.topics()) {
                boolean sameName = !topic.name().isEmpty() && topic.name().equals(candidate.name());
                if (sameName
                        && (topic.topicId().equals(candidate.topicId())
                                || topic.topicId().equals(Uuid.ZERO))) {
                    present = candidate;
                }
            }
            if (present == null) {
                response.topics().add(topic);
            } else {
                present.partitions().addAll(topic.partitions());
            }
        }
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
