package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.TransactionLogValue;
import io.ottla.protocol.record.RecordBatch;
import java.util.function.LongSupplier;

/** InitProducerId of a transactional producer (KIP-98, KIP-360): it gets an epoch of its own, whoever had the id before is fenced. */
final class ProducerInit {

    private final TransactionStates states;
    private final TransactionEnding ending;
    private final LongSupplier producerIds;

    ProducerInit(TransactionStates states, TransactionEnding ending, LongSupplier producerIds) {
        this.states = states;
        this.ending = ending;
        this.producerIds = producerIds;
    }

    /**
     * Handles InitProducerId.
     *
     * @param request has a transactional id and a valid timeout
     * @param reply gets the answer if this returns null
     */
    ProducerIdentity init(InitProducerIdRequest request, Reply<ProducerIdentity> reply, CoordinatorOutput out) {
        try {
            Transaction transaction = states.find(request.transactionalId());
            return transaction == null ? create(request, out) : renew(transaction, request, reply, out);
        } catch (ApiException e) {
            return ProducerIdentity.failed(e.error());
        }
    }

    private ProducerIdentity create(InitProducerIdRequest request, CoordinatorOutput out) {
        long producerId = producerIds.getAsLong();
        return append(
                request,
                new TransactionLogValue().producerId(producerId).previousProducerId(producerId),
                RecordBatch.NO_PRODUCER_EPOCH,
                out);
    }

    private ProducerIdentity renew(
            Transaction transaction,
            InitProducerIdRequest request,
            Reply<ProducerIdentity> reply,
            CoordinatorOutput out) {
        if (!transaction.state().isPrepared()) {
            if (request.producerId() != RecordBatch.NO_PRODUCER_ID && !isProducerOf(transaction, request)) {
                return ProducerIdentity.failed(ErrorCode.PRODUCER_FENCED);
            }
            if (transaction.state() != TransactionState.ONGOING) {
                return nextEpoch(transaction, request, out);
            }
            // The epoch of the abort is nobody's: the producer gets one more when its request is handled again.
            ending.fence(transaction, out);
            if (!transaction.state().isPrepared()) {
                return renew(transaction, request, reply, out);
            }
        }
        if (!transaction.isWorthWaiting()) {
            return ProducerIdentity.failed(ErrorCode.CONCURRENT_TRANSACTIONS);
        }
        transaction.await(reply, later -> init(request, reply, later));
        return null;
    }

    /** Whether the id is the present one, or the one before of a producer that did not hear of its last epoch's end. */
    private static boolean isProducerOf(Transaction transaction, InitProducerIdRequest request) {
        return request.producerId() == transaction.producerId()
                || (request.producerId() == transaction.previousProducerId()
                        && TransactionEnding.isLastEpoch(request.producerEpoch()));
    }

    private ProducerIdentity nextEpoch(Transaction transaction, InitProducerIdRequest request, CoordinatorOutput out) {
        TransactionLogValue next = transaction.next(TransactionState.EMPTY, out.nowMs());
        short epoch = transaction.producerEpoch();
        boolean expects = request.producerId() != RecordBatch.NO_PRODUCER_ID;
        if (expects && request.producerEpoch() != epoch) {
            if (request.producerEpoch() != transaction.lastProducerEpoch()) {
                return ProducerIdentity.failed(ErrorCode.PRODUCER_FENCED);
            }
            // A repeated request: the epoch has been given out already.
            return append(request, next, transaction.lastProducerEpoch(), out);
        }
        if (TransactionEnding.isLastEpoch(epoch)) {
            next.producerId(producerIds.getAsLong()).producerEpoch((short) 0);
        } else {
            next.producerEpoch((short) (epoch + 1));
        }
        return append(request, next, expects ? epoch : RecordBatch.NO_PRODUCER_EPOCH, out);
    }

    private ProducerIdentity append(
            InitProducerIdRequest request, TransactionLogValue value, short lastProducerEpoch, CoordinatorOutput out) {
        value.transactionStatus(TransactionState.EMPTY.id())
                .transactionPartitions(null)
                .transactionTimeoutMs(request.transactionTimeoutMs())
                .transactionLastUpdateTimestampMs(out.nowMs())
                .transactionStartTimestampMs(Transaction.NO_START);
        states.append(request.transactionalId(), value, out);
        Transaction transaction = states.find(request.transactionalId());
        transaction.lastProducerEpoch(lastProducerEpoch);
        ending.scheduleExpiry(transaction, out);
        return ProducerIdentity.of(value.producerId(), value.producerEpoch());
    }
}
