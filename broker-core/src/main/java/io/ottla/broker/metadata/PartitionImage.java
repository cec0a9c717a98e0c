package io.ottla.broker.metadata;

import io.ottla.protocol.Uuid;
import java.util.List;

/**
 * One partition, as the metadata has it.
 *
 * @param partition the index within the topic, from 0
 * @param leader the broker that leads, -1 if none does
 * @param leaderEpoch counts the leaders
 * @param partitionEpoch counts all changes
 * @param replicas the brokers that hold the partition, the preferred leader first
 * @param isr the replicas that are in sync
 * @param details what only administration asks for
 */
public record PartitionImage(
        int partition,
        int leader,
        int leaderEpoch,
        int partitionEpoch,
        List<Integer> replicas,
        List<Integer> isr,
        Details details) {

    /** No broker leads the partition. */
    public static final int NO_LEADER = -1;

    /** Whether the partition is on its way to other brokers. */
    public boolean isReassigning() {
        return !details.addingReplicas.isEmpty() || !details.removingReplicas.isEmpty();
    }

    /**
     * The rarer facts of a partition.
     *
     * @param directories the log directory of each replica, in their order (KIP-858)
     * @param addingReplicas replicas that a reassignment is adding
     * @param removingReplicas replicas that a reassignment is removing
     * @param eligibleLeaderReplicas replicas outside the ISR that have all committed records (KIP-966)
     * @param lastKnownElr the last of those, when none is left
     * @param leaderRecoveryState 1 while the partition recovers from an unclean election, else 0
     */
    public record Details(
            List<Uuid> directories,
            List<Integer> addingReplicas,
            List<Integer> removingReplicas,
            List<Integer> eligibleLeaderReplicas,
            List<Integer> lastKnownElr,
            byte leaderRecoveryState) {}

    /** Whether nothing has happened to it: the preferred replica leads, and all are in sync. */
    public boolean isAsMade() {
        return leader == replicas.get(0) && isr.size() == replicas.size();
    }
}
