package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordBatchTest {
    private static final long SEED = 20260101;

    @Test
    void shouldBuildTheBytesThatKafkaBuilds() {
        Random random = new Random(SEED);
        for (int i = 0; i < 400; i++) {
            TestBatch batch = TestBatch.random(random, CompressionType.NONE);
            assertEquals(batch.builtByKafka(), batch.builtByOttla(), "batch " + i + " of seed " + SEED);
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldReadWhatKafkaBuilds(CompressionType type) {
        Random random = new Random(SEED);
        for (int i = 0; i < 60; i++) {
            ByteBuffer batch = TestBatch.random(random, type).builtByKafka();
            TestBatch.assertReadAsKafkaDoes(batch);
            TestBatch.assertReadAsKafkaDoes(TestBatch.direct(batch));
            TestBatch.assertReadAsKafkaDoes(batch.asReadOnlyBuffer());
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldBuildWhatKafkaReads(CompressionType type) {
        Random random = new Random(SEED);
        for (int i = 0; i < 60; i++) {
            TestBatch batch = TestBatch.random(random, type);
            ByteBuffer built = batch.builtByOttla();
            TestBatch.assertReadAsKafkaDoes(built);
            if (batch.logAppendTimeMs() < 0) {
                assertEquals(batch.records(), withoutSequence(TestBatch.view(built)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldReadLargeBatchesOfManyBlocks(CompressionType type) {
        Random random = new Random(SEED);
        TestBatch batch = TestBatch.of(type, TestBatch.records(random, 0, 40, 100_000));
        TestBatch.assertReadAsKafkaDoes(batch.builtByKafka());
        TestBatch.assertReadAsKafkaDoes(batch.builtByOttla());
        TestBatch.assertReadAsKafkaDoes(TestBatch.direct(batch.builtByOttla()));
    }

    @Test
    void shouldCompressAtEveryLevelsEnds() {
        Random random = new Random(SEED);
        List<Record> records = TestBatch.records(random, 0, 20, 5_000);
        for (CompressionType type : List.of(CompressionType.GZIP, CompressionType.LZ4, CompressionType.ZSTD)) {
            for (int level : new int[] {type.minLevel(), type.maxLevel(), type.defaultLevel()}) {
                TestBatch batch = new TestBatch(
                        new Compression(type, level), -1, TestBatch.Producer.NONE, false, 0, -1, -1, records);
                TestBatch.assertReadAsKafkaDoes(batch.builtByOttla());
            }
            assertThrows(IllegalArgumentException.class, () -> new Compression(type, type.maxLevel() + 1));
            assertThrows(IllegalArgumentException.class, () -> new Compression(type, type.minLevel() - 1));
        }
    }

    @Test
    void shouldNameTypesAndLevelsAsKafkaDoes() {
        for (CompressionType type : CompressionType.values()) {
            var kafka = org.apache.kafka.common.record.internal.CompressionType.forId(type.id());
            assertEquals(kafka.name, type.configName());
            assertEquals(type, CompressionType.forName(kafka.name));
            assertEquals(type, CompressionType.forId(type.id()));
            if (type.maxLevel() != 0) {
                assertEquals(kafka.minLevel(), type.minLevel());
                assertEquals(kafka.maxLevel(), type.maxLevel());
                assertEquals(kafka.defaultLevel(), type.defaultLevel());
            }
        }
        assertEquals(null, CompressionType.forId(5));
        assertEquals(null, CompressionType.forId(-1));
        assertEquals(null, CompressionType.forName("brotli"));
        assertEquals(TimestampType.LOG_APPEND_TIME, TimestampType.forName("LogAppendTime"));
        assertEquals(null, TimestampType.forName("logappendtime"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldPatchInPlaceAsKafkaDoes(boolean direct) {
        Random random = new Random(SEED);
        for (int i = 0; i < 100; i++) {
            CompressionType type = CompressionType.forId(random.nextInt(5));
            ByteBuffer built = TestBatch.random(random, type).builtByOttla();
            ByteBuffer kafkas = ByteBuffer.allocate(built.remaining())
                    .put(built.duplicate())
                    .flip();
            int gap = random.nextInt(20);
            ByteBuffer ours = direct
                    ? ByteBuffer.allocateDirect(gap + built.remaining())
                    : ByteBuffer.allocate(gap + built.remaining());
            ours.put(gap, built, 0, built.remaining());
            long lastOffset = (random.nextLong() >>> 3) + Integer.MAX_VALUE;
            int epoch = random.nextInt() & 0x7fffffff;
            long timeMs = random.nextLong() >>> 1;

            var kafkaBatch = TestBatch.kafkaView(kafkas);
            kafkaBatch.setLastOffset(lastOffset);
            kafkaBatch.setPartitionLeaderEpoch(epoch);
            kafkaBatch.setMaxTimestamp(org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME, timeMs);

            RecordBatch batch = new RecordBatch().wrap(ours, gap);
            batch.baseOffset(lastOffset - batch.lastOffsetDelta())
                    .partitionLeaderEpoch(epoch)
                    .logAppendTime(timeMs);
            assertEquals(kafkas, batch.slice());
            TestBatch.assertHeaderEquals(kafkaBatch, batch);
            for (Record record : batch.records()) {
                assertEquals(timeMs, record.timestampMs());
            }
        }
    }

    @Test
    void shouldKeepTheCrcIfThePatchChangesNothing() {
        ByteBuffer built = new RecordBatchBuilder()
                .logAppendTime(77)
                .append(5, (byte[]) null, new byte[3])
                .build();
        built.putInt(RecordBatch.CRC_AT, 42);
        RecordBatch batch = TestBatch.view(built).logAppendTime(77);
        assertEquals(42, batch.crc());
        assertFalse(batch.isCrcValid());
        assertTrue(batch.logAppendTime(78).isCrcValid());
    }

    @Test
    void shouldWrapSequenceNumbersAround() {
        ByteBuffer built = new RecordBatchBuilder()
                .producer(9, (short) 1, Integer.MAX_VALUE - 1)
                .append(1, new byte[1], new byte[1])
                .append(1, new byte[1], new byte[1])
                .append(1, new byte[1], new byte[1])
                .build();
        TestBatch.assertReadAsKafkaDoes(built);
        RecordBatch batch = TestBatch.view(built);
        assertEquals(0, batch.lastSequence());
        List<Integer> sequences = new ArrayList<>();
        batch.records().forEach(record -> sequences.add(record.sequence()));
        assertEquals(List.of(Integer.MAX_VALUE - 1, Integer.MAX_VALUE, 0), sequences);

        Random random = new Random(SEED);
        for (int i = 0; i < 1000; i++) {
            int sequence = random.nextInt() & 0x7fffffff;
            int step = random.nextInt() & 0x7fffffff;
            assertEquals(
                    DefaultRecordBatch.incrementSequence(sequence, step),
                    RecordBatch.incrementSequence(sequence, step));
            assertEquals(
                    DefaultRecordBatch.decrementSequence(sequence, step),
                    RecordBatch.decrementSequence(sequence, step));
        }
    }

    @Test
    void shouldRewriteABatchWithFewerRecordsAsTheCleanerDoes() {
        Random random = new Random(SEED);
        List<Record> records = TestBatch.records(random, 1000, 10, 50);
        RecordBatchBuilder builder = new RecordBatchBuilder()
                .baseOffset(1000)
                .deleteHorizonMs(123_456)
                .producer(7, (short) 3, 40);
        builder.append(records.get(2)).append(records.get(5)).lastOffset(1009);
        ByteBuffer built = builder.build();
        TestBatch.assertReadAsKafkaDoes(built);
        RecordBatch batch = TestBatch.view(built);
        assertEquals(1009, batch.lastOffset());
        assertEquals(2, batch.recordCount());
        assertEquals(49, batch.lastSequence());
        assertEquals(123_456, batch.deleteHorizonMs());
        List<Long> offsets = new ArrayList<>();
        batch.records().forEach(record -> offsets.add(record.offset()));
        assertEquals(List.of(1002L, 1005L), offsets);
    }

    @Test
    void shouldEmptyABatchAsTheCleanerDoes() {
        Random random = new Random(SEED);
        for (int i = 0; i < 50; i++) {
            ByteBuffer built = TestBatch.random(random, CompressionType.forId(random.nextInt(5)))
                    .builtByOttla();
            var kafka = TestBatch.kafkaView(built);
            ByteBuffer expected = ByteBuffer.allocate(RecordBatch.HEADER_SIZE_BYTES);
            DefaultRecordBatch.writeEmptyHeader(
                    expected,
                    RecordBatch.MAGIC,
                    kafka.producerId(),
                    kafka.producerEpoch(),
                    kafka.baseSequence(),
                    kafka.baseOffset(),
                    kafka.lastOffset(),
                    kafka.partitionLeaderEpoch(),
                    kafka.timestampType(),
                    kafka.maxTimestamp(),
                    kafka.isTransactional(),
                    kafka.isControlBatch());
            ByteBuffer emptied = RecordBatchBuilder.emptied(TestBatch.view(built));
            assertEquals(expected.flip(), emptied);
            assertFalse(TestBatch.view(emptied).records().iterator().hasNext());
        }
    }

    @Test
    void shouldIterateBatchesUpToATornTail() {
        Random random = new Random(SEED);
        ByteBuffer first = TestBatch.random(random, CompressionType.NONE).builtByOttla();
        ByteBuffer second = TestBatch.random(random, CompressionType.LZ4).builtByOttla();
        int gap = 7;
        ByteBuffer both = ByteBuffer.allocate(gap + first.remaining() + second.remaining());
        both.position(gap).put(first.duplicate()).put(second.duplicate()).flip().position(gap);
        for (int limit = gap; limit <= both.capacity(); limit++) {
            ByteBuffer cut = both.duplicate().limit(limit);
            int kafkaCount = 0;
            for (var ignored : MemoryRecords.readableRecords(cut.slice()).batches()) {
                kafkaCount++;
                assertTrue(ignored.isValid());
            }
            int count = 0;
            for (RecordBatch batch : RecordBatches.iterate(cut)) {
                assertTrue(batch.isCrcValid());
                count++;
            }
            assertEquals(kafkaCount, count);
            int whole = count == 0 ? 0 : count == 1 ? first.remaining() : first.remaining() + second.remaining();
            assertEquals(whole, RecordBatches.wholeSizeBytes(cut));
            assertEquals(gap, cut.position());
        }
        assertThrows(
                NoSuchElementException.class,
                () -> RecordBatches.iterate(ByteBuffer.allocate(0)).iterator().next());
    }

    @Test
    void shouldRefuseOldFormatsAndImpossibleSizes() {
        ByteBuffer built =
                new RecordBatchBuilder().append(1, new byte[1], new byte[1]).build();
        assertBatchError(ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, built, RecordBatch.MAGIC_AT, 0);
        assertBatchError(ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, built, RecordBatch.MAGIC_AT, 1);
        assertBatchError(ErrorCode.CORRUPT_MESSAGE, built, RecordBatch.MAGIC_AT, 3);
        assertBatchError(ErrorCode.CORRUPT_MESSAGE, built, RecordBatch.MAGIC_AT, -1);
        for (int length : new int[] {Integer.MIN_VALUE, -1, 0, 13, 14, 48}) {
            ByteBuffer damaged = ByteBuffer.allocate(200).put(built.duplicate()).clear();
            damaged.putInt(RecordBatch.LENGTH_AT, length);
            ApiException error = assertThrows(
                    ApiException.class,
                    () -> RecordBatches.iterate(damaged).iterator().hasNext());
            assertEquals(ErrorCode.CORRUPT_MESSAGE, error.error());
            assertFalse(TestBatch.view(damaged).isCrcValid());
            assertThrows(ApiException.class, () -> TestBatch.view(damaged).ensureValid());
        }
        for (int length : new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE - 12, 1 << 20}) {
            ByteBuffer damaged = ByteBuffer.allocate(200).put(built.duplicate()).clear();
            damaged.putInt(RecordBatch.LENGTH_AT, length);
            assertEquals(RecordBatches.TORN, RecordBatches.sizeBytesAt(damaged, 0));
            assertTrue(TestBatch.view(damaged).sizeBytes() > 0);
            assertFalse(TestBatch.view(damaged).isCrcValid());
            assertThrows(ApiException.class, () -> TestBatch.view(damaged).ensureValid());
            assertThrows(
                    ApiException.class, () -> TestBatch.view(damaged).records().iterator());
        }
    }

    @Test
    void shouldLetTheIteratorOutliveTheView() {
        ByteBuffer first = new RecordBatchBuilder()
                .append(1, new byte[] {1}, new byte[0])
                .append(2, new byte[] {2}, new byte[0])
                .build();
        RecordBatch batch = TestBatch.view(first);
        Iterator<Record> records = batch.records().iterator();
        records.next();
        batch.wrap(ByteBuffer.allocate(100), 0);
        assertEquals(ByteBuffer.wrap(new byte[] {2}), records.next().key());
        assertThrows(NoSuchElementException.class, records::next);
    }

    @Test
    void shouldRefuseToBuildNonsense() {
        RecordBatchBuilder builder = new RecordBatchBuilder().baseOffset(10);
        assertThrows(IllegalStateException.class, builder::build);
        assertThrows(IllegalArgumentException.class, () -> builder.appendAt(9, 1, null, null, List.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> builder.appendAt(11L + Integer.MAX_VALUE, 1, null, null, List.of()));
        assertThrows(IllegalArgumentException.class, () -> builder.appendAt(10, -2, null, null, List.of()));
        builder.append(RecordBatch.NO_TIMESTAMP_MS, (byte[]) null, null);
        assertThrows(IllegalStateException.class, () -> builder.baseOffset(0));
        assertThrows(IllegalArgumentException.class, () -> builder.lastOffset(9));
        TestBatch.assertReadAsKafkaDoes(builder.build());
        assertThrows(IllegalStateException.class, builder::build);
    }

    private static List<Record> withoutSequence(RecordBatch batch) {
        List<Record> records = new ArrayList<>();
        for (Record record : batch.records()) {
            records.add(
                    new Record(record.offset(), record.timestampMs(), record.key(), record.value(), record.headers()));
        }
        return records;
    }

    private static void assertBatchError(ErrorCode expected, ByteBuffer built, int position, int value) {
        ByteBuffer damaged =
                ByteBuffer.allocate(built.remaining()).put(built.duplicate()).flip();
        damaged.put(position, (byte) value);
        ApiException error = assertThrows(
                ApiException.class,
                () -> RecordBatches.iterate(damaged).iterator().hasNext());
        assertEquals(expected, error.error());
    }
}
