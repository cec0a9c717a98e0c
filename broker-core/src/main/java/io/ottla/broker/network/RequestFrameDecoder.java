package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;

/**
 * Cuts the byte stream into frames: a signed 32-bit length, then as many bytes.
 *
 * <p>It also chooses the memory that the socket is read into ({@link FrameReadAllocator}), so that a frame is never copied
 * in the usual case. Small pipelined frames come as many as fit in one read and are views of one buffer. For a large frame,
 * whose length is known from its first bytes, the next read gets a buffer of just that size; and after a large frame the next
 * read starts with a buffer of the same size, which the next frame then fills exactly.
 *
 * <p>A length is only a promise. Up to the size of the largest frame that the connection has delivered it is believed;
 * beyond that the buffer doubles as bytes arrive, so an honest sender pays for one copy on his first large frame, and a hostile
 * one gets no more memory than twice what he sent.
 *
 * <p>Also takes bytes that some other stage read (TLS); those are copied.
 */
final class RequestFrameDecoder extends InboundStage {

    /** Size of the length field. */
    static final int LENGTH_SIZE_BYTES = 4;

    /** Frames up to this size are believed from the first. */
    static final int FREE_CREDIT_BYTES = 16 * 1024;

    private static final int MIN_READ_BYTES = 2 * 1024;
    private static final int MAX_READ_BYTES = 64 * 1024;

    private final FrameConsumer consumer;
    private final int maxFrameSizeBytes;

    /** Holds what was read and not yet consumed, from reader to writer index; null when there is nothing. */
    private ByteBuf buffer;

    private int readSizeBytes = MIN_READ_BYTES;
    private int creditBytes = FREE_CREDIT_BYTES;
    private int lastLargeFrameBytes;
    private int lastReadBytes;
    private boolean decoding;
    private boolean closed;

    RequestFrameDecoder(FrameConsumer consumer, int maxFrameSizeBytes) {
        this.consumer = consumer;
        this.maxFrameSizeBytes = maxFrameSizeBytes;
    }

    /** The buffer that the next read fills, from its writer index to its capacity. The caller releases it. */
    ByteBuf readBuffer(ByteBufAllocator allocator) {
        makeRoom(allocator);
        return buffer.retain();
    }

    /** Adapts the size of reads to how full the last one was. */
    void onRead(int wantedBytes, int gotBytes) {
        lastReadBytes = gotBytes;
        if (gotBytes == wantedBytes) {
            readSizeBytes = Math.min(MAX_READ_BYTES, readSizeBytes * 2);
        } else if (gotBytes < readSizeBytes / 4) {
            readSizeBytes = Math.max(MIN_READ_BYTES, readSizeBytes / 2);
        }
    }

    /** How many bytes the last read brought. */
    int lastReadBytes() {
        return lastReadBytes;
    }

    @Override
    @SuppressWarnings(
            "ReferenceEquality") // the question is whether it is the same memory, not whether it has the same bytes
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf read = (ByteBuf) message;
        try {
            if (closed) {
                dropBuffer();
                return;
            }
            if (read != buffer) {
                append(ctx.alloc(), read);
            }
        } finally {
            read.release();
        }
        decode();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (buffer != null && !buffer.isReadable()) {
            dropBuffer();
        }
        super.channelReadComplete(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        close();
        super.channelInactive(ctx);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        close();
    }

    /** Whether a whole frame waits that a pause kept from the consumer. */
    boolean hasFrame() {
        if (closed || buffer == null || buffer.readableBytes() < LENGTH_SIZE_BYTES) {
            return false;
        }
        // An invalid length counts as a frame: it has to be reported.
        int size = buffer.getInt(buffer.readerIndex());
        return size < 0 || size > maxFrameSizeBytes || size <= buffer.readableBytes() - LENGTH_SIZE_BYTES;
    }

    /** Goes on with the frames that were read before the consumer paused. */
    void resume() {
        decode();
        if (buffer != null && !buffer.isReadable()) {
            dropBuffer();
        }
    }

