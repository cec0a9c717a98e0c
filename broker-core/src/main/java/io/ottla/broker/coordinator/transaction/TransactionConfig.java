package io.ottla.broker.coordinator.transaction;

import io.ottla.broker.config.BrokerConfig;

/**
 * The settings of the transaction coordinator.
 *
 * @param maxTimeoutMs the longest transaction timeout that a producer may ask for ({@code transaction.max.timeout.ms})
 * @param idExpirationMs after how long a silence a transactional id is forgotten ({@code transactional.id.expiration.ms})
 */
record TransactionConfig(int maxTimeoutMs, long idExpirationMs) {

    /** The settings of a broker. */
    static TransactionConfig of(BrokerConfig config) {
        return new TransactionConfig(config.transactionMaxTimeoutMs(), config.transactionalIdExpirationMs());
    }
}
