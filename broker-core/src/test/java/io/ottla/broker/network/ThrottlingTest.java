package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.QuotaEntity;
import io.ottla.broker.metadata.TestMetadata;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.TimerTask;
import io.ottla.broker.time.WheelTimer;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse;
import io.ottla.storage.ManualClock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections of clients that are held back. */
class ThrottlingTest {

    private static final int PATIENCE_SECONDS = 20;
    private static final int VERSION = 4;

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock(1_000_000);
    private final WheelTimer timer = new WheelTimer(clock, "ottla-throttling-timer");
    private final BlockingQueue<Integer> served = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> delaysMs = new LinkedBlockingQueue<>();
    private volatile Consumer<RequestContext> beforeAnswer = context -> {};
    private TestMetadata metadata;
    private SocketServer server;
    private int port;

    @BeforeEach
    void start() throws IOException {
        metadata = TestMetadata.open(folder);
        ClientQuotas quotas = new ClientQuotas(BrokerConfig.of(Map.of()), clock);
        metadata.store().addListener(quotas);
        Listener listener = new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 0);
        server = new SocketServer(
                new NetworkConfig(7, List.of(listener), 1, 1_000_000, 60_000, 50, -1, -1),
                clock,
                (task, delayMs) -> {
                    TimerTask scheduled = timer.schedule(task, delayMs);
                    delaysMs.add(delayMs);
                    return scheduled;
                },
                quotas);
        port = server.bind().get(0).port();
        server.start(new RequestHandlers(List.of(new ListGroups())));
    }

    @AfterEach
    void stop() {
        server.close();
        timer.close();
        metadata.close();
    }

    private final class ListGroups extends RequestHandler<ListGroupsRequest> {

        ListGroups() {
            super(ApiKey.LIST_GROUPS);
        }

        @Override
        public void handle(ListGroupsRequest request, RequestContext context) {
            served.add(context.correlationId());
            beforeAnswer.accept(context);
            context.respond(new ListGroupsResponse());
        }

        @Override
        public ApiMessage errorResponse(ListGroupsRequest request, short version, ErrorCode error, String message) {
            return new ListGroupsResponse().errorCode(error.code());
        }
    }

    private void set(String key, Double value, String type, String name) {
        Map<String, String> names = new HashMap<>();
        names.put(type, name);
        new ClientQuotaControl(metadata.store())
                .alter(List.of(new ClientQuotaControl.Wish(new QuotaEntity(names), Map.of(key, value))), false);
    }

    private int throttleTimeMs(RawClient client, int correlationId) throws IOException {
        return client.receive(new ListGroupsResponse(), VERSION, correlationId).throttleTimeMs();
    }

    private int nextServed() throws InterruptedException {
        Integer next = served.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return next == null ? -1 : next;
    }

    @Test
    void shouldAnswerAtOnceAndReadNothingUntilTheTimeIsOver() throws Exception {
        beforeAnswer = context -> {
            context.throttle(5000);
            context.throttle(200);
        };
        try (RawClient throttled = new RawClient(port);
                RawClient other = new RawClient(port)) {
            throttled.send(RawClient.join(
                    RawClient.frame(new ListGroupsRequest(), VERSION, 1),
                    RawClient.frame(new ListGroupsRequest(), VERSION, 2)));
            assertEquals(5000, throttleTimeMs(throttled, 1));
            assertEquals(1, nextServed());
            throttled.send(new ListGroupsRequest(), VERSION, 3);
            beforeAnswer = context -> {};
            clock.advance(Duration.ofSeconds(4));
            // There is one event loop: when it has served this, it would have served the others too.
            other.send(new ListGroupsRequest(), VERSION, 10);
            assertEquals(0, throttleTimeMs(other, 10));
            assertEquals(10, nextServed());
            clock.advance(Duration.ofSeconds(1));
            assertEquals(0, throttleTimeMs(throttled, 2));
            assertEquals(0, throttleTimeMs(throttled, 3));
        }
    }

    @Test
    void shouldNotTakeAThrottledConnectionForIdle() throws Exception {
        beforeAnswer = context -> context.throttle(100_000);
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), VERSION, 1);
            assertEquals(100_000, throttleTimeMs(client, 1));
            beforeAnswer = context -> {};
            client.send(new ListGroupsRequest(), VERSION, 2);
            clock.advance(Duration.ofSeconds(61));
            clock.advance(Duration.ofSeconds(39));
            assertEquals(0, throttleTimeMs(client, 2));
        }
    }

    @Test
    void shouldCountTheTimeOfTheEventLoop() throws Exception {
        set(ClientQuotaControl.REQUEST_PERCENTAGE, 10.0, QuotaEntity.CLIENT_ID, null);
        beforeAnswer = context -> clock.advance(Duration.ofMillis(1100));
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), VERSION, 1);
            // 110 percent of a second, 1 percent more than 10 in each of the 10 seconds that count.
            assertEquals(1000, throttleTimeMs(client, 1));
            assertEquals(1, nextServed());
            beforeAnswer = context -> {};
            client.send(new ListGroupsRequest(), VERSION, 2);
            clock.advance(Duration.ofSeconds(12));
            assertEquals(0, throttleTimeMs(client, 2));
        }
    }

    @Test
    void shouldCloseConnectionsOverTheQuotaUnserved() throws Exception {
        set(ClientQuotaControl.CONNECTION_CREATION_RATE, 1.0, QuotaEntity.IP, null);
        for (int i = 1; i <= 10; i++) {
            try (RawClient client = new RawClient(port)) {
                client.send(new ListGroupsRequest(), VERSION, i);
                assertEquals(0, throttleTimeMs(client, i));
            }
        }
        served.clear();
        try (RawClient refused = new RawClient(port)) {
            refused.send(new ListGroupsRequest(), VERSION, 11);
            Long delayMs = delaysMs.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            while (delayMs != null && delayMs != 1000) {
                delayMs = delaysMs.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            clock.advance(Duration.ofSeconds(1));
            assertTrue(refused.isClosedByBroker());
            assertEquals(0, served.size());
        }
    }
}
