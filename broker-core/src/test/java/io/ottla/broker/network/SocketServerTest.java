package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Records;
import io.ottla.protocol.message.ApiVersionsRequest;
import io.ottla.protocol.message.ApiVersionsResponse;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What a connection is answered, and in which order. */
class SocketServerTest extends SocketServerFixture {
    @Test
    void shouldAnswerARequestSentByteByByte() throws IOException {
        try (RawClient client = new RawClient(port)) {
            for (byte b : RawClient.frame(new ApiVersionsRequest(), 0, 5)) {
                client.send(b);
            }
            ApiVersionsResponse response = client.receive(new ApiVersionsResponse(), 0, 5);
            assertEquals(5, response.apiKeys().size());
        }
    }

    @Test
    void shouldAnswerARequestWhereverItIsSplit() throws IOException {
        byte[] frames = RawClient.join(
                RawClient.frame(new ApiVersionsRequest(), 2, 1), RawClient.frame(new ListGroupsRequest(), 4, 2));
        try (RawClient client = new RawClient(port)) {
            for (int split = 1; split < frames.length; split++) {
                client.send(Arrays.copyOfRange(frames, 0, split));
                client.send(Arrays.copyOfRange(frames, split, frames.length));
                assertEquals(1, client.receiveCorrelationId());
                assertEquals(2, client.receiveCorrelationId());
            }
        }
    }

    @Test
    void shouldAnswerPipelinedRequestsInOrder() throws IOException {
        byte[][] frames = new byte[1000][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = RawClient.frame(new ListGroupsRequest(), i % 6, i);
        }
        try (RawClient client = new RawClient(port)) {
            client.send(RawClient.join(frames));
            for (int i = 0; i < frames.length; i++) {
                assertEquals(i, client.receiveCorrelationId());
            }
        }
    }

