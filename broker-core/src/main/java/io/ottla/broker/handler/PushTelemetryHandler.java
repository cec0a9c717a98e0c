package io.ottla.broker.handler;

import io.ottla.broker.handler.telemetry.ClientTelemetry;
import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.PushTelemetryRequest;
import io.ottla.protocol.message.PushTelemetryResponse;

/**
 * Takes the metrics of a client (KIP-714). They are decompressed and handed on by the background executor.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_PushTelemetry">PushTelemetry</a>
 */
public final class PushTelemetryHandler extends RequestHandler<PushTelemetryRequest> {

    private final ClientTelemetry telemetry;
    private final BackgroundExecutor executor;

    public PushTelemetryHandler(ClientTelemetry telemetry, BackgroundExecutor executor) {
        super(ApiKey.PUSH_TELEMETRY);
        this.telemetry = telemetry;
        this.executor = executor;
    }

    @Override
    public void handle(PushTelemetryRequest request, RequestContext context) {
        executor.execute(() -> {
            PushTelemetryResponse response;
            try {
                telemetry.push(request, context);
                response = new PushTelemetryResponse();
            } catch (ApiException e) {
                response = errorResponse(request, context.apiVersion(), e.error(), e.getMessage());
            }
            context.respond(response);
        });
    }

    @Override
    public PushTelemetryResponse errorResponse(
            PushTelemetryRequest request, short version, ErrorCode error, String message) {
        return new PushTelemetryResponse().errorCode(error.code());
    }
}
