package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.ottla.broker.handler.ConnectionWire;
import io.ottla.broker.time.BrokerTimer;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * The stage next to the socket of a connection whose bytes a test breaks: slow, silent or damaged ones. It is put in when the first of
 * that is asked for; other connections have none.
 *
 * <p>Reading is held up by the connection, which asks {@link #suspendsReading()}: so a slow client's frames are served when their last byte
 * would have come.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a channel whose write fails closes itself
final class WireStage extends ChannelDuplexHandler implements ConnectionWire {

    private static final long UNLIMITED = Long.MAX_VALUE;
    private static final long MS_PER_SECOND = 1000;

    /** How often slow bytes leave. */
    private static final long TICK_MS = 5;

    private static final int MAX_WAITING_BYTES = 512 * 1024;
    private static final int CORRELATION_ID_END = RequestFrameDecoder.LENGTH_SIZE_BYTES + Integer.BYTES;

    private final Connection connection;
    private final BrokerTimer timer;

    private ChannelHandlerContext ctx;
    private boolean silent;
    private long readBytesPerSecond = UNLIMITED;
    private long writeBytesPerSecond = UNLIMITED;
    private boolean readSuspended;

    /** Bytes that have been read and whose time has not been waited for. */
    private long owedBytes;

    /** What waits for its turn at the speed of writing. */
    private final Deque<Waiting> waiting = new ArrayDeque<>();

    private long waitingBytes;
    private boolean ticking;

    /** Answers to damage, by their correlation ids. */
    private final Map<Integer, Damage> damages = new HashMap<>();

    // Where in the answer under way the next byte belongs; only followed while there are answers to damage.
    private final byte[] head = new byte[CORRELATION_ID_END];
    private long positionInFrame;
    private long frameSizeBytes;
    private BitFlips flips;

    private record Waiting(ByteBuf bytes, ChannelPromise promise) {}

    private record Damage(long seed, int bits) {}

    private WireStage(Connection connection, BrokerTimer timer) {
        this.connection = connection;
        this.timer = timer;
    }

    /** Puts a stage into a pipeline, next to the socket. */
    static WireStage addTo(ChannelPipeline pipeline, Connection connection, BrokerTimer timer) {
        WireStage stage = new WireStage(connection, timer);
        pipeline.addFirst(stage);
        return stage;
    }

    /** Whether the connection is to read nothing now, and to keep what it has read. */
    boolean suspendsReading() {
        return (silent && !readsToNotice()) || readSuspended || waitingBytes > MAX_WAITING_BYTES;
    }

    /** Epoll tells that the client has gone whether something is read or not; NIO to who reads only, so what comes is thrown away. */
    private boolean readsToNotice() {
        return ctx.channel() instanceof NioSocketChannel;
    }

    @Override
    public void cut() {
        connection.close();
    }

    @Override
    public void silence() {
        silent = true;
        readSuspended = false;
        releaseWaiting();
        connection.decoder().close();
        connection.executeLaterIfOpen(connection::updateReading);
    }

    @Override
    public void readAt(long bytesPerSecond) {
        readBytesPerSecond = bytesPerSecond;
    }

    @Override
    public void writeAt(long bytesPerSecond) {
        writeBytesPerSecond = bytesPerSecond;
    }

    @Override
    public void corrupt(int correlationId, long seed, int bits) {
        damages.put(correlationId, new Damage(seed, bits));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        releaseWaiting();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        releaseWaiting();
        super.channelInactive(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (readBytesPerSecond != UNLIMITED && !silent) {
            owedBytes += connection.decoder().lastReadBytes();
            suspendReading();
        }
        super.channelRead(context, message);
    }

    /** Nothing goes on until the bytes that have been read would have come at the speed of reading. */
    private void suspendReading() {
        long delayMs = readBytesPerSecond == UNLIMITED ? 0 : owedBytes * MS_PER_SECOND / readBytesPerSecond;
        if (delayMs > 0 && !readSuspended) {
            readSuspended = true;
            owedBytes = 0;
            timer.schedule(() -> connection.executeLaterIfOpen(this::resumeReading), delayMs);
        }
    }

    private void resumeReading() {
        readSuspended = false;
        suspendReading();
        if (!readSuspended) {
            connection.executeLaterIfOpen(connection::updateReading);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
        if (silent) {
            ReferenceCountUtil.release(message);
            promise.trySuccess();
            return;
        }
        boolean damage = flips != null || !damages.isEmpty() || positionInFrame > 0;
        if (!damage && writeBytesPerSecond == UNLIMITED && waiting.isEmpty()) {
            super.write(context, message, promise);
            return;
        }
        ByteBuf bytes = copy(context, message);
        if (damage) {
            follow(bytes);
        }
        if (writeBytesPerSecond == UNLIMITED && waiting.isEmpty()) {
            super.write(context, bytes, promise);
            return;
        }
        waiting.add(new Waiting(bytes, promise));
        waitingBytes += bytes.readableBytes();
        tickLater();
    }

    /** A copy, as the bytes may belong to somebody else. */
    private static ByteBuf copy(ChannelHandlerContext context, Object message) throws IOException {
        try {
            if (message instanceof FileRegion region) {
                ByteBuf bytes = context.alloc().buffer((int) region.count());
                try (WritableByteChannel target = Channels.newChannel(new ByteBufOutputStream(bytes))) {
                    while (region.transferred() < region.count()
                            && region.transferTo(target, region.transferred()) > 0) {
                        // goes on where it left off
                    }
                }
                return bytes;
            }
            return context.alloc().buffer().writeBytes((ByteBuf) message);
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    // Speed.

    private void tickLater() {
        if (!ticking) {
            ticking = true;
            timer.schedule(() -> connection.executeLaterIfOpen(this::tick), TICK_MS);
        }
    }

    private void tick() {
        ticking = false;
        long budget = writeBytesPerSecond == UNLIMITED
                ? UNLIMITED
                : Math.max(1, writeBytesPerSecond * TICK_MS / MS_PER_SECOND);
        while (budget > 0 && !waiting.isEmpty()) {
            Waiting next = waiting.peek();
            int sizeBytes = (int) Math.min(budget, next.bytes.readableBytes());
            budget -= sizeBytes;
            waitingBytes -= sizeBytes;
            if (sizeBytes == next.bytes.readableBytes()) {
                waiting.poll();
                ctx.write(next.bytes, next.promise);
            } else {
                ctx.write(next.bytes.readRetainedSlice(sizeBytes));
            }
        }
        ctx.flush();
        if (!waiting.isEmpty()) {
            tickLater();
        }
        connection.executeLaterIfOpen(connection::updateReading);
    }

    private void releaseWaiting() {
        for (Waiting one : waiting) {
            one.bytes.release();
            one.promise.trySuccess();
        }
        waiting.clear();
        waitingBytes = 0;
    }

    // Damage. The first answer that is followed begins with the first byte: it is asked for between two answers.

    private void follow(ByteBuf bytes) {
        for (int index = bytes.readerIndex(); index < bytes.writerIndex(); index++) {
            if (positionInFrame < CORRELATION_ID_END) {
                head[(int) positionInFrame] = bytes.getByte(index);
                if (positionInFrame == CORRELATION_ID_END - 1) {
                    startFrame();
                }
            } else if (flips != null) {
                bytes.setByte(index, flips.apply(positionInFrame, bytes.getByte(index)));
            }
            positionInFrame++;
            if (positionInFrame >= CORRELATION_ID_END && positionInFrame == frameSizeBytes) {
                positionInFrame = 0;
                flips = null;
            }
        }
    }

    private void startFrame() {
        frameSizeBytes = RequestFrameDecoder.LENGTH_SIZE_BYTES + (long) intAt(0);
        Damage damage = damages.remove(intAt(RequestFrameDecoder.LENGTH_SIZE_BYTES));
        flips = damage == null ? null : new BitFlips(damage.seed, damage.bits, CORRELATION_ID_END, frameSizeBytes);
    }

    private int intAt(int position) {
        int value = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            value = (value << Byte.SIZE) | (head[position + i] & 0xff);
        }
        return value;
    }

    /** Which bits of an answer are flipped. */
    private static final class BitFlips {

        private final Map<Long, Integer> masks = new HashMap<>();

        BitFlips(long seed, int bits, long from, long to) {
            Random random = new Random(seed);
            for (int i = 0; i < bits && from < to; i++) {
                long position = from + (long) (random.nextDouble() * (to - from));
                masks.merge(position, 1 << random.nextInt(Byte.SIZE), (one, other) -> one | other);
            }
        }

        byte apply(long position, byte value) {
            Integer mask = masks.get(position);
            return mask == null ? value : (byte) (value ^ mask);
        }
    }
}
