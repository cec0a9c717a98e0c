package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.protocol.ApiMessage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What faults have under way on one connection. Used on its event loop only, except where a method says otherwise. */
final class FaultedConnection {

    private final ConnectionContext connection;
    private final FaultInterceptor interceptor;
    private final Map<RequestContext, FaultCall> calls = new HashMap<>();
    private final Set<FaultCall> blockers = new HashSet<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private boolean resuming;
    private boolean wireBroken;

    /** Knows the way to the event loop. */
    private volatile RequestContext lastContext;

    /** A request that waits behind one that a fault holds back. */
    private record Waiting(RequestContext context, ApiMessage request, Runnable proceed) {}

    FaultedConnection(ConnectionContext connection, FaultInterceptor interceptor) {
        this.connection = connection;
        this.interceptor = interceptor;
    }

    void wireIsBroken() {
        wireBroken = true;
    }

    /** Closes the connection if a fault holds something back on it or has made it slow or silent. Called on any thread. */
    void cutIfBroken() {
        lastContext.execute(() -> {
            if (wireBroken || isBlocked() || !calls.isEmpty()) {
                connection.wire().cut();
            }
        });
    }

    boolean isBlocked() {
        return !blockers.isEmpty() || !waiting.isEmpty();
    }

    void add(RequestContext context, FaultCall call) {
        calls.put(context, call);
        lastContext = context;
    }

    FaultCall find(RequestContext context) {
        return calls.get(context);
    }

    /** Forgets a call that is finished and does not block the connection. */
    void removeIfOver(FaultCall call) {
        if (call.isFinished() && !blockers.contains(call) && calls.remove(call.context(), call)) {
            call.end();
            interceptor.callEnded();
        }
    }

    void block(FaultCall call) {
        blockers.add(call);
    }

    void unblock(FaultCall call) {
        if (blockers.remove(call)) {
            removeIfOver(call);
            resume();
        }
    }

    void enqueue(RequestContext context, ApiMessage request, Runnable proceed) {
        waiting.add(new Waiting(context, request, proceed));
    }

    private void resume() {
        if (resuming) {
            return;
        }
        resuming = true;
        try {
            while (blockers.isEmpty() && !waiting.isEmpty()) {
                Waiting next = waiting.poll();
                if (interceptor.admit(this, next.context, next.request, next.proceed)) {
                    next.proceed.run();
                }
            }
        } finally {
            resuming = false;
        }
    }

    /** The connection is gone. */
    void closed() {
        Collection<FaultCall> left = new ArrayList<>(calls.values());
        List<Waiting> behind = new ArrayList<>(waiting);
        calls.clear();
        blockers.clear();
        waiting.clear();
        for (FaultCall call : left) {
            call.endWithConnection();
            interceptor.callEnded();
        }
        for (Waiting one : behind) {
            one.context.complete();
        }
    }
}
