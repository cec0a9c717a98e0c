package io.ottla.broker.handler;

import java.net.InetAddress;

/** What handlers may know of a connection. */
public interface ConnectionContext {

    /** A number that no other connection of this broker has had. */
    long id();

    /** The id of the broker that this connection reached; there may be several over one store. */
    int brokerId();

    /** The name of the listener that accepted the connection, in upper case ({@code PLAINTEXT}). */
    String listenerName();

    /** The address of the client. */
    InetAddress remoteAddress();

    /** The port that the client connected from. */
    int remotePort();

    /** The name of the user on the other side; {@code ANONYMOUS} where nobody has to say who it is. */
    String userName();

    /** The port that the broker accepted the connection on. */
    int localPort();

    /** The client's software name as it said in ApiVersions, or {@code unknown}. */
    String clientSoftwareName();

    /** The client's software version as it said in ApiVersions, or {@code unknown}. */
    String clientSoftwareVersion();

    /** Called by the ApiVersions handler with what the client said of itself. */
    void clientSoftware(String name, String version);

    /** Runs the task when the connection ends; at once if it already has. Tasks must not block. May be called on any thread. */
    void onClose(Runnable task);

    /** The bytes of the connection, for tests that break them. Called on the event loop of the connection. */
    default ConnectionWire wire() {
        throw new UnsupportedOperationException("There is no wire");
    }
}
