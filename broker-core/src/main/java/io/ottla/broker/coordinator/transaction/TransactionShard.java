package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.CoordinatorShard;
import io.ottla.broker.coordinator.CoordinatorTimer;
import io.ottla.broker.coordinator.Reply;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** The transaction coordinator for one partition of {@code __transaction_state}: a state machine without I/O and without a clock. */
final class TransactionShard implements CoordinatorShard {

    private final TransactionStates states;
    private final TransactionEnding ending;
    private final ProducerInit init;
    private final PartitionAdding adding;
    private final TransactionQueries queries;

    /**
     * An empty shard.
     *
     * @param config the settings
     * @param transactionVersion gives the feature level {@code transaction.version}
     * @param producerIds gives producer ids that nobody has had; may throw an ApiException
     * @param markers is given each round of markers that is to be written, once its cause is committed; answers by
     *     {@link TransactionEnding#onMarkers}
     */
    TransactionShard(
            TransactionConfig config,
            IntSupplier transactionVersion,
            LongSupplier producerIds,
            Reply<MarkerRound> markers) {
        states = new TransactionStates(transactionVersion);
        ending = new TransactionEnding(states, config, producerIds, markers);
        init = new ProducerInit(states, ending, producerIds);
        adding = new PartitionAdding(states);
        queries = new TransactionQueries(states);
    }

    TransactionStates states() {
        return states;
    }

    TransactionEnding ending() {
        return ending;
    }

    ProducerInit init() {
        return init;
    }

    PartitionAdding adding() {
        return adding;
    }

    TransactionQueries queries() {
        return queries;
    }

    @Override
    public void replay(CoordinatorRecord record, long offset, long producerId) {
        states.replay(record);
    }

    @Override
    public void replayEndTransaction(long producerId, boolean committed) {
        // The coordinator's own records belong to no transaction.
    }

    @Override
    public void onLoaded(CoordinatorOutput out) {
        for (Transaction transaction : List.copyOf(states.all())) {
            ending.onLoaded(transaction, out);
        }
    }

    @Override
    public void onTimer(CoordinatorTimer timer, CoordinatorOutput out) {
        if (timer instanceof TransactionTimer.Timeout timeout) {
            Transaction transaction = states.find(timeout.transactionalId());
            if (transaction != null) {
                ending.onTimeoutTimer(transaction, out);
            }
        } else if (timer instanceof TransactionTimer.Expiry expiry) {
            Transaction transaction = states.find(expiry.transactionalId());
            if (transaction != null) {
                ending.onExpiryTimer(transaction, out);
            }
        } else if (timer instanceof TransactionTimer.MarkerRetry retry) {
            Transaction transaction = states.find(retry.transactionalId());
            if (transaction != null) {
                ending.onRetryTimer(transaction, out);
            }
        }
    }

    @Override
    public void drainReplies(Consumer<Reply<?>> taker) {
        for (Transaction transaction : states.all()) {
            transaction.drainReplies(taker);
            if (transaction.round() != null) {
                transaction.round().cancel();
            }
        }
    }
}
