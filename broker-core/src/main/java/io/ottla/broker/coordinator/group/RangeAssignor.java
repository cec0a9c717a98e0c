package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Gives each member neighbouring partitions of each topic, so that those who read the same topics get the same partitions of each.
 * Static members come first, by their own id, and so keep their place over restarts.
 */
final class RangeAssignor implements PartitionAssignor {

    @Override
    public Map<String, SortedSet<TopicIdPartition>> assign(
            SortedMap<String, Candidate> members, Map<Uuid, Integer> partitionCounts) {
        List<String> order = new ArrayList<>(members.keySet());
        order.sort(Comparator.comparing((String id) -> members.get(id).instanceId() == null)
                .thenComparing(id -> members.get(id).instanceId() == null
                        ? id
                        : members.get(id).instanceId()));
        Map<String, SortedSet<TopicIdPartition>> assignment = new HashMap<>();
        members.keySet().forEach(id -> assignment.put(id, new TreeSet<>()));
        partitionCounts.forEach((topicId, count) -> {
            List<String> readers = order.stream()
                    .filter(id -> members.get(id).topics().contains(topicId))
                    .toList();
            int partition = 0;
            for (int i = 0; i < readers.size(); i++) {
                int share = count / readers.size() + (i < count % readers.size() ? 1 : 0);
                for (int end = partition + share; partition < end; partition++) {
                    assignment.get(readers.get(i)).add(new TopicIdPartition(topicId, partition));
                }
            }
        });
        return assignment;
    }
}
