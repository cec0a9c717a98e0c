package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import java.util.List;

/**
 * ListGroups: all groups of this broker.
 *
 * <p>Versions: 4 adds states and a filter on them (KIP-518), 5 types and a filter on them (KIP-848).
 */
public final class ListGroupsHandler extends RequestHandler<ListGroupsRequest> {

    private final GroupCoordinator coordinator;

    public ListGroupsHandler(GroupCoordinator coordinator) {
        super(ApiKey.LIST_GROUPS);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(ListGroupsRequest request, RequestContext context) {
        Reply<ListGroupsResponse> answer =
                Reply.of(context::respond, error -> new ListGroupsResponse().errorCode(error.code()));
        coordinator.listGroups(
                context.connection().brokerId(),
                request,
                answer.map((List<ListedGroup> groups) -> new ListGroupsResponse().groups(groups)));
    }

    @Override
    public ApiMessage errorResponse(ListGroupsRequest request, short version, ErrorCode error, String message) {
        return new ListGroupsResponse().errorCode(error.code());
    }
}
