package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.ProducerIdentity;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.EndTxnResponse;

/**
 * EndTxn: commits or aborts the transaction of a producer (KIP-98).
 *
 * <p>Versions: 2 may answer PRODUCER_FENCED, 3 is flexible, 4 may answer TRANSACTION_ABORTABLE, 5 is of transaction version 2: the
 * producer goes on with the id and the epoch of the answer (KIP-890).
 */
public final class EndTxnHandler extends RequestHandler<EndTxnRequest> {

    private static final short FENCED_VERSION = 2;
    private static final short EPOCH_BUMP_VERSION = 5;

    private final TransactionCoordinator coordinator;

    public EndTxnHandler(TransactionCoordinator coordinator) {
        super(ApiKey.END_TXN);
        this.coordinator = coordinator;
    }

    @Override
    public void handle(EndTxnRequest request, RequestContext context) {
        short version = context.apiVersion();
        Reply<EndTxnResponse> answer =
                Reply.of(context::respond, error -> response(ProducerIdentity.failed(error), version));
        coordinator.endTransaction(
                context.connection().brokerId(),
                request,
                version >= EPOCH_BUMP_VERSION,
                answer.map(identity -> response(identity, version)));
    }

    private static EndTxnResponse response(ProducerIdentity identity, short version) {
        ErrorCode error = identity.error();
        if (error == ErrorCode.PRODUCER_FENCED && version < FENCED_VERSION) {
            error = ErrorCode.INVALID_PRODUCER_EPOCH;
        }
        return new EndTxnResponse()
                .errorCode(error.code())
                .producerId(identity.producerId())
                .producerEpoch(identity.producerEpoch());
    }

    @Override
    public ApiMessage errorResponse(EndTxnRequest request, short version, ErrorCode error, String message) {
        return response(ProducerIdentity.failed(error), version);
    }
}
