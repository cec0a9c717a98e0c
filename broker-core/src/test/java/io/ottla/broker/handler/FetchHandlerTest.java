package io.ottla.broker.handler;

import static io.ottla.broker.handler.FetchRequests.fetch;
import static io.ottla.broker.handler.FetchRequests.only;
import static io.ottla.broker.handler.FetchRequests.partition;
import static io.ottla.broker.handler.FetchRequests.partitions;
import static io.ottla.broker.handler.FetchRequests.topic;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.FetchResponse.PartitionData;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FetchHandlerTest {

    private DataFixture broker;
    private Uuid topicId;
    private int batchBytes;

    @BeforeEach
    void start() {
        broker = new DataFixture();
        topicId = broker.createTopic("events", 2);
        batchBytes = DataFixture.batch(3).remaining();
        broker.append("events", 0, 3);
        broker.append("events", 0, 3);
        broker.append("events", 1, 3);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private FetchResponse send(int version, FetchRequest request) {
        return broker.send(broker.fetchHandler(), request, version, FetchResponse.class);
    }

    private FetchRequest request(FetchRequest.FetchPartition... asked) {
        return fetch().topics(List.of(topic("events", topicId, asked)));
    }

    private static void assertFailed(ErrorCode error, PartitionData answer) {
        assertEquals(error, ErrorCode.forCode(answer.errorCode()));
        assertEquals(-1, answer.highWatermark());
        assertEquals(-1, answer.lastStableOffset());
        assertEquals(-1, answer.logStartOffset());
        assertEquals(0, answer.records().sizeBytes());
    }

    @Test
    void shouldAnswerEveryVersion() {
        for (int version = 4; version <= 18; version++) {
            FetchResponse response = send(version, request(partition(0, 0), partition(1, 0)));
            assertEquals(0, response.errorCode());
            assertEquals(0, response.sessionId());
            assertEquals(1, response.responses().size());
            assertEquals(
                    version < 13 ? "events" : "", response.responses().get(0).topic());
            PartitionData first = partitions(response).get(0);
            assertEquals(0, first.errorCode());
            assertEquals(6, first.highWatermark());
            assertEquals(6, first.lastStableOffset());
            assertEquals(0, first.logStartOffset());
            assertEquals(-1, first.preferredReadReplica());
            assertNull(first.abortedTransactions());
            assertEquals(2 * batchBytes, first.records().sizeBytes());
            assertEquals(batchBytes, partitions(response).get(1).records().sizeBytes());
        }
    }

    @Test
    void shouldStartWithTheBatchThatHoldsTheOffset() {
        assertEquals(
                batchBytes, only(send(12, request(partition(0, 4)))).records().sizeBytes());
        assertEquals(0, only(send(12, request(partition(0, 6)))).records().sizeBytes());
    }

    @Test
    void shouldReturnTheFirstBatchWholeHoweverSmallTheLimits() {
        List<PartitionData> answers = partitions(
                send(12, request(partition(0, 0, 1), partition(1, 0, 1)).maxBytes(1)));
        assertEquals(batchBytes, answers.get(0).records().sizeBytes());
        assertEquals(0, answers.get(1).records().sizeBytes());
        assertEquals(3, answers.get(1).highWatermark());
        assertEquals(
                batchBytes,
                only(send(12, request(partition(0, 0, 0)))).records().sizeBytes());
    }

    @Test
    void shouldShareTheLimitAmongPartitions() {
        List<PartitionData> answers = partitions(send(
                12,
                request(partition(0, 0, batchBytes), partition(1, 0, batchBytes))
                        .maxBytes(2 * batchBytes)));
        assertEquals(batchBytes, answers.get(0).records().sizeBytes());
        assertEquals(batchBytes, answers.get(1).records().sizeBytes());
    }

    @Test
    void shouldRefuseOffsetsOutOfRange() {
        assertFailed(ErrorCode.OFFSET_OUT_OF_RANGE, only(send(12, request(partition(0, 7)))));
        assertFailed(ErrorCode.OFFSET_OUT_OF_RANGE, only(send(12, request(partition(0, -1)))));
        broker.partition("events", 0).log().deleteRecordsBefore(4);
        assertFailed(ErrorCode.OFFSET_OUT_OF_RANGE, only(send(12, request(partition(0, 3)))));
        assertEquals(4, only(send(12, request(partition(0, 4)))).logStartOffset());
    }

    @Test
    void shouldTellUnknownTopicsFromUnknownPartitions() {
        FetchRequest unknownName = fetch().topics(List.of(topic("nowhere", Uuid.ZERO, partition(0, 0))));
        PartitionData answer = only(send(12, unknownName));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, answer);
        assertEquals(List.of(), answer.abortedTransactions());
        FetchRequest unknownId = fetch().topics(List.of(topic("", new Uuid(1, 2), partition(0, 0))));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_ID, only(send(13, unknownId)));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, only(send(13, request(partition(44, 0)))));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, only(send(13, request(partition(-1, 0)))));
    }

    @Test
    void shouldCheckTheLeaderEpoch() {
        assertFailed(
                ErrorCode.UNKNOWN_LEADER_EPOCH,
                only(send(16, request(partition(0, 0).currentLeaderEpoch(7)))));
        assertEquals(
                0,
                only(send(16, request(partition(0, 0).currentLeaderEpoch(0)))).errorCode());
    }

    @Test
    void shouldFindDivergingLogs() {
        PartitionData same = only(send(12, request(partition(0, 3).lastFetchedEpoch(0))));
        assertEquals(batchBytes, same.records().sizeBytes());
        assertEquals(-1, same.divergingEpoch().endOffset());
        PartitionData cut = only(send(12, request(partition(0, 100).lastFetchedEpoch(0))));
        assertEquals(0, cut.errorCode());
        assertEquals(0, cut.divergingEpoch().epoch());
        assertEquals(6, cut.divergingEpoch().endOffset());
        assertEquals(0, cut.records().sizeBytes());
        assertFailed(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                only(send(12, request(partition(0, 3).lastFetchedEpoch(3)))));
    }

    @Test
    void shouldHaveNoFollowers() {
        assertFailed(
                ErrorCode.NOT_LEADER_OR_FOLLOWER,
                only(send(12, request(partition(0, 0)).replicaId(5))));
        assertFailed(
                ErrorCode.UNKNOWN_LEADER_EPOCH,
                only(send(12, request(partition(0, 0).currentLeaderEpoch(0)).replicaId(5))));
        FetchRequest moved = request(partition(0, 0));
        moved.replicaState().replicaId(5);
        assertFailed(ErrorCode.NOT_LEADER_OR_FOLLOWER, only(send(17, moved)));
    }

    @Test
    void shouldListAbortedTransactionsForReadCommittedOnly() {
        PartitionData answer = only(send(12, request(partition(0, 0)).isolationLevel((byte) 1)));
        assertEquals(List.of(), answer.abortedTransactions());
        assertEquals(2 * batchBytes, answer.records().sizeBytes());
        assertThrows(ApiException.class, () -> send(12, request(partition(0, 0)).isolationLevel((byte) 7)));
    }

    @Test
    void shouldSendClientsToTheLeader() {
        TestRequestContext context = new TestRequestContext(ApiKey.FETCH, 16, new TestConnection(99));
        broker.fetchHandler().handle(request(partition(0, 0)), context);
        PartitionData answer = only(context.response(FetchResponse.class));
        assertFailed(ErrorCode.NOT_LEADER_OR_FOLLOWER, answer);
        assertEquals(broker.brokerId(), answer.currentLeader().leaderId());
    }

    @Test
    void shouldAnswerNothingToARequestForNothing() {
        FetchResponse response = send(12, fetch().maxWaitMs(10_000));
        assertTrue(response.responses().isEmpty());
        assertEquals(0, response.errorCode());
    }
}
