package io.ottla.broker.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for brokers that are started several times on the same one. */
final class Ports {
    /** Below those that systems give to clients and to port 0: nobody gets it by chance while the broker is away. */
    private static final int FIRST = 20_000;

    private static final int AFTER_LAST = 32_000;

    private Ports() {}

    /**
     * A port that nobody listens on. A client that connects again and again while nobody does cannot get it for its own end, and so be
     * connected with itself.
     */
    static int free() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, AFTER_LAST);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("localhost"))) {
                return socket.getLocalPort();
            } catch (IOException taken) {
                // The next one.
            }
        }
    }
}
