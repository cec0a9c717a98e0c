package io.ottla.broker.coordinator.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ottla.broker.clients.Await;
import io.ottla.broker.coordinator.CoordinatorLog;
import io.ottla.broker.coordinator.PartitionCoordinatorLog;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.handler.DataFixture;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PartitionMarkerWriterTest {

    private static final TransactionEnd END = new TransactionEnd(7, (short) 1, 0, true, (short) 2);
    private static final TopicPartition FIRST = new TopicPartition("events", 0);
    private static final TopicPartition SECOND = new TopicPartition("events", 1);
    private static final TopicPartition NOWHERE = new TopicPartition("nowhere", 0);

    private final AtomicReference<Map<TopicPartition, ErrorCode>> answer = new AtomicReference<>();
    private final Reply<Map<TopicPartition, ErrorCode>> reply = Reply.of(answer::set, error -> Map.of());
    private DataFixture broker;

    @BeforeEach
    void start() {
        broker = new DataFixture(DataFixture.temporaryDirectory(), Map.of("ottla.durability", "power-safe"));
        broker.createTopic("events", 2);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    /** A log that commits when the test says so. */
    private static final class SlowLog implements CoordinatorLog {

        private final List<CommitCallback> waiting = new ArrayList<>();
        private long endOffset;

        @Override
        public long append(ByteBuffer batch) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long appendMarker(ByteBuffer marker, short transactionVersion) {
            assertEquals(END.transactionVersion(), transactionVersion);
            assertEquals(END.producerEpoch(), new RecordBatch().wrap(marker, 0).producerEpoch());
            return ++endOffset;
        }

        @Override
        public long endOffset() {
            return endOffset;
        }

        @Override
        public int maxBatchSizeBytes() {
            return 1 << 20;
        }

        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void replay(Consumer<RecordBatch> reader) {}

        @Override
        public boolean isCommitted(long offset) {
            return false;
        }

        @Override
        public void whenCommitted(long offset, CommitCallback callback) {
            assertEquals(endOffset, offset);
            waiting.add(callback);
        }
    }

    @Test
    void shouldAnswerWhenTheLastMarkerIsCommittedOrCannotBe() {
        List<SlowLog> logs = List.of(new SlowLog(), new SlowLog());
        PartitionMarkerWriter writer = new PartitionMarkerWriter(
                broker.partitions(), (topic, partition) -> logs.get(partition), null, broker.clock());
        writer.write(END, List.of(FIRST, NOWHERE, SECOND), reply);
        assertNull(answer.get());
        logs.get(1).waiting.get(0).completed(new ApiException(ErrorCode.KAFKA_STORAGE_ERROR));
        assertNull(answer.get());
        logs.get(0).waiting.get(0).completed(null);
        assertEquals(
                Map.of(
                        FIRST, ErrorCode.NONE,
                        NOWHERE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        SECOND, ErrorCode.KAFKA_STORAGE_ERROR),
                answer.get());
    }

    @Test
    void shouldAnswerWhenTheDeviceHasTheMarkers() throws Exception {
        for (TopicPartition each : List.of(FIRST, SECOND)) {
            ByteBuffer records = new RecordBatchBuilder()
                    .producer(7, (short) 0, 0)
                    .transactional(true)
                    .append(1L, null, new byte[] {1})
                    .build();
            partition(each).append(records, AppendOrigin.COORDINATOR, (short) -1);
        }
        PartitionMarkerWriter writer = new PartitionMarkerWriter(
                broker.partitions(), PartitionCoordinatorLog.in(broker.partitions()), null, broker.clock());
        writer.write(END, List.of(FIRST, SECOND), reply);
        Await.until("the markers are synced", () -> answer.get() != null);
        assertEquals(Map.of(FIRST, ErrorCode.NONE, SECOND, ErrorCode.NONE), answer.get());
        for (TopicPartition each : List.of(FIRST, SECOND)) {
            assertEquals(2, partition(each).log().flushedOffset());
            assertEquals(2, partition(each).log().lastStableOffset());
        }
    }

    private Partition partition(TopicPartition of) {
        return broker.partition(of.topic(), of.partition());
    }
}
