package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Cuts what a socket delivers into frames. One operation is one frame; {@value #PIPELINED} of them come one behind the other. The copy
 * into the read buffer, which the kernel does for a socket, is part of it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameDecodeBenchmark {

    private static final int PIPELINED = 32;
    private static final int MAX_FRAME_BYTES = 100 * 1024 * 1024;

    /** Size of a frame. */
    @Param({"100", "1000", "64000"})
    public int sizeBytes;

    private final Frames frames = new Frames();
    private final PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    private RequestFrameDecoder decoder;
    private EmbeddedChannel channel;
    private ByteBuf stream;

    /** Looks at each frame as a header's reader does, and keeps none. */
    private static final class Frames implements FrameConsumer {

        private long count;
        private long sum;

        @Override
        public void onFrame(ByteBuf buffer, int index, int sizeBytes) {
            count++;
            sum += buffer.getInt(index) + sizeBytes;
        }

        @Override
        public boolean paused() {
            return false;
        }

        @Override
        public void onInvalidSize(int sizeBytes) {
            throw new IllegalStateException("a frame of " + sizeBytes + " bytes");
        }
    }

    /** Makes the bytes that the client sends. */
    @Setup
    public void setUp() {
        decoder = new RequestFrameDecoder(frames, MAX_FRAME_BYTES);
        channel = new EmbeddedChannel(decoder);
        stream = Unpooled.directBuffer();
        for (int i = 0; i < PIPELINED; i++) {
            stream.writeInt(sizeBytes).writeInt(i).writeZero(sizeBytes - Integer.BYTES);
        }
    }

    /** Ends the connection. */
    @TearDown
    public void tearDown() {
        channel.finishAndReleaseAll();
        stream.release();
    }

    /** How many frames there were so far. */
    long count() {
        return frames.count;
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINED)
    public long pipelined() {
        stream.readerIndex(0);
        while (stream.isReadable()) {
            ByteBuf buffer = decoder.readBuffer(allocator);
            int wantedBytes = buffer.writableBytes();
            int gotBytes = Math.min(wantedBytes, stream.readableBytes());
            buffer.writeBytes(stream, gotBytes);
            decoder.onRead(wantedBytes, gotBytes);
            channel.pipeline().fireChannelRead(buffer);
        }
        channel.pipeline().fireChannelReadComplete();
        return frames.sum;
    }
}
