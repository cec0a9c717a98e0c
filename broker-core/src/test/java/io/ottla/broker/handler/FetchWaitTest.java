package io.ottla.broker.handler;

import static io.ottla.broker.handler.FetchRequests.fetch;
import static io.ottla.broker.handler.FetchRequests.indexes;
import static io.ottla.broker.handler.FetchRequests.only;
import static io.ottla.broker.handler.FetchRequests.partition;
import static io.ottla.broker.handler.FetchRequests.session;
import static io.ottla.broker.handler.FetchRequests.topic;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetches that wait for data: what wakes them, what does not, and what stays behind. */
class FetchWaitTest {

    private static final int WAIT_MS = 500;

    private DataFixture broker;
    private Uuid topicId;
    private final TestConnection connection = new TestConnection();

    @BeforeEach
    void start() {
        broker = new DataFixture();
        topicId = broker.createTopic("events", 2);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private TestRequestContext send(int version, FetchRequest request) {
        TestRequestContext context = new TestRequestContext(ApiKey.FETCH, version, connection);
        broker.fetchHandler().handle(request, context);
        return context;
    }

    private FetchRequest waiting(FetchRequest request, FetchRequest.FetchPartition... asked) {
        request.maxWaitMs(WAIT_MS);
        return asked.length == 0 ? request : request.topics(List.of(topic("events", topicId, asked)));
    }

    private void assertNothingLeft() {
        assertEquals(0, broker.timer().waiting());
        assertEquals(0, broker.partition("events", 0).waiterCount());
        assertEquals(0, broker.partition("events", 1).waiterCount());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6, 12, 13, 18})
    void shouldBeWokenByAnAppend(int version) {
        TestRequestContext context = send(version, waiting(fetch(), partition(0, 0), partition(1, 0)));
        assertFalse(context.isEnded());
        broker.append("events", 1, 2);
        assertTrue(context.isEnded());
        FetchResponse response = context.response(FetchResponse.class);
        assertEquals(List.of(0, 1), indexes(response));
        assertEquals(2, response.responses().get(0).partitions().get(1).highWatermark());
        assertNothingLeft();
    }

    @Test
    void shouldAnswerWithNothingWhenTheTimeIsUp() {
        TestRequestContext context = send(12, waiting(fetch(), partition(0, 0)));
        broker.timer().advance(WAIT_MS - 1);
        assertFalse(context.isEnded());
        broker.timer().advance(1);
        assertEquals(0, only(context.response(FetchResponse.class)).records().sizeBytes());
        assertNothingLeft();
    }

    @Test
    void shouldWaitUntilThereAreEnoughBytes() {
        int batchBytes = DataFixture.batch(1).remaining();
        TestRequestContext context =
                send(12, waiting(fetch(), partition(0, 0), partition(1, 0)).minBytes(3 * batchBytes));
        broker.append("events", 0, 1);
        broker.append("events", 1, 1);
        assertFalse(context.isEnded());
        broker.append("events", 0, 1);
        assertTrue(context.isEnded());
        assertEquals(List.of(0, 1), indexes(context.response(FetchResponse.class)));
        assertNothingLeft();
    }

    @Test
    void shouldAnswerWithTooLittleWhenTheTimeIsUp() {
        TestRequestContext context = send(12, waiting(fetch(), partition(0, 0)).minBytes(100_000));
        broker.append("events", 0, 1);
        assertFalse(context.isEnded());
        broker.timer().advance(WAIT_MS);
        assertEquals(
                DataFixture.batch(1).remaining(),
                only(context.response(FetchResponse.class)).records().sizeBytes());
        assertNothingLeft();
    }

    @Test
    void shouldNotWaitWithAnError() {
        FetchResponse response =
                send(12, waiting(fetch(), partition(0, 0), partition(1, 5))).response(FetchResponse.class);
        assertEquals(List.of(0, 1), indexes(response));
        assertNothingLeft();
    }

    @Test
    void shouldWaitBesideAnUnknownPartitionButNotForNothingElse() {
        TestRequestContext beside = send(12, waiting(fetch(), partition(0, 0), partition(9, 0)));
        assertFalse(beside.isEnded());
        broker.append("events", 0, 1);
        assertTrue(beside.isEnded());
        TestRequestContext alone = send(12, waiting(fetch(), partition(9, 0)));
        assertEquals(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code(),
                only(alone.response(FetchResponse.class)).errorCode());
        assertNothingLeft();
    }

    @Test
    void shouldWatchAPartitionOnceHoweverOftenItIsNamed() {
        TestRequestContext context = send(12, waiting(fetch(), partition(0, 0), partition(0, 0), partition(0, 0)));
        assertEquals(1, broker.partition("events", 0).waiterCount());
        broker.append("events", 0, 1);
        assertEquals(List.of(0, 0, 0), indexes(context.response(FetchResponse.class)));
        assertNothingLeft();
    }

