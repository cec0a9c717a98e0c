package io.ottla.protocol.record;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Compressed records, decompressed through one small buffer. A claimed length never decides how much is allocated: an
 * array grows with the bytes that really come.
 */
final class StreamRecordInput extends RecordInput {
    private static final int BUFFER_SIZE_BYTES = 8 * 1024;
    private static final int FIRST_CHUNK_SIZE_BYTES = 64 * 1024;

    private final InputStream in;
    private final long maxDecompressedSizeBytes;
    private final byte[] chunk = new byte[BUFFER_SIZE_BYTES];
    private int next;
    private int end;
    private long filledBytes;

    StreamRecordInput(CompressionType type, ByteBuffer payload, long maxDecompressedSizeBytes, ErrorCode damageError) {
        super(damageError);
        this.maxDecompressedSizeBytes = maxDecompressedSizeBytes;
        try {
            this.in = Compression.decompressing(type, payload);
        } catch (IOException e) {
            throw damaged("The " + type + " data is damaged: " + e.getMessage());
        }
    }

    @Override
    byte readByte() {
        if (next == end) {
            requireMore();
        }
        return chunk[next++];
    }

    @Override
    ByteBuffer readBytes(int sizeBytes) {
        if (sizeBytes <= end - next) {
            int start = next;
            next += sizeBytes;
            return ByteBuffer.wrap(Arrays.copyOfRange(chunk, start, next));
        }
        byte[] bytes = new byte[Math.min(sizeBytes, FIRST_CHUNK_SIZE_BYTES)];
        int filled = 0;
        while (filled < sizeBytes) {
            if (next == end) {
                requireMore();
            }
            if (filled == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(sizeBytes, bytes.length * 2L));
            }
            int count = Math.min(end - next, bytes.length - filled);
            System.arraycopy(chunk, next, bytes, filled, count);
            next += count;
            filled += count;
        }
        return ByteBuffer.wrap(bytes);
    }

    @Override
    void skip(int sizeBytes) {
        int left = sizeBytes;
        while (left > end - next) {
            left -= end - next;
            next = end;
            requireMore();
        }
        next += left;
    }

    @Override
    long consumedBytes() {
        return filledBytes - (end - next);
    }

    @Override
    boolean atEnd() {
        return next == end && !fill();
    }

    private void requireMore() {
        if (!fill()) {
            throw damaged("The compressed records end in the middle of a record");
        }
    }

    /** Fetches more decompressed bytes; false if there are none. */
    private boolean fill() {
        int count;
        try {
            count = in.read(chunk, 0, chunk.length);
        } catch (IOException | RuntimeException e) {
            // The codecs answer garbage with unchecked exceptions too.
            throw damaged("The compressed records are damaged: " + e.getMessage());
        }
        if (count <= 0) {
            return false;
        }
        next = 0;
        end = count;
        filledBytes += count;
        if (filledBytes > maxDecompressedSizeBytes) {
            throw new ApiException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "The records of the batch decompress to more than " + maxDecompressedSizeBytes + " bytes");
        }
        return true;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw damaged("The compressed records are damaged: " + e.getMessage());
        }
    }
}
