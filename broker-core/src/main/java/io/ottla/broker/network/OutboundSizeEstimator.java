package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.channel.FileRegion;
import io.netty.channel.MessageSizeEstimator;

/** How much an answer weighs that waits to be sent: its memory, and for bytes in a file a token. */
final class OutboundSizeEstimator implements MessageSizeEstimator, MessageSizeEstimator.Handle {

    static final OutboundSizeEstimator INSTANCE = new OutboundSizeEstimator();

    private static final int MAX_FILE_REGION_BYTES = 64 * 1024;

    private OutboundSizeEstimator() {}

    @Override
    public Handle newHandle() {
        return this;
    }

    @Override
    public int size(Object message) {
        if (message instanceof FileRegion region) {
            return (int) Math.min(MAX_FILE_REGION_BYTES, region.count());
        }
        return message instanceof ByteBuf bytes ? bytes.readableBytes() : 0;
    }
}
