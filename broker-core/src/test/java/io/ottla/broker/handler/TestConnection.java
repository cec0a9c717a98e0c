package io.ottla.broker.handler;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A connection without a network. */
public final class TestConnection implements ConnectionContext {

    private static final AtomicLong IDS = new AtomicLong();

    private final long id = IDS.incrementAndGet();
    private final int brokerId;
    private final List<Runnable> closeTasks = new ArrayList<>();
    private String softwareName = "unknown";
    private String softwareVersion = "unknown";
    private boolean closed;

    public TestConnection() {
        this(1);
    }

    public TestConnection(int brokerId) {
        this.brokerId = brokerId;
    }

    /** Ends the connection. */
    public void close() {
        List<Runnable> tasks;
        synchronized (this) {
            closed = true;
            tasks = List.copyOf(closeTasks);
            closeTasks.clear();
        }
        tasks.forEach(Runnable::run);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public int brokerId() {
        return brokerId;
    }

    @Override
    public String listenerName() {
        return "PLAINTEXT";
    }

    @Override
    public InetAddress remoteAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public int remotePort() {
        return 2;
    }

    @Override
    public String userName() {
        return "ANONYMOUS";
    }

    @Override
    public int localPort() {
        return 9092;
    }

    @Override
    public String clientSoftwareName() {
        return softwareName;
    }

    @Override
    public String clientSoftwareVersion() {
        return softwareVersion;
    }

    @Override
    public void clientSoftware(String name, String version) {
        softwareName = name;
        softwareVersion = version;
    }

    @Override
    public void onClose(Runnable task) {
        synchronized (this) {
            if (!closed) {
                closeTasks.add(task);
                return;
            }
        }
        task.run();
    }
}
