package io.ottla.broker.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.coordinator.CoordinatorStep;
import io.ottla.broker.coordinator.ListOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.ottla.protocol.message.SyncGroupResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A shard of the group coordinator in memory, and the requests that tests send to it. */
final class GroupFixture {

    static final String GROUP = "group";
    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int HEARTBEAT_INTERVAL_MS = 500;
    static final int REBALANCE_TIMEOUT_MS = 60_000;
    static final long RETENTION_MS = 100_000_000;
    static final long START_MS = 1_000_000;
    static final GroupConfig CONFIG =
            new GroupConfig(6_000, 1_800_000, 0, Integer.MAX_VALUE, 4096, RETENTION_MS, 600_000);

    final ListOutput<GroupShard> out = new ListOutput<>(START_MS);
    final GroupConfig config;
    final FakeTopics topics = new FakeTopics();
    final int consumerMaxSize;
    private MigrationPolicy migrationPolicy = MigrationPolicy.BIDIRECTIONAL;
    private int idCount;

    /** How long a consumer group keeps its target at least. */
    int assignmentIntervalMs;

    GroupFixture() {
        this(CONFIG);
    }

    GroupFixture(GroupConfig config) {
        this(config, Integer.MAX_VALUE);
    }

    GroupFixture(GroupConfig config, int consumerMaxSize) {
        this.config = config;
        this.consumerMaxSize = consumerMaxSize;
        out.load(newShard());
    }

    GroupFixture migrating(MigrationPolicy policy) {
        migrationPolicy = policy;
        out.load(newShard());
        return this;
    }

    GroupShard newShard() {
        ConsumerGroupConfig consumerConfig = new ConsumerGroupConfig(
                consumerMaxSize,
                migrationPolicy,
                List.of("uniform", "range"),
                group -> SESSION_TIMEOUT_MS,
                group -> HEARTBEAT_INTERVAL_MS,
                group -> assignmentIntervalMs,
                () -> topics);
        return new GroupShard(config, consumerConfig, () -> "uuid" + idCount++);
    }

    GroupShard shard() {
        return out.shard();
    }

    ClassicGroup group() {
        return shard().state().findClassic(GROUP);
    }

    /** What an answer will be, once it is there. */
    static final class Answer<R> {
        private R value;
        private ErrorCode error;

        Reply<R> reply() {
            return Reply.of(
                    answer -> {
                        assertEquals(null, value, "answered twice");
                        value = answer;
                    },
                    failure -> {
                        error = failure;
                        return null;
                    });
        }

        boolean isThere() {
            return value != null || error != null;
        }

        R get() {
            if (error != null) {
                throw new ApiException(error);
            }
            if (value == null) {
                throw new AssertionError("no answer yet");
            }
            return value;
        }
    }

    /** Runs a step as the runtime does. */
    <R> Answer<R> run(CoordinatorStep<GroupShard, R> step) {
        Answer<R> answer = new Answer<>();
        run(answer, step);
        return answer;
    }

    private <R> void run(Answer<R> answer, CoordinatorStep<GroupShard, R> step) {
        try {
            R result = step.handle(shard(), out);
            if (result != null) {
                answer.reply().complete(result);
            }
        } catch (ApiException e) {
            answer.reply().fail(e.error());
        }
    }

    static JoinGroupRequest joinRequest(String memberId, String... protocols) {
        JoinGroupRequest request = new JoinGroupRequest()
                .groupId(GROUP)
                .memberId(memberId)
                .sessionTimeoutMs(SESSION_TIMEOUT_MS)
                .rebalanceTimeoutMs(REBALANCE_TIMEOUT_MS)
                .protocolType("consumer");
        for (String protocol : protocols.length == 0 ? new String[] {"range"} : protocols) {
            request.protocols()
                    .add(new JoinGroupRequestProtocol().name(protocol).metadata(subscription("topic")));
        }
        return request;
    }

    Answer<JoinGroupResponse> join(JoinGroupRequest request, int version) {
        Answer<JoinGroupResponse> answer = new Answer<>();
        run(answer, (shard, output) -> {
            shard.join()
                    .join(request, new GroupClient("client", "/127.0.0.1", (short) version), answer.reply(), output);
            return null;
        });
        return answer;
    }

    /** Joins with a member id, or as a client that does not know of the id that it must have. */
    Answer<JoinGroupResponse> join(String memberId, String... protocols) {
        return join(joinRequest(memberId, protocols), memberId.isEmpty() ? 3 : 9);
    }

    Answer<JoinGroupResponse> joinStatic(String instanceId, String memberId, int version) {
        return join(joinRequest(memberId).groupInstanceId(instanceId), version);
    }

