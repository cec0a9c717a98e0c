package io.ottla.broker.coordinator.group;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** Tells what a step of a shard has changed of a group, by comparing it with what was seen of it last. Used by the thread of the shard. */
final class GroupWatch {

    private final GroupState state;
    private final GroupEvents events;

    /** What was seen of groups; empty while nobody listens. */
    private final Map<String, Seen> seen = new HashMap<>();

    /** The client ids of the members by their member ids. */
    private record Seen(String state, int epoch, Map<String, String> members) {

        private static final Seen NOTHING = new Seen("", 0, Map.of());
    }

    GroupWatch(GroupState state, GroupEvents events) {
        this.state = state;
        this.events = events;
    }

    /**
     * A step has been at work on a group.
     *
     * @param timer whether it was a timer: members that are gone have been silent for too long, then
     */
    void look(String groupId, boolean timer) {
        BiConsumer<String, String> listener = events.listener();
        if (listener == null) {
            if (!seen.isEmpty()) {
                seen.clear();
            }
            return;
        }
        Group group = state.find(groupId);
        Seen before = seen.getOrDefault(groupId, Seen.NOTHING);
        if (group == null) {
            if (seen.remove(groupId) != null) {
                listener.accept(groupId, "is deleted");
            }
            return;
        }
        Seen now = see(group);
        seen.put(groupId, now);
        now.members.forEach((memberId, clientId) -> {
            if (!before.members.containsKey(memberId)) {
                listener.accept(groupId, "member " + memberId + " of client " + clientId + " joined");
            }
        });
        before.members.forEach((memberId, clientId) -> {
            if (!now.members.containsKey(memberId)) {
                listener.accept(
                        groupId,
                        "member " + memberId + " of client " + clientId
                                + (timer ? " was silent for too long" : " left"));
            }
        });
        if (!now.state.equals(before.state) || now.epoch != before.epoch) {
            String counter = group.type() == GroupType.CONSUMER ? ", epoch " : ", generation ";
            listener.accept(groupId, now.state + counter + now.epoch + ", members " + now.members.size());
        }
    }

    private static Seen see(Group group) {
        Map<String, String> members = new LinkedHashMap<>();
        if (group instanceof ClassicGroup classic) {
            classic.members().forEach(member -> members.put(member.memberId(), member.clientId()));
            return new Seen(group.stateName(), classic.generationId(), members);
        }
        ConsumerGroup consumer = (ConsumerGroup) group;
        consumer.members()
                .forEach(member ->
                        members.put(member.memberId(), member.subscription().clientId()));
        return new Seen(group.stateName(), consumer.groupEpoch(), members);
    }
}