    @Test
    void shouldKeepTheOrderWhenAnAnswerComesLate() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(RawClient.join(
                    RawClient.frame(new ListGroupsRequest(), 0, 1),
                    RawClient.frame(new HeartbeatRequest(), 0, 2),
                    RawClient.frame(new HeartbeatRequest(), 0, 3),
                    RawClient.frame(new ListGroupsRequest(), 0, 4)));
            assertEquals(1, client.receiveCorrelationId());
            RequestContext second = nextLate();
            RequestContext third = nextLate();
            assertEquals(2, second.correlationId());
            third.respond(new HeartbeatResponse().errorCode((short) 33));
            second.respond(new HeartbeatResponse().errorCode((short) 22));
            assertEquals(22, client.receive(new HeartbeatResponse(), 0, 2).errorCode());
            assertEquals(33, client.receive(new HeartbeatResponse(), 0, 3).errorCode());
            assertEquals(4, client.receiveCorrelationId());
        }
    }

    @Test
    void shouldRefuseASecondAnswer() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new HeartbeatRequest(), 0, 1);
            RequestContext context = nextLate();
            context.respond(new HeartbeatResponse());
            assertThrows(IllegalStateException.class, () -> context.respond(new HeartbeatResponse()));
            assertThrows(IllegalStateException.class, context::complete);
            assertEquals(1, client.receiveCorrelationId());
        }
    }

    @Test
    void shouldNotServeTheNextRequestInTheMidstOfAnAnswer() throws Exception {
        AtomicBoolean served = new AtomicBoolean();
        listGroups = (request, context) -> {
            served.set(true);
            context.respond(new ListGroupsResponse());
        };
        byte[][] frames = new byte[Connection.MAX_IN_FLIGHT + 1][];
        for (int i = 0; i < Connection.MAX_IN_FLIGHT; i++) {
            frames[i] = RawClient.frame(new HeartbeatRequest(), 0, i);
        }
        frames[Connection.MAX_IN_FLIGHT] = RawClient.frame(new ListGroupsRequest(), 0, Connection.MAX_IN_FLIGHT);
        try (RawClient client = new RawClient(port)) {
            client.send(RawClient.join(frames));
            RequestContext first = nextLate();
            List<RequestContext> others = new ArrayList<>();
            for (int i = 1; i < Connection.MAX_IN_FLIGHT; i++) {
                others.add(nextLate());
            }
            CompletableFuture<Boolean> servedInTheMidst = new CompletableFuture<>();
            first.execute(() -> {
                first.respond(new HeartbeatResponse());
                servedInTheMidst.complete(served.get());
            });
            assertFalse(servedInTheMidst.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
            others.forEach(context -> context.respond(new HeartbeatResponse()));
            for (int i = 0; i <= Connection.MAX_IN_FLIGHT; i++) {
                assertEquals(i, client.receiveCorrelationId());
            }
            assertTrue(served.get());
        }
    }

    @Test
    void shouldGoOnAfterARequestWithoutAnAnswer() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new HeartbeatRequest(), 0, 1);
            client.send(new ListGroupsRequest(), 0, 2);
            nextLate().complete();
            assertEquals(2, client.receiveCorrelationId());
        }
    }

    @Test
    void shouldCloseTheConnectionWhereAHandlerWantsIt() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), 0, 1);
            client.send(new HeartbeatRequest(), 0, 2);
            RequestContext context = nextLate();
            CountDownLatch closed = new CountDownLatch(1);
            context.connection().onClose(closed::countDown);
            context.disconnect();
            assertEquals(1, client.receiveCorrelationId());
            assertTrue(client.isClosedByBroker());
            assertTrue(closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
    }

    @Test
    void shouldTellHandlersWhereARequestComesFrom() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new ApiVersionsRequest().clientSoftwareName("me").clientSoftwareVersion("1.2"), 3, 1);
            client.receive(new ApiVersionsResponse(), 3, 1);
            client.send(new HeartbeatRequest().groupId("g"), 4, 77);
            RequestContext context = nextLate();
            assertEquals(ApiKey.HEARTBEAT, context.apiKey());
            assertEquals(4, context.apiVersion());
            assertEquals(77, context.correlationId());
            assertEquals("raw", context.clientId());
            assertEquals(7, context.connection().brokerId());
            assertEquals("PLAINTEXT", context.connection().listenerName());
            assertTrue(context.connection().remoteAddress().isLoopbackAddress());
            assertEquals(port, context.connection().localPort());
            assertEquals("me", context.connection().clientSoftwareName());
            assertEquals("1.2", context.connection().clientSoftwareVersion());
            context.complete();
        }
    }

    @Test
    void shouldAnswerAnUnknownVersionOfApiVersionsInVersion0() throws IOException {
        try (RawClient client = new RawClient(port)) {
            client.send(new byte[] {0, 0, 0, 13, 0, 18, 0, 99, 0, 0, 0, 9, 0, 1, 'c', 1, 2});
            ApiVersionsResponse response = client.receive(new ApiVersionsResponse(), 0, 9);
            assertEquals(ErrorCode.UNSUPPORTED_VERSION.code(), response.errorCode());
            assertEquals(1, response.apiKeys().size());
            assertEquals(ApiKey.API_VERSIONS.id(), response.apiKeys().get(0).apiKey());
            assertEquals(4, response.apiKeys().get(0).maxVersion());
            client.send(new ApiVersionsRequest(), 0, 10);
            assertEquals(10, client.receiveCorrelationId());
        }
    }

    @Test
    void shouldRefuseASoftwareNameThatIsNone() throws IOException {
        try (RawClient client = new RawClient(port)) {
            client.send(new ApiVersionsRequest().clientSoftwareName("-").clientSoftwareVersion("1"), 3, 1);
            assertEquals(
                    ErrorCode.INVALID_REQUEST.code(),
                    client.receive(new ApiVersionsResponse(), 3, 1).errorCode());
        }
    }

    @Test
    void shouldTellTheFeaturesThatTheVersionCanCarry() throws IOException {
        try (RawClient client = new RawClient(port)) {
            ApiVersionsRequest request =
                    new ApiVersionsRequest().clientSoftwareName("me").clientSoftwareVersion("1");
            client.send(request, 3, 1);
            client.send(request, 4, 2);
            ApiVersionsResponse three = client.receive(new ApiVersionsResponse(), 3, 1);
            ApiVersionsResponse four = client.receive(new ApiVersionsResponse(), 4, 2);
            assertEquals(1, three.supportedFeatures().size());
            assertEquals("metadata.version", three.supportedFeatures().get(0).name());
            assertTrue(four.supportedFeatures().stream().anyMatch(feature -> feature.minVersion() == 0));
            assertTrue(four.finalizedFeaturesEpoch() >= 0);
            assertEquals(three.finalizedFeatures(), four.finalizedFeatures());
            assertFalse(four.finalizedFeatures().isEmpty());
        }
    }

    @Test
    void shouldAdvertiseProduceFromVersion0() throws IOException {
        try (RawClient client = new RawClient(port)) {
            client.send(new ApiVersionsRequest(), 0, 1);
            ApiVersionsResponse.ApiVersion produce =
                    client.receive(new ApiVersionsResponse(), 0, 1).apiKeys().get(0);
            assertEquals(ApiKey.PRODUCE.id(), produce.apiKey());
            assertEquals(0, produce.minVersion());
        }
    }

    @Test
    void shouldCloseOnlyTheConnectionThatTalksNonsense() throws IOException {
        byte[][] nonsense = {
            {-1, -1, -1, -1},
            {0x7f, 0, 0, 0},
            {0, 0, 0, 0},
            {0, 0, 0, 3, 1, 2, 3},
            // an API key that does not exist, one that is negative, a version that does not exist
            {0, 0, 0, 10, 3, (byte) 0xe8, 0, 0, 0, 0, 0, 1, 0, 0},
            {0, 0, 0, 10, -1, -1, 0, 0, 0, 0, 0, 1, 0, 0},
            {0, 0, 0, 10, 0, 16, 0, 99, 0, 0, 0, 1, 0, 0},
            // a client id longer than the frame, a body that is missing
            {0, 0, 0, 10, 0, 12, 0, 0, 0, 0, 0, 1, 0, 50},
            {0, 0, 0, 10, 0, 12, 0, 0, 0, 0, 0, 1, 0, 0},
            "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
        };
        try (RawClient bystander = new RawClient(port)) {
            for (byte[] bytes : nonsense) {
                try (RawClient client = new RawClient(port)) {
                    client.send(bytes);
                    assertTrue(client.isClosedByBroker());
                }
                bystander.send(new ListGroupsRequest(), 0, 1);
                assertEquals(1, bystander.receiveCorrelationId());
            }
        }
    }

    @Test
    void shouldSurviveGarbage() throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        try (RawClient bystander = new RawClient(port)) {
            for (int round = 0; round < 300; round++) {
                ByteBuffer bytes = ByteBuffer.allocate(12 + random.nextInt(200));
                random.nextBytes(bytes.array());
                bytes.putInt(0, bytes.capacity() - 4);
                bytes.putShort(4, new short[] {0, 1, 12, 16, 18}[random.nextInt(5)]);
                bytes.putShort(6, (short) random.nextInt(14));
                try (RawClient client = new RawClient(port)) {
                    client.send(bytes.array());
                }
            }
            bystander.send(new ListGroupsRequest(), 0, 1);
            assertEquals(1, bystander.receiveCorrelationId(), () -> "seed " + seed);
        }
    }

    @Test
    void shouldSendWhatWasAnsweredBeforeTheNonsense() throws IOException {
        try (RawClient client = new RawClient(port)) {
            client.send(RawClient.join(
                    RawClient.frame(new ListGroupsRequest(), 0, 1), new byte[] {-1, -1, -1, -1, 5, 5, 5}));
            assertEquals(1, client.receiveCorrelationId());
            assertTrue(client.isClosedByBroker());
        }
    }

    @Test
    void shouldAnswerAnExceptionWithItsError() throws IOException {
        listGroups = (request, context) -> {
            throw new ApiException(ErrorCode.COORDINATOR_NOT_AVAILABLE);
        };
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), 1, 1);
            assertEquals(
                    ErrorCode.COORDINATOR_NOT_AVAILABLE.code(),
                    client.receive(new ListGroupsResponse(), 1, 1).errorCode());
        }
    }

    @Test
    void shouldAnswerAnUnexpectedExceptionAsUnknownServerError() throws IOException {
        listGroups = (request, context) -> {
            throw new IllegalStateException("on purpose");
        };
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), 1, 1);
            assertEquals(
                    ErrorCode.UNKNOWN_SERVER_ERROR.code(),
                    client.receive(new ListGroupsResponse(), 1, 1).errorCode());
        }
    }

    @Test
    void shouldLetAnInterceptorHoldARequestAndItsAnswer() throws Exception {
        BlockingQueue<Runnable> held = new LinkedBlockingQueue<>();
        server.interceptor(new RequestInterceptor() {
            @Override
            public boolean beforeApply(RequestContext context, ApiMessage request, Runnable proceed) {
                return context.correlationId() != 1 || !held.add(proceed);
            }

            @Override
            public boolean applied(RequestContext context, ApiMessage response, Runnable proceed) {
                return context.correlationId() != 2 || !held.add(proceed);
            }

            @Override
            public ApiMessage beforeWrite(RequestContext context, ApiMessage response) {
                return ((ListGroupsResponse) response).throttleTimeMs(context.correlationId());
            }
        });
        try (RawClient client = new RawClient(port)) {
            for (int i = 1; i <= 3; i++) {
                client.send(new ListGroupsRequest(), 1, i);
            }
            Runnable first = held.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            Runnable second = held.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            second.run();
            first.run();
            for (int i = 1; i <= 3; i++) {
                assertEquals(i, client.receive(new ListGroupsResponse(), 1, i).throttleTimeMs());
            }
            server.interceptor(null);
            client.send(new ListGroupsRequest(), 1, 4);
            assertEquals(0, client.receive(new ListGroupsResponse(), 1, 4).throttleTimeMs());
        }
    }

    @Test
    void shouldHoldTheFramesOfAllRequestsThatHaveViewsOfThem() {
        for (ApiKey key : ApiKey.values()) {
            assertEquals(
                    hasViews(key.newRequest().getClass()),
                    Connection.USING_FRAME.contains(key),
                    () -> "whether " + key + " requests use their frame");
        }
        assertFalse(Connection.USING_FRAME.isEmpty());
    }

    private static boolean hasViews(Class<?> message) {
        for (Field field : message.getDeclaredFields()) {
            if (field.getType() == ByteBuffer.class || field.getType() == Records.class) {
                return true;
            }
        }
        for (Class<?> nested : message.getDeclaredClasses()) {
            if (hasViews(nested)) {
                return true;
            }
        }
        return false;
    }
}
