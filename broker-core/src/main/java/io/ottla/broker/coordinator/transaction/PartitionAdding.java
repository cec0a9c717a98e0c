package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.TransactionLogValue;
import io.ottla.protocol.message.TransactionLogValue.PartitionsSchema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Partitions become a part of transactions, or are looked for in them. */
final class PartitionAdding {

    /**
     * Who wants to write where.
     *
     * @param transactionalId the transactional id
     * @param producerId its producer
     * @param producerEpoch the producer's epoch
     * @param partitions the partitions
     */
    record Request(String transactionalId, long producerId, short producerEpoch, List<TopicPartition> partitions) {}

    private final TransactionStates states;

    PartitionAdding(TransactionStates states) {
        this.states = states;
    }

    /**
     * Adds partitions; starts the transaction if there is none.
     *
     * @param clientVersion the transaction version of the client
     * @param reply gets the answer if this returns null
     */
    ErrorCode add(Request request, short clientVersion, Reply<ErrorCode> reply, CoordinatorOutput out) {
        Transaction transaction = states.find(request.transactionalId());
        if (transaction == null) {
            return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        }
        if (transaction.state().isPrepared()) {
            // Before the identity is looked at: the end may bring the producer a new one, which it may know already.
            if (transaction.isWorthWaiting()) {
                transaction.await(reply, later -> add(request, clientVersion, reply, later));
                return null;
            }
            return ErrorCode.CONCURRENT_TRANSACTIONS;
        }
        ErrorCode error = identify(transaction, request);
        if (error != ErrorCode.NONE) {
            return error;
        }
        boolean starts = transaction.state() != TransactionState.ONGOING;
        if (!starts && transaction.containsAll(request.partitions())) {
            return ErrorCode.NONE;
        }
        TransactionLogValue next = transaction
                .next(TransactionState.ONGOING, out.nowMs())
                .transactionPartitions(union(transaction.partitionsByTopic(), request.partitions()))
                .clientTransactionVersion(clientVersion);
        if (starts) {
            next.transactionStartTimestampMs(out.nowMs());
        }
        states.append(request.transactionalId(), next, out);
        if (starts) {
            TransactionEnding.scheduleTimeout(transaction, out);
        }
        return ErrorCode.NONE;
    }

    private static ErrorCode identify(Transaction transaction, Request request) {
        if (transaction.producerId() != request.producerId()) {
            return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        }
        return transaction.producerEpoch() == request.producerEpoch() ? ErrorCode.NONE : ErrorCode.PRODUCER_FENCED;
    }

    /** The partitions of a record and further ones; the lists of the record stay as they are. */
    private static List<PartitionsSchema> union(List<PartitionsSchema> present, List<TopicPartition> added) {
        List<PartitionsSchema> result = new ArrayList<>(present.size() + 1);
        for (PartitionsSchema topic : present) {
            result.add(new PartitionsSchema().topic(topic.topic()).partitionIds(new ArrayList<>(topic.partitionIds())));
        }
        for (TopicPartition partition : added) {
            List<Integer> ids = idsOf(result, partition.topic());
            if (!ids.contains(partition.partition())) {
                ids.add(partition.partition());
            }
        }
        return result;
    }

    private static List<Integer> idsOf(List<PartitionsSchema> topics, String name) {
        for (PartitionsSchema topic : topics) {
            if (topic.topic().equals(name)) {
                return topic.partitionIds();
            }
        }
        PartitionsSchema added = new PartitionsSchema().topic(name).partitionIds(new ArrayList<>(1));
        topics.add(added);
        return added.partitionIds();
    }

    /** Says of each partition whether it is a part of the producer's transaction; changes nothing and waits for nothing. */
    Map<TopicPartition, ErrorCode> verify(Request request) {
        Transaction transaction = states.find(request.transactionalId());
        ErrorCode error = ErrorCode.INVALID_PRODUCER_ID_MAPPING;
        if (transaction != null) {
            error = identify(transaction, request);
            if (error == ErrorCode.NONE && transaction.state().isPrepared()) {
                error = ErrorCode.CONCURRENT_TRANSACTIONS;
            }
        }
        Map<TopicPartition, ErrorCode> answers = new HashMap<>();
        for (TopicPartition partition : request.partitions()) {
            ErrorCode answer = error;
            if (error == ErrorCode.NONE && !transaction.contains(partition)) {
                answer = ErrorCode.TRANSACTION_ABORTABLE;
            }
            answers.put(partition, answer);
        }
        return answers;
    }
}
