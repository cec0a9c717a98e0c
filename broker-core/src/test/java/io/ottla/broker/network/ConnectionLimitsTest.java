package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a server does when a client sends more than it reads, says nothing, or goes, and when the server itself stops. */
class ConnectionLimitsTest extends SocketServerFixture {
    @Test
    void shouldStopReadingWhileTooManyRequestsAreInFlight() throws Exception {
        int count = 3 * Connection.MAX_IN_FLIGHT;
        byte[][] frames = new byte[count][];
        for (int i = 0; i < count; i++) {
            frames[i] = RawClient.frame(new HeartbeatRequest(), 0, i);
        }
        try (RawClient client = new RawClient(port);
                RawClient other = new RawClient(port)) {
            client.send(RawClient.join(frames));
            List<RequestContext> waiting = new ArrayList<>();
            for (int i = 0; i < Connection.MAX_IN_FLIGHT; i++) {
                waiting.add(nextLate());
            }
            // Both loops have gone round since, and no further request was handed out.
            for (int i = 0; i < 4; i++) {
                other.send(new ListGroupsRequest(), 0, i);
                assertEquals(i, other.receiveCorrelationId());
            }
            assertNull(late.poll());
            for (int i = 0; i < count; i++) {
                waiting.remove(0).respond(new HeartbeatResponse());
                assertEquals(i, client.receiveCorrelationId());
                if (i + Connection.MAX_IN_FLIGHT < count) {
                    waiting.add(nextLate());
                }
            }
        }
    }

    @Test
    void shouldStopReadingWhileTheClientDoesNotRead() throws IOException {
        int count = 2000;
        byte[][] frames = new byte[count][];
        for (int i = 0; i < count; i++) {
            frames[i] = RawClient.frame(new FetchRequest(), 12, i);
        }
        try (RawClient client = new RawClient(port, 64 * 1024)) {
            client.send(RawClient.join(frames));
            for (int i = 0; i < count; i++) {
                assertEquals(i, client.receiveCorrelationId());
                int ahead = fetches.get() - i;
                assertTrue(ahead < 100, () -> ahead + " answers of " + BigFetch.SIZE_BYTES + " bytes wait");
            }
        }
    }

    @Test
    void shouldKeepTheFrameOfARequestUntilItIsAnswered() throws Exception {
        try (RawClient client = new RawClient(port)) {
            byte[][] contents = new byte[40][];
            for (int i = 0; i < contents.length; i++) {
                contents[i] = new byte[i * i * 30];
                Arrays.fill(contents[i], (byte) i);
                client.send(produce(contents[i]), 9, i);
            }
            for (byte[] content : contents) {
                ProduceRequest request = produced.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                assertNotNull(request);
                assertEquals(ByteBuffer.wrap(content), records(request));
            }
            for (int i = 0; i < contents.length; i++) {
                lateProduce.poll(PATIENCE_SECONDS, TimeUnit.SECONDS).respond(new ProduceResponse());
                assertEquals(i, client.receiveCorrelationId());
            }
        }
    }

    @Test
    void shouldLetHandlersFinishAfterTheClientHasGone() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        RequestContext context;
        ProduceRequest request;
        try (RawClient client = new RawClient(port)) {
            client.send(produce(new byte[] {1, 2, 3}), 9, 1);
            request = produced.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            context = lateProduce.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            context.connection().onClose(closed::countDown);
        }
        assertTrue(closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), records(request));
        context.respond(new ProduceResponse());
        CountDownLatch alreadyClosed = new CountDownLatch(1);
        context.connection().onClose(alreadyClosed::countDown);
        assertEquals(0, alreadyClosed.getCount());
    }

    @Test
    void shouldCloseAConnectionThatIsIdle() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new ListGroupsRequest(), 0, 1);
            client.receiveCorrelationId();
            clock.advance(Duration.ofMillis(MAX_IDLE_MS - 1));
            client.send(new HeartbeatRequest(), 0, 2);
            RequestContext context = nextLate();
            // Not idle: a request is in flight.
            clock.advance(Duration.ofMillis(3 * MAX_IDLE_MS));
            context.respond(new HeartbeatResponse());
            assertEquals(2, client.receiveCorrelationId());
            clock.advance(Duration.ofMillis(MAX_IDLE_MS - 1));
            client.send(new ListGroupsRequest(), 0, 3);
            assertEquals(3, client.receiveCorrelationId());
            clock.advance(Duration.ofMillis(2 * MAX_IDLE_MS));
            assertTrue(client.isClosedByBroker());
        }
    }

    @Test
    void shouldAnswerWhatIsInFlightWhenItStops() throws Exception {
        answerLateOnDrain = true;
        try (RawClient client = new RawClient(port);
                RawClient idle = new RawClient(port)) {
            // In one piece: the second is read when the first is.
            client.send(RawClient.join(
                    RawClient.frame(new HeartbeatRequest(), 0, 1), RawClient.frame(new ListGroupsRequest(), 0, 2)));
            idle.send(new ListGroupsRequest(), 0, 1);
            assertEquals(1, idle.receiveCorrelationId());
            RequestContext waiting = nextLate();
            late.add(waiting);
            server.close();
            assertEquals(1, client.receiveCorrelationId());
            assertEquals(2, client.receiveCorrelationId());
            assertTrue(client.isClosedByBroker());
            assertTrue(idle.isClosedByBroker());
            assertThrows(IOException.class, () -> new RawClient(port).close());
        }
    }

    @Test
    void shouldNotWaitForRecordsWhenItStops() throws Exception {
        holdFetches = true;
        try (RawClient client = new RawClient(port)) {
            client.send(new HeartbeatRequest(), 0, 1);
            client.send(new FetchRequest(), 12, 2);
            RequestContext heartbeat = nextLate();
            RequestContext fetch = nextLate();
            assertEquals(ApiKey.FETCH, fetch.apiKey());
            answerLateOnDrain = true;
            late.add(heartbeat);
            server.close();
            assertEquals(1, client.receiveCorrelationId());
            assertTrue(client.isClosedByBroker());
            fetch.respond(new FetchResponse());
        }
    }

    @Test
    void shouldNotWaitForeverForAnAnswerWhenItStops() throws Exception {
        try (RawClient client = new RawClient(port)) {
            client.send(new HeartbeatRequest(), 0, 1);
            RequestContext waiting = nextLate();
            server.close();
            assertTrue(client.isClosedByBroker());
            waiting.respond(new HeartbeatResponse());
        }
    }

    @Test
    void shouldSayWhichPortIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
            Listener listener = new Listener("PLAINTEXT", "PLAINTEXT", "localhost", taken.getLocalPort());
            NetworkConfig config = new NetworkConfig(8, List.of(listener), 1, 100, 0, 50, -1, -1);
            try (SocketServer second = new SocketServer(config, clock, timer, ClientQuotas.unlimited(clock))) {
                SocketException failure = assertThrows(SocketException.class, second::bind);
                assertEquals("Cannot listen on " + listener + ": the port is taken", failure.getMessage());
            }
        }
    }
}
