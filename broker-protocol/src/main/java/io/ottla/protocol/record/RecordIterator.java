package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The records of one batch, read one by one. Closes itself at the end and at the first error; whoever stops before
 * closes it, because a codec may hold memory outside the heap. Not thread-safe.
 */
public final class RecordIterator implements Iterator<Record>, AutoCloseable {
    /** The shortest record: attributes, two deltas, two lengths and a header count of one byte each. */
    static final int MIN_RECORD_SIZE_BYTES = 6;

    /** The shortest header: two lengths. */
    static final int MIN_HEADER_SIZE_BYTES = 2;

    private static final int MAX_INITIAL_HEADER_CAPACITY = 64;

    private final RecordInput in;
    private final long baseOffset;
    private final int lastOffsetDelta;
    private final long baseTimestampMs;
    private final long logAppendTimeMs;
    private final boolean usesLogAppendTime;
    private final int baseSequence;
    private int recordsLeft;

    RecordIterator(RecordBatch batch, RecordInput in) {
        this.in = in;
        this.baseOffset = batch.baseOffset();
        this.lastOffsetDelta = batch.lastOffsetDelta();
        this.baseTimestampMs = batch.baseTimestampMs();
        this.logAppendTimeMs = batch.maxTimestampMs();
        this.usesLogAppendTime = batch.timestampType() == TimestampType.LOG_APPEND_TIME;
        this.baseSequence = batch.baseSequence();
        this.recordsLeft = batch.recordCount();
        if (recordsLeft < 0) {
            close();
            throw in.damaged("Found invalid record count " + recordsLeft + " in record batch");
        }
        if (recordsLeft == 0) {
            end();
        }
    }

    @Override
    public boolean hasNext() {
        return recordsLeft > 0;
    }

    /**
     * The next record.
     *
     * @throws ApiException CORRUPT_MESSAGE on damage, MESSAGE_TOO_LARGE beyond the limit of decompressed bytes
     */
    @Override
    public Record next() {
        if (recordsLeft <= 0) {
            throw new NoSuchElementException();
        }
        try {
            Record record = readRecord();
            recordsLeft--;
            if (recordsLeft == 0) {
                end();
            }
            return record;
        } catch (ApiException e) {
            recordsLeft = 0;
            close();
            throw e;
        }
    }

    @Override
    public void close() {
        recordsLeft = 0;
        in.close();
    }

    private void end() {
        boolean complete = in.atEnd();
        close();
        if (!complete) {
            throw in.damaged("Incorrect declared batch size, records still remaining in file");
        }
    }

    private Record readRecord() {
        long endsAtBytes = readSize(in);
        in.readByte(); // attributes: no bit of them is used
        long timestampDelta = in.readVarlong();
        int offsetDelta = in.readVarint();
        if (offsetDelta < 0 || offsetDelta > lastOffsetDelta) {
            throw in.damaged(
                    "Found invalid offset delta " + offsetDelta + " in a batch whose last one is " + lastOffsetDelta);
        }
        ByteBuffer key = readNullable(endsAtBytes);
        ByteBuffer value = readNullable(endsAtBytes);
        List<RecordHeader> headers = readHeaders(endsAtBytes);
        requireEnd(in, endsAtBytes);
        long timestampMs = usesLogAppendTime ? logAppendTimeMs : baseTimestampMs + timestampDelta;
        int sequence = baseSequence == RecordBatch.NO_SEQUENCE
                ? RecordBatch.NO_SEQUENCE
                : RecordBatch.incrementSequence(baseSequence, offsetDelta);
        return new Record(baseOffset + offsetDelta, timestampMs, key, value, headers, sequence);
    }

    private ByteBuffer readNullable(long endsAtBytes) {
        int sizeBytes = in.readVarint();
        if (sizeBytes < 0) {
            return null;
        }
        requireWithin(in, sizeBytes, endsAtBytes);
        return in.readBytes(sizeBytes);
    }

    private List<RecordHeader> readHeaders(long endsAtBytes) {
        int count = readHeaderCount(in, endsAtBytes);
        if (count == 0) {
            return List.of();
        }
        List<RecordHeader> headers = new ArrayList<>(Math.min(count, MAX_INITIAL_HEADER_CAPACITY));
        for (int i = 0; i < count; i++) {
            int keySizeBytes = in.readVarint();
            if (keySizeBytes < 0) {
                throw in.damaged("Invalid negative header key size " + keySizeBytes);
            }
            requireWithin(in, keySizeBytes, endsAtBytes);
            String key =
                    StandardCharsets.UTF_8.decode(in.readBytes(keySizeBytes)).toString();
            headers.add(new RecordHeader(key, readNullable(endsAtBytes)));
        }
        return headers;
    }

    /** Reads a record's length and answers where, in consumed bytes, the record must end. */
    static long readSize(RecordInput in) {
        int sizeBytes = in.readVarint();
        if (sizeBytes < MIN_RECORD_SIZE_BYTES) {
            throw in.damaged("Invalid record size: " + sizeBytes + " is less than " + MIN_RECORD_SIZE_BYTES);
        }
        return in.consumedBytes() + sizeBytes;
    }

    static int readHeaderCount(RecordInput in, long endsAtBytes) {
        int count = in.readVarint();
        if (count < 0 || count > (endsAtBytes - in.consumedBytes()) / MIN_HEADER_SIZE_BYTES) {
            throw in.damaged("Found invalid number of record headers " + count);
        }
        return count;
    }

    static void requireWithin(RecordInput in, int sizeBytes, long endsAtBytes) {
        if (sizeBytes > endsAtBytes - in.consumedBytes()) {
            throw in.damaged("A length of " + sizeBytes + " bytes goes beyond the end of its record");
        }
    }

    static void requireEnd(RecordInput in, long endsAtBytes) {
        if (in.consumedBytes() != endsAtBytes) {
            throw in.damaged("Invalid record size: the record's fields end " + (in.consumedBytes() - endsAtBytes)
                    + " bytes behind where its length says");
        }
    }
}
