package io.ottla.protocol;

import java.nio.ByteBuffer;

/** Where a {@link ProtocolWriter} gets its memory, so that a network layer can hand out pooled direct buffers. */
public interface BufferSource {
    /** Plain heap buffers. */
    BufferSource HEAP = new BufferSource() {
        @Override
        public ByteBuffer allocate(int sizeBytes) {
            return ByteBuffer.allocate(sizeBytes);
        }

        @Override
        public ByteBuffer grow(ByteBuffer buffer, int sizeBytes) {
            return ByteBuffer.allocate(sizeBytes).put(buffer.flip());
        }
    };

    /** A big-endian buffer at position 0 with room for at least this many bytes. */
    ByteBuffer allocate(int sizeBytes);

    /**
     * A buffer with room for at least this many bytes that holds the bytes of the given one up to its position, and
     * stands at that position. The given buffer is not used any more.
     */
    ByteBuffer grow(ByteBuffer buffer, int sizeBytes);
}
