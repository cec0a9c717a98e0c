package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;

/**
 * Who keeps the metadata log: one controller, which is the broker itself.
 *
 * @param clusterId the id of the cluster
 * @param leaderId the node id of the controller
 * @param directoryId the id of the log directory that holds the metadata log
 * @param leaderEpoch in which epoch it leads
 * @param endOffset the offset that the next record gets
 * @param highWatermark the offset behind the last record that is safe
 * @param endpoint where a controller of Apache Kafka would listen
 */
public record Quorum(
        String clusterId,
        int leaderId,
        Uuid directoryId,
        int leaderEpoch,
        long endOffset,
        long highWatermark,
        Listener endpoint) {

    /**
     * Checks which cluster a client believes to talk to.
     *
     * @param wanted the id, null where the client does not care
     * @throws ApiException INCONSISTENT_CLUSTER_ID
     */
    public void checkClusterId(String wanted) {
        if (wanted != null && !wanted.equals(clusterId)) {
            throw new ApiException(
                    ErrorCode.INCONSISTENT_CLUSTER_ID,
                    "The given id \"" + wanted + "\" doesn't match the cluster id \"" + clusterId + "\"");
        }
    }

    /** The one voter, as Apache Kafka's messages write it. */
    public String voter() {
        return replica(leaderId, directoryId);
    }

    /** A replica of the metadata log, as Apache Kafka's messages write it. */
    public static String replica(int id, Uuid directoryId) {
        return "ReplicaKey(id=" + id + ", directoryId=" + directoryId + ")";
    }
}
