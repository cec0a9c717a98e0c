package io.ottla.broker.handler;

import io.ottla.broker.handler.fetch.FetchEngine;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MemoryRecords;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.FetchResponse.FetchableTopicResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Fetch: reads records of several partitions, and waits for them if there are none.
 *
 * <ul>
 *   <li>Version 4 brought the isolation level, 5 the log start offset, 7 fetch sessions (KIP-227).
 *   <li>9 checks the leader epoch (KIP-320), 10 allows zstd, 11 names the client's rack (KIP-392), 12 is flexible and finds
 *       diverging logs (KIP-595).
 *   <li>13 names topics by their id (KIP-516), 15 moves the replica id (KIP-903), 16 can name the new leader (KIP-951), 17 and
 *       18 belong to replication.
 * </ul>
 *
 * <p>The records of the answer are regions of the log's files.
 */
public final class FetchHandler extends RequestHandler<FetchRequest> {

    private static final short FIRST_VERSION_WITH_TOPIC_IDS = 13;
    private static final long UNKNOWN_OFFSET = -1L;

    private final FetchEngine engine;

    public FetchHandler(FetchEngine engine) {
        super(ApiKey.FETCH);
        this.engine = engine;
    }

    @Override
    public void handle(FetchRequest request, RequestContext context) {
        engine.fetch(request, context);
    }

    /** From version 13 on clients know an error of the whole answer; the older ones need it with each partition. */
    @Override
    public FetchResponse errorResponse(FetchRequest request, short version, ErrorCode error, String message) {
        FetchResponse response = new FetchResponse().errorCode(error.code()).sessionId(request.sessionId());
        if (version >= FIRST_VERSION_WITH_TOPIC_IDS) {
            return response;
        }
        List<FetchableTopicResponse> topics = new ArrayList<>(request.topics().size());
        for (FetchRequest.FetchTopic topic : request.topics()) {
            List<FetchResponse.PartitionData> partitions =
                    new ArrayList<>(topic.partitions().size());
            for (FetchRequest.FetchPartition partition : topic.partitions()) {
                partitions.add(new FetchResponse.PartitionData()
                        .partitionIndex(partition.partition())
                        .errorCode(error.code())
                        .highWatermark(UNKNOWN_OFFSET)
                        .records(MemoryRecords.EMPTY));
            }
            topics.add(new FetchableTopicResponse().topic(topic.topic()).partitions(partitions));
        }
        return response.responses(topics);
    }
}
