package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProduceHandlerTest {

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

    private static ProduceRequest request(int acks, String topic, int partition, ByteBuffer records) {
        return new ProduceRequest()
                .transactionalId(null)
                .acks((short) acks)
                .timeoutMs(1000)
                .topicData(List.of(new ProduceRequest.TopicProduceData()
                        .name(topic)
                        .partitionData(List.of(new ProduceRequest.PartitionProduceData()
                                .index(partition)
                                .records(records)))));
    }

    private ProduceResponse send(int version, ProduceRequest request) {
        return broker.send(broker.produceHandler(), request, version, ProduceResponse.class);
    }

    private PartitionProduceResponse produce(int version, ProduceRequest request) {
        ProduceResponse response = send(version, request);
        assertEquals(1, response.responses().size());
        assertEquals(1, response.responses().get(0).partitionResponses().size());
        return response.responses().get(0).partitionResponses().get(0);
    }

    private static void assertFailed(ErrorCode error, PartitionProduceResponse answer) {
        assertEquals(error, ErrorCode.forCode(answer.errorCode()));
        assertEquals(-1, answer.baseOffset());
        assertEquals(-1, answer.logAppendTimeMs());
    }

    @Test
    void shouldAnswerTheBaseOffsetInEveryVersion() {
        long expected = 0;
        for (int version = 3; version <= 13; version++) {
            ProduceRequest request = request(version % 2 == 0 ? 1 : -1, "events", 0, DataFixture.batch(3));
            request.topicData().get(0).topicId(topicId);
            PartitionProduceResponse answer = produce(version, request);
            assertEquals(0, answer.errorCode());
            assertEquals(expected, answer.baseOffset());
            assertEquals(-1, answer.logAppendTimeMs());
            assertEquals(0, answer.logStartOffset());
            expected += 3;
        }
        assertEquals(expected, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldHaveNoAnswerToAFailureWithoutAcks() {
        ApiMessage answered = broker.produceHandler()
                .errorResponse(
                        request(1, "events", 0, DataFixture.batch(1)), (short) 9, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        assertFailed(
                ErrorCode.UNKNOWN_SERVER_ERROR,
                ((ProduceResponse) answered)
                        .responses()
                        .get(0)
                        .partitionResponses()
                        .get(0));
        assertNull(broker.produceHandler()
                .errorResponse(
                        request(0, "events", 0, DataFixture.batch(1)),
                        (short) 9,
                        ErrorCode.UNKNOWN_SERVER_ERROR,
                        null));
    }

    @Test
    void shouldAnswerEachPartitionOnItsOwn() {
        ProduceRequest request = new ProduceRequest()
                .transactionalId(null)
                .acks((short) -1)
                .topicData(List.of(
                        new ProduceRequest.TopicProduceData()
                                .name("events")
                                .partitionData(List.of(
                                        new ProduceRequest.PartitionProduceData()
                                                .index(0)
                                                .records(DataFixture.batch(1)),
                                        new ProduceRequest.PartitionProduceData()
                                                .index(7)
                                                .records(DataFixture.batch(1)),
                                        new ProduceRequest.PartitionProduceData()
                                                .index(1)
                                                .records(DataFixture.batch(2)))),
                        new ProduceRequest.TopicProduceData()
                                .name("nowhere")
                                .partitionData(List.of(new ProduceRequest.PartitionProduceData()
                                        .index(0)
                                        .records(DataFixture.batch(1))))));
        ProduceResponse response = send(9, request);
        List<PartitionProduceResponse> events = response.responses().get(0).partitionResponses();
        assertEquals(0, events.get(0).errorCode());
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, events.get(1));
        assertEquals(0, events.get(2).errorCode());
        assertFailed(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                response.responses().get(1).partitionResponses().get(0));
        assertEquals(1, broker.partition("events", 0).highWatermark());
        assertEquals(2, broker.partition("events", 1).highWatermark());
    }

    @Test
    void shouldTellUnknownTopicsFromUnknownPartitions() {
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, produce(9, request(1, "events", -1, DataFixture.batch(1))));
        ProduceRequest unknownId = request(1, "", 0, DataFixture.batch(1));
        unknownId.topicData().get(0).topicId(new Uuid(1, 2));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_ID, produce(13, unknownId));
        ProduceRequest unknownPartition = request(1, "", 9, DataFixture.batch(1));
        unknownPartition.topicData().get(0).topicId(topicId);
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, produce(13, unknownPartition));
    }

    @Test
    void shouldRefuseOtherAcks() {
        assertFailed(ErrorCode.INVALID_REQUIRED_ACKS, produce(9, request(2, "events", 0, DataFixture.batch(1))));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, produce(9, request(2, "none", 0, DataFixture.batch(1))));
        assertEquals(0, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldTakeExactlyOneBatch() {
        ByteBuffer two = DataFixture.concat(DataFixture.batch(1), DataFixture.batch(1));
        assertFailed(ErrorCode.INVALID_RECORD, produce(9, request(1, "events", 0, two)));
        assertFailed(ErrorCode.INVALID_RECORD, produce(9, request(1, "events", 0, ByteBuffer.allocate(0))));
        assertFailed(ErrorCode.INVALID_RECORD, produce(9, request(1, "events", 0, null)));
        ByteBuffer torn = DataFixture.concat(
                DataFixture.batch(1), DataFixture.batch(2).duplicate().limit(30));
        PartitionProduceResponse answer = produce(9, request(1, "events", 0, torn));
        assertEquals(0, answer.errorCode());
        assertEquals(1, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldRefuseWhatIsNoBatchOfThisFormat() {
        PartitionProduceResponse zeros = produce(9, request(1, "events", 0, ByteBuffer.allocate(100)));
        assertFailed(ErrorCode.CORRUPT_MESSAGE, zeros);
        assertEquals("Record size 0 is less than the minimum record overhead (14)", zeros.errorMessage());
        ByteBuffer old = DataFixture.batch(1);
        old.put(16, (byte) 1);
        assertFailed(ErrorCode.INVALID_RECORD, produce(9, request(1, "events", 0, old)));
        ByteBuffer future = DataFixture.batch(1);
        future.put(16, (byte) 3);
        assertFailed(ErrorCode.CORRUPT_MESSAGE, produce(9, request(1, "events", 0, future)));
        ByteBuffer damaged = DataFixture.batch(1);
        damaged.put(70, (byte) 99);
        PartitionProduceResponse answer = produce(9, request(1, "events", 0, damaged));
        assertFailed(ErrorCode.CORRUPT_MESSAGE, answer);
        assertNull(answer.errorMessage());
        ByteBuffer tooLong = DataFixture.batch(1);
        tooLong.putInt(8, tooLong.getInt(8) + 10);
        assertFailed(ErrorCode.INVALID_RECORD, produce(9, request(1, "events", 0, tooLong)));
        assertEquals(0, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldAllowZstdFromVersionSeven() {
        ByteBuffer zstd = new RecordBatchBuilder()
                .compression(CompressionType.ZSTD)
                .append(1L, null, new byte[100])
                .build();
        assertFailed(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, produce(6, request(1, "events", 0, zstd)));
        assertEquals(0, produce(7, request(1, "events", 0, zstd)).errorCode());
    }

    @Test
    void shouldRefuseTooLargeBatchesAndKeylessRecordsOfCompactedTopics() {
        broker.createTopic("small", 1, Map.of("max.message.bytes", "100"));
        assertFailed(ErrorCode.MESSAGE_TOO_LARGE, produce(9, request(1, "small", 0, DataFixture.batch(20))));
        broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        ByteBuffer keyless = new RecordBatchBuilder()
                .append(1L, new byte[] {1}, new byte[] {1})
                .append(1L, null, new byte[] {1})
                .build();
        PartitionProduceResponse answer = produce(9, request(1, "compacted", 0, keyless));
        assertFailed(ErrorCode.INVALID_RECORD, answer);
        assertEquals(0, answer.logStartOffset());
        assertEquals(1, answer.recordErrors().size());
        assertEquals(1, answer.recordErrors().get(0).batchIndex());
        String fault = "Compacted topic cannot accept message without key in topic partition compacted-0";
        assertEquals(fault, answer.recordErrors().get(0).batchIndexErrorMessage());
        assertEquals(
                "One or more records have been rejected due to 1 record errors in total, and only showing the first three"
                        + " errors at most: [RecordError(batchIndex=1, message='" + fault + "')]",
                answer.errorMessage());
    }

    @Test
    void shouldSayWhichTimestampsAreOutOfRange() {
        broker.createTopic("punctual", 1, Map.of("message.timestamp.after.max.ms", "1000"));
        long nowMs = broker.clock().timeMs();
        ByteBuffer batch = new RecordBatchBuilder()
                .append(nowMs, null, new byte[] {1})
                .append(nowMs + 2000, null, new byte[] {1})
                .build();
        PartitionProduceResponse answer = produce(9, request(1, "punctual", 0, batch));
        assertFailed(ErrorCode.INVALID_TIMESTAMP, answer);
        assertEquals(0, answer.logStartOffset());
        assertEquals("One or more records have been rejected due to invalid timestamp", answer.errorMessage());
        assertEquals(1, answer.recordErrors().size());
        assertEquals(1, answer.recordErrors().get(0).batchIndex());
        String fault = answer.recordErrors().get(0).batchIndexErrorMessage();
        assertTrue(
                fault.startsWith("Timestamp " + (nowMs + 2000) + " of message with offset 1 is out of range."), fault);
    }

    @Test
    void shouldStampRecordsWhereTheTopicAsksForIt() {
        broker.createTopic("stamped", 1, Map.of("message.timestamp.type", "LogAppendTime"));
        PartitionProduceResponse answer = produce(9, request(1, "stamped", 0, DataFixture.batch(2)));
        assertEquals(broker.clock().timeMs(), answer.logAppendTimeMs());
    }

    @Test
    void shouldKeepInternalTopicsForItself() {
        broker.ensureTopic("__consumer_offsets");
        ProduceRequest request = request(1, "__consumer_offsets", 0, DataFixture.batch(1));
        assertFailed(ErrorCode.INVALID_TOPIC_EXCEPTION, produce(9, request));
        TestRequestContext admin = new TestRequestContext(ApiKey.PRODUCE, 9, new TestConnection(), "__admin_client");
        broker.produceHandler().handle(request, admin);
        assertEquals(
                0,
                admin.response(ProduceResponse.class)
                        .responses()
                        .get(0)
                        .partitionResponses()
                        .get(0)
                        .errorCode());
    }

    @Test
    void shouldNotAnswerWithoutAcksAndHangUpOnFailure() {
        TestRequestContext good = new TestRequestContext(ApiKey.PRODUCE, 9);
        broker.produceHandler().handle(request(0, "events", 0, DataFixture.batch(1)), good);
        assertEquals(TestRequestContext.Kind.COMPLETED, good.kind());
        TestRequestContext bad = new TestRequestContext(ApiKey.PRODUCE, 9);
        broker.produceHandler().handle(request(0, "nowhere", 0, DataFixture.batch(1)), bad);
        assertEquals(TestRequestContext.Kind.DISCONNECTED, bad.kind());
        assertEquals(1, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldAnswerARetryWithItsFirstOffset() {
        assertEquals(
                0, produce(9, request(-1, "events", 0, idempotent(2, 0, 0))).baseOffset());
        assertEquals(
                2, produce(9, request(-1, "events", 0, idempotent(2, 0, 2))).baseOffset());
        PartitionProduceResponse again = produce(9, request(-1, "events", 0, idempotent(2, 0, 0)));
        assertEquals(0, again.errorCode());
        assertEquals(0, again.baseOffset());
        assertEquals(4, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldRefuseSequencesOutOfOrderAndOldEpochs() {
        assertEquals(
                0, produce(9, request(-1, "events", 0, idempotent(2, 0, 0))).errorCode());
        PartitionProduceResponse gap = produce(9, request(-1, "events", 0, idempotent(2, 0, 9)));
        assertFailed(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, gap);
        assertEquals(0, gap.logStartOffset());
        assertNull(gap.errorMessage());
        assertFailed(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, produce(9, request(-1, "events", 0, idempotent(2, 1, 5))));
        assertEquals(
                0, produce(9, request(-1, "events", 0, idempotent(2, 1, 0))).errorCode());
        assertFailed(ErrorCode.INVALID_PRODUCER_EPOCH, produce(9, request(-1, "events", 0, idempotent(2, 0, 2))));
        assertEquals(4, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldSendClientsToTheLeader() {
        TestRequestContext context = new TestRequestContext(ApiKey.PRODUCE, 10, new TestConnection(99));
        broker.produceHandler().handle(request(1, "events", 0, DataFixture.batch(1)), context);
        PartitionProduceResponse answer = context.response(ProduceResponse.class)
                .responses()
                .get(0)
                .partitionResponses()
                .get(0);
        assertFailed(ErrorCode.NOT_LEADER_OR_FOLLOWER, answer);
        assertEquals(broker.brokerId(), answer.currentLeader().leaderId());
    }

    private static ByteBuffer idempotent(int count, int epoch, int sequence) {
        RecordBatchBuilder builder = new RecordBatchBuilder().producer(4711, (short) epoch, sequence);
        for (int i = 0; i < count; i++) {
            builder.append(1_600_000_000_000L, null, new byte[] {(byte) i});
        }
        return builder.build();
    }
}
