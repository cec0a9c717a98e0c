package io.ottla.broker.handler;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListOffsetsRequest;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsTopic;
import io.ottla.protocol.message.ListOffsetsResponse;
import io.ottla.protocol.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import io.ottla.protocol.message.ListOffsetsResponse.ListOffsetsTopicResponse;
import io.ottla.storage.Log;
import io.ottla.storage.TimestampOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ListOffsets: finds an offset by its place in the log or by a timestamp.
 *
 * <ul>
 *   <li>Version 2 brought the isolation level, 4 the leader epoch (KIP-320), 6 is flexible.
 *   <li>7 knows the record with the largest timestamp (KIP-734), 8 the earliest local offset (KIP-405), 9 the latest tiered one
 *       (KIP-1005), 10 the request's own timeout (KIP-1075), 11 the earliest offset not yet uploaded (KIP-1023).
 * </ul>
 *
 * <p>Looking for a timestamp reads the log, and decompresses: that is done off the event loop.
 *
 * <p>All records are local: the earliest local offset is the earliest one, and no offset is tiered or waits for an upload.
 */
public final class ListOffsetsHandler extends RequestHandler<ListOffsetsRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(ListOffsetsHandler.class);

    private static final long LATEST = -1L;
    private static final long EARLIEST = -2L;
    private static final long MAX_TIMESTAMP = -3L;
    private static final long EARLIEST_LOCAL = -4L;
    private static final long LATEST_TIERED = -5L;
    private static final long EARLIEST_PENDING_UPLOAD = -6L;

    private static final short FIRST_VERSION_WITH_LEADER_EPOCH = 4;
    private static final byte READ_UNCOMMITTED = 0;
    private static final byte READ_COMMITTED = 1;
    private static final int CONSUMER_REPLICA_ID = -1;

    /** The replica id of tools that may ask any replica. */
    private static final int DEBUGGING_REPLICA_ID = -2;

    private static final TimestampOffset UNKNOWN = new TimestampOffset(-1L, -1L, -1);

    private final PartitionRegistry partitions;
    private final Executor executor;

    /**
     * @param partitions the partitions
     * @param executor where timestamps are looked for
     */
    public ListOffsetsHandler(PartitionRegistry partitions, Executor executor) {
        super(ApiKey.LIST_OFFSETS);
        this.partitions = partitions;
        this.executor = executor;
    }

    @Override
    public void handle(ListOffsetsRequest request, RequestContext context) {
        if (hasTimestamp(request)) {
            executor.execute(() -> answerGuarded(request, context));
        } else {
            answer(request, context);
        }
    }

    private static boolean hasTimestamp(ListOffsetsRequest request) {
        for (ListOffsetsTopic topic : request.topics()) {
            for (ListOffsetsPartition asked : topic.partitions()) {
                if (asked.timestamp() >= 0 || asked.timestamp() == MAX_TIMESTAMP) {
                    return true;
                }
            }
        }
        return false;
    }

    private void answerGuarded(ListOffsetsRequest request, RequestContext context) {
        try {
            answer(request, context);
        } catch (RuntimeException e) {
            LOG.error("Failed to serve a ListOffsets request of client {}", context.clientId(), e);
            context.respond(errorResponse(request, context.apiVersion(), ErrorCode.UNKNOWN_SERVER_ERROR, null));
        }
    }

    private void answer(ListOffsetsRequest request, RequestContext context) {
        Set<TopicIndex> doubled = doubled(request);
        Set<TopicIndex> refused = doubled.isEmpty() ? doubled : new HashSet<>();
        Map<String, List<ListOffsetsPartitionResponse>> answersByTopic = new LinkedHashMap<>();
        for (ListOffsetsTopic topic : request.topics()) {
            if (topic.partitions().isEmpty()) {
                continue;
            }
            List<ListOffsetsPartitionResponse> answers =
                    answersByTopic.computeIfAbsent(topic.name(), name -> new ArrayList<>());
            for (ListOffsetsPartition asked : topic.partitions()) {
                TopicIndex named = doubled.isEmpty() ? null : new TopicIndex(topic.name(), asked.partitionIndex());
                if (named == null || !doubled.contains(named)) {
                    answers.add(answer(request, topic.name(), asked, context));
                } else if (refused.add(named)) {
                    answers.add(answer(asked, ErrorCode.INVALID_REQUEST, UNKNOWN, context.apiVersion()));
                }
            }
        }
        List<ListOffsetsTopicResponse> topics = new ArrayList<>(answersByTopic.size());
        answersByTopic.forEach((name, answers) ->
                topics.add(new ListOffsetsTopicResponse().name(name).partitions(answers)));
        context.respond(new ListOffsetsResponse().topics(topics));
    }

    private record TopicIndex(String topic, int index) {}

    /** The partitions that are named more than once. */
    private static Set<TopicIndex> doubled(ListOffsetsRequest request) {
        if (request.topics().size() == 1 && request.topics().get(0).partitions().size() == 1) {
            return Set.of();
        }
        Set<TopicIndex> seen = new HashSet<>();
        Set<TopicIndex> doubled = new HashSet<>();
        for (ListOffsetsTopic topic : request.topics()) {
            for (ListOffsetsPartition partition : topic.partitions()) {
                TopicIndex named = new TopicIndex(topic.name(), partition.partitionIndex());
                if (!seen.add(named)) {
                    doubled.add(named);
                }
            }
        }
        return doubled;
    }

    private ListOffsetsPartitionResponse answer(
            ListOffsetsRequest request, String topic, ListOffsetsPartition asked, RequestContext context) {
        short version = context.apiVersion();
        if (!isSupported(asked.timestamp(), version)) {
            return answer(asked, ErrorCode.UNSUPPORTED_VERSION, UNKNOWN, version);
        }
        if (request.isolationLevel() != READ_COMMITTED && request.isolationLevel() != READ_UNCOMMITTED) {
            return answer(asked, ErrorCode.INVALID_REQUEST, UNKNOWN, version);
        }
        Partition partition = partitions.partition(topic, asked.partitionIndex());
        if (partition == null) {
            return answer(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN, version);
        }
        ErrorCode refusal = partition.check(
                context.connection().brokerId(),
                asked.currentLeaderEpoch(),
                request.replicaId() != DEBUGGING_REPLICA_ID);
        if (refusal != ErrorCode.NONE) {
            return answer(asked, refusal, UNKNOWN, version);
        }
        try {
            long endOffset = endOffset(partition.log(), request);
            return answer(asked, ErrorCode.NONE, find(partition, asked.timestamp(), endOffset), version);
        } catch (ApiException e) {
            return answer(asked, e.error(), UNKNOWN, version);
        } catch (RuntimeException e) {
            LOG.error("Looking for timestamp {} in {} failed", asked.timestamp(), partition, e);
            return answer(asked, ErrorCode.UNKNOWN_SERVER_ERROR, UNKNOWN, version);
        }
    }

    private static boolean isSupported(long timestamp, short version) {
        if (timestamp >= 0 || timestamp == LATEST || timestamp == EARLIEST) {
            return true;
        }
        if (timestamp == MAX_TIMESTAMP) {
            return version >= 7;
        }
        if (timestamp == EARLIEST_LOCAL) {
            return version >= 8;
        }
        if (timestamp == LATEST_TIERED) {
            return version >= 9;
        }
        return timestamp == EARLIEST_PENDING_UPLOAD && version >= 11;
    }

    /** The offset behind the last that the client may read. */
    private static long endOffset(Log log, ListOffsetsRequest request) {
        if (request.replicaId() != CONSUMER_REPLICA_ID) {
            return log.logEndOffset();
        }
        return request.isolationLevel() == READ_COMMITTED ? log.lastStableOffset() : log.highWatermark();
    }

    private static TimestampOffset find(Partition partition, long timestamp, long endOffset) {
        Log log = partition.log();
        if (timestamp == LATEST) {
            return new TimestampOffset(-1L, endOffset, partition.leaderEpoch());
        }
        if (timestamp == EARLIEST) {
            return new TimestampOffset(-1L, log.logStartOffset(), partition.leaderEpochAt(log.logStartOffset()));
        }
        if (timestamp == EARLIEST_LOCAL) {
            long offset = log.localLogStartOffset();
            return new TimestampOffset(-1L, offset, partition.leaderEpochAt(offset));
        }
        if (timestamp == LATEST_TIERED || timestamp == EARLIEST_PENDING_UPLOAD) {
            return UNKNOWN;
        }
        TimestampOffset found =
                timestamp == MAX_TIMESTAMP ? log.maxTimestampOffset() : log.offsetForTimestamp(timestamp);
        return found == null || found.offset() >= endOffset ? UNKNOWN : found;
    }

    private static ListOffsetsPartitionResponse answer(
            ListOffsetsPartition asked, ErrorCode error, TimestampOffset found, short version) {
        ListOffsetsPartitionResponse answer = new ListOffsetsPartitionResponse()
                .partitionIndex(asked.partitionIndex())
                .errorCode(error.code())
                .timestamp(found.timestampMs())
                .offset(found.offset());
        return version >= FIRST_VERSION_WITH_LEADER_EPOCH ? answer.leaderEpoch(found.leaderEpoch()) : answer;
    }

    @Override
    public ListOffsetsResponse errorResponse(
            ListOffsetsRequest request, short version, ErrorCode error, String message) {
        List<ListOffsetsTopicResponse> topics = new ArrayList<>(request.topics().size());
        for (ListOffsetsTopic topic : request.topics()) {
            List<ListOffsetsPartitionResponse> answers =
                    new ArrayList<>(topic.partitions().size());
            for (ListOffsetsPartition asked : topic.partitions()) {
                answers.add(answer(asked, error, UNKNOWN, version));
            }
            topics.add(new ListOffsetsTopicResponse().name(topic.name()).partitions(answers));
        }
        return new ListOffsetsResponse().topics(topics);
    }
}
