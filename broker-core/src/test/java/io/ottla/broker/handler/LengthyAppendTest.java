package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListOffsetsRequest;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsTopic;
import io.ottla.protocol.message.ListOffsetsResponse;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.StorageFiles;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is done elsewhere than on the event loop because it takes long, and what waits for it. */
class LengthyAppendTest {

    private static final long NOW_MS = 1_700_000_000_000L;

    private final Queue<Runnable> elsewhere = new ArrayDeque<>();
    private final TestConnection connection = new TestConnection();
    private final DataFixture broker =
            new DataFixture(DataFixture.temporaryDirectory(), Map.of(), StorageFiles.system(), elsewhere::add);

    @AfterEach
    void stop() {
        broker.close();
    }

    private static ByteBuffer batch(CompressionType type, int recordCount, int valueSizeBytes) {
        RecordBatchBuilder builder = new RecordBatchBuilder().compression(type);
        byte[] value = new byte[valueSizeBytes];
        new Random(1).nextBytes(value);
        for (int i = 0; i < recordCount; i++) {
            builder.append(NOW_MS, new byte[] {'k'}, value);
        }
        return builder.build();
    }

    private TestRequestContext produce(TestConnection from, int acks, String topic, ByteBuffer records) {
        TestRequestContext context = new TestRequestContext(ApiKey.PRODUCE, 9, from);
        broker.produceHandler()
                .handle(
                        new ProduceRequest()
                                .transactionalId(null)
                                .acks((short) acks)
                                .timeoutMs(1000)
                                .topicData(List.of(new ProduceRequest.TopicProduceData()
                                        .name(topic)
                                        .partitionData(List.of(new ProduceRequest.PartitionProduceData()
                                                .index(0)
                                                .records(records))))),
                        context);
        return context;
    }

    private TestRequestContext produce(String topic, ByteBuffer records) {
        return produce(connection, 1, topic, records);
    }

    private static PartitionProduceResponse answer(TestRequestContext produced) {
        return produced.response(ProduceResponse.class)
                .responses()
                .get(0)
                .partitionResponses()
                .get(0);
    }

    private void assertAnsweredElsewhere(TestRequestContext context, ErrorCode expected) {
        assertFalse(context.isEnded());
        elsewhere.remove().run();
        assertEquals(expected.code(), answer(context).errorCode());
    }

    @Test
    void shouldAppendAtOnceWhatIsWrittenAsItCame() {
        broker.createTopic("plain", 1);
        broker.createTopic("gzip", 1, Map.of("compression.type", "gzip"));
        for (CompressionType type : CompressionType.values()) {
            assertEquals(0, answer(produce("plain", batch(type, 10, 50_000))).errorCode());
        }
        assertEquals(
                0,
                answer(produce("gzip", batch(CompressionType.GZIP, 10, 50_000))).errorCode());
        assertEquals(
                0, answer(produce("gzip", batch(CompressionType.NONE, 1, 100))).errorCode());
        assertEquals(
                0, answer(produce("gzip", batch(CompressionType.ZSTD, 1, 100))).errorCode());
        assertTrue(elsewhere.isEmpty());
    }

    @Test
    void shouldCompressAndDecompressLargeBatchesElsewhere() {
        broker.createTopic("gzip", 1, Map.of("compression.type", "gzip"));
        broker.createTopic("none", 1, Map.of("compression.type", "uncompressed"));
        broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        broker.createTopic("timely", 1, Map.of("message.timestamp.before.max.ms", "1000"));
        broker.createTopic("plain", 1);
        assertAnsweredElsewhere(produce("gzip", batch(CompressionType.NONE, 10, 5000)), ErrorCode.NONE);
        assertAnsweredElsewhere(produce("gzip", batch(CompressionType.LZ4, 1, 5000)), ErrorCode.NONE);
        assertAnsweredElsewhere(produce("none", batch(CompressionType.LZ4, 1, 5000)), ErrorCode.NONE);
        assertAnsweredElsewhere(produce("compacted", batch(CompressionType.LZ4, 1, 5000)), ErrorCode.NONE);
        assertAnsweredElsewhere(produce("timely", batch(CompressionType.LZ4, 1, 5000)), ErrorCode.NONE);
        assertAnsweredElsewhere(produce("plain", batch(CompressionType.NONE, 20_000, 1)), ErrorCode.NONE);
        ByteBuffer damaged = batch(CompressionType.LZ4, 1, 5000);
        damaged.put(damaged.limit() - 1, (byte) (damaged.get(damaged.limit() - 1) + 1));
        assertAnsweredElsewhere(produce("gzip", damaged), ErrorCode.CORRUPT_MESSAGE);
    }

    @Test
    void shouldKeepTheProduceRequestsOfAConnectionInOrder() {
        broker.createTopic("gzip", 1, Map.of("compression.type", "gzip"));
        TestRequestContext large = produce("gzip", batch(CompressionType.NONE, 10, 5000));
        TestRequestContext small = produce("gzip", batch(CompressionType.NONE, 1, 100));
        TestRequestContext unanswered = produce(connection, 0, "gzip", batch(CompressionType.NONE, 1, 100));
        TestRequestContext alsoLarge = produce("gzip", batch(CompressionType.NONE, 10, 5000));
        TestRequestContext last = produce("gzip", batch(CompressionType.NONE, 1, 100));
        TestRequestContext other = produce(new TestConnection(), 1, "gzip", batch(CompressionType.NONE, 1, 100));
        assertEquals(0, answer(other).baseOffset());
        assertFalse(large.isEnded() || small.isEnded() || unanswered.isEnded());
        elsewhere.remove().run();
        assertEquals(1, answer(large).baseOffset());
        assertEquals(11, answer(small).baseOffset());
        assertEquals(TestRequestContext.Kind.COMPLETED, unanswered.kind());
        assertFalse(alsoLarge.isEnded() || last.isEnded());
        elsewhere.remove().run();
        assertEquals(13, answer(alsoLarge).baseOffset());
        assertEquals(23, answer(last).baseOffset());
        assertEquals(
                24, answer(produce("gzip", batch(CompressionType.NONE, 1, 100))).baseOffset());
        assertTrue(elsewhere.isEmpty());
    }

    @Test
    void shouldLookForTimestampsElsewhere() {
        broker.createTopic("events", 1);
        broker.append("events", 0, 3);
        ListOffsetsHandler handler = new ListOffsetsHandler(broker.partitions(), elsewhere::add);
        for (long timestamp : new long[] {-1, -2, -4}) {
            assertTrue(listOffsets(handler, timestamp).isEnded());
        }
        for (long timestamp : new long[] {-3, 0, 1_600_000_002_000L}) {
            TestRequestContext context = listOffsets(handler, timestamp);
            assertFalse(context.isEnded());
            elsewhere.remove().run();
            long expected = timestamp == 0 ? 0 : 2;
            assertEquals(
                    expected,
                    context.response(ListOffsetsResponse.class)
                            .topics()
                            .get(0)
                            .partitions()
                            .get(0)
                            .offset());
        }
    }

    private static TestRequestContext listOffsets(ListOffsetsHandler handler, long timestamp) {
        TestRequestContext context = new TestRequestContext(ApiKey.LIST_OFFSETS, 8);
        handler.handle(
                new ListOffsetsRequest()
                        .replicaId(-1)
                        .topics(List.of(new ListOffsetsTopic()
                                .name("events")
                                .partitions(List.of(new ListOffsetsPartition()
                                        .partitionIndex(0)
                                        .timestamp(timestamp))))),
                context);
        return context;
    }
}
