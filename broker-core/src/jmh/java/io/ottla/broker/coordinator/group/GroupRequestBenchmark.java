package io.ottla.broker.coordinator.group;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.CoordinatorRuntime;
import io.ottla.broker.coordinator.PartitionCoordinatorLog;
import io.ottla.broker.handler.ConsumerGroupHeartbeatHandler;
import io.ottla.broker.handler.DataFixture;
import io.ottla.broker.handler.HeartbeatHandler;
import io.ottla.broker.handler.JoinGroupHandler;
import io.ottla.broker.handler.OffsetCommitHandler;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.SyncGroupHandler;
import io.ottla.broker.network.BenchmarkContext;
import io.ottla.broker.time.WheelTimer;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.message.OffsetCommitResponse;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupResponse;
import io.ottla.storage.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What members of groups at rest ask their coordinator. One operation is one request, from the object to its answer, of each of
 * {@value #GROUPS} groups in turn; a commit is appended to {@code __consumer_offsets} in {@code java.io.tmpdir}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GroupRequestBenchmark {

    private static final int GROUPS = 64;
    private static final int TIMEOUT_MS = 300_000;
    private static final String TOPIC = "topic";

    private final DataFixture broker = new DataFixture();
    private final WheelTimer timer = new WheelTimer(Clock.system(), "benchmark-timer");
    private final GroupCoordinator coordinator = coordinator(broker, timer);
    private final HeartbeatHandler heartbeatHandler = new HeartbeatHandler(coordinator);
    private final ConsumerGroupHeartbeatHandler consumerHeartbeatHandler =
            new ConsumerGroupHeartbeatHandler(coordinator);
    private final OffsetCommitHandler commitHandler = new OffsetCommitHandler(broker.metadata(), coordinator);
    private final BenchmarkContext heartbeatContext = context(heartbeatHandler);
    private final BenchmarkContext consumerHeartbeatContext = context(consumerHeartbeatHandler);

    /** The last version that names topics. */
    private final BenchmarkContext commitContext = new BenchmarkContext(commitHandler.apiKey(), (short) 9);

    private final List<HeartbeatRequest> heartbeats = new ArrayList<>();
    private final List<ConsumerGroupHeartbeatRequest> consumerHeartbeats = new ArrayList<>();
    private final List<OffsetCommitRequest> commits = new ArrayList<>();
    private int next;

    private static GroupCoordinator coordinator(DataFixture broker, WheelTimer timer) {
        GroupCoordinator coordinator = new GroupCoordinator(
                BrokerConfig.of(Map.of()),
                new CoordinatorRuntime.Environment(
                        broker.clock(),
                        timer,
                        broker.metadata(),
                        broker.topics(),
                        PartitionCoordinatorLog.in(broker.partitions())));
        coordinator.start();
        return coordinator;
    }

    private static BenchmarkContext context(RequestHandler<?> handler) {
        return new BenchmarkContext(handler.apiKey(), handler.highestVersion());
    }

    private static <Q extends ApiMessage, R extends ApiMessage> R ask(
            RequestHandler<Q> handler, BenchmarkContext context, Q request, Class<R> type) {
        handler.handle(request, context);
        return type.cast(context.takeResponse());
    }

    /** Has the groups joined, half of the requests under each protocol. */
    @Setup
    public void setUp() {
        broker.createTopic(TOPIC, 1);
        for (int i = 0; i < GROUPS; i++) {
            joinClassic("classic-" + i);
            joinConsumer("consumer-" + i);
        }
    }

    private void joinClassic(String group) {
        JoinGroupHandler joinHandler = new JoinGroupHandler(coordinator);
        JoinGroupRequest join = new JoinGroupRequest()
                .groupId(group)
                .sessionTimeoutMs(TIMEOUT_MS)
                .rebalanceTimeoutMs(TIMEOUT_MS)
                .protocolType("consumer")
                .protocols(List.of(
                        new JoinGroupRequestProtocol().name("range").metadata(GroupFixture.subscription(TOPIC))));
        BenchmarkContext context = context(joinHandler);
        join.memberId(ask(joinHandler, context, join, JoinGroupResponse.class).memberId());
        JoinGroupResponse joined = ask(joinHandler, context, join, JoinGroupResponse.class);
        SyncGroupHandler syncHandler = new SyncGroupHandler(coordinator);
        SyncGroupRequest sync = new SyncGroupRequest()
                .groupId(group)
                .memberId(joined.memberId())
                .generationId(joined.generationId())
                .protocolType("consumer")
                .protocolName("range");
        require(ask(syncHandler, context(syncHandler), sync, SyncGroupResponse.class)
                .errorCode());
        heartbeats.add(new HeartbeatRequest()
                .groupId(group)
                .memberId(joined.memberId())
                .generationId(joined.generationId()));
        OffsetCommitRequestPartition position =
                new OffsetCommitRequestPartition().partitionIndex(0).committedMetadata("");
        commits.add(new OffsetCommitRequest()
                .groupId(group)
                .memberId(joined.memberId())
                .generationIdOrMemberEpoch(joined.generationId())
                .topics(List.of(new OffsetCommitRequestTopic().name(TOPIC).partitions(List.of(position)))));
    }

    private void joinConsumer(String group) {
        ConsumerGroupHeartbeatRequest request = new ConsumerGroupHeartbeatRequest()
                .groupId(group)
                .memberId("member-of-" + group)
                .rebalanceTimeoutMs(TIMEOUT_MS)
                .subscribedTopicNames(List.of(TOPIC))
                .topicPartitions(List.of());
        ConsumerGroupHeartbeatResponse assigned = consumerHeartbeat(request);
        ConsumerGroupHeartbeatRequest owned = new ConsumerGroupHeartbeatRequest()
                .groupId(group)
                .memberId(request.memberId())
                .memberEpoch(assigned.memberEpoch())
                .topicPartitions(assigned.assignment().topicPartitions().stream()
                        .map(given -> new ConsumerGroupHeartbeatRequest.TopicPartitions()
                                .topicId(given.topicId())
                                .partitions(given.partitions()))
                        .toList());
        consumerHeartbeats.add(new ConsumerGroupHeartbeatRequest()
                .groupId(group)
                .memberId(request.memberId())
                .memberEpoch(consumerHeartbeat(owned).memberEpoch())
                .topicPartitions(null));
    }

    private ConsumerGroupHeartbeatResponse consumerHeartbeat(ConsumerGroupHeartbeatRequest request) {
        ConsumerGroupHeartbeatResponse response =
                ask(consumerHeartbeatHandler, consumerHeartbeatContext, request, ConsumerGroupHeartbeatResponse.class);
        require(response.errorCode());
        return response;
    }

    private static void require(short errorCode) {
        if (errorCode != ErrorCode.NONE.code()) {
            throw new IllegalStateException(ErrorCode.forCode(errorCode).toString());
        }
    }

    /** Deletes the groups. */
    @TearDown
    public void tearDown() {
        coordinator.close();
        timer.close();
        broker.close();
    }

    private <Q> Q nextOf(List<Q> requests) {
        return requests.get(next++ & (GROUPS - 1));
    }

    /** Heartbeat, of the classic protocol. */
    @Benchmark
    public short heartbeat() {
        return ask(heartbeatHandler, heartbeatContext, nextOf(heartbeats), HeartbeatResponse.class)
                .errorCode();
    }

    /** ConsumerGroupHeartbeat, with nothing new on either side. */
    @Benchmark
    public short consumerGroupHeartbeat() {
        return consumerHeartbeat(nextOf(consumerHeartbeats)).errorCode();
    }

    /** OffsetCommit, of one partition. */
    @Benchmark
    public short offsetCommit() {
        OffsetCommitRequest request = nextOf(commits);
        request.topics().get(0).partitions().get(0).committedOffset(next);
        OffsetCommitResponse response = ask(commitHandler, commitContext, request, OffsetCommitResponse.class);
        return response.topics().get(0).partitions().get(0).errorCode();
    }
}
