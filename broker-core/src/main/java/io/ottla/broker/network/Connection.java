package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.ottla.broker.handler.ApiVersionsHandler;
import io.ottla.broker.handler.ConnectionWire;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.ThrottledResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client connection: turns frames into requests, runs their handlers on the event loop, and sends the answers in the
 * order of the requests.
 *
 * <p>Answers given while a burst of reads goes on leave together when it ends; others leave at once. Reading stops while
 * too many requests are in flight or too many answered bytes wait for the client, and goes on when they have drained.
 *
 * <p>Everything here happens on the event loop unless a method says otherwise.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a channel whose write fails closes itself, and a close needs no witness
final class Connection extends IdentifiedStage implements FrameConsumer {

    /** Reading pauses at so many unanswered requests. */
    static final int MAX_IN_FLIGHT = 128;

    /** Requests whose body has views of the frame; all others are copied out of it when they are parsed. */
    static final Set<ApiKey> USING_FRAME = EnumSet.of(ApiKey.PRODUCE, ApiKey.ENVELOPE, ApiKey.PUSH_TELEMETRY);

    /** Requests that wait for records: when the broker stops there will be none, and clients ask again elsewhere. */
    private static final Set<ApiKey> WAITING_FOR_RECORDS = EnumSet.of(ApiKey.FETCH, ApiKey.SHARE_FETCH);

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int HEADER_START_SIZE_BYTES = 8;
    private static final int FLUSH_FROM_BYTES = 128 * 1024;

    private final ServerContext server;
    private final NetworkLoop loop;
    private final RequestFrameDecoder decoder;
    private final ArrayDeque<InFlightRequest> inFlight = new ArrayDeque<>();
    private final ClientIdCache clientIds = new ClientIdCache();

    private ChannelHandlerContext ctx;

    /** Encoded answers that the channel does not have yet, or null. */
    private ByteBuf outbound;

    /** The request that those behind it wait for, or null. */
    private InFlightRequest exclusive;

    private WireStage wire; // null unless a test breaks the bytes
    private boolean unflushed;
    private boolean inReadBurst;
    private boolean resuming;
    private boolean open;
    private boolean stopping;
    private boolean closing;
    private boolean closed;
    private IdleCheck idleCheck;
    private ThrottleTimer throttle; // null until the client is over a quota

    Connection(ServedBroker broker, String listenerName, ServerContext server, NetworkLoop loop) {
        super(server.nextConnectionId(), broker, listenerName);
        this.server = server;
        this.loop = loop;
        this.decoder = new RequestFrameDecoder(this, server.config().maxRequestSizeBytes());
    }

    /** The stage in front of this one. */
    RequestFrameDecoder decoder() {
        return decoder;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        InetSocketAddress remote = (InetSocketAddress) context.channel().remoteAddress();
        InetSocketAddress local = (InetSocketAddress) context.channel().localAddress();
        addresses(remote, local);
        if (remote == null || local == null || server.isStopping() || !broker().isOpen()) {
            // The peer has gone before the first look at it, or the broker is about to.
            context.close();
            return;
        }
        open = true;
        loop.add(this);
        server.connectionOpened(this);
        idleCheck = new IdleCheck(
                this, server.clock(), server.timer(), server.config().maxIdleMs());
        if (server.quotas().limitsConnections()) {
            refuseIfTooMany();
        }
        idleCheck.start();
        super.channelActive(context);
    }

