package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DeleteRecordsRequest;
import io.ottla.protocol.message.DeleteRecordsResponse;
import io.ottla.protocol.message.DeleteRecordsResponse.DeleteRecordsPartitionResult;
import io.ottla.protocol.message.DescribeLogDirsRequest;
import io.ottla.protocol.message.DescribeLogDirsRequest.DescribableLogDirTopic;
import io.ottla.protocol.message.DescribeLogDirsResponse;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsResult;
import io.ottla.protocol.message.DescribeLogDirsResponse.DescribeLogDirsTopic;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.InitProducerIdResponse;
import io.ottla.protocol.message.OffsetForLeaderEpochRequest;
import io.ottla.protocol.message.OffsetForLeaderEpochResponse;
import io.ottla.protocol.message.OffsetForLeaderEpochResponse.EpochEndOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DeleteRecords, DescribeLogDirs, OffsetForLeaderEpoch and InitProducerId. */
class LogAdministrationHandlersTest {

    private DataFixture broker;

    @BeforeEach
    void start() {
        broker = new DataFixture();
        broker.createTopic("events", 2);
        broker.append("events", 0, 3);
        broker.append("events", 0, 3);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private DeleteRecordsPartitionResult delete(int version, String topic, int index, long offset) {
        DeleteRecordsRequest request = new DeleteRecordsRequest()
                .timeoutMs(1000)
                .topics(List.of(new DeleteRecordsRequest.DeleteRecordsTopic()
                        .name(topic)
                        .partitions(List.of(new DeleteRecordsRequest.DeleteRecordsPartition()
                                .partitionIndex(index)
                                .offset(offset)))));
        return broker.send(
                        new DeleteRecordsHandler(broker.partitions(), broker.executor()),
                        request,
                        version,
                        DeleteRecordsResponse.class)
                .topics()
                .get(0)
                .partitions()
                .get(0);
    }

    private static void assertFailed(ErrorCode error, DeleteRecordsPartitionResult result) {
        assertEquals(error, ErrorCode.forCode(result.errorCode()));
        assertEquals(-1, result.lowWatermark());
    }

    @Test
    void shouldDeleteRecordsForwardOnly() {
        assertEquals(2, delete(0, "events", 0, 2).lowWatermark());
        assertEquals(2, delete(1, "events", 0, 1).lowWatermark());
        assertEquals(6, delete(2, "events", 0, -1).lowWatermark());
        assertEquals(6, broker.partition("events", 0).log().logStartOffset());
        assertEquals(6, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldKeepRecordsDeletedThroughACrash() {
        assertEquals(4, delete(2, "events", 0, 4).lowWatermark());
        broker.crash();
        broker = new DataFixture(broker.path(), Map.of());
        assertEquals(4, broker.partition("events", 0).log().logStartOffset());
        assertEquals(6, broker.partition("events", 0).log().logEndOffset());
    }

    @Test
    void shouldRefuseToDeleteWhatIsNotThere() {
        assertFailed(ErrorCode.OFFSET_OUT_OF_RANGE, delete(2, "events", 0, 7));
        assertFailed(ErrorCode.OFFSET_OUT_OF_RANGE, delete(2, "events", 0, -2));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, delete(2, "nowhere", 0, 0));
        assertFailed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, delete(2, "events", 2, 0));
        broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        assertFailed(ErrorCode.POLICY_VIOLATION, delete(2, "compacted", 0, 0));
        broker.ensureTopic("__consumer_offsets");
        assertFailed(ErrorCode.INVALID_TOPIC_EXCEPTION, delete(2, "__consumer_offsets", 0, 0));
    }

    private DescribeLogDirsResult describe(int version, List<DescribableLogDirTopic> topics) {
        DescribeLogDirsResponse response = broker.send(
                new DescribeLogDirsHandler(broker.partitions(), broker.executor()),
                new DescribeLogDirsRequest().topics(topics),
                version,
                DescribeLogDirsResponse.class);
        assertEquals(0, response.errorCode());
        assertEquals(1, response.results().size());
        DescribeLogDirsResult result = response.results().get(0);
        assertEquals(0, result.errorCode());
        assertEquals(broker.path().toAbsolutePath().toString(), result.logDir());
        assertTrue(result.usableBytes() > 0);
        assertTrue(result.totalBytes() >= result.usableBytes());
        return result;
    }

    @Test
    void shouldDescribeTheLogsAskedFor() {
        List<DescribeLogDirsTopic> all = describe(5, null).topics();
        assertEquals(1, all.size());
        assertEquals("events", all.get(0).name());
        assertEquals(2, all.get(0).partitions().size());
        DescribeLogDirsResult one = describe(
                4,
                List.of(
                        new DescribableLogDirTopic().topic("events").partitions(List.of(0, 7)),
                        new DescribableLogDirTopic().topic("nowhere").partitions(List.of(0))));
        assertEquals(1, one.topics().size());
        assertEquals(1, one.topics().get(0).partitions().size());
        assertEquals(
                2L * DataFixture.batch(3).remaining(),
                one.topics().get(0).partitions().get(0).partitionSize());
        assertEquals(List.of(), describe(1, List.of()).topics());
    }

    private EpochEndOffset epochEnd(String topic, int currentEpoch, int epoch) {
        OffsetForLeaderEpochRequest request = new OffsetForLeaderEpochRequest()
                .topics(List.of(new OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
                        .topic(topic)
                        .partitions(List.of(new OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
                                .partition(0)
                                .currentLeaderEpoch(currentEpoch)
                                .leaderEpoch(epoch)))));
        return broker.send(
                        new OffsetForLeaderEpochHandler(broker.partitions()),
                        request,
                        4,
                        OffsetForLeaderEpochResponse.class)
                .topics()
                .get(0)
                .partitions()
                .get(0);
    }

    private static void assertEnd(ErrorCode error, int epoch, long offset, EpochEndOffset end) {
        assertEquals(error, ErrorCode.forCode(end.errorCode()));
        assertEquals(epoch, end.leaderEpoch());
        assertEquals(offset, end.endOffset());
    }

    @Test
    void shouldSayWhereEpochsEnd() {
        broker.createTopic("empty", 1);
        assertEnd(ErrorCode.NONE, 0, 6, epochEnd("events", -1, 0));
        assertEnd(ErrorCode.NONE, 0, 6, epochEnd("events", 0, 0));
        assertEnd(ErrorCode.NONE, 0, 0, epochEnd("empty", -1, 0));
        assertEnd(ErrorCode.NONE, -1, -1, epochEnd("events", -1, 1));
        assertEnd(ErrorCode.NONE, -1, -1, epochEnd("events", -1, -1));
        assertEnd(ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1, epochEnd("events", 9, 0));
        assertEnd(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1, epochEnd("nowhere", -1, 0));
    }

    private InitProducerIdResponse initProducer(int version, InitProducerIdRequest request) {
        return broker.send(
                new InitProducerIdHandler(broker.producerIds(), null),
                request.transactionTimeoutMs(1000),
                version,
                InitProducerIdResponse.class);
    }

    private static void assertRefused(ErrorCode error, InitProducerIdResponse response) {
        assertEquals(error, ErrorCode.forCode(response.errorCode()));
        assertEquals(-1, response.producerId());
        assertEquals(-1, response.producerEpoch());
    }

    @Test
    void shouldGiveEveryProducerAnIdOfItsOwn() {
        InitProducerIdResponse first = initProducer(0, new InitProducerIdRequest().transactionalId(null));
        InitProducerIdResponse second = initProducer(6, new InitProducerIdRequest().transactionalId(null));
        assertEquals(0, first.errorCode());
        assertEquals(0, first.producerEpoch());
        assertNotEquals(first.producerId(), second.producerId());
        InitProducerIdResponse renewed = initProducer(
                4,
                new InitProducerIdRequest()
                        .transactionalId(null)
                        .producerId(first.producerId())
                        .producerEpoch((short) 3));
        assertEquals(0, renewed.errorCode());
        assertEquals(0, renewed.producerEpoch());
        assertNotEquals(first.producerId(), renewed.producerId());
    }

    @Test
    void shouldRefuseHalfAProducerAndTransactions() {
        assertRefused(
                ErrorCode.INVALID_REQUEST,
                initProducer(
                        4, new InitProducerIdRequest().transactionalId(null).producerId(7)));
        assertRefused(
                ErrorCode.INVALID_REQUEST,
                initProducer(
                        4, new InitProducerIdRequest().transactionalId(null).producerEpoch((short) 7)));
    }
}
