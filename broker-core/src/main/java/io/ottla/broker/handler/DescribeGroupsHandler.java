package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeGroupsRequest;
import io.ottla.protocol.message.DescribeGroupsResponse;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import java.util.List;

/**
 * DescribeGroups: classic groups with their members.
 *
 * <p>Versions: 3 adds the operations that the client may do (KIP-430), 4 static members, 6 an error for a group that is not there
 * (KIP-1043); before, it is described as dead.
 */
public final class DescribeGroupsHandler extends RequestHandler<DescribeGroupsRequest> {

    private static final short ERROR_MESSAGE_VERSION = 6;

    /** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, as bits of Kafka's operation codes. */
    static final int ALL_GROUP_OPERATIONS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

    private final GroupCoordinator coordinator;

    public DescribeGroupsHandler(GroupCoordinator coordinator) {
        super(ApiKey.DESCRIBE_GROUPS);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(DescribeGroupsRequest request, RequestContext context) {
        Reply<List<DescribedGroup>> reply = Reply.of(
                groups -> {
                    if (request.includeAuthorizedOperations()) {
                        groups.forEach(DescribeGroupsHandler::authorize);
                    }
                    context.respond(new DescribeGroupsResponse().groups(groups));
                },
                error -> describeFailed(request, context.apiVersion(), error, null));
        coordinator.describeGroups(context.connection().brokerId(), request.groups(), context.apiVersion(), reply);
    }

    private static void authorize(DescribedGroup group) {
        if (group.errorCode() == ErrorCode.NONE.code()) {
            group.authorizedOperations(ALL_GROUP_OPERATIONS);
        }
    }

    private static List<DescribedGroup> describeFailed(
            DescribeGroupsRequest request, short version, ErrorCode error, String message) {
        return request.groups().stream()
                .map(groupId -> new DescribedGroup()
                        .groupId(groupId)
                        .errorCode(error.code())
                        .errorMessage(version >= ERROR_MESSAGE_VERSION ? message : null))
                .toList();
    }

    @Override
    public ApiMessage errorResponse(DescribeGroupsRequest request, short version, ErrorCode error, String message) {
        return new DescribeGroupsResponse().groups(describeFailed(request, version, error, message));
    }
}
