package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.message.TransactionLogKey;
import io.ottla.protocol.message.TransactionLogValue;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** The transactional ids of a shard: what the log adds up to. */
final class TransactionStates {

    /** The client's transaction version, and the feature level, from which on the epoch grows with each transaction (KIP-890). */
    static final short EPOCH_BUMP_VERSION = 2;

    private static final short FIRST_FLEXIBLE_VERSION = 1;

    private final Map<String, Transaction> byId = new HashMap<>();
    private final IntSupplier transactionVersion;

    /** @param transactionVersion gives the feature level {@code transaction.version} */
    TransactionStates(IntSupplier transactionVersion) {
        this.transactionVersion = transactionVersion;
    }

    /** The client version that the coordinator acts with when no client asks. */
    boolean bumpsEpochs() {
        return transactionVersion.getAsInt() >= EPOCH_BUMP_VERSION;
    }

    Transaction find(String transactionalId) {
        return byId.get(transactionalId);
    }

    Collection<Transaction> all() {
        return byId.values();
    }

    void replay(CoordinatorRecord record) {
        String transactionalId = ((TransactionLogKey) record.key()).transactionalId();
        TransactionLogValue value = (TransactionLogValue) record.value();
        if (value == null) {
            byId.remove(transactionalId);
        } else {
            byId.computeIfAbsent(transactionalId, Transaction::new).replay(value);
        }
    }

    /** Appends the next record of an id, in the version that Apache Kafka writes at the feature level. */
    void append(String transactionalId, TransactionLogValue value, CoordinatorOutput out) {
        boolean flexible = transactionVersion.getAsInt() >= 1 || value.clientTransactionVersion() > 0;
        if (!flexible) {
            // The first version has no place for these.
            value.previousProducerId(-1).nextProducerId(-1);
        }
        out.append(new CoordinatorRecord(
                new TransactionLogKey().transactionalId(transactionalId),
                value,
                flexible ? FIRST_FLEXIBLE_VERSION : 0));
    }

    void remove(String transactionalId, CoordinatorOutput out) {
        out.append(CoordinatorRecord.tombstone(new TransactionLogKey().transactionalId(transactionalId)));
    }
}
