package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AddOffsetsToTxnRequest;
import io.ottla.protocol.message.AddOffsetsToTxnResponse;
import java.util.List;

/**
 * AddOffsetsToTxn: makes the partition of {@code __consumer_offsets} that holds a group a part of a transaction (KIP-98). Clients of
 * transaction version 2 do not ask: TxnOffsetCommit does it on the way.
 *
 * <p>Versions: 2 may answer PRODUCER_FENCED, 3 is flexible, 4 may answer TRANSACTION_ABORTABLE (KIP-890).
 */
public final class AddOffsetsToTxnHandler extends RequestHandler<AddOffsetsToTxnRequest> {

    private static final short FENCED_VERSION = 2;

    private final GroupCoordinator groups;
    private final TransactionCoordinator transactions;

    public AddOffsetsToTxnHandler(GroupCoordinator groups, TransactionCoordinator transactions) {
        super(ApiKey.ADD_OFFSETS_TO_TXN);
        this.groups = groups;
        this.transactions = transactions;
    }

    @Override
    public void handle(AddOffsetsToTxnRequest request, RequestContext context) {
        short version = context.apiVersion();
        if (!transactions.isCoordinator(context.connection().brokerId(), request.transactionalId())) {
            // Who is not to be asked does not make the topic of the groups either.
            context.respond(response(ErrorCode.NOT_COORDINATOR, version));
            return;
        }
        TopicPartition offsets =
                new TopicPartition(GroupCoordinator.OFFSETS_TOPIC, groups.partitionFor(request.groupId()));
        transactions.addPartitions(
                context.connection().brokerId(),
                request.transactionalId(),
                request.producerId(),
                request.producerEpoch(),
                List.of(offsets),
                false,
                Reply.of(error -> context.respond(response(error, version)), error -> error));
    }

    private static AddOffsetsToTxnResponse response(ErrorCode error, short version) {
        ErrorCode known = error == ErrorCode.PRODUCER_FENCED && version < FENCED_VERSION
                ? ErrorCode.INVALID_PRODUCER_EPOCH
                : error;
        return new AddOffsetsToTxnResponse().errorCode(known.code());
    }

    @Override
    public ApiMessage errorResponse(AddOffsetsToTxnRequest request, short version, ErrorCode error, String message) {
        return response(error, version);
    }
}
