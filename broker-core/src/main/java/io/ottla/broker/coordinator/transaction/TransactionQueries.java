package io.ottla.broker.coordinator.transaction;

import com.google.re2j.Pattern;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeTransactionsResponse;
import io.ottla.protocol.message.DescribeTransactionsResponse.TopicData;
import io.ottla.protocol.message.ListTransactionsRequest;
import io.ottla.protocol.message.ListTransactionsResponse;
import io.ottla.protocol.message.TransactionLogValue.PartitionsSchema;
import java.util.ArrayList;
import java.util.List;

/** What administrators ask about transactions (KIP-664, KIP-994, KIP-1152). */
final class TransactionQueries {

    private final TransactionStates states;

    TransactionQueries(TransactionStates states) {
        this.states = states;
    }

    DescribeTransactionsResponse.TransactionState describe(String transactionalId) {
        DescribeTransactionsResponse.TransactionState answer =
                new DescribeTransactionsResponse.TransactionState().transactionalId(transactionalId);
        Transaction transaction = states.find(transactionalId);
        if (transaction == null) {
            return answer.errorCode(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND.code());
        }
        for (PartitionsSchema topic : transaction.partitionsByTopic()) {
            answer.topics().add(new TopicData().topic(topic.topic()).partitions(new ArrayList<>(topic.partitionIds())));
        }
        return answer.producerId(transaction.producerId())
                .producerEpoch(transaction.producerEpoch())
                .transactionState(transaction.state().label())
                .transactionTimeoutMs(transaction.timeoutMs())
                .transactionStartTimeMs(transaction.startMs());
    }

    /**
     * Lists the ids that pass all filters.
     *
     * @param pattern what the whole of an id has to match, null for any
     */
    List<ListTransactionsResponse.TransactionState> list(ListTransactionsRequest filter, Pattern pattern, long nowMs) {
        List<ListTransactionsResponse.TransactionState> found = new ArrayList<>();
        for (Transaction transaction : states.all()) {
            if (passes(transaction, filter, nowMs)
                    && (pattern == null || pattern.matches(transaction.transactionalId()))) {
                found.add(new ListTransactionsResponse.TransactionState()
                        .transactionalId(transaction.transactionalId())
                        .producerId(transaction.producerId())
                        .transactionState(transaction.state().label()));
            }
        }
        return found;
    }

    private static boolean passes(Transaction transaction, ListTransactionsRequest filter, long nowMs) {
        return (filter.producerIdFilters().isEmpty()
                        || filter.producerIdFilters().contains(transaction.producerId()))
                && (filter.stateFilters().isEmpty()
                        || filter.stateFilters().contains(transaction.state().label()))
                && (filter.durationFilter() < 0 || nowMs - transaction.startMs() > filter.durationFilter());
    }
}
