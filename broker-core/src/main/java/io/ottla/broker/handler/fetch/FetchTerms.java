package io.ottla.broker.handler.fetch;

/**
 * The terms of one fetch request that hold for all its partitions.
 *
 * @param version version of the request
 * @param brokerId the broker that was asked
 * @param replicaId id of the follower that asks, -1 for a consumer, -2 for a debugging one
 * @param maxWaitMs how long the answer may wait for data
 * @param minBytes how much data the answer should have, if it can be had in time
 * @param maxBytes how much data the answer may have, the first batch aside
 * @param readCommitted whether only records below the last stable offset are wanted
 */
record FetchTerms(
        short version, int brokerId, int replicaId, int maxWaitMs, int minBytes, int maxBytes, boolean readCommitted) {

    boolean isFromConsumer() {
        return replicaId < 0;
    }
}
