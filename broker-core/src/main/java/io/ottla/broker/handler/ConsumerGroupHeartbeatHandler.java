package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupClient;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;

/**
 * ConsumerGroupHeartbeat: all that a member of the consumer protocol says to its coordinator (KIP-848).
 *
 * <p>Versions: 1 adds patterns of topics, and wants clients to make their member id themselves (KIP-1082).
 */
public final class ConsumerGroupHeartbeatHandler extends RequestHandler<ConsumerGroupHeartbeatRequest> {

    private final GroupCoordinator coordinator;

    public ConsumerGroupHeartbeatHandler(GroupCoordinator coordinator) {
        super(ApiKey.CONSUMER_GROUP_HEARTBEAT);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(ConsumerGroupHeartbeatRequest request, RequestContext context) {
        GroupClient client = new GroupClient(
                context.clientId(), "/" + context.connection().remoteAddress().getHostAddress(), context.apiVersion());
        Reply<ConsumerGroupHeartbeatResponse> reply =
                Reply.of(context::respond, error -> new ConsumerGroupHeartbeatResponse().errorCode(error.code()));
        coordinator.consumerGroupHeartbeat(context.connection().brokerId(), request, client, reply);
    }

    @Override
    public ApiMessage errorResponse(
            ConsumerGroupHeartbeatRequest request, short version, ErrorCode error, String message) {
        return new ConsumerGroupHeartbeatResponse().errorCode(error.code()).errorMessage(message);
    }
}
