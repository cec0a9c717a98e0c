package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordBatchValidatorTest {
    private static final long SEED = 20260102;

    private final RecordBatchSummary summary = new RecordBatchSummary();

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldAcceptWhatAKafkaProducerSends(CompressionType type) {
        Random random = new Random(SEED);
        for (int i = 0; i < 30; i++) {
            List<Record> records = TestBatch.records(random, 0, 1 + random.nextInt(50), 200);
            ByteBuffer batch = TestBatch.direct(TestBatch.of(type, records).builtByKafka());
            RecordBatchValidator.validateProduced(batch, summary);
            assertEquals(1, summary.batchCount());
            assertEquals(records.size(), summary.recordCount());
            assertEquals(records.size(), summary.offsetCount());
            assertEquals(batch.remaining(), summary.sizeBytes());
            assertEquals(type != CompressionType.NONE, summary.hasCompressed());
            assertFalse(summary.hasTransactional());
            assertFalse(summary.hasProducerId());
            long maxTimestampMs =
                    records.stream().mapToLong(Record::timestampMs).max().orElseThrow();
            assertEquals(maxTimestampMs, summary.maxTimestampMs());
            assertEquals(maxTimestampMs, RecordBatchValidator.validateRecordFraming(TestBatch.view(batch)));
            assertEquals(0, batch.position());
        }
    }

    @Test
    void shouldSummarizeATransactionalBatch() {
        ByteBuffer batch = new RecordBatchBuilder()
                .producer(1, (short) 0, 0)
                .transactional(true)
                .append(3, new byte[1], null)
                .build();
        RecordBatchValidator.validateProduced(batch, summary);
        assertTrue(summary.hasTransactional());
        assertTrue(summary.hasProducerId());
        assertFalse(summary.hasControl());
        assertFalse(summary.hasLogAppendTime());
        RecordBatchValidator.validateProduced(plain(), summary);
        assertFalse(summary.hasTransactional());
        assertFalse(summary.hasProducerId());
    }

    @Test
    void shouldRefuseAnythingButOneWholeBatch() {
        ByteBuffer one = plain();
        assertProduceError(ErrorCode.INVALID_RECORD, ByteBuffer.allocate(0));
        for (int limit = 1; limit < one.limit(); limit++) {
            assertProduceError(ErrorCode.INVALID_RECORD, one.duplicate().limit(limit));
        }
        ByteBuffer two = ByteBuffer.allocate(2 * one.remaining())
                .put(one.duplicate())
                .put(one.duplicate())
                .flip();
        for (int limit = one.limit() + 1; limit <= two.limit(); limit++) {
            assertProduceError(ErrorCode.INVALID_RECORD, two.duplicate().limit(limit));
        }
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, 1})
    void shouldRefuseTheFormatsOfOldProducers(byte magic) {
        ByteBuffer old = MemoryRecords.withRecords(
                        magic,
                        org.apache.kafka.common.compress.Compression.NONE,
                        new SimpleRecord(magic == 0 ? -1 : 5, new byte[3], new byte[3]))
                .buffer();
        assertProduceError(ErrorCode.INVALID_RECORD, old);
    }

    @Test
    void shouldAnswerEachFaultAsKafkaDoes() {
        assertProduceError(ErrorCode.INVALID_RECORD, patched(batch -> batch.baseOffset(1)));
        assertProduceError(ErrorCode.CORRUPT_MESSAGE, plainWith(RecordBatch.MAGIC_AT, (byte) 3));
        assertProduceError(ErrorCode.CORRUPT_MESSAGE, plainWith(RecordBatch.CRC_AT, (byte) 0x5a));
        assertProduceError(
                ErrorCode.CORRUPT_MESSAGE, patched(batch -> batch.buffer().putInt(RecordBatch.LENGTH_AT, 10)));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedInt(RecordBatch.RECORD_COUNT_AT, 0));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedInt(RecordBatch.RECORD_COUNT_AT, -1));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedInt(RecordBatch.RECORD_COUNT_AT, 3));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedInt(RecordBatch.LAST_OFFSET_DELTA_AT, -1));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedInt(RecordBatch.LAST_OFFSET_DELTA_AT, 2));
        assertProduceError(ErrorCode.INVALID_RECORD, patched(batch -> batch.buffer()
                .putInt(RecordBatch.RECORD_COUNT_AT, Integer.MAX_VALUE)
                .putInt(RecordBatch.LAST_OFFSET_DELTA_AT, Integer.MAX_VALUE - 1)));
        assertProduceError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, patchedAttributes(5));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedAttributes(RecordBatch.CONTROL_BIT));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedAttributes(0x80));
        assertProduceError(ErrorCode.INVALID_RECORD, patchedAttributes(0x8000));
        assertProduceError(
                ErrorCode.INVALID_RECORD, patched(batch -> batch.buffer().putLong(RecordBatch.PRODUCER_ID_AT, 5)));
        RecordBatchValidator.validateProduced(patchedAttributes(RecordBatch.TIMESTAMP_TYPE_BIT), summary);
        assertTrue(summary.hasLogAppendTime());
    }

    @Test
    void shouldValidateManyBatchesOfABroker() {
        ByteBuffer first = plain();
        ByteBuffer marker = ControlRecords.endTransaction(ControlRecordType.ABORT, 9_000, 1, (short) 0, 0);
        TestBatch.view(first).baseOffset(100);
        TestBatch.view(marker).baseOffset(105);
        ByteBuffer both = ByteBuffer.allocate(first.remaining() + marker.remaining())
                .put(first.duplicate())
                .put(marker.duplicate())
                .flip();
        RecordBatchValidator.validate(both, summary);
        assertEquals(2, summary.batchCount());
        assertEquals(3, summary.recordCount());
        assertEquals(9_000, summary.maxTimestampMs());
        assertTrue(summary.hasControl());

        for (int limit = 1; limit < both.limit(); limit++) {
            if (limit != first.limit()) {
                ByteBuffer torn = both.duplicate().limit(limit);
                assertError(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatchValidator.validate(torn, summary));
            }
        }
        assertError(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatchValidator.validate(ByteBuffer.allocate(0), summary));
        new RecordBatch().wrap(both, first.limit()).baseOffset(101);
        assertError(ErrorCode.CORRUPT_MESSAGE, () -> RecordBatchValidator.validate(both, summary));
    }

    @Test
    void shouldDemandKeysWhereATopicIsCompacted() {
        for (CompressionType type : CompressionType.values()) {
            RecordBatch keyed = TestBatch.view(new RecordBatchBuilder()
                    .compression(type)
                    .append(1, new byte[0], null)
                    .build());
            assertEquals(1, RecordBatchValidator.validateRecordFraming(keyed, true, 1000));
            RecordBatch keyless = TestBatch.view(new RecordBatchBuilder()
                    .compression(type)
                    .append(1, new byte[0], null)
                    .append(7, null, new byte[3])
                    .build());
            assertEquals(7, RecordBatchValidator.validateRecordFraming(keyless, false, 1000));
            assertError(
                    ErrorCode.INVALID_RECORD, () -> RecordBatchValidator.validateRecordFraming(keyless, true, 1000));
        }
    }

    @Test
    void shouldRefuseGapsBetweenOffsets() {
        for (CompressionType type : CompressionType.values()) {
            RecordBatch gap = TestBatch.view(new RecordBatchBuilder()
                    .compression(type)
                    .appendAt(0, 1, null, null, List.of())
                    .appendAt(2, 1, null, null, List.of())
                    .build());
            assertError(ErrorCode.INVALID_RECORD, () -> RecordBatchValidator.validateRecordFraming(gap));
        }
    }

    private static ByteBuffer plain() {
        return new RecordBatchBuilder()
                .append(1, new byte[] {1}, new byte[] {2})
                .append(2, new byte[] {3}, new byte[] {4})
                .build();
    }

    private static ByteBuffer plainWith(int position, byte value) {
        return plain().put(position, value);
    }

    private static ByteBuffer patched(Consumer<RecordBatch> patch) {
        ByteBuffer built = plain();
        RecordBatch batch = TestBatch.view(built);
        patch.accept(batch);
        if (batch.sizeBytes() == built.limit()) {
            batch.updateCrc();
        }
        return built;
    }

    private static ByteBuffer patchedInt(int position, int value) {
        return patched(batch -> batch.buffer().putInt(position, value));
    }

    private static ByteBuffer patchedAttributes(int attributes) {
        return patched(batch -> batch.buffer().putShort(RecordBatch.ATTRIBUTES_AT, (short) attributes));
    }

    private void assertProduceError(ErrorCode expected, ByteBuffer records) {
        assertError(expected, () -> RecordBatchValidator.validateProduced(records, summary));
        ByteBuffer direct = TestBatch.direct(records);
        assertError(expected, () -> RecordBatchValidator.validateProduced(direct, summary));
    }

    private static void assertError(ErrorCode expected, Runnable action) {
        assertEquals(expected, assertThrows(ApiException.class, action::run).error());
    }
}
