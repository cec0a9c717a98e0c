package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeTransactionsRequest;
import io.ottla.protocol.message.DescribeTransactionsResponse;
import io.ottla.protocol.message.DescribeTransactionsResponse.TransactionState;
import java.util.List;

/** DescribeTransactions: transactional ids with their producers and the partitions of open transactions (KIP-664). */
public final class DescribeTransactionsHandler extends RequestHandler<DescribeTransactionsRequest> {

    private final TransactionCoordinator coordinator;

    public DescribeTransactionsHandler(TransactionCoordinator coordinator) {
        super(ApiKey.DESCRIBE_TRANSACTIONS);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(DescribeTransactionsRequest request, RequestContext context) {
        Reply<DescribeTransactionsResponse> answer = Reply.of(context::respond, error -> failed(request, error));
        coordinator.describeTransactions(
                context.connection().brokerId(),
                request.transactionalIds(),
                answer.map((List<TransactionState> states) ->
                        new DescribeTransactionsResponse().transactionStates(states)));
    }

    private static DescribeTransactionsResponse failed(DescribeTransactionsRequest request, ErrorCode error) {
        DescribeTransactionsResponse response = new DescribeTransactionsResponse();
        for (String transactionalId : request.transactionalIds()) {
            response.transactionStates()
                    .add(new TransactionState().transactionalId(transactionalId).errorCode(error.code()));
        }
        return response;
    }

    @Override
    public ApiMessage errorResponse(
            DescribeTransactionsRequest request, short version, ErrorCode error, String message) {
        return failed(request, error);
    }
}
