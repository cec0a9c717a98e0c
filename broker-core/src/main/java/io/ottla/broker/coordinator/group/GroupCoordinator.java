package io.ottla.broker.coordinator.group;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.CoordinatorRuntime;
import io.ottla.broker.coordinator.CoordinatorStep;
import io.ottla.broker.coordinator.Gather;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.metadata.FeatureControl;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.DeleteGroupsResponse.DeletableGroupResult;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitResponse;
import io.ottla.protocol.message.OffsetDeleteRequest;
import io.ottla.protocol.message.OffsetDeleteResponse;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupResponse;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;

/**
 * The group coordinator: groups, their members and their committed offsets, kept in {@code __consumer_offsets}.
 *
 * <p>All methods may be called on any thread and do not block. Each answers through its reply, at once or later, on any thread; a
 * reply fails as a whole with COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR and other errors of the coordinator itself. The broker id is
 * that of the broker that was asked, which must lead the partition of the group.
 */
public final class GroupCoordinator implements MetadataListener, AutoCloseable {

    /** The topic of groups and offsets. */
    public static final String OFFSETS_TOPIC = "__consumer_offsets";

    private final GroupConfig config;

    /** Whether {@code group.coordinator.rebalance.protocols} has the consumer protocol. */
    private final boolean consumerProtocol;

    private final CoordinatorRuntime<GroupShard> runtime;
    private final CoordinatorRuntime.Environment environment;
    private final GroupEvents events;

    /**
     * A coordinator that serves nothing until {@link #start}.
     *
     * @param brokerConfig the broker's settings
     * @param environment the rest of the broker
     */
    public GroupCoordinator(BrokerConfig brokerConfig, CoordinatorRuntime.Environment environment) {
        this(brokerConfig, environment, new GroupEvents());
    }

    /**
     * A coordinator that serves nothing until {@link #start}.
     *
     * @param brokerConfig the broker's settings
     * @param environment the rest of the broker
     * @param events is told what happens to groups
     */
    public GroupCoordinator(BrokerConfig brokerConfig, CoordinatorRuntime.Environment environment, GroupEvents events) {
        this.events = events;
        this.config = GroupConfig.of(brokerConfig);
        this.consumerProtocol =
                brokerConfig.groupCoordinatorRebalanceProtocols().contains(GroupType.CONSUMER.label());
        this.environment = environment;
        ConsumerGroupConfig consumerConfig = ConsumerGroupConfig.of(brokerConfig, environment.metadata());
        this.runtime = new CoordinatorRuntime<>(
                OFFSETS_TOPIC,
                new GroupRecordFormat(),
                () -> new GroupShard(
                        config, consumerConfig, () -> UUID.randomUUID().toString(), events),
                environment);
    }

    /** Loads the groups that are in the log, and follows the metadata from now on. */
    public void start() {
        runtime.start();
        environment.metadata().addListener(this);
        // The broker may have stopped between the deletion of a topic and that of its offsets.
        MetadataImage image = environment.metadata().image();
        dropOffsets((topic, id) -> {
            TopicImage known = image.topic(topic);
            return known == null || (!id.equals(Uuid.ZERO) && !id.equals(known.id()));
        });
    }

    private void dropOffsets(BiPredicate<String, Uuid> gone) {
        runtime.executeOnAll(
                (shard, out) -> {
                    shard.removal().dropTopics(gone, out);
                    return true;
                },
                Reply.of(done -> {}, error -> List.of()));
    }

    /** Deletes the offsets that have expired by now, whenever they would be looked at next. Returns before that is done. */
    public void expireOffsets() {
        runtime.executeOnAll(
                (shard, out) -> {
                    shard.removal().expire(out);
                    return true;
                },
                Reply.of(done -> {}, error -> List.of()));
    }

    /** Answers all who wait, and those who still come, with NOT_COORDINATOR. */
    @Override
    public void close() {
        runtime.close();
    }

