package io.ottla.broker.coordinator.group;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest.TopicPartitions;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A member of a consumer group as its client would be: it does what the answers to its heartbeats say. */
final class ConsumerClient {

    final GroupFixture fixture;
    final String memberId;
    final String instanceId;
    List<String> topics = new ArrayList<>(List.of("topic"));
    String regex;
    String assignor;
    int epoch;

    /** What the client reads, and says that it has. */
    Set<TopicIdPartition> owned = new TreeSet<>();

    /** Whether the coordinator has to be told what the client has. */
    boolean hasNews = true;

    /** Whether the last answer had an assignment. */
    boolean hasHeard;

    ConsumerClient(GroupFixture fixture, String memberId, String instanceId) {
        this.fixture = fixture;
        this.memberId = memberId;
        this.instanceId = instanceId;
    }

    ConsumerClient(GroupFixture fixture, String memberId) {
        this(fixture, memberId, null);
    }

    ConsumerGroupHeartbeatResponse send(ConsumerGroupHeartbeatRequest request) {
        return send(request, 1);
    }

    ConsumerGroupHeartbeatResponse send(ConsumerGroupHeartbeatRequest request, int version) {
        GroupClient client = new GroupClient("client", "/127.0.0.1", (short) version);
        return fixture.run((shard, out) -> shard.consumerHeartbeat().heartbeat(request, client, out))
                .get();
    }

    ConsumerGroupHeartbeatRequest request(int memberEpoch) {
        return new ConsumerGroupHeartbeatRequest()
                .groupId(GroupFixture.GROUP)
                .memberId(memberId)
                .instanceId(instanceId)
                .memberEpoch(memberEpoch);
    }

    /** A request that says all there is to say. */
    ConsumerGroupHeartbeatRequest fullRequest() {
        ConsumerGroupHeartbeatRequest request = request(epoch)
                .rebalanceTimeoutMs(GroupFixture.REBALANCE_TIMEOUT_MS)
                .subscribedTopicNames(new ArrayList<>(topics))
                .subscribedTopicRegex(regex)
                .serverAssignor(assignor);
        List<TopicPartitions> has = new ArrayList<>();
        for (TopicIdPartition partition : owned) {
            has.add(new TopicPartitions()
                    .topicId(partition.topicId())
                    .partitions(new ArrayList<>(List.of(partition.partition()))));
        }
        return request.topicPartitions(has);
    }

    /** Sends the heartbeat that is due; hears the answer. */
    ErrorCode beat() {
        boolean full = epoch == 0 || hasNews;
        return hear(send(full ? fullRequest() : request(epoch)));
    }

    /** Takes over what an answer says. */
    ErrorCode hear(ConsumerGroupHeartbeatResponse response) {
        ErrorCode error = ErrorCode.forCode(response.errorCode());
        if (error != ErrorCode.NONE) {
            return error;
        }
        epoch = response.memberEpoch();
        hasNews = false;
        hasHeard = response.assignment() != null;
        if (hasHeard) {
            Set<TopicIdPartition> assigned = new TreeSet<>();
            response.assignment().topicPartitions().forEach(topic -> topic.partitions()
                    .forEach(partition -> assigned.add(new TopicIdPartition(topic.topicId(), partition))));
            hasNews = !assigned.equals(owned);
            owned = assigned;
        }
        return error;
    }

    /** Starts over, as a client does that has been fenced. */
    void abandon() {
        epoch = 0;
        owned = new TreeSet<>();
        hasNews = true;
    }

    ErrorCode leave(int leaveEpoch) {
        return ErrorCode.forCode(send(request(leaveEpoch)).errorCode());
    }

    /** The indexes of the partitions that the client reads, of all topics. */
    List<Integer> partitions() {
        return owned.stream().map(TopicIdPartition::partition).toList();
    }
}
