package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Walks the batches that lie one behind the other in a buffer: a fetch response, a chunk of a segment.
 *
 * <p>A batch whose end lies behind the end of the buffer is a torn tail and ends the walk quietly: a fetch is cut at a
 * byte limit, and a crash leaves half a batch.
 */
public final class RecordBatches {
    /** The answer of {@link #sizeBytesAt} where no whole batch lies. */
    public static final int TORN = -1;

    /** The smallest thing that any version of the format allowed behind the overhead: an empty message of magic 0. */
    private static final int LEGACY_MIN_LENGTH_BYTES = 14;

    private RecordBatches() {}

    /**
     * The whole batches from the buffer's position to its limit; the buffer's position does not move. One view is
     * reused: what the iterator returns is valid until its next call. CRCs are not checked. Iterating throws
     * ApiException as {@link #sizeBytesAt} does.
     */
    public static Iterable<RecordBatch> iterate(ByteBuffer records) {
        return () -> new BatchIterator(records);
    }

    /**
     * How many bytes from the buffer's position on are whole batches.
     *
     * @throws ApiException as {@link #sizeBytesAt} does
     */
    public static int wholeSizeBytes(ByteBuffer records) {
        int position = records.position();
        while (true) {
            int sizeBytes = sizeBytesAt(records, position);
            if (sizeBytes == TORN) {
                return position - records.position();
            }
            position += sizeBytes;
        }
    }

    /** Whether a transactional batch of magic 2 starts at an absolute position; false too if there is no whole header. */
    public static boolean isTransactionalAt(ByteBuffer records, int position) {
        return records.limit() - position >= RecordBatch.HEADER_SIZE_BYTES
                && records.get(position + RecordBatch.MAGIC_AT) == RecordBatch.MAGIC
                && (records.getShort(position + RecordBatch.ATTRIBUTES_AT) & RecordBatch.TRANSACTIONAL_BIT) != 0;
    }

    /**
     * The size of the batch that starts at an absolute position, up to the buffer's limit.
     *
     * @return the size with its header, or {@link #TORN} if the buffer ends before the batch does
     * @throws ApiException CORRUPT_MESSAGE if the length is too small to be one or the magic is unknown;
     *     UNSUPPORTED_FOR_MESSAGE_FORMAT if it is a message of the formats of before Kafka 0.11 (magic 0 and 1)
     */
    public static int sizeBytesAt(ByteBuffer records, int position) {
        int remaining = records.limit() - position;
        if (remaining < RecordBatch.OVERHEAD_SIZE_BYTES) {
            return TORN;
        }
        int length = records.getInt(position + RecordBatch.LENGTH_AT);
        if (length < LEGACY_MIN_LENGTH_BYTES) {
            throw new ApiException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "Record size " + length + " is less than the minimum record overhead (" + LEGACY_MIN_LENGTH_BYTES
                            + ")");
        }
        if (remaining <= RecordBatch.MAGIC_AT) {
            return TORN;
        }
        byte magic = records.get(position + RecordBatch.MAGIC_AT);
        if (magic != RecordBatch.MAGIC) {
            throw unknownMagic(magic);
        }
        if (length < RecordBatch.HEADER_SIZE_BYTES - RecordBatch.OVERHEAD_SIZE_BYTES) {
            throw new ApiException(
                    ErrorCode.CORRUPT_MESSAGE,
                    "Record batch is corrupted (the size " + (length + RecordBatch.OVERHEAD_SIZE_BYTES)
                            + " is smaller than the minimum allowed overhead " + RecordBatch.HEADER_SIZE_BYTES + ")");
        }
        return length > remaining - RecordBatch.OVERHEAD_SIZE_BYTES ? TORN : length + RecordBatch.OVERHEAD_SIZE_BYTES;
    }

    private static ApiException unknownMagic(byte magic) {
        if (magic == 0 || magic == 1) {
            return new ApiException(
                    ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
                    "Record batches with magic version " + magic + " are not supported; the oldest supported is "
                            + RecordBatch.MAGIC);
        }
        return new ApiException(ErrorCode.CORRUPT_MESSAGE, "Invalid magic found in record: " + magic);
    }

    private static final class BatchIterator implements Iterator<RecordBatch> {
        private final ByteBuffer records;
        private final RecordBatch batch = new RecordBatch();
        private int nextPosition;
        private int nextSizeBytes;

        BatchIterator(ByteBuffer records) {
            this.records = records;
            this.nextPosition = records.position();
        }

        @Override
        public boolean hasNext() {
            if (nextSizeBytes == 0) {
                nextSizeBytes = sizeBytesAt(records, nextPosition);
            }
            return nextSizeBytes != TORN;
        }

        @Override
        public RecordBatch next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            batch.wrap(records, nextPosition);
            nextPosition += nextSizeBytes;
            nextSizeBytes = 0;
            return batch;
        }
    }
}
