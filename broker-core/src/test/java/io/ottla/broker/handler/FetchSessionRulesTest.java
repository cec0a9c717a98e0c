package io.ottla.broker.handler;

import static io.ottla.broker.handler.FetchRequests.forget;
import static io.ottla.broker.handler.FetchRequests.indexes;
import static io.ottla.broker.handler.FetchRequests.only;
import static io.ottla.broker.handler.FetchRequests.partition;
import static io.ottla.broker.handler.FetchRequests.partitions;
import static io.ottla.broker.handler.FetchRequests.session;
import static io.ottla.broker.handler.FetchRequests.topic;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of KIP-227, by names (version 12) and by ids (version 13 and later). */
class FetchSessionRulesTest {

    private DataFixture broker;
    private Uuid topicId;
    private final TestConnection connection = new TestConnection();

    @BeforeEach
    void start() {
        broker = new DataFixture();
        topicId = broker.createTopic("events", 3);
        broker.append("events", 0, 3);
        broker.append("events", 1, 3);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private FetchResponse send(int version, FetchRequest request) {
        return send(version, request, connection);
    }

    private FetchResponse send(int version, FetchRequest request, TestConnection on) {
        TestRequestContext context = new TestRequestContext(ApiKey.FETCH, version, on);
        broker.fetchHandler().handle(request, context);
        assertTrue(context.isEnded());
        return context.response(FetchResponse.class);
    }

    private FetchRequest request(int id, int epoch, FetchRequest.FetchPartition... asked) {
        FetchRequest request = session(id, epoch);
        return asked.length == 0 ? request : request.topics(List.of(topic("events", topicId, asked)));
    }

    private int open(int version, FetchRequest.FetchPartition... asked) {
        FetchResponse response = send(version, request(0, 0, asked));
        assertEquals(0, response.errorCode());
        assertNotEquals(0, response.sessionId());
        return response.sessionId();
    }

    private static void assertError(ErrorCode error, FetchResponse response) {
        assertEquals(error, ErrorCode.forCode(response.errorCode()));
        assertTrue(response.responses().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 12, 13, 18})
    void shouldAnswerAllPartitionsFirstAndOnlyNewsLater(int version) {
        FetchResponse first = send(version, request(0, 0, partition(0, 0), partition(1, 3), partition(2, 0)));
        int id = first.sessionId();
        assertEquals(List.of(0, 1, 2), indexes(first));
        assertEquals(List.of(0), indexes(send(version, request(id, 1))));
        FetchResponse caughtUp = send(version, request(id, 2, partition(0, 3)));
        assertEquals(id, caughtUp.sessionId());
        assertEquals(List.of(), indexes(caughtUp));
        broker.append("events", 2, 1);
        FetchResponse grown = send(version, request(id, 3));
        assertEquals(List.of(2), indexes(grown));
        assertEquals(1, only(grown).highWatermark());
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldHoldClientsToTheEpoch(int version) {
        int id = open(version, partition(0, 0));
        assertEquals(List.of(0), indexes(send(version, request(id, 1))));
        assertError(ErrorCode.INVALID_FETCH_SESSION_EPOCH, send(version, request(id, 1)));
        assertError(ErrorCode.INVALID_FETCH_SESSION_EPOCH, send(version, request(id, 3)));
        assertEquals(List.of(0), indexes(send(version, request(id, 2))));
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(id == 1 ? 2 : id - 1, 3)));
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(0, 5)));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldNotMixNamesAndIds(int version) {
        int id = open(version, partition(0, 0));
        assertError(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR, send(version == 12 ? 13 : 12, request(id, 1)));
        assertEquals(List.of(0), indexes(send(version, request(id, 1))));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldCloseASession(int version) {
        int id = open(version, partition(0, 0));
        assertEquals(1, broker.sessions().size());
        FetchResponse closed = send(version, request(id, -1));
        assertEquals(0, closed.errorCode());
        assertEquals(0, closed.sessionId());
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(id, 1)));
        assertEquals(0, broker.sessions().size());
        assertEquals(0, broker.partition("events", 0).waiterCount());
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldReplaceASession(int version) {
        int id = open(version, partition(0, 0));
        FetchResponse next = send(version, request(id, 0, partition(1, 0)));
        assertNotEquals(id, next.sessionId());
        assertEquals(List.of(1), indexes(next));
        assertEquals(1, broker.sessions().size());
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(id, 1)));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldForgetPartitionsAndEndWithTheLast(int version) {
        int id = open(version, partition(0, 0), partition(1, 0));
        FetchRequest forgetOne = request(id, 1);
        forgetOne.forgottenTopicsData(List.of(forget("events", topicId, 1)));
        assertEquals(List.of(0), indexes(send(version, forgetOne)));
        assertEquals(0, broker.partition("events", 1).waiterCount());
        FetchRequest forgetAll = request(id, 2);
        forgetAll.forgottenTopicsData(List.of(forget("events", topicId, 0)));
        FetchResponse last = send(version, forgetAll);
        assertEquals(0, last.errorCode());
        assertEquals(0, last.sessionId());
        assertTrue(last.responses().isEmpty());
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(id, 3)));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldServePartitionsInTurnWhenAnAnswerIsFull(int version) {
        int id = open(version, partition(0, 0), partition(1, 0));
        FetchResponse one = send(version, request(id, 1).maxBytes(1));
        FetchResponse two = send(version, request(id, 2).maxBytes(1));
        FetchResponse three = send(version, request(id, 3).maxBytes(1));
        assertEquals(List.of(0), indexes(one));
        assertEquals(List.of(1), indexes(two));
        assertEquals(List.of(0), indexes(three));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldRepeatErrorsAndTellOfTheirEnd(int version) {
        int id = open(version, partition(0, 3));
        for (int epoch = 1; epoch <= 2; epoch++) {
            FetchResponse failed = send(version, request(id, epoch, partition(0, 99)));
            assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE.code(), only(failed).errorCode());
        }
        assertEquals(
                ErrorCode.OFFSET_OUT_OF_RANGE.code(),
                only(send(version, request(id, 3))).errorCode());
        FetchResponse healed = send(version, request(id, 4, partition(0, 3)));
        assertEquals(0, only(healed).errorCode());
        assertEquals(3, only(healed).highWatermark());
        assertEquals(List.of(), indexes(send(version, request(id, 5))));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldTellOfAMovedLogStart(int version) {
        int id = open(version, partition(0, 3));
        assertEquals(List.of(), indexes(send(version, request(id, 1))));
        broker.partition("events", 0).log().deleteRecordsBefore(2);
        broker.partition("events", 0).signalStartMoved();
        assertEquals(2, only(send(version, request(id, 2))).logStartOffset());
        assertEquals(List.of(), indexes(send(version, request(id, 3))));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldTellOfADeletedAndOfARecreatedTopic(int version) {
        int id = open(version, partition(0, 3));
        broker.deleteTopic("events");
        assertEquals(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code(),
                only(send(version, request(id, 1))).errorCode());
        broker.createTopic("events", 1);
        FetchResponse again = send(version, request(id, 2));
        assertEquals(
                (version < 13 ? ErrorCode.OFFSET_OUT_OF_RANGE : ErrorCode.INCONSISTENT_TOPIC_ID).code(),
                only(again).errorCode());
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldEndTheSessionWithItsConnection(int version) {
        int id = open(version, partition(0, 0));
        connection.close();
        assertEquals(0, broker.sessions().size());
        assertEquals(0, broker.partition("events", 0).waiterCount());
        assertError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, send(version, request(id, 1), new TestConnection()));
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldMakeRoomForNewSessionsOnlyWhenOldOnesAreIdle(int version) {
        for (int i = 0; i < DataFixture.SESSION_SLOTS; i++) {
            open(version, partition(0, 0), partition(1, 0));
        }
        FetchResponse refused = send(version, request(0, 0, partition(0, 0)));
        assertEquals(0, refused.errorCode());
        assertEquals(0, refused.sessionId());
        assertFalse(refused.responses().isEmpty());
        broker.clock().advance(Duration.ofMinutes(3));
        assertNotEquals(0, open(version, partition(0, 0)));
        assertEquals(DataFixture.SESSION_SLOTS, broker.sessions().size());
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void shouldCountAPartitionNamedTwiceOnce(int version) {
        int id = open(version, partition(0, 0), partition(1, 0), partition(0, 3));
        FetchResponse next = send(version, request(id, 1));
        assertEquals(List.of(1), indexes(next));
        assertEquals(1, partitions(next).size());
        assertEquals(2, broker.sessions().partitionCount());
    }
}
