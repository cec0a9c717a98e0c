package io.ottla.broker.network;

import io.ottla.broker.config.Listener;
import java.util.List;

/**
 * What the server needs to know.
 *
 * @param brokerId the broker that connections of this server reach
 * @param listeners where to accept connections, in order
 * @param threads number of event loops
 * @param maxRequestSizeBytes the largest request accepted, without its length field
 * @param maxIdleMs how long a connection may be silent while nothing is in flight; 0 or less for ever
 * @param backlog how many connections may wait to be accepted
 * @param sendBufferSizeBytes socket send buffer, or -1 for the system's default
 * @param receiveBufferSizeBytes socket receive buffer, or -1 for the system's default
 */
public record NetworkConfig(
        int brokerId,
        List<Listener> listeners,
        int threads,
        int maxRequestSizeBytes,
        long maxIdleMs,
        int backlog,
        int sendBufferSizeBytes,
        int receiveBufferSizeBytes) {

    public NetworkConfig {
        listeners = List.copyOf(listeners);
    }

    /**
     * How many event loops there are where nobody says: one for four processors. Clients on the same machine take more of it than the
     * broker does, and connections that wake each other, as a producer wakes a consumer, are served for less by one loop than by two:
     * to wake a thread costs more than most requests.
     *
     * @param most the largest number
     */
    public static int defaultThreads(int processors, int most) {
        return Math.max(1, Math.min(most, processors / 4));
    }
}
