package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Gather;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.OffsetFetchRequest;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopic;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.ottla.protocol.message.OffsetFetchResponse;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartition;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopic;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import java.util.ArrayList;
import java.util.List;

/**
 * OffsetFetch: the positions that groups have committed.
 *
 * <p>Versions: 2 adds all topics of a group and an error of the whole, 5 leader epochs, 7 the wish for offsets that no open
 * transaction may replace (KIP-447), 8 several groups (KIP-709), 9 members of the new protocol, 10 topic ids instead of names
 * (KIP-848).
 */
public final class OffsetFetchHandler extends RequestHandler<OffsetFetchRequest> {

    private static final short GROUP_ERROR_VERSION = 2;
    private static final short BATCH_VERSION = 8;
    private static final short TOPIC_IDS_VERSION = 10;
    private static final long NO_OFFSET = -1L;

    private final MetadataStore metadata;
    private final GroupCoordinator coordinator;

    public OffsetFetchHandler(MetadataStore metadata, GroupCoordinator coordinator) {
        super(ApiKey.OFFSET_FETCH);
        this.metadata = metadata;
        this.coordinator = coordinator;
    }

    @Override
    public void handle(OffsetFetchRequest request, RequestContext context) {
        short version = context.apiVersion();
        int brokerId = context.connection().brokerId();
        List<OffsetFetchRequestGroup> groups = groupsOf(request, version);
        Reply<OffsetFetchResponse> answer = Reply.of(context::respond, error -> failed(groups, version, error));
        Gather<OffsetFetchResponseGroup> gather =
                new Gather<>(groups.size(), answer.map(results -> responseOf(results, version)));
        for (OffsetFetchRequestGroup group : groups) {
            Reply<OffsetFetchResponseGroup> slot = gather.slot(error -> failed(group, version, error));
            if (version >= TOPIC_IDS_VERSION) {
                fetchById(brokerId, group, request.requireStable(), slot);
            } else {
                coordinator.fetchOffsets(brokerId, group, request.requireStable(), slot);
            }
        }
    }

    /** The groups of the request; those of a request for one group in the form of the others. */
    private static List<OffsetFetchRequestGroup> groupsOf(OffsetFetchRequest request, short version) {
        if (version >= BATCH_VERSION) {
            return request.groups();
        }
        OffsetFetchRequestGroup group =
                new OffsetFetchRequestGroup().groupId(request.groupId()).topics(null);
        if (request.topics() != null) {
            List<OffsetFetchRequestTopics> topics =
                    new ArrayList<>(request.topics().size());
            for (OffsetFetchRequestTopic topic : request.topics()) {
                topics.add(
                        new OffsetFetchRequestTopics().name(topic.name()).partitionIndexes(topic.partitionIndexes()));
            }
            group.topics(topics);
        }
        return List.of(group);
    }

    private void fetchById(
            int brokerId, OffsetFetchRequestGroup group, boolean requireStable, Reply<OffsetFetchResponseGroup> reply) {
        MetadataImage image = metadata.image();
        if (group.topics() == null) {
            coordinator.fetchOffsets(brokerId, group, requireStable, reply.map(response -> {
                // What is left of a topic that is gone has no id to be shown under.
                response.topics().removeIf(topic -> !setId(topic, image));
                return response;
            }));
            return;
        }
        List<OffsetFetchRequestTopics> known = new ArrayList<>(group.topics().size());
        List<OffsetFetchResponseTopics> unknown = new ArrayList<>(0);
        for (OffsetFetchRequestTopics topic : group.topics()) {
            TopicImage found = image.topic(topic.topicId());
            if (found == null) {
                unknown.add(failed(topic, ErrorCode.UNKNOWN_TOPIC_ID));
            } else {
                known.add(topic.name(found.name()));
            }
        }
        OffsetFetchRequestGroup forCoordinator = new OffsetFetchRequestGroup()
                .groupId(group.groupId())
                .memberId(group.memberId())
                .memberEpoch(group.memberEpoch())
                .topics(known);
        coordinator.fetchOffsets(brokerId, forCoordinator, requireStable, reply.map(response -> {
            response.topics().addAll(unknown);
            return response;
        }));
    }

    private static boolean setId(OffsetFetchResponseTopics topic, MetadataImage image) {
        TopicImage found = image.topic(topic.name());
        if (found == null) {
            return false;
        }
        topic.topicId(found.id());
        return true;
    }

    private static OffsetFetchResponse responseOf(List<OffsetFetchResponseGroup> groups, short version) {
        if (version >= BATCH_VERSION) {
            return new OffsetFetchResponse().groups(groups);
        }
        OffsetFetchResponseGroup group = groups.get(0);
        OffsetFetchResponse response = new OffsetFetchResponse().errorCode(group.errorCode());
        for (OffsetFetchResponseTopics topic : group.topics()) {
            OffsetFetchResponseTopic single = new OffsetFetchResponseTopic().name(topic.name());
            for (OffsetFetchResponsePartitions partition : topic.partitions()) {
                single.partitions()
                        .add(new OffsetFetchResponsePartition()
                                .partitionIndex(partition.partitionIndex())
                                .committedOffset(partition.committedOffset())
                                .committedLeaderEpoch(partition.committedLeaderEpoch())
                                .metadata(partition.metadata())
                                .errorCode(partition.errorCode()));
            }
            response.topics().add(single);
        }
        return response;
    }

    private static OffsetFetchResponse failed(List<OffsetFetchRequestGroup> groups, short version, ErrorCode error) {
        List<OffsetFetchResponseGroup> results = new ArrayList<>(groups.size());
        for (OffsetFetchRequestGroup group : groups) {
            results.add(failed(group, version, error));
        }
        return responseOf(results, version);
    }

    private static OffsetFetchResponseGroup failed(OffsetFetchRequestGroup group, short version, ErrorCode error) {
        OffsetFetchResponseGroup result = new OffsetFetchResponseGroup().groupId(group.groupId());
        if (version >= GROUP_ERROR_VERSION) {
            return result.errorCode(error.code());
        }
        for (OffsetFetchRequestTopics topic : group.topics()) {
            result.topics().add(failed(topic, error));
        }
        return result;
    }

    private static OffsetFetchResponseTopics failed(OffsetFetchRequestTopics topic, ErrorCode error) {
        OffsetFetchResponseTopics result =
                new OffsetFetchResponseTopics().name(topic.name()).topicId(topic.topicId());
        for (int partition : topic.partitionIndexes()) {
            result.partitions()
                    .add(new OffsetFetchResponsePartitions()
                            .partitionIndex(partition)
                            .committedOffset(NO_OFFSET)
                            .metadata("")
                            .errorCode(error.code()));
        }
        return result;
    }

    @Override
    public ApiMessage errorResponse(OffsetFetchRequest request, short version, ErrorCode error, String message) {
        return failed(groupsOf(request, version), version, error);
    }
}
