package io.ottla.broker.handler;

import io.ottla.broker.metadata.ProducerIds;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.InitProducerIdResponse;
import io.ottla.protocol.record.RecordBatch;

/**
 * InitProducerId: gives a producer an id of its own, so that the log can tell its retries from new records (KIP-98).
 *
 * <ul>
 *   <li>Version 2 is flexible, 3 lets a producer name the id and epoch it has (KIP-360), 4 may answer PRODUCER_FENCED, 5
 *       TRANSACTION_ABORTABLE (KIP-890), 6 belongs to two-phase commit (KIP-939).
 * </ul>
 *
 * <p>A producer without a transactional id always gets a new id, also when it names the one it has, as from Apache Kafka: the
 * bump of its epoch is its own affair. There are no transactions yet: a transactional id is answered UNSUPPORTED_VERSION,
 * which clients take as final.
 */
public final class InitProducerIdHandler extends RequestHandler<InitProducerIdRequest> {

    private final ProducerIds producerIds;

    public InitProducerIdHandler(ProducerIds producerIds) {
        super(ApiKey.INIT_PRODUCER_ID);
        this.producerIds = producerIds;
    }

    @Override
    public void handle(InitProducerIdRequest request, RequestContext context) {
        boolean hasId = request.producerId() != RecordBatch.NO_PRODUCER_ID;
        boolean hasEpoch = request.producerEpoch() != RecordBatch.NO_PRODUCER_EPOCH;
        if (hasId != hasEpoch) {
            context.respond(failure(ErrorCode.INVALID_REQUEST));
        } else if (request.transactionalId() == null) {
            context.respond(newProducer());
        } else if (request.transactionalId().isEmpty()) {
            context.respond(failure(ErrorCode.INVALID_REQUEST));
        } else {
            context.respond(failure(ErrorCode.UNSUPPORTED_VERSION));
        }
    }

    private InitProducerIdResponse newProducer() {
        try {
            return new InitProducerIdResponse().producerId(producerIds.next()).producerEpoch((short) 0);
        } catch (ApiException e) {
            return failure(e.error());
        }
    }

    private static InitProducerIdResponse failure(ErrorCode error) {
        return new InitProducerIdResponse()
                .errorCode(error.code())
                .producerId(RecordBatch.NO_PRODUCER_ID)
                .producerEpoch(RecordBatch.NO_PRODUCER_EPOCH);
    }

    @Override
    public InitProducerIdResponse errorResponse(
            InitProducerIdRequest request, short version, ErrorCode error, String message) {
        return failure(error);
    }
}
