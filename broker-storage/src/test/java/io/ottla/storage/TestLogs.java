package io.ottla.storage;

import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.RecordBatches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the tests of storage share. */
final class TestLogs {

    static final long START_MS = 1_700_000_000_000L;

    /** Small enough that a few records fill a segment. */
    static final LogConfig SMALL_SEGMENTS =
            LogConfig.builder().segmentBytes(1000).indexIntervalBytes(100).build();

    private TestLogs() {}

    static StorageOptions options(Clock clock, StorageScheduler scheduler) {
        return StorageOptions.of(clock, scheduler).withFiles(new UnsyncedFiles());
    }

    static ByteBuffer batch(long timestampMs, String... values) {
        return producerBatch(timestampMs, RecordBatch.NO_PRODUCER_ID, (short) -1, -1, false, values);
    }

    static ByteBuffer producerBatch(
            long timestampMs, long producerId, short epoch, int sequence, boolean transactional, String... values) {
        RecordBatchBuilder builder =
                new RecordBatchBuilder().producer(producerId, epoch, sequence).transactional(transactional);
        for (String value : values) {
            builder.append(timestampMs, bytes("k"), bytes(value));
        }
        return builder.build();
    }

    /** The marker that ends a transaction. */
    static ByteBuffer marker(long timestampMs, long producerId, short epoch, boolean commit, int coordinatorEpoch) {
        ByteBuffer key = ByteBuffer.allocate(4).putShort((short) 0).putShort((short) (commit ? 1 : 0));
        ByteBuffer value = ByteBuffer.allocate(6).putShort((short) 0).putInt(coordinatorEpoch);
        return new RecordBatchBuilder()
                .producer(producerId, epoch, RecordBatch.NO_SEQUENCE)
                .transactional(true)
                .control(true)
                .append(timestampMs, key.array(), value.array())
                .build();
    }

    static LogAppendResult append(Log log, ByteBuffer records) {
        return log.append(records, AppendOrigin.CLIENT, 0);
    }

    /** The values of all records from an offset on. */
    static List<String> values(Log log, long fromOffset) {
        List<String> values = new ArrayList<>();
        long next = fromOffset;
        while (next < log.logEndOffset()) {
            long before = next;
            for (RecordBatch batch : batches(log, next, 1 << 20)) {
                for (Record record : batch.records()) {
                    if (record.offset() >= next && !batch.isControlBatch()) {
                        values.add(text(record.value()));
                    }
                }
                next = batch.nextOffset();
            }
            if (next == before) {
                throw new AssertionError("no progress at offset " + next + " of " + log.logEndOffset());
            }
        }
        return values;
    }

    /** What one read returns, whole batches only. */
    static List<RecordBatch> batches(Log log, long offset, int maxBytes) {
        FileRecords records =
                log.read(offset, maxBytes, log.logEndOffset(), true).records();
        ByteBuffer copy = ByteBuffer.allocate(records.sizeBytes());
        if (records.sizeBytes() > 0) {
            records.readInto(copy);
        }
        records.release();
        List<RecordBatch> batches = new ArrayList<>();
        for (RecordBatch batch : RecordBatches.iterate(copy.flip())) {
            batches.add(new RecordBatch().wrap(copy, batch.position()));
        }
        return batches;
    }

    static String text(ByteBuffer value) {
        return StandardCharsets.UTF_8.decode(value.duplicate()).toString();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Copies a directory as a crash of the process would leave it. */
    static void copy(Path from, Path to) {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
