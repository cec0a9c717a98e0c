package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which brokers hold which partitions. */
final class ReplicaPlacement {

    private ReplicaPlacement() {}

    /**
     * Spreads partitions over the brokers that serve: leaders take turns, the other replicas follow.
     *
     * @param first the index of the first partition
     * @param count how many partitions to place
     */
    static List<List<Integer>> spread(MetadataImage image, int first, int count, int replicationFactor) {
        List<Integer> ids = new ArrayList<>();
        for (BrokerImage broker : image.brokers()) {
            if (!broker.fenced()) {
                ids.add(broker.id());
            }
        }
        if (replicationFactor > ids.size()) {
            throw new ApiException(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "Unable to replicate the partition " + replicationFactor
                            + " time(s): The target replication factor of " + replicationFactor
                            + " cannot be reached because only " + ids.size()
                            + " broker(s) are registered or some brokers have all their log directories cordoned.");
        }
        List<List<Integer>> placements = new ArrayList<>(count);
        for (int partition = first; partition < first + count; partition++) {
            List<Integer> replicas = new ArrayList<>(replicationFactor);
            for (int replica = 0; replica < replicationFactor; replica++) {
                replicas.add(ids.get((partition + replica) % ids.size()));
            }
            placements.add(List.copyOf(replicas));
        }
        return placements;
    }

    /**
     * Checks replicas that a client chose for one partition.
     *
     * @param expectedFactor how many there must be, -1 for any number
     */
    static void validate(MetadataImage image, List<Integer> replicas, int expectedFactor) {
        if (replicas.isEmpty()) {
            throw invalid("The manual partition assignment includes an empty replica list.");
        }
        Set<Integer> seen = new HashSet<>();
        for (Integer id : replicas.stream().sorted().toList()) {
            if (image.broker(id) == null) {
                throw invalid("The manual partition assignment includes broker " + id
                        + ", but no such broker is registered.");
            }
            if (!seen.add(id)) {
                throw invalid("The manual partition assignment includes the broker " + id + " more than once.");
            }
        }
        if (expectedFactor >= 0 && replicas.size() != expectedFactor) {
            throw invalid("The manual partition assignment includes a partition with " + replicas.size()
                    + " replica(s), but this is not consistent with previous partitions, which have " + expectedFactor
                    + " replica(s).");
        }
    }

    static ApiException invalid(String message) {
        return new ApiException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
}
