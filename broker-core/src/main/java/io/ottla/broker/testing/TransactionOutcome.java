package io.ottla.broker.testing;

/**
 * What has become of the transaction that a record was written in.
 *
 * <pre>{@code
 * broker.topic("orders").records().filter(record -> record.transaction() == TransactionOutcome.ABORTED).count();
 * }</pre>
 */
public enum TransactionOutcome {
    /** It was written in none. */
    NONE,
    /** The transaction goes on. */
    OPEN,
    /** The transaction was committed. */
    COMMITTED,
    /** The transaction was aborted. */
    ABORTED
}
