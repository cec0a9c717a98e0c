package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.OffsetDeleteRequest;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestPartition;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import io.ottla.protocol.message.OffsetDeleteResponse;
import io.ottla.protocol.message.OffsetDeleteResponse.OffsetDeleteResponsePartition;
import io.ottla.protocol.message.OffsetDeleteResponse.OffsetDeleteResponseTopic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** OffsetDelete: some positions of a group go, unless a member reads the topic (KIP-496). */
public final class OffsetDeleteHandler extends RequestHandler<OffsetDeleteRequest> {

    private final MetadataStore metadata;
    private final GroupCoordinator coordinator;

    public OffsetDeleteHandler(MetadataStore metadata, GroupCoordinator coordinator) {
        super(ApiKey.OFFSET_DELETE);
        this.metadata = metadata;
        this.coordinator = coordinator;
    }

    @Override
    public void handle(OffsetDeleteRequest request, RequestContext context) {
        OffsetDeleteRequest existing = new OffsetDeleteRequest().groupId(request.groupId());
        Map<String, OffsetDeleteResponseTopic> missing = new LinkedHashMap<>();
        for (OffsetDeleteRequestTopic topic : request.topics()) {
            TopicImage known = metadata.image().topic(topic.name());
            OffsetDeleteRequestTopic there = new OffsetDeleteRequestTopic().name(topic.name());
            for (OffsetDeleteRequestPartition partition : topic.partitions()) {
                if (known != null && known.partition(partition.partitionIndex()) != null) {
                    there.partitions().add(partition);
                } else {
                    missing.computeIfAbsent(topic.name(), name -> new OffsetDeleteResponseTopic().name(name))
                            .partitions()
                            .add(new OffsetDeleteResponsePartition()
                                    .partitionIndex(partition.partitionIndex())
                                    .errorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code()));
                }
            }
            if (!there.partitions().isEmpty()) {
                existing.topics().add(there);
            }
        }
        coordinator.deleteOffsets(
                context.connection().brokerId(),
                existing,
                Reply.of(response -> context.respond(merge(response, missing)), error -> new OffsetDeleteResponse()
                        .errorCode(error.code())));
    }

    private static OffsetDeleteResponse merge(
            OffsetDeleteResponse response, Map<String, OffsetDeleteResponseTopic> missing) {
        if (response.errorCode() != ErrorCode.NONE.code()) {
            return response;
        }
        List<OffsetDeleteResponseTopic> topics = new ArrayList<>(missing.values());
        for (OffsetDeleteResponseTopic topic : response.topics()) {
            OffsetDeleteResponseTopic present = missing.get(topic.name());
            if (present == null) {
                topics.add(topic);
            } else {
                present.partitions().addAll(topic.partitions());
            }
        }
        return response.topics(topics);
    }

    @Override
    public ApiMessage errorResponse(OffsetDeleteRequest request, short version, ErrorCode error, String message) {
        return new OffsetDeleteResponse().errorCode(error.code());
    }
}
