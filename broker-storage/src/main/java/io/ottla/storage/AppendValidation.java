package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.RecordBatchSummary;
import io.ottla.protocol.record.RecordBatchValidator;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.protocol.record.RecordIterator;
import io.ottla.protocol.record.TimestampType;
import java.nio.ByteBuffer;

/** What is checked of records before they take the log's lock. Stateless. */
final class AppendValidation {

    /** Compressing this much takes some 100 us. */
    private static final int MAX_BRIEF_UNCOMPRESSED_SIZE_BYTES = 16 * 1024;

    /** Walking so many records, without looking into them, takes some 300 us. */
    private static final int MAX_BRIEF_RECORDS = 10_000;

    private static final ThreadLocal<AppendValidation> SCRATCH = ThreadLocal.withInitial(AppendValidation::new);

    private final RecordBatchSummary summary = new RecordBatchSummary();
    private final RecordBatch batch = new RecordBatch();

    private AppendValidation() {}

    /**
     * Checks the batches, and puts those of a client into the form that the log wants.
     *
     * @return the batches to write: the same buffer, or a new one where they had to be compressed another way
     * @throws ApiException as {@link Log#append} says
     */
    static ByteBuffer validate(ByteBuffer records, AppendOrigin origin, LogConfig config, long nowMs, String logName) {
        AppendValidation scratch = SCRATCH.get();
        if (origin == AppendOrigin.CLIENT) {
            return scratch.validateProduced(records, config, nowMs, logName);
        }
        scratch.validateOwn(records);
        return records;
    }

    /** As {@link Log#isAppendLengthy} says. */
    static boolean isLengthy(ByteBuffer records, LogConfig config, long nowMs) {
        int sizeBytes = records.remaining();
        RecordBatch batch = SCRATCH.get().batch.wrap(records, records.position());
        CompressionType wanted = config.compressionType();
        if (!batch.isCompressed()) {
            boolean packs = wanted != null && wanted != CompressionType.NONE;
            return (packs && sizeBytes > MAX_BRIEF_UNCOMPRESSED_SIZE_BYTES) || batch.recordCount() > MAX_BRIEF_RECORDS;
        }
        boolean looksAtTimestamps = config.messageTimestampType() == TimestampType.CREATE_TIME
                && (config.messageTimestampBeforeMaxMs() < nowMs || isAfter(batch.maxTimestampMs(), nowMs, config));
        return config.cleanupCompact() || looksAtTimestamps || (wanted != null && !batch.isCompressedWith(wanted));
    }

    private static boolean isAfter(long timestampMs, long nowMs, LogConfig config) {
        return timestampMs > latestMs(nowMs, config);
    }

    private static long latestMs(long nowMs, LogConfig config) {
        return nowMs + Math.min(config.messageTimestampAfterMaxMs(), Long.MAX_VALUE - nowMs);
    }

    private ByteBuffer validateProduced(ByteBuffer records, LogConfig config, long nowMs, String logName) {
        if (records.remaining() > config.maxMessageBytes()) {
            throw new ApiException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "The record batch size in the append to " + logName + " is " + records.remaining()
                            + " bytes which exceeds the maximum configured value of " + config.maxMessageBytes() + ".");
        }
        if (records.remaining() > config.segmentBytes()) {
            throw new ApiException(
                    ErrorCode.RECORD_LIST_TOO_LARGE,
                    "Message batch size is " + records.remaining() + " bytes in append to partition " + logName
                            + ", which exceeds the maximum configured segment size of " + config.segmentBytes() + ".");
        }
        RecordBatchValidator.validateProduced(records, summary);
        batch.wrap(records, records.position());
        if (!batch.isCompressed() || config.cleanupCompact()) {
            long maxTimestampMs = RecordBatchValidator.validateRecordFraming(
                    batch, config.cleanupCompact(), RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES);
            if (batch.timestampType() == TimestampType.CREATE_TIME) {
                batch.maxTimestamp(TimestampType.CREATE_TIME, maxTimestampMs);
            }
        }
        if (config.messageTimestampType() == TimestampType.CREATE_TIME) {
            validateTimestamps(config, nowMs);
        }
        CompressionType wanted = config.compressionType();
        return wanted == null || wanted == batch.compressionType() ? records : recompress(config, wanted, logName);
    }

    private void validateTimestamps(LogConfig config, long nowMs) {
        if (batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            throw new ApiException(
                    ErrorCode.INVALID_TIMESTAMP,
                    "Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime.");
        }
        long latestMs = latestMs(nowMs, config);
        requireTimestamp(batch.maxTimestampMs(), Long.MIN_VALUE, latestMs);
        long beforeMaxMs = config.messageTimestampBeforeMaxMs();
        if (beforeMaxMs < nowMs) {
            // The header says which timestamp is the largest, not which is the smallest.
            try (RecordIterator records = batch.recordIterator(RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES)) {
                while (records.hasNext()) {
                    requireTimestamp(records.next().timestampMs(), nowMs - beforeMaxMs, latestMs);
                }
            }
        }
    }

    private static void requireTimestamp(long timestampMs, long earliestMs, long latestMs) {
        if (timestampMs != RecordBatch.NO_TIMESTAMP_MS && (timestampMs < earliestMs || timestampMs > latestMs)) {
            throw new ApiException(
                    ErrorCode.INVALID_TIMESTAMP,
                    "Timestamp " + timestampMs + " of message is out of range. The timestamp should be within ["
                            + Math.max(earliestMs, 0L) + ", " + latestMs + "]");
        }
    }

    private ByteBuffer recompress(LogConfig config, CompressionType wanted, String logName) {
        RecordBatchBuilder builder = new RecordBatchBuilder(batch.sizeBytes())
                .producer(batch.producerId(), batch.producerEpoch(), batch.baseSequence())
                .transactional(batch.isTransactional());
        if (wanted == CompressionType.NONE || wanted == CompressionType.SNAPPY) {
            builder.compression(wanted);
        } else {
            builder.compression(wanted, config.compressionLevel(wanted));
        }
        try (RecordIterator records = batch.recordIterator(RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES)) {
            while (records.hasNext()) {
                Record record = records.next();
                if (config.cleanupCompact() && record.key() == null) {
                    throw new ApiException(
                            ErrorCode.INVALID_RECORD,
                            "Compacted topic cannot accept message without key in " + logName);
                }
                builder.append(record.timestampMs(), record.key(), record.value(), record.headers());
            }
        }
        return builder.build();
    }

    /** Batches of the broker itself: each numbered from 0 or as it likes, the log numbers them anew. */
    private void validateOwn(ByteBuffer records) {
        int at = records.position();
        if (at == records.limit()) {
            throw new ApiException(ErrorCode.INVALID_RECORD, "There is no record batch");
        }
        while (at < records.limit()) {
            int sizeBytes = RecordBatches.sizeBytesAt(records, at);
            if (sizeBytes == RecordBatches.TORN) {
                throw new ApiException(ErrorCode.CORRUPT_MESSAGE, "The last record batch ends behind its buffer");
            }
            batch.wrap(records, at);
            if (sizeBytes < RecordBatch.HEADER_SIZE_BYTES || !batch.isCrcValid() || batch.lastOffsetDelta() < 0) {
                throw new ApiException(ErrorCode.CORRUPT_MESSAGE, "Record batch is corrupted: " + batch);
            }
            at += sizeBytes;
        }
    }
}
