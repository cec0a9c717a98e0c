package io.ottla.protocol;

import java.nio.ByteBuffer;

/** Record batches in memory. Two are equal when their bytes are. */
public final class MemoryRecords implements Records {
    /** No batch at all. */
    public static final MemoryRecords EMPTY = new MemoryRecords(ByteBuffer.allocate(0));

    private final ByteBuffer buffer;

    private MemoryRecords(ByteBuffer buffer) {
        this.buffer = buffer;
    }

    /** Takes the bytes between position and limit; they are shared, not copied. */
    public static MemoryRecords of(ByteBuffer buffer) {
        return new MemoryRecords(buffer.slice());
    }

    /** The bytes, from position to limit. Each call returns a new view with its own position and limit. */
    public ByteBuffer buffer() {
        return buffer.duplicate();
    }

    @Override
    public int sizeBytes() {
        return buffer.remaining();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MemoryRecords that && buffer.equals(that.buffer);
    }

    @Override
    public int hashCode() {
        return buffer.hashCode();
    }

    @Override
    public String toString() {
        return "MemoryRecords(" + sizeBytes() + " bytes)";
    }
}
