package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class RecordBatchDamageTest {
    private static final long SEED = 20260103;
    private static final long SMALL_LIMIT_BYTES = 1 << 20;

    private final RecordBatchSummary summary = new RecordBatchSummary();

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldDetectTheDamageOfAnyByte(CompressionType type) {
        Random random = new Random(SEED);
        ByteBuffer built =
                TestBatch.of(type, TestBatch.records(random, 0, 5, 60)).builtByKafka();
        for (int position = 0; position < built.limit(); position++) {
            for (int bit = 0; bit < 8; bit++) {
                ByteBuffer damaged = copy(built);
                damaged.put(position, (byte) (damaged.get(position) ^ (1 << bit)));
                boolean isLeaderEpoch = position >= RecordBatch.LEADER_EPOCH_AT && position < RecordBatch.MAGIC_AT;
                if (isLeaderEpoch) {
                    RecordBatchValidator.validateProduced(damaged, summary);
                    continue;
                }
                ApiException error =
                        assertThrows(ApiException.class, () -> RecordBatchValidator.validateProduced(damaged, summary));
                if (position >= RecordBatch.CRC_AT) {
                    assertEquals(ErrorCode.CORRUPT_MESSAGE, error.error());
                    assertFalse(TestBatch.view(damaged).isCrcValid());
                }
            }
        }
    }

    /** Damage under a CRC that fits it: what a broken producer may send. */
    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldAnswerNonsenseUnderAValidCrcWithATypedError(CompressionType type) {
        Random random = new Random(SEED);
        for (int i = 0; i < 3000; i++) {
            ByteBuffer damaged = TestBatch.of(type, TestBatch.records(random, 0, 1 + random.nextInt(6), 60))
                    .builtByOttla();
            int from = random.nextInt(4) == 0 ? RecordBatch.ATTRIBUTES_AT : RecordBatch.HEADER_SIZE_BYTES;
            for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
                damaged.put(from + random.nextInt(damaged.limit() - from), (byte) random.nextInt());
            }
            TestBatch.view(damaged).updateCrc();
            readAll(random.nextBoolean() ? damaged : TestBatch.direct(damaged), "round " + i + " of seed " + SEED);
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldDetectTruncationAtEveryByte(CompressionType type) {
        Random random = new Random(SEED);
        ByteBuffer built =
                TestBatch.of(type, TestBatch.records(random, 0, 6, 60)).builtByKafka();
        for (int limit = 0; limit < built.limit(); limit++) {
            ByteBuffer torn = built.duplicate().limit(limit);
            assertFalse(RecordBatches.iterate(torn).iterator().hasNext());
            if (limit >= RecordBatch.HEADER_SIZE_BYTES) {
                assertFalse(TestBatch.view(torn).isCrcValid());
                assertThrows(
                        ApiException.class, () -> TestBatch.view(torn).records().iterator());

                ByteBuffer shortened = copy(torn);
                shortened.putInt(RecordBatch.LENGTH_AT, limit - RecordBatch.OVERHEAD_SIZE_BYTES);
                TestBatch.view(shortened).updateCrc();
                assertEquals(
                        ErrorCode.CORRUPT_MESSAGE,
                        assertThrows(ApiException.class, () -> TestBatch.view(shortened)
                                        .records()
                                        .forEach(record -> {}))
                                .error(),
                        "cut at " + limit);
                assertEquals(
                        ErrorCode.INVALID_RECORD,
                        assertThrows(
                                        ApiException.class,
                                        () -> RecordBatchValidator.validateRecordFraming(TestBatch.view(shortened)))
                                .error());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldNotBelieveCountsAndLengths(CompressionType type) {
        int huge = Integer.MAX_VALUE;
        // A record count that is not there.
        ByteBuffer counted = new RecordBatchBuilder()
                .compression(type)
                .append(1, new byte[1], null)
                .build();
        counted.putInt(RecordBatch.RECORD_COUNT_AT, huge);
        counted.putInt(RecordBatch.LAST_OFFSET_DELTA_AT, huge - 1);
        assertDamaged(counted);
        counted.putInt(RecordBatch.RECORD_COUNT_AT, -5);
        assertThrows(ApiException.class, () -> TestBatch.view(counted).records().iterator());
        // More bytes than records.
        counted.putInt(RecordBatch.RECORD_COUNT_AT, 0);
        assertDamaged(counted);

        // length, attributes, timestamp delta, offset delta, then what varies
        int[] head = {huge, 0, 0, 0};
        assertDamaged(batchOf(type, head, huge - 100, -1, 0));
        assertDamaged(batchOf(type, head, -1, huge - 100, 0));
        assertDamaged(batchOf(type, head, -1, -1, huge / 3));
        assertDamaged(batchOf(type, head, -1, -1, huge));
        assertDamaged(batchOf(type, head, -1, -1, -1));
        assertDamaged(batchOf(type, head, -1, -1, 1, huge - 100));
        assertDamaged(batchOf(type, head, -1, -1, 1, -1, -1));
        assertDamaged(batchOf(type, head, -1, -1, 1, 0, huge - 100));
        assertDamaged(batchOf(type, new int[] {6, 0, 0, 1}, -1, -1, 0));
        assertDamaged(batchOf(type, new int[] {6, 0, 0, -1}, -1, -1, 0));
        assertDamaged(batchOf(type, new int[] {7, 0, 0, 0}, -1, -1, 0, 0));
        assertDamaged(batchOf(type, new int[] {5, 0, 0, 0}, -1, -1, 0));
        assertDamaged(batchOf(type, new int[] {-1, 0, 0, 0}, -1, -1, 0));
        assertDamaged(batchOf(type, new int[] {0, 0, 0, 0}, -1, -1, 0));
        ByteBuffer correct = batchOf(type, new int[] {6, 0, 0, 0}, -1, -1, 0);
        assertEquals(1, readAll(correct, "correct").size());
    }

    @Test
    void shouldRefuseEndlessVarints() {
        byte[] endless = new byte[40];
        java.util.Arrays.fill(endless, (byte) 0x80);
        assertDamaged(batchOf(CompressionType.NONE, 1, endless));
    }

    @ParameterizedTest
    @EnumSource(value = CompressionType.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void shouldStopAtTheLimitOfDecompressedBytes(CompressionType type) {
        ByteBuffer bomb = new RecordBatchBuilder()
                .compression(type)
                .append(1, null, new byte[48 << 20])
                .build();
        assertTrue(bomb.remaining() < 4 << 20);
        RecordBatch batch = TestBatch.view(TestBatch.direct(bomb));
        assertEquals(
                ErrorCode.MESSAGE_TOO_LARGE,
                assertThrows(ApiException.class, () -> batch.recordIterator(SMALL_LIMIT_BYTES)
                                .next())
                        .error());
        assertEquals(
                ErrorCode.MESSAGE_TOO_LARGE,
                assertThrows(
                                ApiException.class,
                                () -> RecordBatchValidator.validateRecordFraming(batch, false, SMALL_LIMIT_BYTES))
                        .error());
        assertEquals(1, RecordBatchValidator.validateRecordFraming(batch));
    }

    @Test
    void shouldStopReadingAfterDamage() {
        ByteBuffer built = new RecordBatchBuilder()
                .append(1, new byte[1], new byte[1])
                .append(1, new byte[1], new byte[1])
                .build();
        built.put(RecordBatch.HEADER_SIZE_BYTES, (byte) 0x01);
        RecordIterator records = TestBatch.view(built).recordIterator(SMALL_LIMIT_BYTES);
        assertThrows(ApiException.class, records::next);
        assertFalse(records.hasNext());
    }

    private void assertDamaged(ByteBuffer batch) {
        TestBatch.view(batch).updateCrc();
        assertEquals(
                ErrorCode.CORRUPT_MESSAGE,
                assertThrows(
                                ApiException.class,
                                () -> TestBatch.view(batch).records().forEach(record -> {}))
                        .error());
        assertEquals(
                ErrorCode.INVALID_RECORD,
                assertThrows(
                                ApiException.class,
                                () -> RecordBatchValidator.validateRecordFraming(TestBatch.view(batch)))
                        .error());
    }

    /** Reads with every reader; each gives records within the batch's own bounds or an ApiException. */
    private static List<Record> readAll(ByteBuffer bytes, String what) {
        RecordBatch batch = TestBatch.view(bytes);
        List<Record> records = new ArrayList<>();
        boolean isFramed = true;
        try {
            RecordBatchValidator.validateRecordFraming(batch, false, SMALL_LIMIT_BYTES);
        } catch (ApiException e) {
            isFramed = false;
        }
        try (RecordIterator iterator = batch.recordIterator(SMALL_LIMIT_BYTES)) {
            while (iterator.hasNext()) {
                Record record = iterator.next();
                assertTrue(record.offset() >= batch.baseOffset() && record.offset() <= batch.lastOffset(), what);
                records.add(record);
            }
            assertEquals(batch.recordCount(), records.size(), what);
        } catch (ApiException e) {
            boolean offsetsOnly = e.getMessage().contains("offset delta");
            if (isFramed && !offsetsOnly) {
                fail("the framing is accepted, the records are not, " + what + ": " + e.getMessage());
            }
        }
        return records;
    }

    private static ByteBuffer batchOf(CompressionType type, int[] head, int... rest) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        varint(bytes, head[0]);
        bytes.write(head[1]);
        varint(bytes, head[2]);
        varint(bytes, head[3]);
        for (int value : rest) {
            varint(bytes, value);
        }
        return batchOf(type, 1, bytes.toByteArray());
    }

    private static ByteBuffer batchOf(CompressionType type, int recordCount, byte[] payload) {
        ByteBuffer template = new RecordBatchBuilder()
                .compression(type)
                .append(1, (byte[]) null, null)
                .build();
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.write(TestBatch.bytes(template), 0, RecordBatch.HEADER_SIZE_BYTES);
        try {
            Compression.of(type).compress(payload, 0, payload.length, whole);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        ByteBuffer batch = ByteBuffer.wrap(whole.toByteArray());
        batch.putInt(RecordBatch.LENGTH_AT, whole.size() - RecordBatch.OVERHEAD_SIZE_BYTES);
        batch.putInt(RecordBatch.RECORD_COUNT_AT, recordCount);
        batch.putInt(RecordBatch.LAST_OFFSET_DELTA_AT, recordCount - 1);
        TestBatch.view(batch).updateCrc();
        return batch;
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int raw = (value << 1) ^ (value >> 31);
        while ((raw & ~0x7f) != 0) {
            out.write((raw & 0x7f) | 0x80);
            raw >>>= 7;
        }
        out.write(raw);
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }
}
