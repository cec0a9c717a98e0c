package io.ottla.broker.network;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.handler.TestConnection;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;

/** A request that is answered on the spot; the same for all requests of a benchmark, so that it costs next to nothing. */
public final class BenchmarkContext implements RequestContext {

    private final ConnectionContext connection = new TestConnection();
    private final ApiKey apiKey;
    private final short version;
    private ApiMessage response;

    public BenchmarkContext(ApiKey apiKey, short version) {
        this.apiKey = apiKey;
        this.version = version;
    }

    /**
     * The answer to the last request.
     *
     * @throws IllegalStateException if there is none yet
     */
    public ApiMessage takeResponse() {
        ApiMessage taken = response;
        if (taken == null) {
            throw new IllegalStateException(apiKey + " was not answered at once");
        }
        response = null;
        return taken;
    }

    @Override
    public ApiKey apiKey() {
        return apiKey;
    }

    @Override
    public short apiVersion() {
        return version;
    }

    @Override
    public int correlationId() {
        return 1;
    }

    @Override
    public String clientId() {
        return "benchmark";
    }

    @Override
    public int sizeBytes() {
        return 100;
    }

    @Override
    public ConnectionContext connection() {
        return connection;
    }

    @Override
    public void respond(ApiMessage answer) {
        response = answer;
    }

    @Override
    public void complete() {
        throw new IllegalStateException(apiKey + " has an answer");
    }

    @Override
    public void disconnect() {
        throw new IllegalStateException(apiKey + " was not answered");
    }

    @Override
    public void throttle(long throttleMs) {}

    @Override
    public long settleTime() {
        return 0;
    }

    @Override
    public void holdFollowers() {}

    @Override
    public void execute(Runnable task) {
        task.run();
    }
}
