package io.ottla.broker.coordinator.group;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Committed offsets by group, topic and partition. */
final class GroupOffsets {

    private final Map<String, Map<String, Map<Integer, CommittedOffset>>> byGroup = new HashMap<>();

    /** The offset, or null. */
    CommittedOffset find(String groupId, String topic, int partition) {
        Map<Integer, CommittedOffset> offsets = ofGroup(groupId).get(topic);
        return offsets == null ? null : offsets.get(partition);
    }

    void put(OffsetKey key, CommittedOffset offset) {
        byGroup.computeIfAbsent(key.groupId(), group -> new TreeMap<>())
                .computeIfAbsent(key.topic(), topic -> new TreeMap<>())
                .put(key.partition(), offset);
    }

    void remove(OffsetKey key) {
        Map<String, Map<Integer, CommittedOffset>> topics = byGroup.get(key.groupId());
        Map<Integer, CommittedOffset> offsets = topics == null ? null : topics.get(key.topic());
        if (offsets == null) {
            return;
        }
        offsets.remove(key.partition());
        if (offsets.isEmpty()) {
            topics.remove(key.topic());
        }
        if (topics.isEmpty()) {
            byGroup.remove(key.groupId());
        }
    }

    /** The offsets of a group by topic and partition, both in order; empty if it has none. */
    Map<String, Map<Integer, CommittedOffset>> ofGroup(String groupId) {
        return byGroup.getOrDefault(groupId, Map.of());
    }

    boolean has(String groupId) {
        return byGroup.containsKey(groupId);
    }

    /** Visits the offsets of a group. The visitor must not change them. */
    void forEach(String groupId, BiConsumer<OffsetKey, CommittedOffset> visitor) {
        ofGroup(groupId)
                .forEach((topic, offsets) -> offsets.forEach(
                        (partition, offset) -> visitor.accept(new OffsetKey(groupId, topic, partition), offset)));
    }

    /** Visits all offsets. The visitor must not change them. */
    void forEach(BiConsumer<OffsetKey, CommittedOffset> visitor) {
        for (String groupId : byGroup.keySet()) {
            forEach(groupId, visitor);
        }
    }
}