    @Test
    void shouldAnswerWhenTheTopicIsDeleted() {
        Uuid id = broker.createTopic("passing", 1, Map.of("file.delete.delay.ms", "0"));
        Partition partition = broker.partition("passing", 0);
        FetchRequest request = waiting(fetch()).topics(List.of(topic("passing", id, partition(0, 0))));
        TestRequestContext context = send(12, request);
        assertFalse(context.isEnded());
        broker.deleteTopic("passing");
        assertTrue(context.isEnded());
        assertEquals(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code(),
                only(context.response(FetchResponse.class)).errorCode());
        assertEquals(0, broker.timer().waiting());
        assertEquals(0, partition.waiterCount());
    }

    @Test
    void shouldLeaveNothingBehindWhenTheConnectionCloses() {
        TestRequestContext context = send(12, waiting(fetch(), partition(0, 0), partition(1, 0)));
        assertEquals(1, broker.partition("events", 0).waiterCount());
        connection.close();
        assertNothingLeft();
        broker.append("events", 0, 1);
        assertFalse(context.isEnded());
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldWaitInASession(int version) {
        TestRequestContext opening = send(version, waiting(session(0, 0), partition(0, 0), partition(1, 0)));
        broker.timer().advance(WAIT_MS);
        FetchResponse opened = opening.response(FetchResponse.class);
        assertEquals(List.of(0, 1), indexes(opened));
        for (int epoch = 1; epoch <= 3; epoch++) {
            TestRequestContext context = send(version, waiting(session(opened.sessionId(), epoch)));
            assertFalse(context.isEnded());
            broker.append("events", 1, 1);
            assertEquals(List.of(1), indexes(context.response(FetchResponse.class)));
            FetchRequest caughtUp = waiting(session(opened.sessionId(), ++epoch), partition(1, (epoch + 1) / 2));
            TestRequestContext silent = send(version, caughtUp);
            assertFalse(silent.isEnded());
            broker.timer().advance(WAIT_MS);
            assertEquals(List.of(), indexes(silent.response(FetchResponse.class)));
        }
        assertEquals(1, broker.partition("events", 0).waiterCount());
        assertEquals(0, broker.timer().waiting());
        connection.close();
        assertNothingLeft();
    }

    @Test
    void shouldOpenASessionWithARequestThatWaited() {
        TestRequestContext opening = send(12, waiting(session(0, 0), partition(0, 0)));
        broker.append("events", 0, 1);
        FetchResponse opened = opening.response(FetchResponse.class);
        TestRequestContext next = send(12, waiting(session(opened.sessionId(), 1), partition(0, 1)));
        assertFalse(next.isEnded());
        broker.append("events", 0, 1);
        assertEquals(2, only(next.response(FetchResponse.class)).highWatermark());
    }

    @Test
    void shouldRefuseTheOlderOfTwoRequestsOfASession() {
        int id = send(12, waiting(session(0, 0).minBytes(0), partition(0, 0)))
                .response(FetchResponse.class)
                .sessionId();
        TestRequestContext older = send(12, waiting(session(id, 1)));
        TestRequestContext newer = send(12, waiting(session(id, 2)));
        assertEquals(
                ErrorCode.INVALID_FETCH_SESSION_EPOCH.code(),
                older.response(FetchResponse.class).errorCode());
        assertFalse(newer.isEnded());
        broker.append("events", 0, 1);
        assertEquals(List.of(0), indexes(newer.response(FetchResponse.class)));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldNotKeepARequestThatClosesTheSessionWaiting(int version) {
        int id = send(version, waiting(session(0, 0).minBytes(0), partition(0, 0)))
                .response(FetchResponse.class)
                .sessionId();
        TestRequestContext silent = send(version, waiting(session(id, 1)));
        assertFalse(silent.isEnded());
        TestRequestContext closing = send(version, session(id, -1));
        assertEquals(0, closing.response(FetchResponse.class).sessionId());
        FetchResponse answer = silent.response(FetchResponse.class);
        assertEquals(0, answer.errorCode());
        assertEquals(List.of(), indexes(answer));
        assertNothingLeft();
    }

    @Test
    void shouldLeaveNothingOfSeveralWaitingRequests() {
        TestRequestContext first = send(12, waiting(fetch(), partition(0, 0)));
        TestRequestContext second = send(12, waiting(fetch(), partition(1, 0)));
        broker.append("events", 0, 1);
        assertTrue(first.isEnded());
        assertFalse(second.isEnded());
        connection.close();
        assertNothingLeft();
        assertFalse(second.isEnded());
    }
}
