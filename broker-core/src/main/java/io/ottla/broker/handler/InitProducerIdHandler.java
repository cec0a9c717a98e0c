package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.ProducerIdentity;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.metadata.ProducerIds;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.InitProducerIdResponse;
import io.ottla.protocol.record.RecordBatch;

/**
 * InitProducerId: gives a producer an id of its own, so that the log can tell its retries from new records, and the producer of a
 * transactional id an epoch of its own, so that it is the only one (KIP-98).
 *
 * <ul>
 *   <li>Version 2 is flexible, 3 lets a producer name the id and epoch it has (KIP-360), 4 may answer PRODUCER_FENCED, 5
 *       TRANSACTION_ABORTABLE (KIP-890), 6 belongs to two-phase commit (KIP-939).
 * </ul>
 *
 * <p>A producer without a transactional id always gets a new id, also when it names the one it has, as from Apache Kafka: the
 * bump of its epoch is its own affair.
 */
public final class InitProducerIdHandler extends RequestHandler<InitProducerIdRequest> {

    private static final short FENCED_VERSION = 4;

    private final ProducerIds producerIds;
    private final TransactionCoordinator coordinator;

    public InitProducerIdHandler(ProducerIds producerIds, TransactionCoordinator coordinator) {
        super(ApiKey.INIT_PRODUCER_ID);
        this.producerIds = producerIds;
        this.coordinator = coordinator;
    }

    @Override
    public void handle(InitProducerIdRequest request, RequestContext context) {
        short version = context.apiVersion();
        boolean hasId = request.producerId() != RecordBatch.NO_PRODUCER_ID;
        boolean hasEpoch = request.producerEpoch() != RecordBatch.NO_PRODUCER_EPOCH;
        if (hasId != hasEpoch) {
            context.respond(failure(ErrorCode.INVALID_REQUEST));
        } else if (request.transactionalId() == null) {
            context.respond(newProducer());
        } else {
            Reply<InitProducerIdResponse> answer = Reply.of(context::respond, InitProducerIdHandler::failure);
            coordinator.initProducerId(
                    context.connection().brokerId(), request, answer.map(identity -> response(identity, version)));
        }
    }

    private InitProducerIdResponse newProducer() {
        try {
            return new InitProducerIdResponse().producerId(producerIds.next()).producerEpoch((short) 0);
        } catch (ApiException e) {
            return failure(e.error());
        }
    }

    private static InitProducerIdResponse response(ProducerIdentity identity, short version) {
        ErrorCode error = identity.error();
        if (error == ErrorCode.PRODUCER_FENCED && version < FENCED_VERSION) {
            error = ErrorCode.INVALID_PRODUCER_EPOCH;
        }
        return new InitProducerIdResponse()
                .errorCode(error.code())
                .producerId(identity.producerId())
                .producerEpoch(identity.producerEpoch());
    }

    private static InitProducerIdResponse failure(ErrorCode error) {
        return response(ProducerIdentity.failed(error), FENCED_VERSION);
    }

    @Override
    public InitProducerIdResponse errorResponse(
            InitProducerIdRequest request, short version, ErrorCode error, String message) {
        return failure(error);
    }
}