    Answer<SyncGroupResponse> sync(SyncGroupRequest request) {
        Answer<SyncGroupResponse> answer = new Answer<>();
        run(answer, (shard, output) -> {
            shard.membership().sync(request, answer.reply(), output);
            return null;
        });
        return answer;
    }

    static SyncGroupRequest syncRequest(String memberId, int generation, Map<String, String> assignments) {
        SyncGroupRequest request =
                new SyncGroupRequest().groupId(GROUP).memberId(memberId).generationId(generation);
        new TreeMap<>(assignments).forEach((member, assignment) -> request.assignments()
                .add(new SyncGroupRequestAssignment()
                        .memberId(member)
                        .assignment(assignment.getBytes(StandardCharsets.UTF_8))));
        return request;
    }

    Answer<SyncGroupResponse> sync(String memberId, int generation, Map<String, String> assignments) {
        return sync(syncRequest(memberId, generation, assignments));
    }

    ErrorCode heartbeat(String memberId, String instanceId, int generation) {
        HeartbeatRequest request = new HeartbeatRequest()
                .groupId(GROUP)
                .memberId(memberId)
                .groupInstanceId(instanceId)
                .generationId(generation);
        try {
            return run((shard, output) -> shard.membership().heartbeat(request, output))
                    .get();
        } catch (ApiException e) {
            return e.error();
        }
    }

    ErrorCode heartbeat(String memberId, int generation) {
        return heartbeat(memberId, null, generation);
    }

    LeaveGroupResponse leave(MemberIdentity... members) {
        return run((shard, output) -> shard.membership().leave(GROUP, List.of(members), output))
                .get();
    }

    ErrorCode leave(String memberId) {
        return ErrorCode.forCode(
                leave(new MemberIdentity().memberId(memberId)).members().get(0).errorCode());
    }

    static OffsetCommitRequest commitRequest(
            String memberId, int generation, String topic, int partition, long offset) {
        OffsetCommitRequestTopic topics =
                new OffsetCommitRequestTopic().name(topic).topicId(new Uuid(1, 2));
        topics.partitions()
                .add(new OffsetCommitRequestPartition()
                        .partitionIndex(partition)
                        .committedOffset(offset)
                        .committedLeaderEpoch(3)
                        .committedMetadata("m" + offset));
        return new OffsetCommitRequest()
                .groupId(GROUP)
                .memberId(memberId)
                .generationIdOrMemberEpoch(generation)
                .topics(new ArrayList<>(List.of(topics)));
    }

    ErrorCode commit(OffsetCommitRequest request, int version) {
        try {
            return ErrorCode.forCode(run((shard, output) -> shard.commits().commit(request, (short) version, output))
                    .get()
                    .topics()
                    .get(0)
                    .partitions()
                    .get(0)
                    .errorCode());
        } catch (ApiException e) {
            return e.error();
        }
    }

    ErrorCode commit(String memberId, int generation, String topic, int partition, long offset) {
        return commit(commitRequest(memberId, generation, topic, partition, offset), 9);
    }

    OffsetFetchResponseGroup fetchAll(boolean requireStable) {
        OffsetFetchRequestGroup request =
                new OffsetFetchRequestGroup().groupId(GROUP).topics(null);
        return shard().offsetQueries().fetch(request, requireStable);
    }

    /** The committed offsets, as topic-partition=offset. */
    List<String> offsets() {
        List<String> found = new ArrayList<>();
        fetchAll(false).topics().forEach(topic -> topic.partitions()
                .forEach(partition -> found.add(
                        topic.name() + "-" + partition.partitionIndex() + "=" + partition.committedOffset())));
        return found;
    }

    static byte[] subscription(String... topics) {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort((short) 1);
        new ConsumerProtocolSubscription()
                .topics(new ArrayList<>(List.of(topics)))
                .write(writer, (short) 1);
        byte[] bytes = new byte[writer.position()];
        writer.toByteBuffer().get(bytes);
        return bytes;
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Makes a stable group of members that joined in this order, the first as the leader; gives their ids. */
    List<String> stableGroup(int size) {
        List<Answer<JoinGroupResponse>> joins = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            joins.add(join(""));
            if (i == 0) {
                continue;
            }
            for (int known = 0; known < i; known++) {
                String id = joins.get(known).get().memberId();
                joins.set(known, join(id));
            }
        }
        List<String> ids = joins.stream().map(join -> join.get().memberId()).toList();
        Map<String, String> assignments = new TreeMap<>();
        ids.forEach(id -> assignments.put(id, "for " + id));
        int generation = group().generationId();
        sync(ids.get(0), generation, assignments).get();
        for (String id : ids.subList(1, ids.size())) {
            sync(id, generation, Map.of()).get();
        }
        assertEquals(ClassicGroupState.STABLE, group().state());
        return ids;
    }
}
