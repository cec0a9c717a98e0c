package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.transaction.TransactionAdmission.Mode;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TransactionalProduceTest {

    private static final long PRODUCER = 7;
    private static final TopicPartition FIRST = new TopicPartition("events", 0);
    private static final TopicPartition SECOND = new TopicPartition("events", 1);

    private final TestConnection connection = new TestConnection();
    private DataFixture broker;
    private Uuid topicId;

    @BeforeEach
    void start() {
        broker = new DataFixture();
        topicId = broker.createTopic("events", 2);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private static ByteBuffer batch(long producerId, int epoch, int sequence, boolean transactional) {
        return new RecordBatchBuilder()
                .producer(producerId, (short) epoch, sequence)
                .transactional(transactional)
                .append(1L, null, new byte[] {1})
                .build();
    }

    private ProduceRequest request(Map<Integer, ByteBuffer> recordsByPartition) {
        List<ProduceRequest.PartitionProduceData> data = new ArrayList<>();
        recordsByPartition.forEach((index, records) ->
                data.add(new ProduceRequest.PartitionProduceData().index(index).records(records)));
        return new ProduceRequest()
                .transactionalId("orders")
                .acks((short) -1)
                .topicData(List.of(new ProduceRequest.TopicProduceData()
                        .name("events")
                        .topicId(topicId)
                        .partitionData(data)));
    }

    private TestRequestContext send(int version, ProduceRequest request) {
        TestRequestContext context = new TestRequestContext(ApiKey.PRODUCE, version, connection);
        broker.produceHandler().handle(request, context);
        return context;
    }

    private static PartitionProduceResponse answer(TestRequestContext context) {
        return context.response(ProduceResponse.class)
                .responses()
                .get(0)
                .partitionResponses()
                .get(0);
    }

    private ErrorCode produce(int version, int epoch, int sequence) {
        return error(answer(send(version, request(Map.of(0, batch(PRODUCER, epoch, sequence, true))))));
    }

    private static ErrorCode error(PartitionProduceResponse answer) {
        return ErrorCode.forCode(answer.errorCode());
    }

    private void marker(int epoch, int transactionVersion) {
        broker.partition("events", 0)
                .appendMarker(
                        ControlRecords.endTransaction(ControlRecordType.COMMIT, 1L, PRODUCER, (short) epoch, 0),
                        (short) transactionVersion);
    }

    private int questionCount() {
        return broker.admission().questions().size();
    }

    @Test
    void shouldAskOncePerTransactionAndPartition() {
        assertEquals(ErrorCode.NONE, produce(12, 0, 0));
        assertEquals(ErrorCode.NONE, produce(12, 0, 1));
        assertEquals(1, questionCount());
        TestAdmission.Question question = broker.admission().questions().get(0);
        assertEquals("orders", question.transactionalId());
        assertEquals(PRODUCER, question.producerId());
        assertEquals(0, question.producerEpoch());
        assertEquals(List.of(FIRST), question.partitions());
        assertEquals(Mode.ADD, question.mode());
        marker(1, 2);
        assertEquals(ErrorCode.INVALID_PRODUCER_EPOCH, produce(12, 0, 2));
        assertEquals(ErrorCode.NONE, produce(13, 1, 0));
        assertEquals(2, questionCount());
    }

    @Test
    void shouldOnlyVerifyForOlderClients() {
        assertEquals(ErrorCode.NONE, produce(11, 0, 0));
        assertEquals(Mode.VERIFY, broker.admission().questions().get(0).mode());
        marker(0, 1);
        assertEquals(ErrorCode.NONE, produce(11, 0, 1));
        assertEquals(2, questionCount());
    }

    @Test
    void shouldNotAskIfToldNotTo() {
        broker.close();
        broker = new DataFixture(
                DataFixture.temporaryDirectory(), Map.of("transaction.partition.verification.enable", "false"));
        topicId = broker.createTopic("events", 2);
        assertEquals(ErrorCode.NONE, produce(11, 0, 0));
        assertEquals(0, questionCount());
        marker(0, 1);
        assertEquals(ErrorCode.NONE, produce(12, 0, 1));
        assertEquals(1, questionCount());
    }

    @Test
    void shouldTellTheCoordinatorsErrorsAsTheVersionKnowsThem() {
        assertError(11, ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.TRANSACTION_ABORTABLE, null);
        String notAdded = "Partition was not added to the transaction";
        assertError(10, ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.INVALID_TXN_STATE, notAdded);
        assertError(12, ErrorCode.INVALID_TXN_STATE, ErrorCode.INVALID_TXN_STATE, notAdded);
        assertError(12, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH, null);
        assertError(12, ErrorCode.INVALID_PRODUCER_ID_MAPPING, ErrorCode.INVALID_PRODUCER_ID_MAPPING, null);
        assertError(
                12,
                ErrorCode.NOT_COORDINATOR,
                ErrorCode.NOT_ENOUGH_REPLICAS,
                "Unable to verify the partition has been added to the transaction. Underlying error: NOT_COORDINATOR");
        assertError(
                11,
                ErrorCode.CONCURRENT_TRANSACTIONS,
                ErrorCode.NOT_ENOUGH_REPLICAS,
                "Unable to verify the partition has been added to the transaction. Underlying error:"
                        + " CONCURRENT_TRANSACTIONS");
        assertEquals(0, broker.partition("events", 0).log().logEndOffset());
    }

    private void assertError(int version, ErrorCode coordinators, ErrorCode expected, String message) {
        broker.admission().answer(FIRST, coordinators);
        PartitionProduceResponse answer = answer(send(version, request(Map.of(0, batch(PRODUCER, 0, 0, true)))));
        assertEquals(expected, error(answer));
        assertEquals(message, answer.errorMessage());
        assertEquals(-1, answer.logStartOffset());
    }

    @Test
    void shouldAskAgainWhileTheTransactionBeforeIsBeingEnded() {
        broker.admission().answer(FIRST, ErrorCode.CONCURRENT_TRANSACTIONS);
        TestRequestContext context = send(12, request(Map.of(0, batch(PRODUCER, 0, 0, true))));
        assertFalse(context.isEnded());
        broker.admission().answer(FIRST, ErrorCode.NONE);
        broker.timer().advance(20);
        assertEquals(ErrorCode.NONE, error(answer(context)));
        marker(1, 2);

        broker.admission().answer(FIRST, ErrorCode.CONCURRENT_TRANSACTIONS);
        TestRequestContext unlucky = send(12, request(Map.of(0, batch(PRODUCER, 1, 0, true))));
        broker.clock().advance(Duration.ofMillis(100));
        broker.timer().advance(20);
        assertEquals(ErrorCode.CONCURRENT_TRANSACTIONS, error(answer(unlucky)));
    }

    @Test
    void shouldKeepTheOrderOfAConnectionWhileTheCoordinatorThinks() {
        broker.admission().hold();
        TestRequestContext first = send(12, request(Map.of(0, batch(PRODUCER, 0, 0, true))));
        TestRequestContext second = send(12, request(Map.of(0, batch(PRODUCER, 0, 1, true))));
        TestRequestContext third = send(12, request(Map.of(1, batch(PRODUCER, 0, 0, true))));
        TestRequestContext fourth = send(12, request(Map.of(1, batch(PRODUCER, 0, 1, true))));
        assertFalse(first.isEnded() || second.isEnded() || third.isEnded() || fourth.isEnded());
        assertEquals(1, questionCount());
        broker.admission().release();
        for (TestRequestContext each : List.of(first, second, third, fourth)) {
            assertEquals(ErrorCode.NONE, error(answer(each)));
        }
        assertEquals(0, answer(first).baseOffset());
        assertEquals(1, answer(second).baseOffset());
        assertEquals(2, questionCount());
        assertEquals(ErrorCode.NONE, produce(12, 0, 2));
    }

    @Test
    void shouldAnswerAndGoOnThoughTheCoordinatorBreaksDown() {
        broker.admission().breakDown(true);
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, produce(12, 0, 0));
        broker.admission().breakDown(false);
        assertEquals(ErrorCode.NONE, produce(12, 0, 0));
        marker(1, 2);

        broker.admission().answer(FIRST, ErrorCode.CONCURRENT_TRANSACTIONS);
        TestRequestContext waiting = send(12, request(Map.of(0, batch(PRODUCER, 1, 0, true))));
        TestRequestContext behind = send(12, request(Map.of(1, batch(PRODUCER, 1, 0, true))));
        assertFalse(waiting.isEnded() || behind.isEnded());
        broker.admission().breakDown(true);
        broker.timer().advance(20);
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, error(answer(waiting)));
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR, error(answer(behind)));
    }

    @Test
    void shouldAnswerThoughThePartitionIsDeletedWhileTheCoordinatorThinks() {
        broker.admission().answer(FIRST, ErrorCode.CONCURRENT_TRANSACTIONS);
        TestRequestContext waiting = send(12, request(Map.of(0, batch(PRODUCER, 0, 0, true))));
        TestRequestContext behind = send(12, request(Map.of(0, batch(PRODUCER, 0, 1, true))));
        broker.deleteTopic("events");
        broker.timer().advance(20);
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(answer(waiting)));
        assertEquals(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, error(answer(behind)));
    }

    @Test
    void shouldNotOpenATransactionThatWasEndedMeanwhile() {
        broker.admission().hold();
        TestRequestContext late = send(11, request(Map.of(0, batch(PRODUCER, 0, 0, true))));
        marker(0, 1);
        broker.admission().release();
        assertEquals(ErrorCode.INVALID_TXN_STATE, error(answer(late)));
        assertEquals(
                broker.partition("events", 0).highWatermark(),
                broker.partition("events", 0).log().lastStableOffset());
    }

    @Test
    void shouldAskForThePartitionsWithTransactionalRecordsOnly() {
        broker.admission().answer(SECOND, ErrorCode.PRODUCER_FENCED);
        TestRequestContext context =
                send(12, request(Map.of(0, batch(PRODUCER, 0, 0, false), 1, batch(PRODUCER, 0, 0, true))));
        for (PartitionProduceResponse each :
                context.response(ProduceResponse.class).responses().get(0).partitionResponses()) {
            assertEquals(each.index() == 0 ? ErrorCode.NONE : ErrorCode.INVALID_PRODUCER_EPOCH, error(each));
        }
        assertEquals(List.of(SECOND), broker.admission().questions().get(0).partitions());
    }

    @Test
    void shouldRefuseTransactionalRecordsWithoutATransactionalId() {
        PartitionProduceResponse answer =
                answer(send(12, request(Map.of(0, batch(PRODUCER, 0, 0, true))).transactionalId(null)));
        assertEquals(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, error(answer));
    }

    @Test
    void shouldRefuseRecordsOfTwoProducers() {
        ProduceRequest request = request(Map.of(0, batch(PRODUCER, 0, 0, true), 1, batch(PRODUCER + 1, 0, 0, true)));
        TestRequestContext context = new TestRequestContext(ApiKey.PRODUCE, 12, connection);
        ApiException refused =
                assertThrows(ApiException.class, () -> broker.produceHandler().handle(request, context));
        assertEquals(ErrorCode.INVALID_PRODUCER_ID_MAPPING, refused.error());
        assertTrue(broker.admission().questions().isEmpty());
    }
}
