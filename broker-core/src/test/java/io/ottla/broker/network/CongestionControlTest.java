package io.ottla.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CongestionControlTest {

    private static final ChannelOption<ByteBuffer> FIRST_FOUR_LETTERS =
            new RawUnixChannelOption("TCP_CONGESTION", 6, 13, 4);

    @Test
    void shouldSendWithoutPacingToThisMachine() throws Exception {
        assumeTrue(Epoll.isAvailable());
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Channel channel = new EpollSocketChannel();
            assertTrue(loops.register(channel).await().isSuccess());
            assertTrue(channel.connect(peer.getLocalSocketAddress()).await().isSuccess());
            CongestionControl.adaptTo(channel);
            ByteBuffer name = channel.config().getOption(FIRST_FOUR_LETTERS);
            assertNotNull(name);
            assertEquals("reno", StandardCharsets.US_ASCII.decode(name).toString());
            channel.close().await();
            CongestionControl.adaptTo(channel);
        } finally {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
        }
    }

    @Test
    void shouldLeaveOtherChannelsAlone() {
        EmbeddedChannel channel = new EmbeddedChannel();
        CongestionControl.adaptTo(channel);
        assertFalse(channel.finish());
    }

    @Test
    void shouldKnowWhoIsOnThisMachine() throws Exception {
        InetSocketAddress server = at("192.0.2.1", 9092);
        assertTrue(CongestionControl.isLocal(at("127.0.0.1", 40000), at("127.0.0.1", 9092)));
        assertTrue(CongestionControl.isLocal(at("::1", 40000), at("::1", 9092)));
        assertTrue(CongestionControl.isLocal(at("192.0.2.1", 40000), server));
        assertFalse(CongestionControl.isLocal(at("192.0.2.2", 40000), server));
        assertFalse(CongestionControl.isLocal(null, server));
        assertFalse(CongestionControl.isLocal(at("192.0.2.2", 40000), null));
    }

    private static InetSocketAddress at(String address, int port) throws Exception {
        return new InetSocketAddress(InetAddress.getByName(address), port);
    }
}
