package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.LeaveGroupRequest;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * LeaveGroup: members leave, or an administrator takes them out.
 *
 * <p>Versions: 3 adds several members at once and static ones (KIP-345), 5 a reason (KIP-800).
 */
public final class LeaveGroupHandler extends RequestHandler<LeaveGroupRequest> {

    private static final short BATCH_VERSION = 3;

    private final GroupCoordinator coordinator;

    public LeaveGroupHandler(GroupCoordinator coordinator) {
        super(ApiKey.LEAVE_GROUP);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(LeaveGroupRequest request, RequestContext context) {
        boolean batch = context.apiVersion() >= BATCH_VERSION;
        List<MemberIdentity> members =
                batch ? request.members() : List.of(new MemberIdentity().memberId(request.memberId()));
        coordinator.leaveGroup(
                context.connection().brokerId(),
                request.groupId(),
                members,
                Reply.of(
                        response -> context.respond(batch ? response : single(response)),
                        error -> new LeaveGroupResponse().errorCode(error.code())));
    }

    /** The error of the one member is the error of the whole. */
    private static LeaveGroupResponse single(LeaveGroupResponse response) {
        if (response.errorCode() == ErrorCode.NONE.code() && response.members().size() == 1) {
            response.errorCode(response.members().get(0).errorCode());
        }
        return response.members(new ArrayList<>());
    }

    @Override
    public ApiMessage errorResponse(LeaveGroupRequest request, short version, ErrorCode error, String message) {
        return new LeaveGroupResponse().errorCode(error.code());
    }
}
