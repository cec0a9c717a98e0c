package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupClient;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupResponse;

/**
 * JoinGroup: a member joins its group, and waits until all others have.
 *
 * <p>Versions: 1 adds the rebalance timeout, 4 wants members to know their id (KIP-394), 5 adds static members (KIP-345), 7 the
 * protocol type in the answer (KIP-559), 8 a reason (KIP-800), 9 an answer that tells the leader not to assign (KIP-814).
 */
public final class JoinGroupHandler extends RequestHandler<JoinGroupRequest> {

    /** Before it, the answer cannot go without a protocol name. */
    private static final short NULLABLE_PROTOCOL_NAME_VERSION = 7;

    private final GroupCoordinator coordinator;

    public JoinGroupHandler(GroupCoordinator coordinator) {
        super(ApiKey.JOIN_GROUP);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(JoinGroupRequest request, RequestContext context) {
        GroupClient client = new GroupClient(
                context.clientId(), "/" + context.connection().remoteAddress().getHostAddress(), context.apiVersion());
        Reply<JoinGroupResponse> reply = Reply.of(
                response -> context.respond(fit(response, context.apiVersion())),
                error -> new JoinGroupResponse().errorCode(error.code()).memberId(request.memberId()));
        coordinator.joinGroup(context.connection().brokerId(), request, client, reply);
    }

    /** An error has no protocol; older versions have no null for that. */
    private static JoinGroupResponse fit(JoinGroupResponse response, short version) {
        boolean noProtocol = response.errorCode() != ErrorCode.NONE.code() || response.protocolName() == null;
        if (noProtocol) {
            response.protocolName(version < NULLABLE_PROTOCOL_NAME_VERSION ? "" : null);
        }
        return response;
    }

    @Override
    public ApiMessage errorResponse(JoinGroupRequest request, short version, ErrorCode error, String message) {
        return fit(new JoinGroupResponse().errorCode(error.code()), version);
    }

    /** Members that wait for others are told to look for the coordinator again. */
    @Override
    public void drain() {
        coordinator.close();
    }
}
