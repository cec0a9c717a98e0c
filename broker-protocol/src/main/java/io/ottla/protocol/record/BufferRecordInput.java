package io.ottla.protocol.record;

import io.ottla.protocol.ErrorCode;
import java.nio.ByteBuffer;

/** Uncompressed records: reads in place, and hands out slices. */
final class BufferRecordInput extends RecordInput {
    private final ByteBuffer payload;
    private final int endPosition;
    private int position;

    BufferRecordInput(ByteBuffer payload, ErrorCode damageError) {
        super(damageError);
        this.payload = payload;
        this.endPosition = payload.limit();
    }

    @Override
    byte readByte() {
        if (position >= endPosition) {
            throw damaged("The records end in the middle of a record");
        }
        return payload.get(position++);
    }

    @Override
    ByteBuffer readBytes(int sizeBytes) {
        int start = position;
        skip(sizeBytes);
        return payload.slice(start, sizeBytes);
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
        return position;
    }

    @Override
    boolean atEnd() {
        return position == endPosition;
    }

    @Override
    public void close() {}
}
