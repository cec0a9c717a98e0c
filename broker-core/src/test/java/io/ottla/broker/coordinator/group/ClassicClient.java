package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.group.GroupFixture.Answer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.JoinGroupResponse.JoinGroupResponseMember;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A consumer of the classic protocol as its client would be, with the assignments that it makes as a leader. */
final class ClassicClient {

    private static final short SUBSCRIPTION_VERSION = 3;

    final GroupFixture fixture;
    final String instanceId;

    /** Whether the client keeps its partitions while it rejoins (KIP-429). */
    final boolean cooperative;

    List<String> topics = new ArrayList<>(List.of("topic"));
    String memberId = "";
    int generation = -1;
    boolean wantsToJoin = true;

    /** The generation of which the client has the assignment. */
    private int confirmed = -1;

    /** The version of the topics that the client has assigned; -1 if it is not the leader. */
    private long assignedVersion = -1;

    /** What the client reads. */
    Set<TopicIdPartition> owned = new TreeSet<>();

    Answer<JoinGroupResponse> join;
    Answer<SyncGroupResponse> sync;
    JoinGroupResponse joined;

    ClassicClient(GroupFixture fixture, String instanceId, boolean cooperative) {
        this.fixture = fixture;
        this.instanceId = instanceId;
        this.cooperative = cooperative;
    }

    ClassicClient(GroupFixture fixture) {
        this(fixture, null, true);
    }

    /** Does what the protocol asks for next, and hears the answer if it is there. */
    ErrorCode act() {
        if (join == null && sync == null) {
            // The leader looks after the topics.
            wantsToJoin |= assignedVersion >= 0 && assignedVersion != fixture.topics.version();
            if (wantsToJoin) {
                sendJoin(9);
            } else if (joined != null) {
                sendSync();
            } else {
                return onError(fixture.heartbeat(memberId, instanceId, generation));
            }
        }
        return hear();
    }

    void sendJoin(int version) {
        if (!cooperative) {
            owned = new TreeSet<>();
        }
        wantsToJoin = false;
        joined = null;
        join = fixture.join(joinRequest(), version);
    }

    JoinGroupRequest joinRequest() {
        JoinGroupRequest request = new JoinGroupRequest()
                .groupId(GroupFixture.GROUP)
                .memberId(memberId)
                .groupInstanceId(instanceId)
                .sessionTimeoutMs(GroupFixture.SESSION_TIMEOUT_MS)
                .rebalanceTimeoutMs(GroupFixture.REBALANCE_TIMEOUT_MS)
                .protocolType("consumer");
        request.protocols()
                .add(new JoinGroupRequestProtocol()
                        .name(cooperative ? "cooperative" : "range")
                        .metadata(subscription()));
        return request;
    }

    private byte[] subscription() {
        Map<String, ConsumerProtocolSubscription.TopicPartition> has = new TreeMap<>();
        for (TopicIdPartition partition : owned) {
            String name = fixture.topics.name(partition.topicId());
            if (name != null) {
                has.computeIfAbsent(name, topic -> new ConsumerProtocolSubscription.TopicPartition().topic(topic))
                        .partitions()
                        .add(partition.partition());
            }
        }
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort(SUBSCRIPTION_VERSION);
        new ConsumerProtocolSubscription()
                .topics(new ArrayList<>(topics))
                .ownedPartitions(new ArrayList<>(has.values()))
                .generationId(generation)
                .write(writer, SUBSCRIPTION_VERSION);
        byte[] bytes = new byte[writer.position()];
        writer.toByteBuffer().get(bytes);
        return bytes;
    }

    private void sendSync() {
        SyncGroupRequest request = new SyncGroupRequest()
                .groupId(GroupFixture.GROUP)
                .memberId(memberId)
                .groupInstanceId(instanceId)
                .generationId(generation)
                .protocolType("consumer")
                .protocolName(joined.protocolName());
        if (!joined.skipAssignment()) {
            assignments(joined.members()).forEach((member, assignment) -> request.assignments()
                    .add(new SyncGroupRequestAssignment().memberId(member).assignment(assignment)));
        }
        joined = null;
        sync = fixture.sync(request);
    }

