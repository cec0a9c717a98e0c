package io.ottla.broker.handler;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A request without a network: keeps its answer, runs tasks of its event loop at once. */
public final class TestRequestContext implements RequestContext {

    private static final AtomicInteger CORRELATION_IDS = new AtomicInteger();
    private static final long PATIENCE_SECONDS = 20;

    /** How large these requests say they are. */
    public static final int SIZE_BYTES = 1000;

    private final ApiKey apiKey;
    private final short version;
    private final String clientId;
    private final ConnectionContext connection;
    private final int correlationId = CORRELATION_IDS.incrementAndGet();
    private long throttleMs;
    private boolean holdsFollowers;
    private final CompletableFuture<Ending> ending = new CompletableFuture<>();

    /** How a request ended. */
    public enum Kind {
        ANSWERED,
        COMPLETED,
        DISCONNECTED
    }

    private record Ending(Kind kind, ApiMessage response) {}

    public TestRequestContext(ApiKey apiKey, int version) {
        this(apiKey, version, new TestConnection());
    }

    public TestRequestContext(ApiKey apiKey, int version, ConnectionContext connection) {
        this(apiKey, version, connection, "test-client");
    }

    public TestRequestContext(ApiKey apiKey, int version, ConnectionContext connection, String clientId) {
        this.apiKey = apiKey;
        this.version = (short) version;
        this.connection = connection;
        this.clientId = clientId;
    }

    /** Whether the request has come to an end. */
    public boolean isEnded() {
        return ending.isDone();
    }

    /** For how many milliseconds the client is to be held back. */
    public long throttleMs() {
        return throttleMs;
    }

    /** Whether the requests behind it, on the same connection, wait for its answer. */
    public boolean holdsFollowers() {
        return holdsFollowers;
    }

    /** Waits for the end of the request and says how it ended. */
    public Kind kind() {
        return await().kind;
    }

    /** Waits for the answer. */
    public <T extends ApiMessage> T response(Class<T> type) {
        Ending end = await();
        if (end.kind != Kind.ANSWERED) {
            throw new AssertionError("expected an answer, but the request was " + end.kind);
        }
        return type.cast(end.response);
    }

    private Ending await() {
        try {
            return ending.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("no answer to " + apiKey + " version " + version, e);
        }
    }

    private void end(Kind kind, ApiMessage response) {
        if (!ending.complete(new Ending(kind, response))) {
            throw new IllegalStateException(apiKey + " was answered before");
        }
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
        return correlationId;
    }

    @Override
    public String clientId() {
        return clientId;
    }

    @Override
    public int sizeBytes() {
        return SIZE_BYTES;
    }

    @Override
    public void throttle(long wantedMs) {
        throttleMs = Math.max(throttleMs, wantedMs);
    }

    @Override
    public long settleTime() {
        return 0;
    }

    @Override
    public ConnectionContext connection() {
        return connection;
    }

    @Override
    public void respond(ApiMessage response) {
        end(Kind.ANSWERED, response);
    }

    @Override
    public void complete() {
        end(Kind.COMPLETED, null);
    }

    @Override
    public void disconnect() {
        end(Kind.DISCONNECTED, null);
    }

    @Override
    public void holdFollowers() {
        holdsFollowers = true;
    }

    @Override
    public void execute(Runnable task) {
        task.run();
    }
}
