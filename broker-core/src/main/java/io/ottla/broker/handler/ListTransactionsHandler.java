package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListTransactionsRequest;
import io.ottla.protocol.message.ListTransactionsResponse;

/**
 * ListTransactions: the transactional ids of this broker, filtered by state and producer id (KIP-664).
 *
 * <p>Versions: 1 adds a filter on how long the transaction is open (KIP-994), 2 a pattern for ids (KIP-1152).
 */
public final class ListTransactionsHandler extends RequestHandler<ListTransactionsRequest> {

    private final TransactionCoordinator coordinator;

    public ListTransactionsHandler(TransactionCoordinator coordinator) {
        super(ApiKey.LIST_TRANSACTIONS);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(ListTransactionsRequest request, RequestContext context) {
        coordinator.listTransactions(
                context.connection().brokerId(),
                request,
                Reply.of(context::respond, error -> new ListTransactionsResponse().errorCode(error.code())));
    }

    @Override
    public ApiMessage errorResponse(ListTransactionsRequest request, short version, ErrorCode error, String message) {
        return new ListTransactionsResponse().errorCode(error.code());
    }
}