    /** Gives the partitions to the members in turn; those that another one has still, to nobody yet. */
    private Map<String, byte[]> assignments(List<JoinGroupResponseMember> members) {
        Map<String, byte[]> assignments = new HashMap<>();
        Map<String, ConsumerProtocolSubscription> subscriptions = new TreeMap<>();
        members.forEach(
                member -> subscriptions.put(member.memberId(), EmbeddedProtocol.subscription(member.metadata())));
        Map<String, Set<TopicIdPartition>> claims = new HashMap<>();
        Map<String, Set<TopicIdPartition>> targets = new HashMap<>();
        subscriptions.forEach((member, subscription) -> {
            claims.put(member, EmbeddedProtocol.owned(subscription, fixture.topics));
            targets.put(member, new TreeSet<>());
        });
        for (String topic : fixture.topics.names()) {
            List<String> readers = subscriptions.keySet().stream()
                    .filter(member -> subscriptions.get(member).topics().contains(topic))
                    .toList();
            Uuid id = fixture.topics.id(topic);
            for (int index = 0; !readers.isEmpty() && index < fixture.topics.partitionCount(id); index++) {
                String reader = readers.get(index % readers.size());
                TopicIdPartition partition = new TopicIdPartition(id, index);
                boolean free = claims.entrySet().stream()
                        .allMatch(claim -> claim.getKey().equals(reader)
                                || !claim.getValue().contains(partition));
                if (free) {
                    targets.get(reader).add(partition);
                }
            }
        }
        targets.forEach((member, target) ->
                assignments.put(member, EmbeddedProtocol.assignment(target, fixture.topics, subscription())));
        return assignments;
    }

    /** Hears what has been answered. */
    ErrorCode hear() {
        ErrorCode error = ErrorCode.NONE;
        if (join != null && join.isThere()) {
            Answer<JoinGroupResponse> answer = join;
            join = null;
            error = onJoined(answer);
        }
        if (sync != null && sync.isThere()) {
            Answer<SyncGroupResponse> answer = sync;
            sync = null;
            error = onSynced(answer);
        }
        return error;
    }

    private ErrorCode onJoined(Answer<JoinGroupResponse> answer) {
        JoinGroupResponse response;
        try {
            response = answer.get();
        } catch (ApiException e) {
            return onError(e.error());
        }
        ErrorCode error = ErrorCode.forCode(response.errorCode());
        if (error == ErrorCode.NONE) {
            memberId = response.memberId();
            generation = response.generationId();
            joined = response;
            confirmed = -1;
            assignedVersion = response.leader().equals(memberId) ? fixture.topics.version() : -1;
        } else if (error == ErrorCode.MEMBER_ID_REQUIRED) {
            memberId = response.memberId();
            wantsToJoin = true;
        } else {
            onError(error);
        }
        return error;
    }

    private ErrorCode onSynced(Answer<SyncGroupResponse> answer) {
        ErrorCode error;
        try {
            SyncGroupResponse response = answer.get();
            error = ErrorCode.forCode(response.errorCode());
            if (error == ErrorCode.NONE) {
                adopt(response.assignment());
            }
        } catch (ApiException e) {
            error = e.error();
        }
        return onError(error);
    }

    private void adopt(byte[] assignment) {
        Set<TopicIdPartition> assigned = assignment.length == 0
                ? new TreeSet<>()
                : EmbeddedProtocol.partitions(EmbeddedProtocol.assignment(assignment), fixture.topics);
        // Who gives up partitions says so by joining again.
        wantsToJoin |= cooperative && !assigned.containsAll(owned);
        owned = assigned;
        confirmed = generation;
    }

    private ErrorCode onError(ErrorCode error) {
        switch (error) {
            case NONE -> {
                // Goes on as it is.
            }
            case UNKNOWN_MEMBER_ID -> lost();
            case ILLEGAL_GENERATION -> {
                owned = new TreeSet<>();
                rejoin();
            }
            default -> rejoin();
        }
        return error;
    }

    /** Whether the client has the assignment of its generation. */
    boolean hasSynced() {
        return confirmed == generation;
    }

    void rejoin() {
        wantsToJoin = true;
        joined = null;
    }

    /** Starts over, as a client does that is not known any more. */
    void lost() {
        memberId = "";
        generation = -1;
        owned = new TreeSet<>();
        rejoin();
    }

    /** The answer is late, and the client asks again. */
    void giveUpWaiting() {
        join = null;
        sync = null;
        rejoin();
    }
}
