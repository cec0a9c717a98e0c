package io.ottla.broker.handler;

import io.ottla.broker.handler.telemetry.ClientTelemetry;
import io.ottla.broker.handler.telemetry.Subscription;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.GetTelemetrySubscriptionsRequest;
import io.ottla.protocol.message.GetTelemetrySubscriptionsResponse;

/**
 * Tells a client which of its metrics it is to push, and how often (KIP-714).
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_GetTelemetrySubscriptions">GetTelemetrySubscriptions</a>
 */
public final class GetTelemetrySubscriptionsHandler extends RequestHandler<GetTelemetrySubscriptionsRequest> {

    private final ClientTelemetry telemetry;

    public GetTelemetrySubscriptionsHandler(ClientTelemetry telemetry) {
        super(ApiKey.GET_TELEMETRY_SUBSCRIPTIONS);
        this.telemetry = telemetry;
    }

    @Override
    public void handle(GetTelemetrySubscriptionsRequest request, RequestContext context) {
        Subscription subscription = telemetry.subscribe(request.clientInstanceId(), context);
        context.respond(new GetTelemetrySubscriptionsResponse()
                .clientInstanceId(subscription.clientInstanceId())
                .subscriptionId(subscription.id())
                .acceptedCompressionTypes(ClientTelemetry.COMPRESSION_TYPES.stream()
                        .map(type -> (byte) type.id())
                        .toList())
                .pushIntervalMs(subscription.pushIntervalMs())
                .telemetryMaxBytes(telemetry.maxBytes())
                .deltaTemporality(true)
                .requestedMetrics(subscription.metrics()));
    }

    @Override
    public GetTelemetrySubscriptionsResponse errorResponse(
            GetTelemetrySubscriptionsRequest request, short version, ErrorCode error, String message) {
        return new GetTelemetrySubscriptionsResponse().errorCode(error.code());
    }
}
