package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;

/**
 * The bytes behind a batch's header, decompressed if need be: the one place that knows how a record's primitives are
 * read. Every failure is an {@link ApiException} with the error code the reader was opened with.
 *
 * <p>Varints are those of Protocol Buffers, zig-zag encoded: 7 bits a byte, the lowest first, at most 5 bytes for an int
 * and 10 for a long.
 */
abstract class RecordInput implements AutoCloseable {
    private final ErrorCode damageError;

    RecordInput(ErrorCode damageError) {
        this.damageError = damageError;
    }

    /** Opens the records of a batch, whose sizes are checked first. */
    static RecordInput open(RecordBatch batch, long maxDecompressedSizeBytes, ErrorCode damageError) {
        int sizeBytes = batch.sizeBytes();
        ByteBuffer buffer = batch.buffer();
        if (sizeBytes < RecordBatch.HEADER_SIZE_BYTES || sizeBytes > buffer.limit() - batch.position()) {
            throw new ApiException(
                    damageError, "Record batch is corrupted (its size " + sizeBytes + " is not that of its buffer)");
        }
        int start = batch.position() + RecordBatch.HEADER_SIZE_BYTES;
        int payloadSizeBytes = sizeBytes - RecordBatch.HEADER_SIZE_BYTES;
        CompressionType type = batch.compressionType();
        if (type == CompressionType.NONE) {
            return new BufferRecordInput(buffer, start, payloadSizeBytes, damageError);
        }
        return new StreamRecordInput(
                type, buffer.slice(start, payloadSizeBytes), maxDecompressedSizeBytes, damageError);
    }

    abstract byte readByte();

    /** The next bytes as a buffer; the count, not negative, comes from the outside and is not to be believed. */
    abstract ByteBuffer readBytes(int sizeBytes);

    abstract void skip(int sizeBytes);

    /** How many bytes have been read so far, after decompression. */
    abstract long consumedBytes();

    /** Whether there is no further byte. Checks what the codec checks at the end. */
    abstract boolean atEnd();

    @Override
    public abstract void close();

    final ApiException damaged(String what) {
        return new ApiException(damageError, what);
    }

    final int readVarint() {
        int raw = readByte();
        if (raw < 0) {
            raw = readRestOfVarint(raw & 0x7f);
        }
        return (raw >>> 1) ^ -(raw & 1);
    }

    private int readRestOfVarint(int lowest) {
        int raw = lowest;
        for (int shift = 7; shift < 35; shift += 7) {
            byte next = readByte();
            raw |= (next & 0x7f) << shift;
            if (next >= 0) {
                return raw;
            }
        }
        throw damaged("Varint is too long, the most significant bit in the 5th byte is set");
    }

    final long readVarlong() {
        long raw = readByte();
        if (raw < 0) {
            raw = readRestOfVarlong(raw & 0x7f);
        }
        return (raw >>> 1) ^ -(raw & 1);
    }

    private long readRestOfVarlong(long lowest) {
        long raw = lowest;
        for (int shift = 7; shift < 70; shift += 7) {
            byte next = readByte();
            raw |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return raw;
            }
        }
        throw damaged("Varlong is too long, the most significant bit in the 10th byte is set");
    }
}
