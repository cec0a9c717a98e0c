package io.ottla.broker.coordinator.group;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import java.util.Map;

/** OffsetFetch. A group that is not there has no offsets; that is no error. */
final class OffsetQueries {

    private static final long NO_OFFSET = -1L;

    private final GroupState state;

    OffsetQueries(GroupState state) {
        this.state = state;
    }

    /**
     * The offsets that a request asks for, or all of the group if it names no topics.
     *
     * @param request the request for one group, its topics with names
     * @param requireStable whether offsets that an open transaction may replace are to be withheld (KIP-447)
     * @throws io.ottla.protocol.ApiException if the client says that it is a member, and is not
     */
    OffsetFetchResponseGroup fetch(OffsetFetchRequestGroup request, boolean requireStable) {
        OffsetFetchResponseGroup response = new OffsetFetchResponseGroup().groupId(request.groupId());
        Group group = state.find(request.groupId());
        if (group != null) {
            group.validateOffsetFetch(request.memberId(), request.memberEpoch());
        }
        if (request.topics() == null) {
            fetchAll(request.groupId(), requireStable, response);
            return response;
        }
        for (OffsetFetchRequestTopics topic : request.topics()) {
            OffsetFetchResponseTopics result =
                    new OffsetFetchResponseTopics().name(topic.name()).topicId(topic.topicId());
            for (int partition : topic.partitionIndexes()) {
                CommittedOffset offset = state.offsets().find(request.groupId(), topic.name(), partition);
                result.partitions().add(describe(request.groupId(), topic.name(), partition, offset, requireStable));
            }
            response.topics().add(result);
        }
        return response;
    }

    private void fetchAll(String groupId, boolean requireStable, OffsetFetchResponseGroup response) {
        for (Map.Entry<String, Map<Integer, CommittedOffset>> topic :
                state.offsets().ofGroup(groupId).entrySet()) {
            OffsetFetchResponseTopics result = new OffsetFetchResponseTopics().name(topic.getKey());
            topic.getValue().forEach((partition, offset) -> result.partitions()
                    .add(describe(groupId, topic.getKey(), partition, offset, requireStable)));
            response.topics().add(result);
        }
    }

    private OffsetFetchResponsePartitions describe(
            String groupId, String topic, int partition, CommittedOffset offset, boolean requireStable) {
        OffsetFetchResponsePartitions result = new OffsetFetchResponsePartitions()
                .partitionIndex(partition)
                .committedOffset(NO_OFFSET)
                .metadata("");
        if (requireStable && state.hasOpenOffset(groupId, topic, partition)) {
            return result.errorCode(ErrorCode.UNSTABLE_OFFSET_COMMIT.code());
        }
        if (offset == null) {
            return result;
        }
        return result.committedOffset(offset.offset())
                .committedLeaderEpoch(offset.leaderEpoch())
                .metadata(offset.metadata());
    }
}
