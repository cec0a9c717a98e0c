package io.ottla.broker;

import io.ottla.broker.config.Listener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the ports of a broker while it is down: the system would give them to the next connection that goes out, perhaps to a client that tries
 * to come back and would then be connected with itself. Whoever connects meanwhile is refused, as if nobody had the port.
 *
 * <p>A socket that is bound and does not listen does that, and does not keep a server from listening on the same port. Where a system sees that
 * in another way, nothing is kept.
 */
final class HeldPorts implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HeldPorts.class);

    private final List<Socket> sockets = new ArrayList<>();

    /** Keeps the ports of these listeners, which nobody may listen on. */
    static HeldPorts of(Collection<List<Listener>> listeners) {
        HeldPorts held = new HeldPorts();
        listeners.forEach(each -> each.forEach(held::hold));
        return held;
    }

    private void hold(Listener listener) {
        Socket socket = new Socket();
        try {
            socket.setReuseAddress(true);
            socket.bind(
                    listener.host().isEmpty()
                            ? new InetSocketAddress(listener.port())
                            : new InetSocketAddress(listener.host(), listener.port()));
            sockets.add(socket);
        } catch (IOException e) {
            LOG.debug("The port of {} cannot be kept", listener, e);
            close(socket);
        }
    }

    @Override
    public void close() {
        sockets.forEach(HeldPorts::close);
        sockets.clear();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("Closing a socket failed", e);
        }
    }
}
