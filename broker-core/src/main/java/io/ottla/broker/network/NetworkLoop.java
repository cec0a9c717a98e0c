package io.ottla.broker.network;

import io.netty.channel.EventLoop;
import io.ottla.protocol.ProtocolReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** One event loop with what its connections share. All but {@link #eventLoop} is for the loop's own thread. */
final class NetworkLoop {

    private final EventLoop eventLoop;
    private final ResponseWriter responseWriter = new ResponseWriter();
    private final ProtocolReader reader = new ProtocolReader(ByteBuffer.allocate(0));
    private final Set<Connection> connections = new HashSet<>();

    NetworkLoop(EventLoop eventLoop) {
        this.eventLoop = eventLoop;
    }

    EventLoop eventLoop() {
        return eventLoop;
    }

    ResponseWriter responseWriter() {
        return responseWriter;
    }

    /** A reader for the bytes, good until the next call. */
    ProtocolReader reader(ByteBuffer bytes) {
        reader.reset(bytes);
        return reader;
    }

    void add(Connection connection) {
        connections.add(connection);
    }

    void remove(Connection connection) {
        connections.remove(connection);
    }

    /** A copy: connections leave the set while it is walked. */
    List<Connection> connections() {
        return new ArrayList<>(connections);
    }
}
