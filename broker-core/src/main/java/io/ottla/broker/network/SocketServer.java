package io.ottla.broker.network;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.util.Version;
import io.netty.util.concurrent.Future;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.storage.Clock;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections and serves their requests. First {@link #bind}, which makes the ports known, then {@link #start}, when
 * all is ready to answer; clients that connect in between wait in the backlog.
 *
 * <p>A server may stand for several brokers, each with ports of its own, which may come and go while it runs.
 *
 * <p>Thread-safe; not to be called by event loops.
 */
public final class SocketServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);

    /** How long a request that is at work may take to be answered when the server stops. */
    private static final int DRAIN_TIMEOUT_MS = 1000;

    /** How often a loop is asked again, as what it does leads to more of it. */
    private static final int TASKS_OF_A_TASK = 3;

    private static final int CLOSE_TIMEOUT_MS = 2000;

    private final ServerContext context;
    private final EventLoops loops;
    private final Map<Integer, ServedBroker> brokers = new HashMap<>();
    private boolean closed;

    /** @param quotas what clients may take of the network threads' time, and how many connections they may open */
    public SocketServer(NetworkConfig config, Clock clock, BrokerTimer timer, ClientQuotas quotas) {
        this.context = new ServerContext(config, clock, timer, quotas);
        this.loops = eventLoops(config.threads(), "ottla-" + config.brokerId() + "-network-");
    }

    /** As {@link #bind(int, List)}, for the broker of the configuration. */
    public List<Listener> bind() throws IOException {
        return bind(context.config().brokerId(), context.config().listeners());
    }

    /** An application with an older Netty of its own, as one that follows Spring Boot 3, is told so. */
    private static EventLoops eventLoops(int count, String threadNamePrefix) {
        try {
            return new EventLoops(count, threadNamePrefix);
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "Ottla needs Netty 4.2; on the class path is "
                            + Version.identify().get("netty-common").artifactVersion(),
                    e);
        }
    }

    /**
     * Loads the classes and the native library that a server needs, for a process that has other things to do meanwhile: half of its
     * start goes there. Without effect when they are loaded. May be called on any thread.
     */
    public static void loadAhead() {
        EventLoops loops = new EventLoops(1, "ottla-load-");
        try {
            Channel channel = loops.newServerChannel();
            channel.pipeline().addLast(new InboundStage() {});
            loops.acceptor().eventLoop().register(channel).awaitUninterruptibly();
            channel.close().awaitUninterruptibly();
        } finally {
            loops.close();
        }
    }

    /**
     * Takes the ports of a broker's listeners. Once the server has started, {@link #accept} is to follow.
     *
     * @return the listeners with the ports that were bound, in the order given
     * @throws IOException if one of them cannot be had; none of them is listened on then
     */
    public synchronized List<Listener> bind(int brokerId, List<Listener> listeners) throws IOException {
        ServedBroker broker = new ServedBroker(brokerId);
        List<Listener> bound = new ArrayList<>();
        try {
            for (Listener listener : listeners) {
                Channel channel = bind(broker, listener);
                broker.channels().add(channel);
                bound.add(listener.withPort(((InetSocketAddress) channel.localAddress()).getPort()));
            }
        } catch (IOException e) {
            closeListeners(broker);
            throw e;
        }
        brokers.put(brokerId, broker);
        return bound;
    }

    /** Begins to accept connections of a broker that was bound after the start. */
    public synchronized void accept(int brokerId) {
        for (Channel channel : brokers.get(brokerId).channels()) {
            channel.config().setAutoRead(true);
        }
    }

    /** Ends the connections of a broker, whatever is in flight on them, and lets go of its ports. */
    public synchronized void unbind(int brokerId) {
        ServedBroker broker = brokers.remove(brokerId);
        if (broker == null) {
            return;
        }
        closeListeners(broker);
        broker.close();
        // A connection that is accepted but not yet in its loop comes in behind this task, and goes by itself.
        onAllConnections(connection -> connection.closeIfOf(broker));
        awaitLoops();
    }

    private static void closeListeners(ServedBroker broker) {
        for (Channel channel : broker.channels()) {
            channel.close().awaitUninterruptibly();
        }
    }

    private Channel bind(ServedBroker broker, Listener listener) throws IOException {
        InetSocketAddress address = listener.host().isEmpty()
                ? new InetSocketAddress(listener.port())
                : new InetSocketAddress(listener.host(), listener.port());
        if (address.isUnresolved()) {
            throw new BindException("Cannot listen on " + listener + ": the host name is unknown");
        }
        ServerChannel channel = loops.newServerChannel();
        channel.config().setAutoRead(false);
        channel.config().setOption(ChannelOption.SO_BACKLOG, context.config().backlog());
        channel.pipeline().addLast(new Acceptor(broker, listener, context, loops));
        ChannelFuture registered =
                loops.acceptor().eventLoop().register(channel).awaitUninterruptibly();
        ChannelFuture done = registered.isSuccess() ? channel.bind(address).awaitUninterruptibly() : registered;
        if (!done.isSuccess()) {
            channel.close().awaitUninterruptibly();
            throw bindFailure(listener, done.cause());
        }
        return channel;
    }

    private static IOException bindFailure(Listener listener, Throwable cause) {
        String reason = String.valueOf(cause.getMessage());
        String text = reason.contains("in use") ? "the port is taken" : reason;
        BindException failure = new BindException("Cannot listen on " + listener + ": " + text);
        failure.initCause(cause);
        return failure;
    }

    /** Begins to accept connections and to serve requests. */
    public synchronized void start(RequestHandlers handlers) {
        context.handlers(handlers);
        brokers.keySet().forEach(this::accept);
    }

    /** Arms or, with null, disarms the interception of requests. May be called on any thread, at any time. */
    public void interceptor(RequestInterceptor interceptor) {
        context.interceptor(interceptor);
    }

    /**
     * Stops: no more connections and requests are taken, those in flight are answered, all connections closed, all threads
     * ended. A request that is not answered within a second loses its connection.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        brokers.values().forEach(SocketServer::closeListeners);
        context.stop();
        RequestHandlers handlers = context.handlers();
        if (handlers != null) {
            onAllConnections(Connection::stop);
            handlers.drain();
            if (!awaitAllClosed(DRAIN_TIMEOUT_MS)) {
                LOG.debug("Closing connections whose requests are not answered");
                onAllConnections(Connection::close);
                awaitAllClosed(CLOSE_TIMEOUT_MS);
            }
        }
        loops.close();
    }

    /** As {@link #close}, but answers nobody: all connections are cut at once, as by the death of the process. */
    public synchronized void abort() {
        if (closed) {
            return;
        }
        closed = true;
        context.stop();
        brokers.values().forEach(SocketServer::closeListeners);
        onAllConnections(Connection::close);
        awaitAllClosed(CLOSE_TIMEOUT_MS);
        loops.close();
    }

    /**
     * Returns when every event loop has done what it was asked for before the call, and what it has asked itself for by that: a connection
     * that is closed is gone one task later. Must not be called by one of them.
     */
    public void awaitLoops() {
        for (int round = 0; round < TASKS_OF_A_TASK; round++) {
            List<Future<?>> barriers = new ArrayList<>();
            for (NetworkLoop loop : loops.all()) {
                barriers.add(loop.eventLoop().submit(() -> {}));
            }
            barriers.forEach(Future::awaitUninterruptibly);
        }
    }

    /** How many requests have come and not been answered; those that wait for records do not count. Not for event loops. */
    public int requestsAtWork() {
        AtomicInteger atWork = new AtomicInteger();
        onAllConnections(connection -> atWork.addAndGet(connection.requestsAtWork()));
        awaitLoops();
        return atWork.get();
    }

    private void onAllConnections(Consumer<Connection> action) {
        for (NetworkLoop loop : loops.all()) {
            loop.eventLoop().execute(() -> loop.connections().forEach(action));
        }
    }

    private boolean awaitAllClosed(int timeoutMs) {
        try {
            context.allClosed().get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
