package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestFrameDecoderTest {

    private static final int MAX_FRAME_BYTES = 100 * 1024 * 1024;

    private final PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, 8192, 3, 0, 0, false);
    private final Frames frames = new Frames();
    private final RequestFrameDecoder decoder = new RequestFrameDecoder(frames, MAX_FRAME_BYTES);
    private final EmbeddedChannel channel = new EmbeddedChannel(decoder);

    @AfterEach
    void shouldHaveReleasedAllBuffers() {
        frames.held.forEach(ByteBuf::release);
        channel.finishAndReleaseAll();
        assertEquals(0, allocator.metric().directArenas().get(0).numActiveAllocations());
    }

    @Test
    void shouldFindFramesWhereverTheBytesAreSplit() {
        byte[] stream = stream(frame(3, 1), frame(0, 0), frame(70, 2), frame(1, 3));
        for (int split = 0; split <= stream.length; split++) {
            frames.seen.clear();
            read(stream, 0, split);
            read(stream, split, stream.length);
            assertEquals(List.of(text(3, 1), text(0, 0), text(70, 2), text(1, 3)), frames.seen, "split at " + split);
        }
    }

    @Test
    void shouldFindFramesInSingleBytes() {
        byte[] stream = stream(frame(5, 1), frame(3000, 2), frame(7, 3));
        for (int i = 0; i < stream.length; i++) {
            read(stream, i, i + 1);
        }
        assertEquals(List.of(text(5, 1), text(3000, 2), text(7, 3)), frames.seen);
    }

    @Test
    void shouldFindFramesOfAllSizesInReadsOfAllSizes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            List<String> expected = new ArrayList<>();
            byte[][] parts = new byte[1 + random.nextInt(20)][];
            for (int i = 0; i < parts.length; i++) {
                int size = (int) Math.pow(10, random.nextDouble() * 5.3) - 1;
                parts[i] = frame(size, i);
                expected.add(text(size, i));
            }
            byte[] stream = stream(parts);
            frames.seen.clear();
            frames.hold = random.nextBoolean();
            int maxRead = 1 + (int) Math.pow(10, random.nextDouble() * 6);
            boolean copied = random.nextInt(4) == 0;
            for (int at = 0; at < stream.length; ) {
                int end = Math.min(stream.length, at + 1 + random.nextInt(maxRead));
                if (copied) {
                    channel.writeInbound(
                            Unpooled.wrappedBuffer(stream, at, end - at).retain());
                } else {
                    read(stream, at, end);
                }
                at = end;
            }
            assertEquals(expected, frames.seen, "seed " + seed + ", round " + round);
        }
    }

    @Test
    void shouldKeepAFrameThatIsHeldUnchanged() {
        frames.hold = true;
        byte[] stream = stream(frame(100, 1), frame(100, 2), frame(50_000, 3), frame(50_000, 4));
        read(stream, 0, stream.length);
        read(stream, 0, stream.length);
        List<String> again = new ArrayList<>();
        for (int i = 0; i < frames.held.size(); i++) {
            again.add(Frames.describe(frames.held.get(i), frames.indexes.get(i), frames.sizes.get(i)));
        }
        assertEquals(frames.seen, again);
    }

    @Test
    void shouldRefuseANegativeLength() {
        read(new byte[] {-1, -1, -1, -1, 0}, 0, 5);
        assertEquals(List.of(-1), frames.invalid);
    }

    @Test
    void shouldRefuseALengthAboveTheLimit() {
        read(Unpooled.buffer().writeInt(MAX_FRAME_BYTES + 1).array(), 0, 4);
        assertEquals(List.of(MAX_FRAME_BYTES + 1), frames.invalid);
    }

    @Test
    void shouldNotGiveMemoryForAPromise() {
        read(Unpooled.buffer().writeInt(MAX_FRAME_BYTES).array(), 0, 4);
        ByteBuf next = decoder.readBuffer(allocator);
        assertTrue(next.capacity() <= RequestFrameDecoder.FREE_CREDIT_BYTES, () -> next.capacity() + " bytes");
        next.release();
    }

    @Test
    void shouldGiveAtMostTwiceWhatHasArrived() {
        byte[] stream = frame(1_000_000, 1);
        int read = 0;
        while (read < stream.length) {
            ByteBuf buffer = decoder.readBuffer(allocator);
            int limit = Math.max(RequestFrameDecoder.FREE_CREDIT_BYTES, 2 * read);
            assertTrue(buffer.capacity() <= limit, buffer.capacity() + " bytes after " + read);
            int count = Math.min(1000, Math.min(buffer.writableBytes(), stream.length - read));
            buffer.writeBytes(stream, read, count);
            read += count;
            channel.writeInbound(buffer);
        }
        assertEquals(List.of(text(1_000_000, 1)), frames.seen);
    }

    @Test
    void shouldReadTheNextLargeFrameInOneGo() {
        byte[] stream = frame(200_000, 1);
        read(stream, 0, stream.length);
        ByteBuf next = decoder.readBuffer(allocator);
        assertEquals(stream.length, next.writableBytes());
        next.writeBytes(stream);
        channel.writeInbound(next);
        assertEquals(List.of(text(200_000, 1), text(200_000, 1)), frames.seen);
    }

    @Test
    void shouldHandOutNoFramesWhilePaused() {
        byte[] stream = stream(frame(5, 1), frame(6, 2), frame(7, 3));
        frames.pauseAfter = 1;
        read(stream, 0, stream.length);
        assertEquals(List.of(text(5, 1)), frames.seen);
        assertTrue(decoder.hasFrame());
        frames.pauseAfter = 2;
        decoder.resume();
        assertEquals(List.of(text(5, 1), text(6, 2)), frames.seen);
        frames.pauseAfter = Integer.MAX_VALUE;
        decoder.resume();
        assertEquals(List.of(text(5, 1), text(6, 2), text(7, 3)), frames.seen);
        assertFalse(decoder.hasFrame());
    }

    @Test
    void shouldHandOutNothingOnceClosed() {
        byte[] stream = stream(frame(5, 1), frame(6, 2));
        frames.onFrame = decoder::close;
        read(stream, 0, stream.length);
        read(stream, 0, stream.length);
        assertEquals(List.of(text(5, 1)), frames.seen);
    }

    /** As a socket does: into the buffers that the decoder offers. */
    private void read(byte[] bytes, int from, int to) {
        for (int at = from; at < to; ) {
            ByteBuf buffer = decoder.readBuffer(allocator);
            int wanted = buffer.writableBytes();
            int count = Math.min(wanted, to - at);
            buffer.writeBytes(bytes, at, count);
            decoder.onRead(wanted, count);
            at += count;
            channel.writeInbound(buffer);
        }
    }

    private static byte[] frame(int sizeBytes, int content) {
        byte[] frame = new byte[4 + sizeBytes];
        ByteBuf buffer = Unpooled.wrappedBuffer(frame).clear();
        buffer.writeInt(sizeBytes);
        for (int i = 0; i < sizeBytes; i++) {
            buffer.writeByte(content + i);
        }
        return frame;
    }

    private static String text(int sizeBytes, int content) {
        return Frames.describe(Unpooled.wrappedBuffer(frame(sizeBytes, content)), 4, sizeBytes);
    }

    private static byte[] stream(byte[]... frames) {
        ByteBuf all = Unpooled.buffer();
        for (byte[] frame : frames) {
            all.writeBytes(frame);
        }
        byte[] stream = new byte[all.readableBytes()];
        all.readBytes(stream);
        return stream;
    }

    private static final class Frames implements FrameConsumer {

        private final List<String> seen = new ArrayList<>();
        private final List<Integer> invalid = new ArrayList<>();
        private final List<ByteBuf> held = new ArrayList<>();
        private final List<Integer> indexes = new ArrayList<>();
        private final List<Integer> sizes = new ArrayList<>();
        private Runnable onFrame = () -> {};
        private boolean hold;
        private int pauseAfter = Integer.MAX_VALUE;

        @Override
        public void onFrame(ByteBuf buffer, int index, int sizeBytes) {
            seen.add(describe(buffer, index, sizeBytes));
            if (hold) {
                held.add(buffer.retain());
                indexes.add(index);
                sizes.add(sizeBytes);
            }
            onFrame.run();
        }

        @Override
        public boolean paused() {
            return seen.size() >= pauseAfter;
        }

        @Override
        public void onInvalidSize(int sizeBytes) {
            invalid.add(sizeBytes);
        }

        static String describe(ByteBuf buffer, int index, int sizeBytes) {
            int hash = 0;
            for (int i = 0; i < sizeBytes; i++) {
                hash = 31 * hash + buffer.getByte(index + i);
            }
            return sizeBytes + " bytes, hash " + hash;
        }
    }

    @Test
    void shouldUseTheAllocatorOfTheChannelForBytesOfAnotherStage() {
        channel.config().setAllocator(ByteBufAllocator.DEFAULT);
        channel.writeInbound(Unpooled.wrappedBuffer(frame(40_000, 9)));
        assertEquals(List.of(text(40_000, 9)), frames.seen);
    }
}
