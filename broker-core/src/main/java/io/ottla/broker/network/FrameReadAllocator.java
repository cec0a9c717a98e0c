package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/** Makes a channel read into the buffers of its {@link RequestFrameDecoder}. */
final class FrameReadAllocator implements RecvByteBufAllocator {

    /** A burst of reads ends here, so that answers leave and other connections get their turn. */
    private static final int MAX_READS_PER_BURST = 16;

    private static final int MAX_BYTES_PER_BURST = 256 * 1024;

    private final RequestFrameDecoder decoder;

    FrameReadAllocator(RequestFrameDecoder decoder) {
        this.decoder = decoder;
    }

    @Override
    @SuppressWarnings("deprecation") // the return type of the overridden method
    public Handle newHandle() {
        return new ReadHandle(decoder);
    }

    private static final class ReadHandle implements ExtendedHandle {

        private final RequestFrameDecoder decoder;
        private ChannelConfig config;
        private int reads;
        private int burstBytes;
        private int wantedBytes;
        private int gotBytes;

        ReadHandle(RequestFrameDecoder decoder) {
            this.decoder = decoder;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return decoder.readBuffer(allocator);
        }

        @Override
        public int guess() {
            return 0; // asked only by implementations of allocate
        }

        @Override
        public void reset(ChannelConfig channelConfig) {
            config = channelConfig;
            reads = 0;
            burstBytes = 0;
        }

        @Override
        public void incMessagesRead(int count) {
            reads += count;
        }

        @Override
        public void lastBytesRead(int bytes) {
            gotBytes = bytes;
            if (bytes > 0) {
                burstBytes += bytes;
                decoder.onRead(wantedBytes, bytes);
            }
        }

        @Override
        public int lastBytesRead() {
            return gotBytes;
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            wantedBytes = bytes;
        }

        @Override
        public int attemptedBytesRead() {
            return wantedBytes;
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return continueReading();
        }

        /** A read that did not fill its buffer has emptied the socket: asking again would be a wasted system call. */
        @Override
        public boolean continueReading() {
            return gotBytes > 0
                    && gotBytes == wantedBytes
                    && reads < MAX_READS_PER_BURST
                    && burstBytes < MAX_BYTES_PER_BURST
                    && config.isAutoRead();
        }

        @Override
        public void readComplete() {
            // the decoder adapts with every read
        }
    }
}
