package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.WheelTimer;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse;
import io.ottla.storage.ManualClock;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that those behind them wait for: here ListGroups, answered when the test likes; Heartbeat holds nobody, and waits, too. */
class FollowersTest {

    private static final int PATIENCE_SECONDS = 20;

    private final ManualClock clock = new ManualClock(1_000_000);
    private final WheelTimer timer = new WheelTimer(clock, "ottla-followers-timer");
    private final BlockingQueue<RequestContext> begun = new LinkedBlockingQueue<>();
    private SocketServer server;
    private int port;

    @BeforeEach
    void start() throws IOException {
        Listener listener = new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 0);
        NetworkConfig config = new NetworkConfig(7, List.of(listener), 1, 1_000_000, 60_000, 50, -1, -1);
        server = new SocketServer(config, clock, timer, ClientQuotas.unlimited(clock));
        port = server.bind().get(0).port();
        server.start(new RequestHandlers(List.of(new ListGroups(), new Heartbeat())));
    }

    @AfterEach
    void stop() {
        server.close();
        timer.close();
    }

    @Test
    void shouldBeginNoRequestBehindOneThatHoldsThem() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(RawClient.join(
                    RawClient.frame(new HeartbeatRequest(), 0, 1),
                    RawClient.frame(new ListGroupsRequest(), 0, 2),
                    RawClient.frame(new HeartbeatRequest(), 0, 3)));
            RequestContext first = next(1);
            RequestContext holding = next(2);
            client.send(new ListGroupsRequest(), 0, 4);
            server.awaitLoops();
            server.awaitLoops();
            assertNull(begun.peek());

            // The first has no answer yet: that of the second cannot leave, but those behind it may begin.
            holding.respond(new ListGroupsResponse());
            RequestContext third = next(3);
            RequestContext fourth = next(4);
            third.respond(new HeartbeatResponse());
            first.respond(new HeartbeatResponse());
            for (int i = 1; i <= 3; i++) {
                assertEquals(i, client.receiveCorrelationId());
            }
            fourth.respond(new ListGroupsResponse());
            assertEquals(4, client.receiveCorrelationId());
        }
    }

    @Test
    void shouldServeOtherConnectionsMeanwhile() throws Exception {
        try (RawClient held = new RawClient(port);
                RawClient other = new RawClient(port)) {
            held.send(new ListGroupsRequest(), 0, 1);
            RequestContext holding = next(1);
            other.send(new HeartbeatRequest(), 0, 2);
            next(2).respond(new HeartbeatResponse());
            assertEquals(2, other.receiveCorrelationId());
            holding.respond(new ListGroupsResponse());
            assertEquals(1, held.receiveCorrelationId());
        }
    }

    private RequestContext next(int correlationId) throws InterruptedException {
        RequestContext context = begun.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(context);
        assertEquals(correlationId, context.correlationId());
        return context;
    }

    private final class ListGroups extends RequestHandler<ListGroupsRequest> {

        ListGroups() {
            super(ApiKey.LIST_GROUPS);
        }

        @Override
        public void handle(ListGroupsRequest request, RequestContext context) {
            context.holdFollowers();
            begun.add(context);
        }

        @Override
        public ApiMessage errorResponse(ListGroupsRequest request, short version, ErrorCode error, String message) {
            return new ListGroupsResponse().errorCode(error.code());
        }
    }

    private final class Heartbeat extends RequestHandler<HeartbeatRequest> {

        Heartbeat() {
            super(ApiKey.HEARTBEAT);
        }

        @Override
        public void handle(HeartbeatRequest request, RequestContext context) {
            begun.add(context);
        }

        @Override
        public ApiMessage errorResponse(HeartbeatRequest request, short version, ErrorCode error, String message) {
            return new HeartbeatResponse().errorCode(error.code());
        }
    }
}
