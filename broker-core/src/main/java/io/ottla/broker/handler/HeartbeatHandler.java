package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;

/**
 * Heartbeat: a member says that it lives, and learns of a rebalance.
 *
 * <p>Versions: 3 adds static members (KIP-345).
 */
public final class HeartbeatHandler extends RequestHandler<HeartbeatRequest> {

    private final GroupCoordinator coordinator;

    public HeartbeatHandler(GroupCoordinator coordinator) {
        super(ApiKey.HEARTBEAT);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(HeartbeatRequest request, RequestContext context) {
        coordinator.heartbeat(
                context.connection().brokerId(), request, Reply.of(context::respond, error -> new HeartbeatResponse()
                        .errorCode(error.code())));
    }

    @Override
    public ApiMessage errorResponse(HeartbeatRequest request, short version, ErrorCode error, String message) {
        return new HeartbeatResponse().errorCode(error.code());
    }
}
