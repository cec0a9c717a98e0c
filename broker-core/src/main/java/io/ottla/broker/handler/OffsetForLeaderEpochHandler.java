package io.ottla.broker.handler;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.OffsetForLeaderEpochRequest;
import io.ottla.protocol.message.OffsetForLeaderEpochRequest.OffsetForLeaderPartition;
import io.ottla.protocol.message.OffsetForLeaderEpochRequest.OffsetForLeaderTopic;
import io.ottla.protocol.message.OffsetForLeaderEpochResponse;
import io.ottla.protocol.message.OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult;
import io.ottla.storage.EpochEndOffset;
import java.util.ArrayList;
import java.util.List;

/**
 * OffsetForLeaderEpoch: says where a leader epoch ends, so that a client finds out whether its log was cut (KIP-320).
 *
 * <ul>
 *   <li>Version 2 checks the client's current leader epoch, 3 brought the replica id, 4 is flexible.
 * </ul>
 */
public final class OffsetForLeaderEpochHandler extends RequestHandler<OffsetForLeaderEpochRequest> {

    private final PartitionRegistry partitions;

    public OffsetForLeaderEpochHandler(PartitionRegistry partitions) {
        super(ApiKey.OFFSET_FOR_LEADER_EPOCH);
        this.partitions = partitions;
    }

    @Override
    public void handle(OffsetForLeaderEpochRequest request, RequestContext context) {
        List<OffsetForLeaderTopicResult> topics =
                new ArrayList<>(request.topics().size());
        for (OffsetForLeaderTopic topic : request.topics()) {
            List<OffsetForLeaderEpochResponse.EpochEndOffset> answers =
                    new ArrayList<>(topic.partitions().size());
            for (OffsetForLeaderPartition asked : topic.partitions()) {
                answers.add(answer(topic.topic(), asked, context));
            }
            topics.add(new OffsetForLeaderTopicResult().topic(topic.topic()).partitions(answers));
        }
        context.respond(new OffsetForLeaderEpochResponse().topics(topics));
    }

    private OffsetForLeaderEpochResponse.EpochEndOffset answer(
            String topic, OffsetForLeaderPartition asked, RequestContext context) {
        Partition partition = partitions.partition(topic, asked.partition());
        if (partition == null) {
            return failure(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        ErrorCode refusal = partition.check(context.connection().brokerId(), asked.currentLeaderEpoch(), true);
        if (refusal != ErrorCode.NONE) {
            return failure(asked, refusal);
        }
        try {
            EpochEndOffset end = partition.endOffsetForEpoch(asked.leaderEpoch());
            return new OffsetForLeaderEpochResponse.EpochEndOffset()
                    .partition(asked.partition())
                    .leaderEpoch(end.leaderEpoch())
                    .endOffset(end.endOffset());
        } catch (ApiException e) {
            return failure(asked, e.error());
        }
    }

    private static OffsetForLeaderEpochResponse.EpochEndOffset failure(
            OffsetForLeaderPartition asked, ErrorCode error) {
        return new OffsetForLeaderEpochResponse.EpochEndOffset()
                .partition(asked.partition())
                .errorCode(error.code());
    }

    @Override
    public OffsetForLeaderEpochResponse errorResponse(
            OffsetForLeaderEpochRequest request, short version, ErrorCode error, String message) {
        List<OffsetForLeaderTopicResult> topics =
                new ArrayList<>(request.topics().size());
        for (OffsetForLeaderTopic topic : request.topics()) {
            List<OffsetForLeaderEpochResponse.EpochEndOffset> answers =
                    new ArrayList<>(topic.partitions().size());
            for (OffsetForLeaderPartition asked : topic.partitions()) {
                answers.add(failure(asked, error));
            }
            topics.add(new OffsetForLeaderTopicResult().topic(topic.topic()).partitions(answers));
        }
        return new OffsetForLeaderEpochResponse().topics(topics);
    }
}
