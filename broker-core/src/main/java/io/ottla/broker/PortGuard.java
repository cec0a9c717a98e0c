package io.ottla.broker;

import io.ottla.broker.config.Listener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the ports of a stopped broker from being given to somebody else: sockets that are bound to them and neither listen nor connect.
 * Whoever connects is refused. Not thread-safe.
 */
final class PortGuard {

    private static final Logger LOG = LoggerFactory.getLogger(PortGuard.class);

    private final List<Socket> sockets = new ArrayList<>();

    /** Takes ports. */
    interface Binding {

        /**
         * Takes them.
         *
         * @throws IOException if one of them cannot be had
         */
        List<Listener> bind() throws IOException;
    }

    /** Guards the ports as well as the system allows. */
    void guard(List<Listener> listeners) {
        for (Listener listener : listeners) {
            try {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.setReuseAddress(true);
                socket.bind(
                        listener.host().isEmpty()
                                ? new InetSocketAddress(listener.port())
                                : new InetSocketAddress(listener.host(), listener.port()));
            } catch (IOException e) {
                LOG.debug("The port of {} is not kept while its broker is stopped", listener, e);
            }
        }
    }

    /** Binds the ports for real, and lets go of them: afterwards where the system allows that, before where it does not. */
    List<Listener> exchange(Binding binding) throws IOException {
        try {
            return binding.bind();
        } catch (IOException e) {
            if (sockets.isEmpty()) {
                throw e;
            }
            release();
            return binding.bind();
        } finally {
            release();
        }
    }

    void release() {
        for (Socket socket : sockets) {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.debug("Closing {} failed", socket, e);
            }
        }
        sockets.clear();
    }
}
