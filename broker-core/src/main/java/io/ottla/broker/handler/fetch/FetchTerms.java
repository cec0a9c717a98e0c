package io.ottla.broker.handler.fetch;

/**
 * The terms of one fetch request that hold for all its partitions.
 *
 * @param version version of the request
 * @param brokerId the broker that was asked
 * @param asker who asks
 * @param maxWaitMs how long the answer may wait for data
 * @param minBytes how much data the answer should have, if it can be had in time
 * @param maxBytes how much data the answer may have, the first batch aside
 * @param readCommitted whether only records below the last stable offset are wanted
 */
record FetchTerms(
        short version, int brokerId, Asker asker, int maxWaitMs, int minBytes, int maxBytes, boolean readCommitted) {

    /**
     * Who asks.
     *
     * @param replicaId id of the follower that asks, -1 for a consumer, -2 for a debugging one
     * @param rack where a consumer is that may be sent to a replica nearer to it; null for all others
     */
    record Asker(int replicaId, String rack) {

        static final Asker CONSUMER = new Asker(-1, null);
    }

    /** The first version whose clients may be sent to a follower (KIP-392), and so may ask one. */
    private static final short FIRST_VERSION_WITH_FOLLOWERS = 11;

    private static final int DEBUGGING_REPLICA_ID = -2;

    /** Whether not only the leader may answer. */
    boolean readsFollowers() {
        return asker.replicaId == DEBUGGING_REPLICA_ID
                || (asker.replicaId < 0 && version >= FIRST_VERSION_WITH_FOLLOWERS);
    }

    boolean isFromConsumer() {
        return asker.replicaId < 0;
    }
}
