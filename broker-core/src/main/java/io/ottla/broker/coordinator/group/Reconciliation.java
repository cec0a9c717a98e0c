package io.ottla.broker.coordinator.group;

import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * One step of a member towards its target (KIP-848): it gives up first, then it goes to the epoch of the target, and gets of it what
 * no other member has any more.
 *
 * <pre>
 *                    has to give up                      has given up
 *   STABLE --------------------------> UNREVOKED ------------------------+
 *     ^ |                                  ^                             |
 *     | | new target, nothing to give up   | new target                  v
 *     | +----------------------------> UNRELEASED <--- others still have some of the target
 *     +------------------------------------+
 *                  has all of the target
 * </pre>
 */
final class Reconciliation {

    private Reconciliation() {}

    /**
     * The next step.
     *
     * @param current what the member has
     * @param target what it should have
     * @param targetEpoch the epoch of the target
     * @param owned what the member says it has; null if it does not say
     * @param isFree whether no other member has a partition
     * @return the current assignment itself if there is nothing to do now
     */
    static MemberAssignment step(
            MemberAssignment current,
            Set<TopicIdPartition> target,
            int targetEpoch,
            Set<TopicIdPartition> owned,
            Predicate<TopicIdPartition> isFree) {
        if (current.isReconciledTo(targetEpoch)) {
            return current;
        }
        if (current.state() == MemberAssignment.State.UNREVOKED_PARTITIONS && stillOwns(owned, current.revoking())) {
            return current;
        }
        SortedMap<TopicIdPartition, Integer> kept = new TreeMap<>();
        SortedMap<TopicIdPartition, Integer> revoking = new TreeMap<>();
        current.assigned().forEach((partition, epoch) -> {
            if (target.contains(partition)) {
                kept.put(partition, epoch);
            } else {
                revoking.put(partition, epoch);
            }
        });
        if (!revoking.isEmpty() && stillOwns(owned, revoking)) {
            return current.next(current.epoch(), MemberAssignment.State.UNREVOKED_PARTITIONS, kept, revoking);
        }
        boolean complete = true;
        for (TopicIdPartition partition : target) {
            if (!kept.containsKey(partition)) {
                if (isFree.test(partition)) {
                    kept.put(partition, targetEpoch);
                } else {
                    complete = false;
                }
            }
        }
        return current.next(
                targetEpoch,
                complete ? MemberAssignment.State.STABLE : MemberAssignment.State.UNRELEASED_PARTITIONS,
                kept,
                new TreeMap<>());
    }

    /** A member that does not say what it has is taken to have it still. */
    private static boolean stillOwns(Set<TopicIdPartition> owned, SortedMap<TopicIdPartition, Integer> revoking) {
        if (owned == null) {
            return true;
        }
        for (TopicIdPartition partition : revoking.keySet()) {
            if (owned.contains(partition)) {
                return true;
            }
        }
        return false;
    }
}
