package io.ottla.broker.network;

import io.ottla.broker.handler.ConnectionContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** What a connection says of itself: which broker it reached, and who is on the other side. */
abstract class IdentifiedStage extends InboundStage implements ConnectionContext {

    private static final String UNKNOWN = "unknown";

    private final long id;
    private final ServedBroker broker;
    private final String listenerName;
    private final CloseTasks closeTasks = new CloseTasks();
    private InetSocketAddress remote;
    private InetSocketAddress local;
    private volatile String clientSoftwareName = UNKNOWN;
    private volatile String clientSoftwareVersion = UNKNOWN;

    IdentifiedStage(long id, ServedBroker broker, String listenerName) {
        this.id = id;
        this.broker = broker;
        this.listenerName = listenerName;
    }

    /** Called once, when the connection is made and before anybody asks. */
    final void addresses(InetSocketAddress remoteAddress, InetSocketAddress localAddress) {
        remote = remoteAddress;
        local = localAddress;
    }

    final ServedBroker broker() {
        return broker;
    }

    final CloseTasks closeTasks() {
        return closeTasks;
    }

    @Override
    public final long id() {
        return id;
    }

    @Override
    public final int brokerId() {
        return broker.id();
    }

    @Override
    public final String listenerName() {
        return listenerName;
    }

    @Override
    public final InetAddress remoteAddress() {
        return remote.getAddress();
    }

    @Override
    public final int remotePort() {
        return remote.getPort();
    }

    @Override
    public final String userName() {
        return "ANONYMOUS"; // no listener asks who it is
    }

    @Override
    public final int localPort() {
        return local.getPort();
    }

    @Override
    public final String clientSoftwareName() {
        return clientSoftwareName;
    }

    @Override
    public final String clientSoftwareVersion() {
        return clientSoftwareVersion;
    }

    @Override
    public final void clientSoftware(String name, String version) {
        clientSoftwareName = name;
        clientSoftwareVersion = version;
    }

    @Override
    public final void onClose(Runnable task) {
        closeTasks.add(task);
    }

    @Override
    public final String toString() {
        return id + " (" + listenerName + ", " + remote + ")";
    }
}