    /** A connection over its address's quota is closed unserved, late, so that the client does not come back at once (KIP-612). */
    private void refuseIfTooMany() {
        int delayMs = server.quotas().recordConnection(remoteAddress());
        if (delayMs > 0) {
            stopping = true;
            ctx.channel().config().setAutoRead(false);
            server.timer().schedule(() -> executeLaterIfOpen(this::close), delayMs);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (open && !closed) {
            onClosed();
        }
        super.channelInactive(context);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        inReadBurst = false;
        touch();
        flush();
        updateReading();
        super.channelReadComplete(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (open && !inReadBurst) {
            resumeReading();
        }
        super.channelWritabilityChanged(context);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("Connection {} failed", this, cause);
        } else if (cause instanceof OutOfMemoryError) {
            // Of the memory outside the heap, which is asked for as a request of that size begins to come.
            LOG.warn("Closing connection {}: no memory for its request: {}", this, cause.getMessage());
        } else {
            LOG.error("Closing connection {} after an unexpected error", this, cause);
        }
        context.close();
    }

    /** Answers what is in flight and closes. */
    void stop() {
        stopping = true;
        ctx.channel().config().setAutoRead(false);
        closeIfStopped();
    }

    private void closeIfStopped() {
        if (stopping && !closed && !closing && requestsAtWork() == 0) {
            closeAfterFlush();
        }
    }

    /** How many requests have no answer yet, without those that wait for records. */
    int requestsAtWork() {
        return (int) inFlight.stream()
                .filter(request -> !WAITING_FOR_RECORDS.contains(request.apiKey()))
                .count();
    }

    /** Closes at once if it is one of a broker's. */
    void closeIfOf(ServedBroker stopped) {
        if (broker() == stopped) {
            close();
        }
    }

    /** Closes at once. */
    void close() {
        ctx.close();
    }

    // Requests

    @Override
    public boolean paused() {
        return closed
                || closing
                || stopping
                || isThrottled()
                || exclusive != null
                || (wire != null && wire.suspendsReading())
                || inFlight.size() >= MAX_IN_FLIGHT
                || !ctx.channel().isWritable();
    }

    @Override
    public void onInvalidSize(int sizeBytes) {
        reject("a request of " + sizeBytes + " bytes, allowed are 0 to "
                + server.config().maxRequestSizeBytes());
    }

    @Override
    public void onFrame(ByteBuf frame, int index, int sizeBytes) {
        inReadBurst = true;
        ByteBuffer in = frame.internalNioBuffer(index, sizeBytes);
        if (sizeBytes < HEADER_START_SIZE_BYTES) {
            reject("a request of " + sizeBytes + " bytes has no header");
            return;
        }
        short apiKeyId = in.getShort();
        short version = in.getShort();
        int correlationId = in.getInt();
        RequestHandler<?> handler = server.handlers().forId(apiKeyId);
        if (handler == null) {
            reject("API key " + apiKeyId + " is not served");
        } else if (version < handler.lowestVersion() || version > handler.highestVersion()) {
            onUnsupportedVersion(handler.apiKey(), version, correlationId);
        } else {
            serve(handler, version, correlationId, in, frame);
        }
    }

    private void serve(RequestHandler<?> handler, short version, int correlationId, ByteBuffer in, ByteBuf frame) {
        ApiKey apiKey = handler.apiKey();
        RequestTime time = server.quotas().limitsRequests() ? new RequestTime(server.clock()) : null;
        InFlightRequest request;
        int sizeBytes = HEADER_START_SIZE_BYTES + in.remaining();
        ApiMessage body = apiKey.newRequest();
        try {
            int headerVersion = apiKey.requestHeaderVersion(version);
            String clientId = headerVersion < 1 ? "" : clientIds.read(in);
            ProtocolReader reader = loop.reader(in);
            if (headerVersion >= 2) {
                reader.readUnknownTaggedFields();
            }
            body.read(reader, version);
            request = new InFlightRequest(this, apiKey, version, correlationId, clientId, sizeBytes);
        } catch (MalformedMessageException e) {
            reject("malformed " + apiKey + " request of version " + version + ": " + e.getMessage());
            return;
        }
        inFlight.addLast(request);
        request.measure(time);
        dispatch(handler, body, request);
        if (time != null) {
            time.pause();
        }
        if (!request.isAnswered() && USING_FRAME.contains(apiKey)) {
            request.hold(frame);
        }
    }

    /** As Apache Kafka: only ApiVersions is answered, in version 0, so that the client can choose another version. */
    private void onUnsupportedVersion(ApiKey apiKey, short version, int correlationId) {
        if (apiKey != ApiKey.API_VERSIONS) {
            reject(apiKey + " has no version " + version);
            return;
        }
        InFlightRequest request =
                new InFlightRequest(this, apiKey, (short) 0, correlationId, "", HEADER_START_SIZE_BYTES);
        inFlight.addLast(request);
        request.respond(ApiVersionsHandler.unsupportedVersion());
    }

    private void reject(String reason) {
        LOG.info("Closing connection {}: {}", this, reason);
        closeAfterFlush();
    }

    private void dispatch(RequestHandler<?> handler, ApiMessage body, InFlightRequest request) {
        RequestInterceptor interceptor = server.interceptor();
        if (interceptor == null
                || interceptor.beforeApply(
                        request, body, () -> execute(() -> HandlerCall.apply(handler, body, request)))) {
            HandlerCall.apply(handler, body, request);
        }
    }

    // Answers

    /** A request has its answer. */
    void onAnswer(InFlightRequest request) {
        if (request.response() != null) {
            request.settleTime();
            if (request.throttleMs() > 0 && request.response() instanceof ThrottledResponse response) {
                response.throttleTimeMs(request.throttleMs());
            }
        }
        RequestInterceptor interceptor = server.interceptor();
        if (interceptor == null
                || request.response() == null
                || interceptor.applied(request, request.response(), () -> execute(() -> onReady(request)))) {
            onReady(request);
        }
    }

    /** Begins no further request until this one has its answer. */
    void holdFollowersOf(InFlightRequest request) {
        exclusive = request;
    }

    /** Counts time that was spent on a request; returns for how many milliseconds its client must be held back. */
    int settleTime(InFlightRequest request, long nanos) {
        return server.quotas().recordRequestTime(userName(), request.clientId(), nanos);
    }

    @SuppressWarnings("ReferenceEquality") // a request is equal to itself only
    private void onReady(InFlightRequest request) {
        request.markReady();
        if (closed || closing) {
            request.releaseFrame();
            ResponseWriter.discard(request);
            return;
        }
        boolean first = inFlight.peekFirst() == request;
        boolean released = exclusive == request;
        if (released) {
            exclusive = null;
        }
        if (first) {
            sendReady();
        }
        if ((first || released) && !inReadBurst && !closed) {
            touch();
            flush();
            resumeReading();
        }
    }

    private void sendReady() {
        InFlightRequest head = inFlight.peekFirst();
        while (head != null && head.isReady() && !closed && !closing) {
            inFlight.pollFirst();
            try {
                send(head);
            } finally {
                head.releaseFrame();
            }
            if (head.throttleMs() > 0) {
                throttle(head.throttleMs());
            }
            head = inFlight.peekFirst();
        }
        closeIfStopped();
    }

    private void send(InFlightRequest request) {
        if (request.isDisconnect()) {
            closeAfterFlush();
            return;
        }
        ApiMessage response = request.response();
        if (response == null) {
            return;
        }
        RequestInterceptor interceptor = server.interceptor();
        if (interceptor != null) {
            response = interceptor.beforeWrite(request, response);
        }
        RequestTime time = request.time() == null ? null : new RequestTime(server.clock());
        try {
            outbound = loop.responseWriter().write(ctx, outbound, request, response);
            unflushed = true;
        } catch (RuntimeException e) {
            LOG.error("Closing connection {}: failed to write the answer to {}", this, request, e);
            outbound = null; // the writer has released it
            ctx.close();
            return;
        }
        if (time != null) {
            server.quotas().addRequestTime(userName(), request.clientId(), time.settle());
        }
        if (outbound != null && outbound.readableBytes() >= FLUSH_FROM_BYTES) {
            flush();
        }
    }

    /** The answers of requests that are at work already are sent all the same; no request behind them is read. */
    private void throttle(int throttleMs) {
        if (closed || closing) {
            return;
        }
        if (throttle == null) {
            throttle = new ThrottleTimer(server.clock(), server.timer(), this::executeLaterIfOpen, this::resume);
        }
        throttle.start(throttleMs);
    }

    private boolean isThrottled() {
        return throttle != null && throttle.isThrottled();
    }

    private void resume() {
        touch();
        updateReading();
    }

    private void flush() {
        if (!unflushed) {
            return;
        }
        RequestInterceptor interceptor = server.interceptor();
        if (interceptor == null || interceptor.beforeFlush(this, () -> execute(this::flushNow))) {
            flushNow();
        }
    }

    private void flushNow() {
        unflushed = false;
        if (outbound != null) {
            ByteBuf bytes = outbound;
            outbound = null;
            ctx.writeAndFlush(bytes, ctx.voidPromise());
        } else {
            ctx.flush();
        }
    }

    /**
     * As {@link #updateReading}, from within an answer. Whoever gives it may hold locks, of the metadata or a coordinator: the
     * requests that come next must not be served in the midst of that.
     */
    private void resumeReading() {
        if (decoder.hasFrame()) {
            executeLaterIfOpen(this::updateReading);
        } else {
            updateReading();
        }
    }

    /** Hands out the frames that a pause has kept back, then turns reading on or off. */
    void updateReading() {
        if (resuming || closed || closing) {
            return;
        }
        resuming = true;
        try {
            while (decoder.hasFrame() && !paused()) {
                decoder.resume();
                inReadBurst = false;
                flush();
            }
        } finally {
            resuming = false;
        }
        if (!closed && !closing) {
            ChannelConfig config = ctx.channel().config();
            boolean read = !paused();
            if (config.isAutoRead() != read) {
                config.setAutoRead(read);
            }
        }
    }

    // The end

    private void closeAfterFlush() {
        if (closing) {
            return;
        }
        closing = true;
        decoder.close();
        ctx.channel().config().setAutoRead(false);
        ByteBuf last = outbound == null ? Unpooled.EMPTY_BUFFER : outbound;
        outbound = null;
        unflushed = false;
        ctx.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
    }

    private void onClosed() {
        closed = true;
        loop.remove(this);
        idleCheck.cancel();
        if (throttle != null) {
            throttle.cancel();
        }
        if (outbound != null) {
            outbound.release();
            outbound = null;
        }
        // Those without an answer keep their frame until they have one: a handler may be at work on it.
        for (InFlightRequest request : inFlight) {
            if (request.isReady()) {
                request.releaseFrame();
                ResponseWriter.discard(request);
            }
        }
        inFlight.clear();
        closeTasks().run(this);
        server.connectionClosed();
    }

    private void touch() {
        if (open) {
            idleCheck.touch();
        }
    }

    /** Whether a client that is silent has a reason: it waits for an answer, or until it may go on. */
    boolean keepsClientWaiting() {
        return (isThrottled() || !inFlight.isEmpty()) && !closing;
    }

    // The connection as others see it

    boolean inEventLoop() {
        return loop.eventLoop().inEventLoop();
    }

    /** Runs a task on the event loop: at once when called there. May be called on any thread. */
    void execute(Runnable task) {
        if (inEventLoop()) {
            task.run();
        } else {
            executeLaterIfOpen(task);
        }
    }

    /**
     * Runs a task on the event loop. May be called on any thread.
     *
     * @throws RejectedExecutionException if the server has ended
     */
    void executeLater(Runnable task) {
        loop.eventLoop().execute(task);
    }

    void executeLaterIfOpen(Runnable task) {
        try {
            executeLater(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("A task of connection {} comes after the end of the server", this, e);
        }
    }

    @Override
    public ConnectionWire wire() {
        if (wire == null) {
            wire = WireStage.addTo(ctx.pipeline(), this, server.timer());
        }
        return wire;
    }
}
