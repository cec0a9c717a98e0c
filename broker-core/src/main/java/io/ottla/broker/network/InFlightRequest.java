package io.ottla.broker.network;

import io.netty.buffer.ByteBuf;
import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/** A request from the moment its header is read until its answer is encoded. */
final class InFlightRequest implements RequestContext, Runnable {

    private static final AtomicIntegerFieldUpdater<InFlightRequest> ANSWERED =
            AtomicIntegerFieldUpdater.newUpdater(InFlightRequest.class, "answered");

    private final Connection connection;
    private final ApiKey apiKey;
    private final short apiVersion;
    private final int correlationId;
    private final String clientId;
    private final int sizeBytes;

    /** 1 once somebody answered; the answer may still be on its way to the event loop. */
    private volatile int answered;

    // Written by whoever answers, before the hand-over to the event loop.
    private ApiMessage response;
    private boolean disconnect;
    private int throttleMs;

    // Used on the event loop only.
    private ByteBuf frame;
    private boolean ready;
    private RequestTime time;

    InFlightRequest(
            Connection connection, ApiKey apiKey, short apiVersion, int correlationId, String clientId, int sizeBytes) {
        this.connection = connection;
        this.apiKey = apiKey;
        this.apiVersion = apiVersion;
        this.correlationId = correlationId;
        this.clientId = clientId;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public ApiKey apiKey() {
        return apiKey;
    }

    @Override
    public short apiVersion() {
        return apiVersion;
    }

    @Override
    public int correlationId() {
        return correlationId;
    }

    @Override
    public String clientId() {
        return clientId;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void throttle(long wantedMs) {
        throttleMs = (int) Math.max(throttleMs, Math.min(Integer.MAX_VALUE, wantedMs));
    }

    @Override
    public long settleTime() {
        if (time == null || time.isSettled()) {
            return 0;
        }
        long settledMs = connection.settleTime(this, time.settle());
        throttle(settledMs);
        return settledMs;
    }

    /** How long nothing is to be read from the connection after the answer, in milliseconds. */
    int throttleMs() {
        return throttleMs;
    }

    /** The time spent on this request, null where nobody asks for it. */
    RequestTime time() {
        return time;
    }

    void measure(RequestTime requestTime) {
        time = requestTime;
    }

    @Override
    public ConnectionContext connection() {
        return connection;
    }

    @Override
    public void respond(ApiMessage answer) {
        Objects.requireNonNull(answer, "answer");
        claimAnswer();
        response = answer;
        handOver();
    }

    @Override
    public void complete() {
        claimAnswer();
        handOver();
    }

    @Override
    public void disconnect() {
        claimAnswer();
        disconnect = true;
        handOver();
    }

    @Override
    public void holdFollowers() {
        connection.holdFollowersOf(this);
    }

    @Override
    public void execute(Runnable task) {
        connection.execute(task);
    }

    /** The answer has come to the event loop. */
    @Override
    public void run() {
        connection.onAnswer(this);
    }

    /** Whether somebody answered; on another thread perhaps, so that the event loop does not know yet. */
    boolean isAnswered() {
        return answered != 0;
    }

    /** The answer, or null where there is none to send. */
    ApiMessage response() {
        return response;
    }

    /** The answer, for the one who ends it unsent; null from then on. */
    ApiMessage takeResponse() {
        ApiMessage taken = response;
        response = null;
        return taken;
    }

    boolean isDisconnect() {
        return disconnect;
    }

    /** Keeps the frame alive until the answer is encoded. */
    void hold(ByteBuf requestFrame) {
        frame = requestFrame.retain();
    }

    void releaseFrame() {
        if (frame != null) {
            frame.release();
            frame = null;
        }
    }

    /** The answer may leave as soon as all before it have left. */
    boolean isReady() {
        return ready;
    }

    void markReady() {
        ready = true;
    }

    private void claimAnswer() {
        if (!ANSWERED.compareAndSet(this, 0, 1)) {
            throw new IllegalStateException("A second answer to " + this);
        }
    }

    private void handOver() {
        if (connection.inEventLoop()) {
            connection.onAnswer(this);
            return;
        }
        try {
            connection.executeLater(this);
        } catch (RejectedExecutionException e) {
            // The server is gone, and with it the connection: nobody waits for the answer.
            ResponseWriter.discard(this);
        }
    }

    @Override
    public String toString() {
        return apiKey + " version " + apiVersion + ", correlation id " + correlationId + ", client id '" + clientId
                + "' from " + connection;
    }
}
