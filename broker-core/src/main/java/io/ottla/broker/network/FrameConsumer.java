package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;

/** Where complete request frames go. Called on the event loop. */
interface FrameConsumer {

    /**
     * Takes one frame. It lies in a buffer that the caller owns: who needs it after the return must retain the buffer.
     *
     * @param buffer may hold other frames before and behind
     * @param index where the frame begins, behind its length field
     * @param sizeBytes size of the frame
     */
    void onFrame(ByteBuf buffer, int index, int sizeBytes);

    /** True while no more frames are wanted; {@link RequestFrameDecoder#resume} then starts them again. */
    boolean paused();

    /** A length field out of range: no frame can be found behind it any more. */
    void onInvalidSize(int sizeBytes);
}
