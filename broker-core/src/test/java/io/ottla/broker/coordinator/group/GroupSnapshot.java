package io.ottla.broker.coordinator.group;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Shows what of a shard's state is in the log, so that two shards can be compared. */
final class GroupSnapshot {

    private GroupSnapshot() {}

    static Map<String, String> groupsOf(GroupState state) {
        Map<String, String> groups = new TreeMap<>();
        for (String groupId : state.groupIds()) {
            Group group = state.find(groupId);
            groups.put(
                    groupId, group instanceof ConsumerGroup consumer ? of(consumer) : of(state.findClassic(groupId)));
        }
        return groups;
    }

    static String of(ConsumerGroup group) {
        StringBuilder text = new StringBuilder();
        text.append(group.stateName())
                .append(" epoch ")
                .append(group.groupEpoch())
                .append(" target ")
                .append(group.targetEpoch())
                .append(" hash ")
                .append(group.metadataHash())
                .append(' ')
                .append(group.regexes());
        for (ConsumerMember member : group.members()) {
            String instanceId = member.subscription().instanceId();
            text.append("\n  ")
                    .append(member)
                    .append(" should have ")
                    .append(group.target(member.memberId()))
                    .append(" is ")
                    .append(instanceId == null ? null : group.findStatic(instanceId));
        }
        return text.toString();
    }

    static Map<String, String> offsetsOf(GroupState state) {
        Map<String, String> offsets = new TreeMap<>();
        state.offsets().forEach((key, offset) -> offsets.put(key.toString(), offset.toString()));
        return offsets;
    }

    /** The group as the log should have it; of interest while it is empty or stable. */
    static String of(ClassicGroup group) {
        if (!group.isEmpty() && !group.isIn(ClassicGroupState.STABLE)) {
            return "rebalancing";
        }
        StringBuilder text = new StringBuilder();
        text.append(group.state())
                .append(" generation ")
                .append(group.generationId())
                .append(" type ")
                .append(group.protocolType())
                .append(" protocol ")
                .append(group.protocolName())
                .append(" leader ")
                .append(group.leaderId())
                .append(" since ")
                .append(group.protocolType() == null ? 0 : group.stateTimestampMs())
                .append(" reads ")
                .append(group.isSubscribedTo("topic"));
        Map<String, ClassicMember> members = new TreeMap<>();
        group.members().forEach(member -> members.put(member.memberId(), member));
        for (ClassicMember member : members.values()) {
            text.append("\n  ")
                    .append(member.memberId())
                    .append(' ')
                    .append(member.groupInstanceId())
                    .append(' ')
                    .append(group.staticMemberId(String.valueOf(member.groupInstanceId())))
                    .append(' ')
                    .append(member.clientId())
                    .append(member.clientHost())
                    .append(' ')
                    .append(member.rebalanceTimeoutMs())
                    .append('/')
                    .append(member.sessionTimeoutMs())
                    .append(' ')
                    .append(Arrays.hashCode(member.metadata(group.protocolName())))
                    .append(' ')
                    .append(Arrays.hashCode(member.assignment()));
        }
        return text.toString();
    }
}
