package io.ottla.broker.network;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.storage.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** What all connections of a server share. Thread-safe. */
final class ServerContext {

    private final NetworkConfig config;
    private final Clock clock;
    private final BrokerTimer timer;
    private final ClientQuotas quotas;
    private final AtomicLong lastConnectionId = new AtomicLong();
    private final AtomicLong openConnections = new AtomicLong();
    private final CompletableFuture<Void> allClosed = new CompletableFuture<>();
    private volatile boolean stopping;
    private volatile RequestHandlers handlers;
    private volatile RequestInterceptor interceptor;

    ServerContext(NetworkConfig config, Clock clock, BrokerTimer timer, ClientQuotas quotas) {
        this.config = config;
        this.clock = clock;
        this.timer = timer;
        this.quotas = quotas;
    }

    NetworkConfig config() {
        return config;
    }

    Clock clock() {
        return clock;
    }

    BrokerTimer timer() {
        return timer;
    }

    ClientQuotas quotas() {
        return quotas;
    }

    RequestHandlers handlers() {
        return handlers;
    }

    void handlers(RequestHandlers requestHandlers) {
        handlers = requestHandlers;
    }

    /** Null while nothing is armed. */
    RequestInterceptor interceptor() {
        return interceptor;
    }

    void interceptor(RequestInterceptor requestInterceptor) {
        interceptor = requestInterceptor;
    }

    long nextConnectionId() {
        return lastConnectionId.incrementAndGet();
    }

    void connectionOpened(ConnectionContext connection) {
        openConnections.incrementAndGet();
        RequestInterceptor present = interceptor;
        if (present != null) {
            present.opened(connection);
        }
    }

    void connectionClosed() {
        openConnections.decrementAndGet();
        completeIfStopped();
    }

    boolean isStopping() {
        return stopping;
    }

    /** From now on {@link #allClosed} completes when no connection is open. */
    void stop() {
        stopping = true;
        completeIfStopped();
    }

    CompletableFuture<Void> allClosed() {
        return allClosed;
    }

    private void completeIfStopped() {
        if (stopping && openConnections.get() == 0) {
            allClosed.complete(null);
        }
    }
}
