package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupDescribeRequest;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse.DescribedGroup;
import java.util.List;

/**
 * ConsumerGroupDescribe: groups of the consumer protocol, with what their members have and should have (KIP-848).
 *
 * <p>Versions: 1 adds the type of each member (KIP-1099).
 */
public final class ConsumerGroupDescribeHandler extends RequestHandler<ConsumerGroupDescribeRequest> {

    private final GroupCoordinator coordinator;

    public ConsumerGroupDescribeHandler(GroupCoordinator coordinator) {
        super(ApiKey.CONSUMER_GROUP_DESCRIBE);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(ConsumerGroupDescribeRequest request, RequestContext context) {
        Reply<List<DescribedGroup>> reply = Reply.of(
                groups -> {
                    if (request.includeAuthorizedOperations()) {
                        groups.forEach(ConsumerGroupDescribeHandler::authorize);
                    }
                    context.respond(new ConsumerGroupDescribeResponse().groups(groups));
                },
                error -> describeFailed(request, error, null));
        coordinator.describeConsumerGroups(context.connection().brokerId(), request.groupIds(), reply);
    }

    private static void authorize(DescribedGroup group) {
        if (group.errorCode() == ErrorCode.NONE.code()) {
            group.authorizedOperations(DescribeGroupsHandler.ALL_GROUP_OPERATIONS);
        }
    }

    private static List<DescribedGroup> describeFailed(
            ConsumerGroupDescribeRequest request, ErrorCode error, String message) {
        return request.groupIds().stream()
                .map(groupId -> new DescribedGroup()
                        .groupId(groupId)
                        .errorCode(error.code())
                        .errorMessage(message))
                .toList();
    }

    @Override
    public ApiMessage errorResponse(
            ConsumerGroupDescribeRequest request, short version, ErrorCode error, String message) {
        return new ConsumerGroupDescribeResponse().groups(describeFailed(request, error, message));
    }
}
