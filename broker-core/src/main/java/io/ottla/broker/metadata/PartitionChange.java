package io.ottla.broker.metadata;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.PartitionChangeRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * One partition on its way to other replicas, another ISR or another leader: finds the leader by the rules of Apache Kafka's
 * controller (KIP-460, KIP-455, KIP-966), and says what is different afterwards.
 *
 * <p>All brokers serve the one store: a replica is in sync as soon as its broker serves and somebody leads. Not thread-safe.
 */
final class PartitionChange {

    private static final int NOBODY = PartitionImage.NO_LEADER;

    private final Uuid topicId;
    private final PartitionImage before;
    private final Leadership leadership;
    private final int minInSyncReplicas;
    private List<Integer> replicas;
    private List<Integer> isr;
    private List<Integer> adding;
    private List<Integer> removing;
    private int wanted = NOBODY;
    private boolean unclean;

    /** @param minInSyncReplicas from how many replicas in sync on nobody else need be remembered as eligible */
    PartitionChange(Uuid topicId, PartitionImage before, Leadership leadership, int minInSyncReplicas) {
        this.topicId = topicId;
        this.before = before;
        this.leadership = leadership;
        this.minInSyncReplicas = minInSyncReplicas;
        this.replicas = before.replicas();
        this.isr = new ArrayList<>(before.isr());
        this.adding = before.details().addingReplicas();
        this.removing = before.details().removingReplicas();
    }

    /** Has this replica lead if it is in sync. */
    PartitionChange prefer(int brokerId) {
        wanted = brokerId;
        return this;
    }

    /** Lets any replica lead where none is left that is known to have all records. */
    PartitionChange unclean() {
        unclean = true;
        return this;
    }

    /** Moves the partition to other brokers; those that have to go stay until those that come are in sync. */
    PartitionChange reassign(List<Integer> target) {
        adding = without(target, before.replicas());
        removing = without(before.replicas(), target);
        List<Integer> all = new ArrayList<>(target);
        all.addAll(removing);
        replicas = all;
        return this;
    }

    /** Cancels a move that is going on. */
    PartitionChange revert() {
        replicas = without(before.replicas(), adding);
        adding = List.of();
        removing = List.of();
        return this;
    }

    /** The record that makes the change; null if everything is as it was. */
    PartitionChangeRecord record() {
        isr.removeIf(id -> !replicas.contains(id) || !leadership.serves(id));
        int leader = elect();
        if (leader != NOBODY && !isr.contains(leader)) {
            isr = new ArrayList<>(List.of(leader));
        }
        if (leader != NOBODY || !adding.isEmpty()) {
            join();
        }
        if (completeReassignment() || leader == NOBODY) {
            leader = elect();
        }
        if (isr.isEmpty() && !leadership.allowsEmptyIsr()) {
            isr = before.isr();
        }
        return difference(leader);
    }

    /** Has everybody be in sync who serves; an ISR that has grown is sorted, as Apache Kafka's is. */
    private void join() {
        int sizeBefore = isr.size();
        for (int id : replicas) {
            if (leadership.serves(id) && !isr.contains(id)) {
                isr.add(id);
            }
        }
        if (isr.size() > sizeBefore) {
            isr.sort(null);
        }
    }

    /** Lets go of the replicas that were to be removed, once those that were to be added are in sync. */
    private boolean completeReassignment() {
        boolean moving = !adding.isEmpty() || !removing.isEmpty();
        List<Integer> remaining = without(isr, removing);
        if (!moving || remaining.isEmpty() || !remaining.containsAll(adding)) {
            return false;
        }
        replicas = without(replicas, removing);
        isr = remaining;
        adding = List.of();
        removing = List.of();
        return true;
    }

    private int elect() {
        List<Integer> eligible = eligible();
        if (canLead(wanted, eligible)) {
            return wanted;
        }
        if (canLead(before.leader(), eligible)) {
            return before.leader();
        }
        for (int id : replicas) {
            if (canLead(id, eligible)) {
                return id;
            }
        }
        List<Integer> lastKnown = before.details().lastKnownElr();
        boolean noneEligible = isr.isEmpty() && eligible.isEmpty();
        if (noneEligible && lastKnown.size() == 1 && leadership.serves(lastKnown.get(0))) {
            return lastKnown.get(0);
        }
        if (unclean) {
            for (int id : replicas) {
                if (leadership.serves(id)) {
                    return id;
                }
            }
        }
        return NOBODY;
    }

    private boolean canLead(int id, List<Integer> eligible) {
        return replicas.contains(id)
                && leadership.serves(id)
                && (isr.contains(id) || (isr.isEmpty() && eligible.contains(id)));
    }

    /** The replicas outside the ISR that have all committed records, which count only as long as the ISR is too small (KIP-966). */
    private List<Integer> eligible() {
        if (!leadership.allowsEmptyIsr() || isr.size() >= Math.min(minInSyncReplicas, replicas.size())) {
            return List.of();
        }
        List<Integer> eligible = new ArrayList<>();
        for (int id : replicas) {
            boolean wasInSync = before.isr().contains(id)
                    || before.details().eligibleLeaderReplicas().contains(id);
            if (wasInSync && !isr.contains(id)) {
                eligible.add(id);
            }
        }
        return eligible;
    }

    private PartitionChangeRecord difference(int leader) {
        PartitionImage.Details old = before.details();
        List<Integer> eligible = eligible();
        List<Integer> lastKnown = old.lastKnownElr();
        if (leader != NOBODY) {
            lastKnown = List.of();
        } else if (isr.isEmpty() && before.leader() != NOBODY) {
            lastKnown = List.of(before.leader());
        }
        PartitionChangeRecord record =
                new PartitionChangeRecord().topicId(topicId).partitionId(before.partition());
        boolean changed = false;
        // A leader that stays gets a new epoch where a replica goes: who reads from that one has to notice.
        if (leader != before.leader() || !replicas.containsAll(before.replicas())) {
            record.leader(leader);
            changed = true;
        }
        if (!isr.equals(before.isr())) {
            record.isr(List.copyOf(isr));
            changed = true;
        }
        if (!replicas.equals(before.replicas())) {
            record.replicas(List.copyOf(replicas)).directories(directories());
            changed = true;
        }
        if (!adding.equals(old.addingReplicas()) || !removing.equals(old.removingReplicas())) {
            record.addingReplicas(adding).removingReplicas(removing);
            changed = true;
        }
        if (!eligible.equals(old.eligibleLeaderReplicas())) {
            record.eligibleLeaderReplicas(eligible);
            changed = true;
        }
        if (!lastKnown.equals(old.lastKnownElr())) {
            record.lastKnownElr(lastKnown);
            changed = true;
        }
        return changed ? record : null;
    }

    private List<Uuid> directories() {
        List<Uuid> known = before.details().directories();
        List<Uuid> directories = new ArrayList<>(replicas.size());
        for (int id : replicas) {
            int index = before.replicas().indexOf(id);
            directories.add(index >= 0 && index < known.size() ? known.get(index) : leadership.directoryAt(id));
        }
        return directories;
    }

    private static List<Integer> without(List<Integer> ids, List<Integer> excluded) {
        List<Integer> rest = new ArrayList<>(ids);
        rest.removeAll(excluded);
        return rest;
    }
}
