package io.ottla.protocol.record;

import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;

/** Uncompressed records: reads in place, and hands out slices. */
final class BufferRecordInput extends RecordInput {
    private final ByteBuffer buffer;
    private final int startPosition;
    private final int endPosition;
    private int position;

    /** Reads from the position on, whatever the buffer's own position is. */
    BufferRecordInput(ByteBuffer buffer, int startPosition, int sizeBytes, ErrorCode damageError) {
        super(damageError);
        this.buffer = buffer;
        this.startPosition = startPosition;
        this.endPosition = startPosition + sizeBytes;
        this.position = startPosition;
    }

    @Override
    byte readByte() {
        if (position >= endPosition) {
            throw damaged("The records end in the middle of a record");
        }
        return buffer.get(position++);
    }

    @Override
    ByteBuffer readBytes(int sizeBytes) {
        int start = position;
        skip(sizeBytes);
        return buffer.slice(start, sizeBytes);
    }

    @Override
    void skip(int sizeBytes) {
        if (sizeBytes > endPosition - position) {
            throw damaged("The records end in the middle of a record");
        }
        position += sizeBytes;
    }

    @Override
    long consumedBytes() {
        return (long) position - startPosition;
    }

    @Override
    boolean atEnd() {
        return position == endPosition;
    }

    @Override
    public void close() {}
}
