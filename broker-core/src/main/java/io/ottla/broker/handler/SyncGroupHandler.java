package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.SyncGroupRequest;
import io.ottla.protocol.message.SyncGroupResponse;

/**
 * SyncGroup: the leader hands in the assignment, the others wait for theirs.
 *
 * <p>Versions: 3 adds static members (KIP-345), 5 the protocol that the member believes in (KIP-559).
 */
public final class SyncGroupHandler extends RequestHandler<SyncGroupRequest> {

    private final GroupCoordinator coordinator;

    public SyncGroupHandler(GroupCoordinator coordinator) {
        super(ApiKey.SYNC_GROUP);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(SyncGroupRequest request, RequestContext context) {
        // From this version on, a client that does not say what it believes is wrong.
        if (context.apiVersion() >= 5 && (request.protocolType() == null || request.protocolName() == null)) {
            context.respond(errorResponse(request, context.apiVersion(), ErrorCode.INCONSISTENT_GROUP_PROTOCOL, null));
            return;
        }
        coordinator.syncGroup(
                context.connection().brokerId(), request, Reply.of(context::respond, error -> new SyncGroupResponse()
                        .errorCode(error.code())));
    }

    @Override
    public ApiMessage errorResponse(SyncGroupRequest request, short version, ErrorCode error, String message) {
        return new SyncGroupResponse().errorCode(error.code());
    }
}
