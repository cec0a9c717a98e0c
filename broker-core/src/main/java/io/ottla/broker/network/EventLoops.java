package io.ottla.broker.network;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.Errors;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loops of a server, and the transport they use: native epoll where there is one, NIO elsewhere.
 *
 * <p>They are single loops rather than a Netty group, since a group's end is announced on Netty's global executor, whose
 * thread would outlive the broker by a second.
 */
final class EventLoops {

    /**
     * One pool for all brokers of a JVM, so that memory goes from a closed one to the next: as many arenas as there are
     * processors, in chunks of 1 MiB, with no caches for threads other than event loops.
     */
    static final ByteBufAllocator ALLOCATOR =
            new PooledByteBufAllocator(true, 0, Runtime.getRuntime().availableProcessors(), 8192, 8, 256, 64, false);

    private static final Logger LOG = LoggerFactory.getLogger(EventLoops.class);
    private static final int END_TIMEOUT_SECONDS = 5;

    private final boolean epoll = hasEpoll();
    private final List<NetworkLoop> loops = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private int next;

    EventLoops(int count, String threadNamePrefix) {
        IoHandlerFactory ioHandlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        for (int i = 0; i < count; i++) {
            String name = threadNamePrefix + i;
            ThreadFactory factory = task -> newThread(task, name);
            loops.add(new NetworkLoop(new Loop(factory, ioHandlers)));
        }
    }

    /**
     * Whether native epoll works here. That the library loads is not enough: when its version and that of Netty's classes differ, as
     * on the class path of an embedder with a Netty of his own, the table of error numbers may fail to link, and with it every
     * read that finds nothing.
     */
    private static boolean hasEpoll() {
        if (!Epoll.isAvailable()) {
            LOG.debug("No native epoll here, NIO serves", Epoll.unavailabilityCause());
            return false;
        }
        try {
            return Errors.ERRNO_EAGAIN_NEGATIVE < 0;
        } catch (LinkageError e) {
            LOG.info("Netty's native epoll library does not fit its classes, NIO serves: {}", e.toString());
            return false;
        }
    }

    private Thread newThread(Runnable task, String name) {
        Thread thread = new FastThreadLocalThread(task, name);
        thread.setDaemon(true);
        synchronized (threads) {
            threads.add(thread);
        }
        return thread;
    }

    ServerChannel newServerChannel() {
        return epoll ? new EpollServerSocketChannel() : new NioServerSocketChannel();
    }

    List<NetworkLoop> all() {
        return loops;
    }

    /** The loop that accepts connections. */
    NetworkLoop acceptor() {
        return loops.get(0);
    }

    /** The loop for the next connection, in turn. Called by the acceptor's thread alone. */
    NetworkLoop next() {
        // The accepting loop comes last: with few connections it is the least busy that way.
        next = next + 1 >= loops.size() ? 0 : next + 1;
        return loops.get(next);
    }

    /** Ends all loops and waits until their threads are gone. */
    void close() {
        List<Future<?>> ends = new ArrayList<>();
        for (NetworkLoop loop : loops) {
            ends.add(loop.eventLoop().shutdownGracefully(0, END_TIMEOUT_SECONDS, TimeUnit.SECONDS));
        }
        try {
            for (Future<?> end : ends) {
                end.await(END_TIMEOUT_SECONDS, TimeUnit.SECONDS);
            }
            List<Thread> started;
            synchronized (threads) {
                started = List.copyOf(threads);
            }
            for (Thread thread : started) {
                thread.join(TimeUnit.SECONDS.toMillis(END_TIMEOUT_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * An event loop that sleeps until there is something to do.
     *
     * <p>Netty's own wakes up every second to look for cancelled tasks, of which there are none here, as all times are kept by the
     * broker's timer; therefore it reads the clock and sets a timer of the kernel each time it goes to sleep. And it reads the clock
     * around each turn of work, to find loops that could be suspended.
     */
    static final class Loop extends SingleThreadIoEventLoop {

        Loop(ThreadFactory threads, IoHandlerFactory ioHandlers) {
            super(null, threads, ioHandlers);
        }

        @Override
        protected long deadlineNanos() {
            return nextScheduledTaskDeadlineNanos(); // -1 if nothing is scheduled, which stands for never
        }

        @Override
        protected boolean isSuspensionSupported() {
            return false;
        }
    }
}
