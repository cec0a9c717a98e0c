package io.ottla.broker.handler;

import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.Quorum;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.DescribeQuorumRequest;
import io.ottla.protocol.message.DescribeQuorumResponse;
import io.ottla.storage.Clock;
import java.util.ArrayList;
import java.util.List;

/**
 * Says who keeps the metadata log, and how far everybody is (KIP-595): the first broker, as its own controller; others that are simulated
 * look on.
 *
 * <p>Version 1 adds times (KIP-836), version 2 directory ids, end points and messages (KIP-853).
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_DescribeQuorum">DescribeQuorum</a>
 */
public final class DescribeQuorumHandler extends RequestHandler<DescribeQuorumRequest> {

    private static final short FIRST_VERSION_WITH_NODES = 2;

    private final MetadataStore store;
    private final Clock clock;

    public DescribeQuorumHandler(MetadataStore store, Clock clock) {
        super(ApiKey.DESCRIBE_QUORUM);
        this.store = store;
        this.clock = clock;
    }

    @Override
    public void handle(DescribeQuorumRequest request, RequestContext context) {
        if (!asksForMetadata(request)) {
            context.respond(unknownPartitions(request));
            return;
        }
        Quorum quorum = store.quorum();
        long nowMs = clock.timeMs();
        boolean withNodes = context.apiVersion() >= FIRST_VERSION_WITH_NODES;
        DescribeQuorumResponse.ReplicaState leader =
                replica(quorum.leaderId(), quorum, nowMs, withNodes ? quorum.directoryId() : Uuid.ZERO);
        List<DescribeQuorumResponse.ReplicaState> observers = new ArrayList<>(0);
        for (BrokerImage broker : store.image().brokers()) {
            if (broker.id() != quorum.leaderId() && !broker.fenced()) {
                observers.add(replica(
                        broker.id(), quorum, nowMs, withNodes ? broker.logDirs().get(0) : Uuid.ZERO));
            }
        }
        DescribeQuorumResponse.PartitionData partition = new DescribeQuorumResponse.PartitionData()
                .leaderId(quorum.leaderId())
                .leaderEpoch(quorum.leaderEpoch())
                .highWatermark(quorum.highWatermark())
                .currentVoters(List.of(leader))
                .observers(observers);
        DescribeQuorumResponse response = new DescribeQuorumResponse()
                .topics(List.of(new DescribeQuorumResponse.TopicData()
                        .topicName(TopicNames.CLUSTER_METADATA)
                        .partitions(List.of(partition))));
        if (withNodes) {
            response.nodes(List.of(node(quorum)));
        }
        context.respond(response);
    }

    /** Who serves has all of the log: it is the only one. */
    private static DescribeQuorumResponse.ReplicaState replica(int id, Quorum quorum, long nowMs, Uuid directoryId) {
        return new DescribeQuorumResponse.ReplicaState()
                .replicaId(id)
                .replicaDirectoryId(directoryId)
                .logEndOffset(quorum.endOffset())
                .lastFetchTimestamp(nowMs)
                .lastCaughtUpTimestamp(nowMs);
    }

    private static DescribeQuorumResponse.Node node(Quorum quorum) {
        return new DescribeQuorumResponse.Node()
                .nodeId(quorum.leaderId())
                .listeners(List.of(new DescribeQuorumResponse.Listener()
                        .name(quorum.endpoint().name())
                        .host(quorum.endpoint().host())
                        .port(quorum.endpoint().port())));
    }

    /** Only the one partition of the metadata log has a quorum, and it must be asked for alone. */
    private static boolean asksForMetadata(DescribeQuorumRequest request) {
        return request.topics().size() == 1
                && request.topics().get(0).topicName().equals(TopicNames.CLUSTER_METADATA)
                && request.topics().get(0).partitions().size() == 1
                && request.topics().get(0).partitions().get(0).partitionIndex() == 0;
    }

    private static DescribeQuorumResponse unknownPartitions(DescribeQuorumRequest request) {
        DescribeQuorumResponse response = new DescribeQuorumResponse();
        for (DescribeQuorumRequest.TopicData topic : request.topics()) {
            DescribeQuorumResponse.TopicData answer =
                    new DescribeQuorumResponse.TopicData().topicName(topic.topicName());
            for (DescribeQuorumRequest.PartitionData partition : topic.partitions()) {
                answer.partitions()
                        .add(new DescribeQuorumResponse.PartitionData()
                                .partitionIndex(partition.partitionIndex())
                                .errorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code())
                                .errorMessage(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.message()));
            }
            response.topics().add(answer);
        }
        return response;
    }

    @Override
    public DescribeQuorumResponse errorResponse(
            DescribeQuorumRequest request, short version, ErrorCode error, String message) {
        return new DescribeQuorumResponse().errorCode(error.code()).errorMessage(message);
    }
}