    /** Deletes the offsets of topics that are gone. */
    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        Set<String> deleted = new HashSet<>();
        after.forEachTopicChangeFrom(before, (old, young) -> {
            if (young == null) {
                deleted.add(old.name());
            }
        });
        if (!deleted.isEmpty()) {
            dropOffsets((topic, id) -> deleted.contains(topic));
        }
    }

    /**
     * The partition of {@link #OFFSETS_TOPIC} that holds a group; makes the topic if need be.
     *
     * @throws io.ottla.protocol.ApiException if the topic cannot be made
     */
    public int partitionFor(String groupId) {
        return runtime.partitionFor(groupId);
    }

    /**
     * The broker that coordinates a group, -1 if none does now; makes the topic if need be.
     *
     * @throws io.ottla.protocol.ApiException if the topic cannot be made
     */
    public int leaderFor(String groupId) {
        return runtime.leaderFor(groupId);
    }

    /** Whether a broker is the one to be asked about a group. Does not make the topic. */
    public boolean isCoordinator(int brokerId, String groupId) {
        return runtime.isCoordinator(brokerId, groupId);
    }

    /** Handles JoinGroup; answers when the join phase of the rebalance ends. */
    public void joinGroup(int brokerId, JoinGroupRequest request, GroupClient client, Reply<JoinGroupResponse> reply) {
        ErrorCode error = ErrorCode.NONE;
        if (request.groupId().isEmpty()) {
            error = ErrorCode.INVALID_GROUP_ID;
        } else if (request.sessionTimeoutMs() < config.minSessionTimeoutMs()
                || request.sessionTimeoutMs() > config.maxSessionTimeoutMs()) {
            error = ErrorCode.INVALID_SESSION_TIMEOUT;
        } else if (!canBeRecorded(request, client)) {
            error = ErrorCode.INVALID_REQUEST;
        }
        if (error != ErrorCode.NONE) {
            reply.complete(new JoinGroupResponse().errorCode(error.code()).memberId(request.memberId()));
            return;
        }
        change(
                brokerId,
                request.groupId(),
                (shard, out) -> {
                    shard.join().join(request, client, reply, out);
                    return null;
                },
                reply);
    }

    /** Runs a step that may change the members or the state of a group. */
    private <R> void change(int brokerId, String groupId, CoordinatorStep<GroupShard, R> step, Reply<R> reply) {
        if (events.listener() == null) {
            runtime.execute(brokerId, groupId, step, reply);
            return;
        }
        runtime.execute(
                brokerId,
                groupId,
                (shard, out) -> {
                    try {
                        return step.handle(shard, out);
                    } finally {
                        shard.watch().look(groupId, false);
                    }
                },
                reply);
    }

    /** Whether the strings fit into a record: unlike newer requests, it has two bytes for their lengths. */
    private static boolean canBeRecorded(JoinGroupRequest request, GroupClient client) {
        boolean fits = fits(request.groupId())
                && fits(request.protocolType())
                && (request.groupInstanceId() == null || fits(request.groupInstanceId()))
                && fits(client.clientId());
        for (JoinGroupRequestProtocol protocol : request.protocols()) {
            fits &= fits(protocol.name());
        }
        return fits;
    }

    private static boolean fits(String text) {
        // A member id is such a text with a UUID behind it.
        int maxSizeBytes = Short.MAX_VALUE - 64;
        return text.length() <= maxSizeBytes / 3 || text.getBytes(StandardCharsets.UTF_8).length <= maxSizeBytes;
    }

    /** Handles SyncGroup; answers when the leader has assigned. */
    public void syncGroup(int brokerId, SyncGroupRequest request, Reply<SyncGroupResponse> reply) {
        if (request.groupId().isEmpty()) {
            reply.fail(ErrorCode.INVALID_GROUP_ID);
            return;
        }
        change(
                brokerId,
                request.groupId(),
                (shard, out) -> {
                    shard.membership().sync(request, reply, out);
                    return null;
                },
                reply);
    }

    /** Handles Heartbeat. */
    public void heartbeat(int brokerId, HeartbeatRequest request, Reply<HeartbeatResponse> reply) {
        if (request.groupId().isEmpty()) {
            reply.fail(ErrorCode.INVALID_GROUP_ID);
            return;
        }
        change(
                brokerId,
                request.groupId(),
                (shard, out) -> new HeartbeatResponse()
                        .errorCode(shard.membership().heartbeat(request, out).code()),
                reply);
    }

    /** Handles LeaveGroup. */
    public void leaveGroup(
            int brokerId, String groupId, List<MemberIdentity> members, Reply<LeaveGroupResponse> reply) {
        if (groupId.isEmpty()) {
            reply.fail(ErrorCode.INVALID_GROUP_ID);
            return;
        }
        change(brokerId, groupId, (shard, out) -> shard.leave(groupId, members, out), reply);
    }

    /** Handles ConsumerGroupHeartbeat. */
    public void consumerGroupHeartbeat(
            int brokerId,
            ConsumerGroupHeartbeatRequest request,
            GroupClient client,
            Reply<ConsumerGroupHeartbeatResponse> reply) {
        boolean recordable = fits(request.groupId())
                && fits(request.memberId())
                && (request.subscribedTopicRegex() == null || fits(request.subscribedTopicRegex()));
        if (!servesConsumerProtocol() || !recordable) {
            reply.fail(servesConsumerProtocol() ? ErrorCode.INVALID_REQUEST : ErrorCode.UNSUPPORTED_VERSION);
            return;
        }
        change(
                brokerId,
                request.groupId(),
                (shard, out) -> shard.consumerHeartbeat().heartbeat(request, client, out),
                reply);
    }

    private boolean servesConsumerProtocol() {
        return consumerProtocol && environment.metadata().image().features().containsKey(FeatureControl.GROUP_VERSION);
    }

    /** Handles ConsumerGroupDescribe: the groups in the order of the request. */
    public void describeConsumerGroups(
            int brokerId, List<String> groupIds, Reply<List<ConsumerGroupDescribeResponse.DescribedGroup>> reply) {
        Gather<ConsumerGroupDescribeResponse.DescribedGroup> gather = new Gather<>(groupIds.size(), reply);
        for (String groupId : groupIds) {
            Reply<ConsumerGroupDescribeResponse.DescribedGroup> slot =
                    gather.slot(error -> new ConsumerGroupDescribeResponse.DescribedGroup()
                            .groupId(groupId)
                            .errorCode(error.code()));
            if (!servesConsumerProtocol()) {
                slot.fail(ErrorCode.UNSUPPORTED_VERSION);
            } else if (groupId.isEmpty()) {
                slot.fail(ErrorCode.INVALID_GROUP_ID);
            } else {
                runtime.execute(
                        brokerId, groupId, (shard, out) -> shard.queries().describeConsumerGroup(groupId), slot);
            }
        }
    }

    /** Handles OffsetCommit for topics and partitions that are there; names and ids are both set. */
    public void commitOffsets(
            int brokerId, OffsetCommitRequest request, short version, Reply<OffsetCommitResponse> reply) {
        runtime.execute(
                brokerId, request.groupId(), (shard, out) -> shard.commits().commit(request, version, out), reply);
    }

    /**
     * Handles TxnOffsetCommit for a group id that is not empty, and topics and partitions that are there, as a part of the producer's
     * transaction.
     *
     * @param verified asked right before the commit, when no marker can come in between: whether the transaction is still going on
     */
    public void commitTransactionalOffsets(
            int brokerId,
            TxnOffsetCommitRequest request,
            BooleanSupplier verified,
            Reply<TxnOffsetCommitResponse> reply) {
        runtime.executeTransactional(
                brokerId,
                request.groupId(),
                request.producerId(),
                request.producerEpoch(),
                (shard, out) -> {
                    if (!verified.getAsBoolean()) {
                        throw new ApiException(ErrorCode.INVALID_TXN_STATE);
                    }
                    return shard.commits().commit(request, out);
                },
                reply);
    }

    /** Ends a producer's transaction on a partition of {@link #OFFSETS_TOPIC}. */
    public void completeTransaction(int partition, TransactionEnd end, Reply<Void> reply) {
        runtime.completeTransaction(partition, end, reply);
    }

    /** Handles OffsetFetch for one group; topics have names, or are null for all. */
    public void fetchOffsets(
            int brokerId,
            OffsetFetchRequestGroup request,
            boolean requireStable,
            Reply<OffsetFetchResponseGroup> reply) {
        runtime.execute(
                brokerId,
                request.groupId(),
                (shard, out) -> shard.offsetQueries().fetch(request, requireStable),
                reply);
    }

    /** Handles OffsetDelete. */
    public void deleteOffsets(int brokerId, OffsetDeleteRequest request, Reply<OffsetDeleteResponse> reply) {
        if (request.groupId().isEmpty()) {
            reply.fail(ErrorCode.INVALID_GROUP_ID);
            return;
        }
        runtime.execute(
                brokerId, request.groupId(), (shard, out) -> shard.removal().delete(request, out), reply);
    }

    /** Handles ListGroups. */
    public void listGroups(int brokerId, ListGroupsRequest request, Reply<List<ListedGroup>> reply) {
        runtime.executeOnAll(
                brokerId, (shard, out) -> shard.queries().list(request), reply.map(GroupCoordinator::flatten));
    }

    private static <T> List<T> flatten(List<List<T>> lists) {
        List<T> flat = new ArrayList<>();
        lists.forEach(flat::addAll);
        return flat;
    }

    /** Handles DescribeGroups: the groups in the order of the request. */
    public void describeGroups(int brokerId, List<String> groupIds, short version, Reply<List<DescribedGroup>> reply) {
        Gather<DescribedGroup> gather = new Gather<>(groupIds.size(), reply);
        for (String groupId : groupIds) {
            runtime.execute(
                    brokerId,
                    groupId,
                    (shard, out) -> shard.queries().describe(groupId, version),
                    gather.slot(error -> new DescribedGroup().groupId(groupId).errorCode(error.code())));
        }
    }

    /** Handles DeleteGroups: the results in the order of the request. */
    public void deleteGroups(int brokerId, List<String> groupIds, Reply<List<DeletableGroupResult>> reply) {
        Gather<DeletableGroupResult> gather = new Gather<>(groupIds.size(), reply);
        for (String groupId : groupIds) {
            change(
                    brokerId,
                    groupId,
                    (shard, out) -> shard.queries().delete(groupId, out),
                    gather.slot(
                            error -> new DeletableGroupResult().groupId(groupId).errorCode(error.code())));
        }
    }
}