    /** Drops what was read and ignores what comes. */
    void close() {
        closed = true;
        if (!decoding) {
            dropBuffer();
        }
    }

    private void decode() {
        if (decoding) {
            return;
        }
        decoding = true;
        try {
            while (!closed && !consumer.paused() && decodeFrame()) {
                // one frame each time
            }
        } finally {
            decoding = false;
            if (closed) {
                dropBuffer();
            }
        }
    }

    private boolean decodeFrame() {
        if (buffer == null || buffer.readableBytes() < LENGTH_SIZE_BYTES) {
            return false;
        }
        int start = buffer.readerIndex();
        int size = buffer.getInt(start);
        if (size < 0 || size > maxFrameSizeBytes) {
            consumer.onInvalidSize(size);
            return false;
        }
        if (buffer.readableBytes() - LENGTH_SIZE_BYTES < size) {
            return false;
        }
        int frameBytes = LENGTH_SIZE_BYTES + size;
        buffer.readerIndex(start + frameBytes);
        lastLargeFrameBytes = frameBytes > FREE_CREDIT_BYTES ? frameBytes : 0;
        creditBytes = Math.max(creditBytes, frameBytes);
        consumer.onFrame(buffer, start + LENGTH_SIZE_BYTES, size);
        return true;
    }

    /** Makes sure that there is a buffer with space to read into: enough, not just any. */
    private void makeRoom(ByteBufAllocator allocator) {
        if (buffer == null) {
            buffer = newBuffer(allocator, freshSizeBytes());
            return;
        }
        int unread = buffer.readableBytes();
        if (unread == 0) {
            // All that was read is consumed; if nobody holds on to it, the same memory serves again.
            if (buffer.refCnt() == 1 && buffer.capacity() == freshSizeBytes()) {
                buffer.clear();
            } else {
                replaceBuffer(allocator, freshSizeBytes());
            }
        } else if (unread < LENGTH_SIZE_BYTES) {
            if (buffer.writableBytes() < MIN_READ_BYTES / 2) {
                replaceBuffer(allocator, freshSizeBytes());
            }
        } else {
            makeRoomForFrame(allocator, unread);
        }
    }

    /** The length of the frame is known. */
    private void makeRoomForFrame(ByteBufAllocator allocator, int unread) {
        // A complete frame may stand here when the consumer is paused; reads are off then, save for one under way.
        long frameBytes = (long) LENGTH_SIZE_BYTES + buffer.getInt(buffer.readerIndex());
        boolean complete = frameBytes <= unread;
        if (!complete && buffer.readerIndex() + frameBytes <= buffer.capacity()) {
            return;
        }
        if (!complete && frameBytes <= creditBytes) {
            replaceBuffer(allocator, (int) Math.max(frameBytes, freshSizeBytes()));
        } else if (!buffer.isWritable()) {
            long grown = Math.max(2L * unread, MIN_READ_BYTES);
            replaceBuffer(allocator, (int) Math.min(complete ? grown : Math.min(grown, frameBytes), Integer.MAX_VALUE));
        }
    }

    private int freshSizeBytes() {
        return lastLargeFrameBytes > 0 ? lastLargeFrameBytes : readSizeBytes;
    }

    private void append(ByteBufAllocator allocator, ByteBuf read) {
        while (read.isReadable()) {
            makeRoom(allocator);
            buffer.writeBytes(read, Math.min(read.readableBytes(), buffer.writableBytes()));
            if (!buffer.isWritable()) {
                decode();
                if (closed) {
                    return;
                }
            }
        }
    }

    private void replaceBuffer(ByteBufAllocator allocator, int sizeBytes) {
        ByteBuf old = buffer;
        buffer = newBuffer(allocator, sizeBytes).writeBytes(old);
        old.release();
    }

    private static ByteBuf newBuffer(ByteBufAllocator allocator, int sizeBytes) {
        return allocator.directBuffer(sizeBytes, sizeBytes);
    }

    private void dropBuffer() {
        if (buffer != null) {
            buffer.release();
            buffer = null;
        }
    }
}
