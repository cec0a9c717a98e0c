package io.ottla.broker.network;

import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;

/** One of the brokers that a server stands for: its id, the channels where it listens, and whether its connections may live. */
final class ServedBroker {

    private final int id;
    private final List<Channel> channels = new ArrayList<>();
    private volatile boolean open = true;

    ServedBroker(int id) {
        this.id = id;
    }

    int id() {
        return id;
    }

    /** Where the broker listens. For whoever runs the server. */
    List<Channel> channels() {
        return channels;
    }

    /** Whether connections may come in and stay. Any thread. */
    boolean isOpen() {
        return open;
    }

    /** From now on, connections that come in are closed. */
    void close() {
        open = false;
    }
}
