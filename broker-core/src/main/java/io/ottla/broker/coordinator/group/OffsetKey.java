package io.ottla.broker.coordinator.group;

/** Names a committed offset: a group's position in a partition. */
record OffsetKey(String groupId, String topic, int partition) {}
