package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.protocol.ApiMessage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Shows the armed faults the requests of a broker, and leads those for which one fires through what it does. */
final class FaultInterceptor implements RequestInterceptor {

    private final Faults faults;
    private final Map<Long, FaultedConnection> connections = new ConcurrentHashMap<>();

    FaultInterceptor(Faults faults) {
        this.faults = faults;
    }

    private FaultedConnection connection(ConnectionContext connection) {
        FaultedConnection known = connections.get(connection.id());
        if (known == null) {
            known = new FaultedConnection(connection, this);
            connections.put(connection.id(), known);
            connection.onClose(() -> closed(connection.id()));
        }
        return known;
    }

    private void closed(long connectionId) {
        FaultedConnection gone = connections.remove(connectionId);
        if (gone != null) {
            gone.closed();
        }
    }

    /** Closes the connections on which a fault holds something back or which one has made slow or silent. */
    void cutBrokenConnections() {
        connections.values().forEach(FaultedConnection::cutIfBroken);
    }

    @Override
    public boolean beforeApply(RequestContext context, ApiMessage request, Runnable proceed) {
        FaultedConnection connection = connections.get(context.connection().id());
        if (connection != null && connection.isBlocked()) {
            connection.enqueue(context, request, proceed);
            return false;
        }
        return admit(connection, context, request, proceed);
    }

    /**
     * Lets the faults see a request.
     *
     * @param known what faults have on its connection, or null
     * @return whether it goes on at once
     */
    boolean admit(FaultedConnection known, RequestContext context, ApiMessage request, Runnable proceed) {
        FaultHost host = faults.host();
        Fault fault = host == null ? null : faults.firstToFire(context, request, host);
        if (fault == null) {
            return true;
        }
        FaultedConnection connection = known == null ? connection(context.connection()) : known;
        FaultCall call = new FaultCall(fault, context, request, connection, host);
        connection.add(context, call);
        faults.callStarted();
        faults.journal().fault(context, fault.toString());
        call.held(proceed);
        if (!fault.action().beforeApply(call)) {
            return false;
        }
        call.held(null);
        if (!fault.action().followsAnswer()) {
            call.finish();
        }
        return true;
    }

    private FaultCall find(RequestContext context) {
        FaultedConnection connection = connections.get(context.connection().id());
        return connection == null ? null : connection.find(context);
    }

    @Override
    public boolean applied(RequestContext context, ApiMessage response, Runnable proceed) {
        FaultCall call = find(context);
        if (call == null) {
            return true;
        }
        call.answerHeld(proceed);
        if (call.action().applied(call)) {
            call.answerHeld(null);
            return true;
        }
        return false;
    }

    @Override
    public ApiMessage beforeWrite(RequestContext context, ApiMessage response) {
        FaultCall call = find(context);
        if (call == null) {
            return response;
        }
        ApiMessage sent = call.action().beforeWrite(call, response);
        call.finish();
        return sent;
    }

    void callEnded() {
        faults.callEnded();
    }
}
