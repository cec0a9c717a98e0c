package io.ottla.examples.benchmark;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Message;
import io.ottla.protocol.ProtocolWriter;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.ConsumerProtocolAssignment;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.FindCoordinatorRequest;
import io.ottla.protocol.message.FindCoordinatorResponse;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.ottla.protocol.message.SyncGroupResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** Makes a new group of one member that owns partition 0 of a topic. */
record GroupJoiner(RawConnection connection, String group, String topic) {
    private static final int TIMEOUT_MS = 300_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** @param epoch the generation in the classic protocol */
    record Member(String id, int epoch) {}

    static void check(String what, ErrorCode error) {
        if (error != ErrorCode.NONE) {
            throw new IllegalStateException(what + " is answered with " + error);
        }
    }

    /** A request that the coordinator may not be ready for: its topic is made on first use. Returns the error code. */
    private interface Attempt {
        short errorCode() throws IOException;
    }

    private static ErrorCode retry(Attempt attempt) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            ErrorCode error = ErrorCode.forCode(attempt.errorCode());
            if (!error.retriable() || System.nanoTime() - deadlineNanos > 0) {
                return error;
            }
            Thread.sleep(20);
        }
    }

    private void findCoordinator() throws IOException, InterruptedException {
        FindCoordinatorRequest request = new FindCoordinatorRequest().coordinatorKeys(List.of(group));
        check("FindCoordinator", retry(() -> connection
                .ask(request, (short) 4, new FindCoordinatorResponse())
                .coordinators()
                .get(0)
                .errorCode()));
    }

    Member joinClassic() throws IOException, InterruptedException {
        findCoordinator();
        JoinGroupRequest join = new JoinGroupRequest()
                .groupId(group)
                .memberId("")
                .sessionTimeoutMs(TIMEOUT_MS)
                .rebalanceTimeoutMs(TIMEOUT_MS)
                .protocolType("consumer")
                .protocols(List.of(new JoinGroupRequestProtocol()
                        .name("range")
                        .metadata(versioned(new ConsumerProtocolSubscription().topics(List.of(topic))))));
        // The first answer is the member id to join with.
        JoinGroupResponse[] joined = new JoinGroupResponse[1];
        Attempt attempt = () -> {
            joined[0] = connection.ask(join, (short) 9, new JoinGroupResponse());
            return joined[0].errorCode();
        };
        if (retry(attempt) == ErrorCode.MEMBER_ID_REQUIRED) {
            join.memberId(joined[0].memberId());
        }
        check("JoinGroup", retry(attempt));

        Member member = new Member(joined[0].memberId(), joined[0].generationId());
        ConsumerProtocolAssignment.TopicPartition owned =
                new ConsumerProtocolAssignment.TopicPartition().topic(topic).partitions(List.of(0));
        SyncGroupRequest sync = new SyncGroupRequest()
                .groupId(group)
                .memberId(member.id())
                .generationId(member.epoch())
                .protocolType("consumer")
                .protocolName("range")
                .assignments(List.of(new SyncGroupRequestAssignment()
                        .memberId(member.id())
                        .assignment(versioned(new ConsumerProtocolAssignment().assignedPartitions(List.of(owned))))));
        check("SyncGroup", retry(() -> connection
                .ask(sync, (short) 5, new SyncGroupResponse())
                .errorCode()));
        return member;
    }

    /** What members tell one another begins with its version. */
    private static byte[] versioned(Message message) {
        ProtocolWriter writer = new ProtocolWriter();
        writer.writeShort((short) 0);
        message.write(writer, (short) 0);
        ByteBuffer buffer = writer.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    Member joinConsumer() throws IOException, InterruptedException {
        findCoordinator();
        ConsumerGroupHeartbeatRequest request = new ConsumerGroupHeartbeatRequest()
                .groupId(group)
                .memberId(UUID.randomUUID().toString())
                .memberEpoch(0)
                .rebalanceTimeoutMs(TIMEOUT_MS)
                .subscribedTopicNames(List.of(topic))
                .topicPartitions(List.of());
        ConsumerGroupHeartbeatResponse assigned = heartbeat(request);
        while (assigned.assignment() == null
                || assigned.assignment().topicPartitions().isEmpty()) {
            Thread.sleep(20);
            assigned = heartbeat(next(request, assigned).topicPartitions(null));
        }
        // It says that it has what it was given: now there is nothing left to do for either side.
        ConsumerGroupHeartbeatResponse confirmed = heartbeat(next(request, assigned)
                .topicPartitions(assigned.assignment().topicPartitions().stream()
                        .map(given -> new ConsumerGroupHeartbeatRequest.TopicPartitions()
                                .topicId(given.topicId())
                                .partitions(given.partitions()))
                        .toList()));
        return new Member(request.memberId(), confirmed.memberEpoch());
    }

    private static ConsumerGroupHeartbeatRequest next(
            ConsumerGroupHeartbeatRequest request, ConsumerGroupHeartbeatResponse answer) {
        return request.memberEpoch(answer.memberEpoch());
    }

    private ConsumerGroupHeartbeatResponse heartbeat(ConsumerGroupHeartbeatRequest request)
            throws IOException, InterruptedException {
        ConsumerGroupHeartbeatResponse[] answer = new ConsumerGroupHeartbeatResponse[1];
        check("ConsumerGroupHeartbeat", retry(() -> {
            answer[0] = connection.ask(request, (short) 1, new ConsumerGroupHeartbeatResponse());
            return answer[0].errorCode();
        }));
        return answer[0];
    }
}
