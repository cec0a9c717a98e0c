package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;

/**
 * Checks record batches in place, in a heap or direct buffer, before a log believes them. Stateless; nothing is
 * decompressed except by {@link #validateRecordFraming} of a compressed batch, and nothing is allocated per record.
 *
 * <p>The error codes are those that Apache Kafka answers: CORRUPT_MESSAGE, on which a producer tries again, for bytes that
 * changed on their way, INVALID_RECORD, on which it does not, for batches that were built wrongly.
 */
public final class RecordBatchValidator {
    private RecordBatchValidator() {}

    /**
     * Checks what a client may send in a produce request from version 3 on: exactly one batch, from the buffer's position
     * to its limit, whose first offset is 0, without gaps between its offsets, not a control batch.
     *
     * @param records position to limit, read by nobody else meanwhile; the position is the same afterwards
     * @param summary is filled
     * @return the summary
     * @throws ApiException INVALID_RECORD if there is no whole batch or something behind the first, if it is of magic 0 or
     *     1, if base offset, last offset and record count do not fit together, if an attribute is set that the format
     *     does not know, if it is a control batch, or if it has a producer id and no sequence number; CORRUPT_MESSAGE if
     *     its size or magic is impossible or its CRC does not fit; UNSUPPORTED_COMPRESSION_TYPE
     */
    public static RecordBatchSummary validateProduced(ByteBuffer records, RecordBatchSummary summary) {
        summary.clear();
        int position = records.position();
        requireCurrentMagic(records, position);
        int sizeBytes = RecordBatches.sizeBytesAt(records, position);
        if (sizeBytes == RecordBatches.TORN) {
            throw invalid("Produce requests must have at least one record batch per partition");
        }
        if (sizeBytes != records.remaining()) {
            throw invalid("Produce requests are only allowed to contain exactly one record batch per partition");
        }
        RecordBatch batch = summary.batch.wrap(records, position);
        if (batch.baseOffset() != 0) {
            throw invalid("The baseOffset of the record batch should be 0, but it is " + batch.baseOffset());
        }
        validateBatch(batch, batch.computeCrcToLimit());
        requireProducible(batch);
        summary.add(batch, sizeBytes);
        return summary;
    }

    /**
     * Checks batches that the broker itself or another broker wrote: any number of them, from the buffer's position to
     * its limit, with offsets that grow and may have gaps.
     *
     * @param records position to limit; the position does not move
     * @param summary is filled
     * @return the summary
     * @throws ApiException CORRUPT_MESSAGE if there is none, if the last is torn, if sizes, magic or offsets are
     *     impossible or a CRC does not fit; INVALID_RECORD if its counts do not fit; UNSUPPORTED_FOR_MESSAGE_FORMAT if one is of magic 0 or 1;
     *     UNSUPPORTED_COMPRESSION_TYPE
     */
    public static RecordBatchSummary validate(ByteBuffer records, RecordBatchSummary summary) {
        summary.clear();
        int position = records.position();
        int limit = records.limit();
        if (position == limit) {
            throw corrupt("There is no record batch");
        }
        long nextOffset = 0;
        RecordBatch batch = summary.batch;
        while (position < limit) {
            int sizeBytes = RecordBatches.sizeBytesAt(records, position);
            if (sizeBytes == RecordBatches.TORN) {
                throw corrupt("The last record batch ends behind the end of its buffer");
            }
            batch.wrap(records, position);
            validateBatch(batch, batch.computeCrc());
            if (batch.baseOffset() < nextOffset || batch.lastOffset() < batch.baseOffset()) {
                throw corrupt("The record batch's offsets [" + batch.baseOffset() + ", " + batch.lastOffset()
                        + "] do not follow offset " + (nextOffset - 1));
            }
            nextOffset = batch.nextOffset();
            summary.add(batch, sizeBytes);
            position += sizeBytes;
        }
        return summary;
    }

    /**
     * Walks the records of a batch without looking into keys and values: do all lengths add up, are there as many records
     * as the header says, are their offsets consecutive. Decompresses if need be, with bounded memory.
     *
     * <p>This is what the CRC cannot tell: whether the producer wrote sense. Uncompressed, it costs 14 to 50 ns for each
     * record.
     *
     * @param batch a batch that {@link #validateProduced} accepts
     * @param keyRequired whether records without a key are refused, as compacted topics do
     * @param maxDecompressedSizeBytes how much the records may decompress to
     * @return the largest timestamp of the records in milliseconds, or {@link RecordBatch#NO_TIMESTAMP_MS}; it should equal
     *     the header's maximum timestamp
     * @throws ApiException INVALID_RECORD; MESSAGE_TOO_LARGE beyond the limit; UNSUPPORTED_COMPRESSION_TYPE if the codec
     *     cannot be loaded
     */
    public static long validateRecordFraming(RecordBatch batch, boolean keyRequired, long maxDecompressedSizeBytes) {
        int recordCount = batch.recordCount();
        long baseTimestampMs = batch.baseTimestampMs();
        long maxTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
        try (RecordInput in = RecordInput.open(batch, maxDecompressedSizeBytes, ErrorCode.INVALID_RECORD)) {
            for (int i = 0; i < recordCount; i++) {
                long timestampDelta = validateRecord(in, i, keyRequired);
                maxTimestampMs = Math.max(maxTimestampMs, baseTimestampMs + timestampDelta);
            }
            if (!in.atEnd()) {
                throw invalid("Incorrect declared batch size, records still remaining in file");
            }
        }
        return maxTimestampMs;
    }

