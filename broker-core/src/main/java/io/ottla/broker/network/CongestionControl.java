package io.ottla.broker.network;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How fast the kernel sends what a connection was given.
 *
 * <p>Where the system's way is BBR, the kernel spreads what it sends over time: it keeps a timer for each connection that has much to
 * send, and sends a piece and wakes the reader each time that it rings. That makes sense on a wire. Where sender and reader are on one
 * machine there is none, and a large answer takes two to three times as much of the sender's processor; so connections of this machine
 * use Reno, which every kernel has and every user may choose, and which knows no timer.
 */
final class CongestionControl {

    private static final Logger LOG = LoggerFactory.getLogger(CongestionControl.class);

    // Numbers of the system calls of Linux, the same on all processors.
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_CONGESTION = 13;

    private static final byte[] RENO = "reno".getBytes(StandardCharsets.US_ASCII);
    private static final ChannelOption<ByteBuffer> OPTION =
            new RawUnixChannelOption("TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION, RENO.length);

    private CongestionControl() {}

    /** Sends without pacing if the peer is on this machine, where native epoll serves; does nothing elsewhere. */
    static void adaptTo(Channel channel) {
        if (!(channel instanceof EpollSocketChannel) || !isLocal(channel.remoteAddress(), channel.localAddress())) {
            return;
        }
        try {
            channel.config().setOption(OPTION, ByteBuffer.wrap(RENO));
        } catch (ChannelException e) {
            // It has gone already, or the system does not allow it: then its own way serves.
            LOG.debug("The congestion control of {} stays as it is", channel, e);
        }
    }

    /** Whether both ends are on one machine: on the loopback's addresses, or on another of the machine's. */
    static boolean isLocal(SocketAddress remote, SocketAddress local) {
        return remote instanceof InetSocketAddress from
                && local instanceof InetSocketAddress to
                && from.getAddress() != null
                && (from.getAddress().isLoopbackAddress() || from.getAddress().equals(to.getAddress()));
    }
}
