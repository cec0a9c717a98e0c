package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetCommitResponse;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponsePartition;
import io.ottla.protocol.message.OffsetCommitResponse.OffsetCommitResponseTopic;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic;
import io.ottla.protocol.message.TxnOffsetCommitResponse;
import io.ottla.protocol.message.TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition;
import io.ottla.protocol.message.TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic;
import java.util.function.Supplier;

/** Commits of offsets, by members of groups, by clients that are in none, and within transactions. */
final class OffsetCommits {

    /** From this version on, a client understands that a group is not there. */
    private static final short GROUP_ID_NOT_FOUND_VERSION = 9;

    private static final long DEFAULT_RETENTION_MS = -1L;

    private final GroupState state;
    private final GroupConfig config;
    private final ClassicRebalance rebalance;
    private final Supplier<GroupTopics> topics;

    OffsetCommits(GroupState state, GroupConfig config, ClassicRebalance rebalance, Supplier<GroupTopics> topics) {
        this.state = state;
        this.config = config;
        this.rebalance = rebalance;
        this.topics = topics;
    }

    /**
     * Handles OffsetCommit.
     *
     * @param request the request, its topics with names and, where known, ids
     * @param version its version
     * @throws ApiException if the client may not commit
     */
    OffsetCommitResponse commit(OffsetCommitRequest request, short version, CoordinatorOutput out) {
        Group group = state.find(request.groupId());
        if (group == null) {
            if (request.generationIdOrMemberEpoch() >= 0) {
                throw new ApiException(
                        version >= GROUP_ID_NOT_FOUND_VERSION
                                ? ErrorCode.GROUP_ID_NOT_FOUND
                                : ErrorCode.ILLEGAL_GENERATION);
            }
        } else {
            Group.CommitIdentity commit = new Group.CommitIdentity(
                    request.memberId(), request.groupInstanceId(), request.generationIdOrMemberEpoch(), false, version);
            group.validateOffsetCommit(commit);
            for (OffsetCommitRequestTopic topic : request.topics()) {
                for (OffsetCommitRequestPartition partition : topic.partitions()) {
                    group.validateOffsetCommit(commit, topic.name(), topic.topicId(), partition.partitionIndex());
                }
            }
            keepSession(group, request.memberId(), out);
        }
        long expireTimestampMs = request.retentionTimeMs() == DEFAULT_RETENTION_MS
                ? CommittedOffset.NO_EXPIRY
                : out.nowMs() + request.retentionTimeMs();
        OffsetCommitResponse response = new OffsetCommitResponse();
        for (OffsetCommitRequestTopic topic : request.topics()) {
            OffsetCommitResponseTopic result =
                    new OffsetCommitResponseTopic().name(topic.name()).topicId(topic.topicId());
            for (OffsetCommitRequestPartition partition : topic.partitions()) {
                ErrorCode error = ErrorCode.NONE;
                if (isTooLarge(partition.committedMetadata())) {
                    error = ErrorCode.OFFSET_METADATA_TOO_LARGE;
                } else {
                    OffsetKey key = new OffsetKey(request.groupId(), topic.name(), partition.partitionIndex());
                    out.append(GroupRecords.offset(
                            key, offset(topic.topicId(), partition, out.nowMs(), expireTimestampMs)));
                }
                result.partitions()
                        .add(new OffsetCommitResponsePartition()
                                .partitionIndex(partition.partitionIndex())
                                .errorCode(error.code()));
            }
            response.topics().add(result);
        }
        return response;
    }

    /** A commit counts as a heartbeat. */
    private void keepSession(Group group, String memberId, CoordinatorOutput out) {
        if (group instanceof ClassicGroup classic
                && (classic.isIn(ClassicGroupState.STABLE) || classic.isIn(ClassicGroupState.PREPARING_REBALANCE))
                && classic.hasMember(memberId)) {
            rebalance.restartSession(classic.member(memberId), out);
        }
    }

    private static CommittedOffset offset(
            Uuid topicId, OffsetCommitRequestPartition partition, long nowMs, long expireTimestampMs) {
        return new CommittedOffset(
                partition.committedOffset(),
                partition.committedLeaderEpoch(),
                orEmpty(partition.committedMetadata()),
                nowMs,
                expireTimestampMs,
                topicId,
                -1);
    }

    /**
     * Handles TxnOffsetCommit; to be run as part of the producer's transaction.
     *
     * @throws ApiException if the client may not commit
     */
    TxnOffsetCommitResponse commit(TxnOffsetCommitRequest request, CoordinatorOutput out) {
        Group group = state.find(request.groupId());
        if (group == null) {
            if (request.generationId() >= 0) {
                throw new ApiException(ErrorCode.ILLEGAL_GENERATION);
            }
        } else {
            try {
                validate(group, request);
            } catch (ApiException e) {
                // The client knows the words of classic groups only.
                throw e.error() == ErrorCode.STALE_MEMBER_EPOCH ? new ApiException(ErrorCode.ILLEGAL_GENERATION) : e;
            }
        }
        TxnOffsetCommitResponse response = new TxnOffsetCommitResponse();
        for (TxnOffsetCommitRequestTopic topic : request.topics()) {
            TxnOffsetCommitResponseTopic result = new TxnOffsetCommitResponseTopic().name(topic.name());
            for (TxnOffsetCommitRequestPartition partition : topic.partitions()) {
                ErrorCode error = ErrorCode.NONE;
                if (isTooLarge(partition.committedMetadata())) {
                    error = ErrorCode.OFFSET_METADATA_TOO_LARGE;
                } else {
                    OffsetKey key = new OffsetKey(request.groupId(), topic.name(), partition.partitionIndex());
                    out.append(GroupRecords.offset(key, offset(partition, out.nowMs())));
                }
                result.partitions()
                        .add(new TxnOffsetCommitResponsePartition()
                                .partitionIndex(partition.partitionIndex())
                                .errorCode(error.code()));
            }
            response.topics().add(result);
        }
        return response;
    }

    private void validate(Group group, TxnOffsetCommitRequest request) {
        Group.CommitIdentity commit = new Group.CommitIdentity(
                request.memberId(), request.groupInstanceId(), request.generationId(), true, (short) 0);
        group.validateOffsetCommit(commit);
        for (TxnOffsetCommitRequestTopic topic : request.topics()) {
            Uuid topicId = topics.get().id(topic.name());
            for (TxnOffsetCommitRequestPartition partition : topic.partitions()) {
                group.validateOffsetCommit(
                        commit, topic.name(), topicId == null ? Uuid.ZERO : topicId, partition.partitionIndex());
            }
        }
    }

    private static CommittedOffset offset(TxnOffsetCommitRequestPartition partition, long nowMs) {
        return new CommittedOffset(
                partition.committedOffset(),
                partition.committedLeaderEpoch(),
                orEmpty(partition.committedMetadata()),
                nowMs,
                CommittedOffset.NO_EXPIRY,
                Uuid.ZERO,
                -1);
    }

    private boolean isTooLarge(String metadata) {
        return metadata != null && metadata.length() > config.offsetMetadataMaxSize();
    }

    private static String orEmpty(String metadata) {
        return metadata == null ? "" : metadata;
    }
}
