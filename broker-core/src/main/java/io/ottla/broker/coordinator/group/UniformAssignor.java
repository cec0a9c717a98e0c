package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Spreads the partitions evenly, and leaves them where they are as far as that allows. */
final class UniformAssignor implements PartitionAssignor {

    @Override
    public Map<String, SortedSet<TopicIdPartition>> assign(
            SortedMap<String, Candidate> members, Map<Uuid, Integer> partitionCounts) {
        Map<String, SortedSet<TopicIdPartition>> assignment = new TreeMap<>();
        SortedSet<TopicIdPartition> unassigned = readPartitions(members, partitionCounts);
        int total = unassigned.size();
        members.forEach((id, member) -> {
            SortedSet<TopicIdPartition> kept = new TreeSet<>();
            for (TopicIdPartition partition : member.previous()) {
                // Taken out, so that no partition can be kept twice.
                if (member.topics().contains(partition.topicId()) && unassigned.remove(partition)) {
                    kept.add(partition);
                }
            }
            assignment.put(id, kept);
        });
        if (readTheSame(members)) {
            spread(assignment, unassigned, total);
        } else {
            fill(members, assignment, unassigned);
            balance(members, assignment);
        }
        return assignment;
    }

    private static SortedSet<TopicIdPartition> readPartitions(
            SortedMap<String, Candidate> members, Map<Uuid, Integer> partitionCounts) {
        SortedSet<TopicIdPartition> partitions = new TreeSet<>();
        partitionCounts.forEach((topicId, count) -> {
            if (members.values().stream().anyMatch(member -> member.topics().contains(topicId))) {
                for (int partition = 0; partition < count; partition++) {
                    partitions.add(new TopicIdPartition(topicId, partition));
                }
            }
        });
        return partitions;
    }

    private static boolean readTheSame(SortedMap<String, Candidate> members) {
        return members.values().stream().map(Candidate::topics).distinct().count() <= 1;
    }

    /** All may get all: each gets its share, and what is left over goes to those who have most. */
    private static void spread(
            Map<String, SortedSet<TopicIdPartition>> assignment, SortedSet<TopicIdPartition> unassigned, int total) {
        if (assignment.isEmpty()) {
            return;
        }
        List<String> fullestFirst = new ArrayList<>(assignment.keySet());
        fullestFirst.sort(Comparator.comparing(id -> -assignment.get(id).size()));
        Map<String, Integer> quotas = new HashMap<>();
        for (int i = 0; i < fullestFirst.size(); i++) {
            int quota = total / fullestFirst.size() + (i < total % fullestFirst.size() ? 1 : 0);
            quotas.put(fullestFirst.get(i), quota);
            SortedSet<TopicIdPartition> owned = assignment.get(fullestFirst.get(i));
            while (owned.size() > quota) {
                TopicIdPartition surplus = owned.last();
                owned.remove(surplus);
                unassigned.add(surplus);
            }
        }
        Iterator<TopicIdPartition> rest = unassigned.iterator();
        assignment.forEach((id, owned) -> {
            while (owned.size() < quotas.get(id)) {
                owned.add(rest.next());
            }
        });
    }

    /** Gives what nobody has to those who have least. */
    private static void fill(
            SortedMap<String, Candidate> members,
            Map<String, SortedSet<TopicIdPartition>> assignment,
            SortedSet<TopicIdPartition> unassigned) {
        for (TopicIdPartition partition : unassigned) {
            assignment.get(leastLoaded(members, assignment, partition)).add(partition);
        }
    }

    private static String leastLoaded(
            SortedMap<String, Candidate> members,
            Map<String, SortedSet<TopicIdPartition>> assignment,
            TopicIdPartition partition) {
        String least = null;
        for (Map.Entry<String, Candidate> member : members.entrySet()) {
            boolean mayRead = member.getValue().topics().contains(partition.topicId());
            if (mayRead
                    && (least == null
                            || assignment.get(member.getKey()).size()
                                    < assignment.get(least).size())) {
                least = member.getKey();
            }
        }
        return least;
    }

    /** Moves partitions to members that have at least two less. Each move makes the loads more even, so it comes to an end. */
    private static void balance(
            SortedMap<String, Candidate> members, Map<String, SortedSet<TopicIdPartition>> assignment) {
        boolean moved = true;
        while (moved) {
            moved = false;
            for (SortedSet<TopicIdPartition> owned : assignment.values()) {
                for (TopicIdPartition partition : List.copyOf(owned)) {
                    SortedSet<TopicIdPartition> least = assignment.get(leastLoaded(members, assignment, partition));
                    if (least.size() + 1 < owned.size()) {
                        owned.remove(partition);
                        least.add(partition);
                        moved = true;
                    }
                }
            }
        }
    }
}
