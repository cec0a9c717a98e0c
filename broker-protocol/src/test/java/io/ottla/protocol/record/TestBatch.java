package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/** What a batch shall hold, to be built by Ottla and by Apache Kafka. */
record TestBatch(
        Compression compression,
        long logAppendTimeMs,
        Producer producer,
        boolean isTransactional,
        long baseOffset,
        int leaderEpoch,
        long deleteHorizonMs,
        List<Record> records) {

    record Producer(long id, short epoch, int baseSequence) {
        static final Producer NONE = new Producer(-1, (short) -1, -1);
    }

    static TestBatch of(CompressionType type, List<Record> records) {
        return new TestBatch(Compression.of(type), -1, Producer.NONE, false, 0, -1, -1, records);
    }

    static TestBatch random(Random random, CompressionType type) {
        long baseOffset = random.nextInt(4) == 0 ? 0 : random.nextLong() >>> (2 + random.nextInt(50));
        boolean idempotent = random.nextBoolean();
        Producer producer = idempotent
                ? new Producer(random.nextLong() >>> 1, (short) random.nextInt(32768), random.nextInt() & 0x7fffffff)
                : Producer.NONE;
        return new TestBatch(
                Compression.of(type),
                random.nextInt(3) == 0 ? timestampMs(random) : -1,
                producer,
                idempotent && random.nextBoolean(),
                baseOffset,
                random.nextInt(3) == 0 ? -1 : random.nextInt() & 0x7fffffff,
                random.nextInt(4) == 0 ? timestampMs(random) : -1,
                records(random, baseOffset, 1 + random.nextInt(30), 300));
    }

    /** Records with nulls, empty and long fields, headers, and times that jump back and forth. */
    static List<Record> records(Random random, long baseOffset, int count, int maxFieldSizeBytes) {
        List<Record> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<RecordHeader> headers = new ArrayList<>();
            for (int h = random.nextInt(4); h > 0; h--) {
                String key = random.nextInt(4) == 0 ? "" : "kopf-\u00e4\u20ac\ud83d\ude00" + random.nextInt(100);
                headers.add(new RecordHeader(key, field(random, 40)));
            }
            records.add(new Record(
                    baseOffset + i,
                    timestampMs(random),
                    field(random, maxFieldSizeBytes),
                    field(random, maxFieldSizeBytes),
                    headers));
        }
        return records;
    }

    private static long timestampMs(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> Long.MAX_VALUE >>> 2;
            case 2 -> random.nextLong() >>> 2;
            default -> 1_700_000_000_000L + random.nextInt(100_000);
        };
    }

    private static ByteBuffer field(Random random, int maxSizeBytes) {
        int kind = random.nextInt(6);
        if (kind == 0) {
            return null;
        }
        byte[] bytes = new byte[kind == 1 ? 0 : random.nextInt(maxSizeBytes)];
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        }
        return ByteBuffer.wrap(bytes);
    }

    ByteBuffer builtByOttla() {
        RecordBatchBuilder builder = new RecordBatchBuilder()
                .compression(compression)
                .producer(producer.id, producer.epoch, producer.baseSequence)
                .transactional(isTransactional)
                .baseOffset(baseOffset)
                .partitionLeaderEpoch(leaderEpoch);
        if (logAppendTimeMs >= 0) {
            builder.logAppendTime(logAppendTimeMs);
        }
        if (deleteHorizonMs >= 0) {
            builder.deleteHorizonMs(deleteHorizonMs);
        }
        records.forEach(builder::append);
        return builder.build();
    }

    ByteBuffer builtByKafka() {
        try (MemoryRecordsBuilder builder = new MemoryRecordsBuilder(
                new ByteBufferOutputStream(1024),
                RecordBatch.MAGIC,
                kafkaCompression(compression.type()),
                logAppendTimeMs >= 0
                        ? org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME
                        : org.apache.kafka.common.record.TimestampType.CREATE_TIME,
                baseOffset,
                logAppendTimeMs,
                producer.id,
                producer.epoch,
                producer.baseSequence,
                isTransactional,
                false,
                leaderEpoch,
                Integer.MAX_VALUE,
                deleteHorizonMs)) {
            for (Record record : records) {
                Header[] headers = record.headers().stream()
                        .map(header -> new org.apache.kafka.common.header.internals.RecordHeader(
                                header.key(), bytes(header.value())))
                        .toArray(Header[]::new);
                builder.appendWithOffset(
                        record.offset(), record.timestampMs(), bytes(record.key()), bytes(record.value()), headers);
            }
            return builder.build().buffer().slice();
        }
    }

    static org.apache.kafka.common.compress.Compression kafkaCompression(CompressionType type) {
        return org.apache.kafka.common.compress.Compression.of(
                        org.apache.kafka.common.record.internal.CompressionType.forId(type.id()))
                .build();
    }

    static org.apache.kafka.common.record.internal.MutableRecordBatch kafkaView(ByteBuffer batch) {
        return MemoryRecords.readableRecords(batch.duplicate())
                .batches()
                .iterator()
                .next();
    }

    static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }

    static ByteBuffer direct(ByteBuffer heap) {
        return ByteBuffer.allocateDirect(heap.remaining()).put(heap.duplicate()).flip();
    }

    static RecordBatch view(ByteBuffer batch) {
        return new RecordBatch().wrap(batch, batch.position());
    }

    /** Ottla reads the batch as Apache Kafka does, header and records. */
    static void assertReadAsKafkaDoes(ByteBuffer bytes) {
        var expected = kafkaView(bytes);
        expected.ensureValid();
        RecordBatch actual = view(bytes);
        assertHeaderEquals(expected, actual);
        Iterator<Record> records = actual.records().iterator();
        for (var expectedRecord : expected) {
            assertTrue(records.hasNext());
            assertRecordEquals(expectedRecord, records.next());
        }
        assertFalse(records.hasNext());
    }

    static void assertHeaderEquals(
            org.apache.kafka.common.record.internal.MutableRecordBatch expected, RecordBatch actual) {
        assertTrue(actual.isCrcValid());
        assertEquals(expected.baseOffset(), actual.baseOffset());
        assertEquals(expected.lastOffset(), actual.lastOffset());
        assertEquals(expected.nextOffset(), actual.nextOffset());
        assertEquals(expected.sizeInBytes(), actual.sizeBytes());
        assertEquals(expected.partitionLeaderEpoch(), actual.partitionLeaderEpoch());
        assertEquals(expected.magic(), actual.magic());
        assertEquals(expected.checksum(), actual.crc());
        assertEquals(expected.compressionType().id, actual.compressionType().id());
        assertEquals(expected.timestampType().name, actual.timestampType().configName());
        assertEquals(expected.isTransactional(), actual.isTransactional());
        assertEquals(expected.isControlBatch(), actual.isControlBatch());
        assertEquals(expected.deleteHorizonMs().isPresent(), actual.hasDeleteHorizon());
        assertEquals(expected.deleteHorizonMs().orElse(-1), actual.deleteHorizonMs());
        assertEquals(
                ((org.apache.kafka.common.record.internal.DefaultRecordBatch) expected).baseTimestamp(),
                actual.baseTimestampMs());
        assertEquals(expected.maxTimestamp(), actual.maxTimestampMs());
        assertEquals(expected.producerId(), actual.producerId());
        assertEquals(expected.hasProducerId(), actual.hasProducerId());
        assertEquals(expected.producerEpoch(), actual.producerEpoch());
        assertEquals(expected.baseSequence(), actual.baseSequence());
        assertEquals(expected.lastSequence(), actual.lastSequence());
        assertEquals(expected.countOrNull(), actual.recordCount());
    }

    private static void assertRecordEquals(org.apache.kafka.common.record.internal.Record expected, Record actual) {
        assertEquals(expected.offset(), actual.offset());
        assertEquals(expected.timestamp(), actual.timestampMs());
        assertEquals(expected.sequence(), actual.sequence());
        assertEquals(expected.key(), actual.key());
        assertEquals(expected.value(), actual.value());
        assertEquals(expected.headers().length, actual.headers().size());
        for (int i = 0; i < expected.headers().length; i++) {
            assertEquals(expected.headers()[i].key(), actual.headers().get(i).key());
            byte[] value = expected.headers()[i].value();
            assertEquals(
                    value == null ? null : ByteBuffer.wrap(value),
                    actual.headers().get(i).value());
        }
    }
}
