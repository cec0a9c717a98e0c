package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.coordinator.CoordinatorTimer;

/** The timers of a shard of the transaction coordinator. */
sealed interface TransactionTimer extends CoordinatorTimer {

    /** The longest that the transaction of an id may be open. */
    record Timeout(String transactionalId) implements TransactionTimer {}

    /** After a silence of this length the id is forgotten. */
    record Expiry(String transactionalId) implements TransactionTimer {}

    /** The next try to write markers that could not be written. */
    record MarkerRetry(String transactionalId) implements TransactionTimer {}
}
