package io.ottla.broker.coordinator.group;

import io.ottla.protocol.Uuid;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Topics that come, grow and go as a test likes. */
final class FakeTopics implements GroupTopics {

    private final Map<String, Uuid> ids = new TreeMap<>();
    private final Map<Uuid, Integer> counts = new HashMap<>();
    private long version;

    /** Makes a topic, or gives it another number of partitions. */
    FakeTopics set(String name, int partitionCount) {
        version++;
        counts.put(ids.computeIfAbsent(name, topic -> new Uuid(7, version)), partitionCount);
        return this;
    }

    void delete(String name) {
        version++;
        counts.remove(ids.remove(name));
    }

    @Override
    public long version() {
        return version;
    }

    @Override
    public Uuid id(String name) {
        return ids.get(name);
    }

    @Override
    public String name(Uuid id) {
        return ids.entrySet().stream()
                .filter(topic -> topic.getValue().equals(id))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    @Override
    public int partitionCount(Uuid id) {
        return counts.getOrDefault(id, 0);
    }

    @Override
    public Collection<String> names() {
        return ids.keySet();
    }
}