    /** {@link #validateRecordFraming(RecordBatch, boolean, long)} with keys optional and the default limit. */
    public static long validateRecordFraming(RecordBatch batch) {
        return validateRecordFraming(batch, false, RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES);
    }

    private static long validateRecord(RecordInput in, int index, boolean keyRequired) {
        long endsAtBytes = RecordIterator.readSize(in);
        in.readByte();
        long timestampDelta = in.readVarlong();
        int offsetDelta = in.readVarint();
        if (offsetDelta != index) {
            throw invalid("Inner record " + index + " inside the record set does not have incremental offsets, expected"
                    + " offset is " + index + ", but it is " + offsetDelta);
        }
        if (!skipNullable(in, endsAtBytes) && keyRequired) {
            throw invalid("Compacted topic cannot accept message without key");
        }
        skipNullable(in, endsAtBytes);
        int headerCount = RecordIterator.readHeaderCount(in, endsAtBytes);
        for (int i = 0; i < headerCount; i++) {
            if (!skipNullable(in, endsAtBytes)) {
                throw invalid("Invalid negative header key size");
            }
            skipNullable(in, endsAtBytes);
        }
        RecordIterator.requireEnd(in, endsAtBytes);
        return timestampDelta;
    }

    /** Skips bytes with their length before them; false if they are null. */
    private static boolean skipNullable(RecordInput in, long endsAtBytes) {
        int sizeBytes = in.readVarint();
        if (sizeBytes < 0) {
            return false;
        }
        RecordIterator.requireWithin(in, sizeBytes, endsAtBytes);
        in.skip(sizeBytes);
        return true;
    }

    /** What holds for every batch of a log; its size has been checked. */
    private static void validateBatch(RecordBatch batch, long computedCrc) {
        if (batch.crc() != computedCrc) {
            throw corrupt("Record is corrupt (stored crc = " + batch.crc() + ", computed crc = " + computedCrc + ")");
        }
        int recordCount = batch.recordCount();
        int lastOffsetDelta = batch.lastOffsetDelta();
        if (recordCount < 0 || lastOffsetDelta < 0 || recordCount > lastOffsetDelta + 1L) {
            throw invalid("Inconsistent batch offset range [" + batch.baseOffset() + ", " + batch.lastOffset()
                    + "] and count of records " + recordCount);
        }
        int payloadSizeBytes = batch.sizeBytes() - RecordBatch.HEADER_SIZE_BYTES;
        if (!batch.isCompressed() && recordCount > payloadSizeBytes / (1 + RecordIterator.MIN_RECORD_SIZE_BYTES)) {
            throw invalid("Invalid reported count for record batch: " + recordCount + " records cannot lie in "
                    + payloadSizeBytes + " bytes");
        }
        batch.compressionType(); // throws if the protocol knows no such type
    }

    private static void requireProducible(RecordBatch batch) {
        int recordCount = batch.recordCount();
        if (recordCount == 0) {
            throw invalid("Invalid reported count for record batch: 0");
        }
        if (recordCount != batch.lastOffsetDelta() + 1L) {
            throw invalid("Inconsistent batch offset range [" + batch.baseOffset() + ", " + batch.lastOffset()
                    + "] and count of records " + recordCount);
        }
        if ((batch.attributes() & ~RecordBatch.KNOWN_ATTRIBUTES) != 0) {
            throw invalid("Unknown attributes in record batch: " + (batch.attributes() & 0xffff));
        }
        if (batch.isControlBatch()) {
            throw invalid("Clients are not allowed to write control records");
        }
        if (batch.hasProducerId() && batch.baseSequence() < 0) {
            throw invalid("Invalid sequence number " + batch.baseSequence() + " in record batch with producerId "
                    + batch.producerId());
        }
    }

    private static void requireCurrentMagic(ByteBuffer records, int position) {
        if (records.remaining() > RecordBatch.MAGIC_AT) {
            byte magic = records.get(position + RecordBatch.MAGIC_AT);
            if (magic == 0 || magic == 1) {
                throw invalid("Produce requests are only allowed to contain record batches with magic version 2");
            }
        }
    }

    private static ApiException invalid(String message) {
        return new ApiException(ErrorCode.INVALID_RECORD, message);
    }

    private static ApiException corrupt(String message) {
        return new ApiException(ErrorCode.CORRUPT_MESSAGE, message);
    }
}
