package io.ottla.storage;

/**
 * A transaction whose records a read_committed reader must skip, as the transaction index holds it.
 *
 * @param producerId whose transaction it was
 * @param firstOffset offset of its first record
 * @param lastOffset offset of its abort marker
 * @param lastStableOffset the last stable offset when the marker was written: no transaction that ends later has records below
 */
public record AbortedTransaction(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {}
