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

    /** The first version whose clients may be sent to a follower (KIP-392), and so may ask one. */
    private static final short FIRST_VERSION_WITH_FOLLOWERS = 11;

    private static final int DEBUGGING_REPLICA_ID = -2;

    /** Whether not only the leader may answer. */
    boolean readsFollowers() {
        return replicaId == DEBUGGING_REPLICA_ID || (replicaId < 0 && version >= FIRST_VERSION_WITH_FOLLOWERS);
    }

    boolean isFromConsumer() {
        return replicaId < 0;
    }
}
