package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.ApiVersionsHandler;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.WheelTimer;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MemoryRecords;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server with handlers that answer when the test wants it, in a temporary folder and on a clock of its own. */
abstract class SocketServerFixture {

    static final int MAX_REQUEST_BYTES = 2_000_000;
    static final long MAX_IDLE_MS = 60_000;
    static final int PATIENCE_SECONDS = 20;

    final ManualClock clock = new ManualClock(1_000_000);
    final WheelTimer timer = new WheelTimer(clock, "ottla-test-timer");
    final BlockingQueue<RequestContext> late = new LinkedBlockingQueue<>();
    final AtomicInteger fetches = new AtomicInteger();
    final BlockingQueue<ProduceRequest> produced = new LinkedBlockingQueue<>();
    final BlockingQueue<RequestContext> lateProduce = new LinkedBlockingQueue<>();
    BiConsumer<ListGroupsRequest, RequestContext> listGroups =
            (request, context) -> context.respond(new ListGroupsResponse());
    volatile boolean answerLateOnDrain;
    volatile boolean holdFetches;

    @TempDir
    Path folder;

    LogDirectory directory;
    SocketServer server;
    int port;

    @BeforeEach
    void start() throws IOException {
        Listener listener = new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 0);
        NetworkConfig config =
                new NetworkConfig(7, List.of(listener), 2, MAX_REQUEST_BYTES, MAX_IDLE_MS, 50, 64 * 1024, -1);
        server = new SocketServer(config, clock, timer, ClientQuotas.unlimited(clock));
        port = server.bind().get(0).port();
        List<RequestHandler<?>> handlers = new ArrayList<>();
        handlers.add(new LateHeartbeat());
        handlers.add(new ListGroups());
        handlers.add(new BigFetch());
        handlers.add(new LateProduce());
        directory = LogDirectory.open(folder, StorageOptions.of(clock, (task, delayMs) -> {}));
        MetadataStore store = MetadataStore.open(List.of(directory), clock, BrokerConfig.of(Map.of()), Runnable::run);
        handlers.add(new ApiVersionsHandler(store, handlers));
        server.start(new RequestHandlers(handlers));
    }

    @AfterEach
    void stop() {
        server.close();
        timer.close();
        directory.close();
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("ottla-7-")));
    }

    RequestContext nextLate() throws InterruptedException {
        RequestContext context = late.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(context);
        return context;
    }

    static ProduceRequest produce(byte[] content) {
        ProduceRequest.PartitionProduceData partition =
                new ProduceRequest.PartitionProduceData().records(ByteBuffer.wrap(content));
        ProduceRequest.TopicProduceData topic =
                new ProduceRequest.TopicProduceData().name("t").partitionData(List.of(partition));
        return new ProduceRequest().topicData(List.of(topic));
    }

    static ByteBuffer records(ProduceRequest request) {
        return request.topicData().get(0).partitionData().get(0).records();
    }

    final class LateHeartbeat extends RequestHandler<HeartbeatRequest> {

        LateHeartbeat() {
            super(ApiKey.HEARTBEAT);
        }

        @Override
        public void handle(HeartbeatRequest request, RequestContext context) {
            late.add(context);
        }

        @Override
        public ApiMessage errorResponse(HeartbeatRequest request, short version, ErrorCode error, String message) {
            return new HeartbeatResponse().errorCode(error.code());
        }

        @Override
        public void drain() {
            if (answerLateOnDrain) {
                late.forEach(context -> context.respond(new HeartbeatResponse()));
            }
        }
    }

    final class ListGroups extends RequestHandler<ListGroupsRequest> {

        ListGroups() {
            super(ApiKey.LIST_GROUPS);
        }

        @Override
        public void handle(ListGroupsRequest request, RequestContext context) {
            listGroups.accept(request, context);
        }

        @Override
        public ApiMessage errorResponse(ListGroupsRequest request, short version, ErrorCode error, String message) {
            return new ListGroupsResponse().errorCode(error.code());
        }
    }

    final class LateProduce extends RequestHandler<ProduceRequest> {

        LateProduce() {
            super(ApiKey.PRODUCE);
        }

        @Override
        public void handle(ProduceRequest request, RequestContext context) {
            produced.add(request);
            lateProduce.add(context);
        }

        @Override
        public ApiMessage errorResponse(ProduceRequest request, short version, ErrorCode error, String message) {
            return null;
        }
    }

    final class BigFetch extends RequestHandler<FetchRequest> {

        static final int SIZE_BYTES = 50_000;

        BigFetch() {
            super(ApiKey.FETCH);
        }

        @Override
        public void handle(FetchRequest request, RequestContext context) {
            if (holdFetches) {
                late.add(context);
                return;
            }
            fetches.incrementAndGet();
            FetchResponse.PartitionData partition =
                    new FetchResponse.PartitionData().records(MemoryRecords.of(ByteBuffer.allocate(SIZE_BYTES)));
            context.respond(new FetchResponse()
                    .responses(List.of(new FetchResponse.FetchableTopicResponse()
                            .topic("t")
                            .partitions(List.of(partition)))));
        }

        @Override
        public ApiMessage errorResponse(FetchRequest request, short version, ErrorCode error, String message) {
            return new FetchResponse().errorCode(error.code());
        }
    }
}
