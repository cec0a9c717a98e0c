package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DeleteGroupsRequest;
import io.ottla.protocol.message.DeleteGroupsResponse;
import io.ottla.protocol.message.DeleteGroupsResponse.DeletableGroupResult;
import java.util.LinkedHashSet;
import java.util.List;

/** DeleteGroups: groups without members go, with their offsets (KIP-229). */
public final class DeleteGroupsHandler extends RequestHandler<DeleteGroupsRequest> {

    private final GroupCoordinator coordinator;

    public DeleteGroupsHandler(GroupCoordinator coordinator) {
        super(ApiKey.DELETE_GROUPS);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(DeleteGroupsRequest request, RequestContext context) {
        // A group that is named twice has one result.
        List<String> groupIds = List.copyOf(new LinkedHashSet<>(request.groupsNames()));
        Reply<List<DeletableGroupResult>> reply = Reply.of(
                results -> context.respond(new DeleteGroupsResponse().results(results)),
                error -> failed(request, error));
        coordinator.deleteGroups(context.connection().brokerId(), groupIds, reply);
    }

    private static List<DeletableGroupResult> failed(DeleteGroupsRequest request, ErrorCode error) {
        return request.groupsNames().stream()
                .map(groupId -> new DeletableGroupResult().groupId(groupId).errorCode(error.code()))
                .toList();
    }

    @Override
    public ApiMessage errorResponse(DeleteGroupsRequest request, short version, ErrorCode error, String message) {
        return new DeleteGroupsResponse().results(failed(request, error));
    }
}
