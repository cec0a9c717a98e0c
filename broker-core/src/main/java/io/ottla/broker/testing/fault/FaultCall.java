package io.ottla.broker.testing.fault;

import io.ottla.broker.handler.ConnectionWire;
import io.ottla.broker.handler.RequestContext;
import io.ottla.protocol.ApiMessage;

/** One request for which a fault fired, until its answer is written or its connection is gone. Used on the event loop only. */
final class FaultCall {

    private final Fault fault;
    private final RequestContext context;
    private final ApiMessage request;
    private final FaultedConnection connection;
    private final FaultHost host;

    /** Lets the request be applied; null once it may be. */
    private Runnable proceed;

    /** Lets the answer go; null while there is none, and once it may go. */
    private Runnable proceedWithAnswer;

    /** What is to be added to the answer, or null. */
    private ApiMessage addition;

    private boolean finished;
    private boolean ended;

    FaultCall(Fault fault, RequestContext context, ApiMessage request, FaultedConnection connection, FaultHost host) {
        this.fault = fault;
        this.context = context;
        this.request = request;
        this.connection = connection;
        this.host = host;
    }

    Fault fault() {
        return fault;
    }

    FaultAction action() {
        return fault.action();
    }

    RequestContext context() {
        return context;
    }

    ApiMessage request() {
        return request;
    }

    FaultHost host() {
        return host;
    }

    ConnectionWire wire() {
        connection.wireIsBroken();
        return context.connection().wire();
    }

    void addition(ApiMessage toBeAdded) {
        addition = toBeAdded;
    }

    ApiMessage addition() {
        return addition;
    }

    void held(Runnable proceedLater) {
        proceed = proceedLater;
    }

    void answerHeld(Runnable proceedLater) {
        proceedWithAnswer = proceedLater;
    }

    /** Keeps the requests behind this one from being served, as a broker does that serves one request of a connection at a time. */
    void blockConnection() {
        connection.block(this);
    }

    /** Runs a task on the event loop when the time has passed, unless the call has ended by then. */
    void later(Runnable task, long delayMs) {
        host.timer()
                .schedule(
                        () -> context.execute(() -> {
                            if (!ended) {
                                task.run();
                            }
                        }),
                        delayMs);
    }

    /** Answers the request in place of its handler. */
    void respond(ApiMessage response) {
        proceed = null;
        context.respond(response);
    }

    /** Ends the request by closing its connection, behind the answers before it. */
    void disconnect() {
        proceed = null;
        context.disconnect();
    }

    /** Lets the request go on. */
    void proceed() {
        Runnable next = proceed;
        proceed = null;
        next.run();
        if (!action().followsAnswer()) {
            finish();
        }
        unblockConnection();
    }

    /** Lets the answer go. */
    void proceedWithAnswer() {
        Runnable next = proceedWithAnswer;
        proceedWithAnswer = null;
        next.run();
        unblockConnection();
    }

    /** Lets the requests behind this one be served. */
    void unblockConnection() {
        connection.unblock(this);
    }

    /** The fault has done all that it does to the request, unless it still blocks the connection. */
    void finish() {
        finished = true;
        connection.removeIfOver(this);
    }

    boolean isFinished() {
        return finished;
    }

    void end() {
        ended = true;
    }

    /** The connection is gone: what was held back ends, so that the broker lets go of it. */
    void endWithConnection() {
        ended = true;
        if (proceedWithAnswer != null) {
            proceedWithAnswer.run();
        } else if (proceed != null) {
            context.complete();
        }
    }
}
