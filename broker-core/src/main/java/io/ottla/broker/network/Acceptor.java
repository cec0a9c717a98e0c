package io.ottla.broker.network;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.ottla.broker.config.Listener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes the connections of one listener, builds their stages, and deals them out to the event loops. */
final class Acceptor extends InboundStage {

    private static final Logger LOG = LoggerFactory.getLogger(Acceptor.class);
    private static final long PAUSE_AFTER_ERROR_MS = 1000;
    private static final WriteBufferWaterMark OUTBOUND_MARKS = new WriteBufferWaterMark(128 * 1024, 512 * 1024);

    private final ServedBroker broker;
    private final Listener listener;
    private final ServerContext server;
    private final EventLoops loops;

    Acceptor(ServedBroker broker, Listener listener, ServerContext server, EventLoops loops) {
        this.broker = broker;
        this.listener = listener;
        this.server = server;
        this.loops = loops;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        Channel channel = (Channel) message;
        NetworkLoop loop = loops.next();
        Connection connection = new Connection(broker, listener.name(), server, loop);
        configure(channel.config(), connection);
        CongestionControl.adaptTo(channel);
        // Stages of other security protocols (TLS, then) come in front of these.
        channel.pipeline().addLast(connection.decoder(), connection);
        loop.eventLoop().register(channel).addListener(registered -> {
            if (!registered.isSuccess()) {
                LOG.debug("A connection of {} could not be taken", listener, registered.cause());
                channel.unsafe().closeForcibly();
            }
        });
    }

    private void configure(ChannelConfig config, Connection connection) {
        NetworkConfig network = server.config();
        config.setOption(ChannelOption.TCP_NODELAY, true);
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        if (network.sendBufferSizeBytes() > 0) {
            config.setOption(ChannelOption.SO_SNDBUF, network.sendBufferSizeBytes());
        }
        if (network.receiveBufferSizeBytes() > 0) {
            config.setOption(ChannelOption.SO_RCVBUF, network.receiveBufferSizeBytes());
        }
        config.setAllocator(EventLoops.ALLOCATOR);
        config.setRecvByteBufAllocator(new FrameReadAllocator(connection.decoder()));
        config.setWriteBufferWaterMark(OUTBOUND_MARKS);
        config.setMessageSizeEstimator(OutboundSizeEstimator.INSTANCE);
    }

    /** Accepting failed: out of file descriptors, most likely. A pause keeps the loop from spinning on it. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.warn("Cannot accept a connection on {}", listener, cause);
        ChannelConfig config = ctx.channel().config();
        if (config.isAutoRead()) {
            config.setAutoRead(false);
            server.timer().schedule(() -> config.setAutoRead(true), PAUSE_AFTER_ERROR_MS);
        }
    }
}
