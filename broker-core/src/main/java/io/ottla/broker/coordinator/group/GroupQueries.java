package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse;
import io.ottla.protocol.message.DeleteGroupsResponse.DeletableGroupResult;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** ListGroups, DescribeGroups and DeleteGroups on a shard. */
final class GroupQueries {

    /** From this version on, a client understands that a group is not there. */
    private static final short GROUP_ID_NOT_FOUND_VERSION = 6;

    /** The member types of KIP-1099. */
    private static final byte CLASSIC_MEMBER = 0;

    private static final byte CONSUMER_MEMBER = 1;

    private final GroupState state;
    private final OffsetRemoval removal;
    private final ConsumerGroupConfig consumerConfig;

    GroupQueries(GroupState state, OffsetRemoval removal, ConsumerGroupConfig consumerConfig) {
        this.state = state;
        this.removal = removal;
        this.consumerConfig = consumerConfig;
    }

    /** The groups of the states and types that are asked for; empty filters mean all (KIP-518, KIP-848). */
    List<ListedGroup> list(ListGroupsRequest request) {
        Set<String> states = lowerCase(request.statesFilter());
        Set<String> types = lowerCase(request.typesFilter());
        List<ListedGroup> groups = new ArrayList<>();
        for (Group group : state.groups()) {
            boolean wanted = (states.isEmpty()
                            || states.contains(group.stateName().toLowerCase(Locale.ROOT)))
                    && (types.isEmpty() || types.contains(group.type().label().toLowerCase(Locale.ROOT)));
            if (wanted) {
                groups.add(new ListedGroup()
                        .groupId(group.groupId())
                        .protocolType(group.protocolTypeOrEmpty())
                        .groupState(group.stateName())
                        .groupType(group.type().label()));
            }
        }
        return groups;
    }

    private static Set<String> lowerCase(List<String> names) {
        Set<String> lower = new HashSet<>();
        for (String name : names) {
            lower.add(name.toLowerCase(Locale.ROOT));
        }
        return lower;
    }

    /** Describes a classic group; a group that is not there is dead. */
    DescribedGroup describe(String groupId, short version) {
        Group group = state.find(groupId);
        DescribedGroup described = new DescribedGroup().groupId(groupId);
        if (!(group instanceof ClassicGroup classic)) {
            described.groupState(ClassicGroupState.DEAD.label());
            if (version >= GROUP_ID_NOT_FOUND_VERSION) {
                described
                        .errorCode(ErrorCode.GROUP_ID_NOT_FOUND.code())
                        .errorMessage(
                                "Group " + groupId + (group == null ? " not found." : " is not a classic group."));
            }
            return described;
        }
        boolean stable = classic.isIn(ClassicGroupState.STABLE);
        described
                .groupState(classic.stateName())
                .protocolType(classic.protocolTypeOrEmpty())
                .protocolData(stable ? classic.protocolName() : "");
        for (ClassicMember member : classic.members()) {
            described.members().add(member.describe(stable ? classic.protocolName() : null));
        }
        return described;
    }

    /** Describes a group of the consumer protocol. */
    ConsumerGroupDescribeResponse.DescribedGroup describeConsumerGroup(String groupId) {
        Group group = state.find(groupId);
        ConsumerGroupDescribeResponse.DescribedGroup described =
                new ConsumerGroupDescribeResponse.DescribedGroup().groupId(groupId);
        if (!(group instanceof ConsumerGroup consumer)) {
            return described
                    .errorCode(ErrorCode.GROUP_ID_NOT_FOUND.code())
                    .errorMessage("Group " + groupId + (group == null ? " not found." : " is not a consumer group."));
        }
        String preferred = consumer.preferredAssignor();
        described
                .groupState(consumer.stateName())
                .groupEpoch(consumer.groupEpoch())
                .assignmentEpoch(consumer.targetEpoch())
                .assignorName(preferred == null ? consumerConfig.assignors().get(0) : preferred);
        GroupTopics topics = consumerConfig.topics().get();
        for (ConsumerMember member : consumer.members()) {
            MemberSubscription subscription = member.subscription();
            described
                    .members()
                    .add(new ConsumerGroupDescribeResponse.Member()
                            .memberId(member.memberId())
                            .instanceId(subscription.instanceId())
                            .rackId(subscription.rackId())
                            .memberEpoch(member.epoch())
                            .clientId(subscription.clientId())
                            .clientHost(subscription.clientHost())
                            .subscribedTopicNames(new ArrayList<>(subscription.topicNames()))
                            .subscribedTopicRegex(subscription.topicRegex())
                            .assignment(assignment(member.assignment().held(), topics))
                            .targetAssignment(assignment(consumer.target(member.memberId()), topics))
                            .memberType(member.isClassic() ? CLASSIC_MEMBER : CONSUMER_MEMBER));
        }
        return described;
    }

    /** Partitions by topic; without topics that have been deleted. */
    private static ConsumerGroupDescribeResponse.Assignment assignment(
            Set<TopicIdPartition> partitions, GroupTopics topics) {
        Map<Uuid, ConsumerGroupDescribeResponse.TopicPartitions> byTopic = new LinkedHashMap<>();
        for (TopicIdPartition partition : partitions) {
            String name = topics.name(partition.topicId());
            if (name != null) {
                byTopic.computeIfAbsent(partition.topicId(), id -> new ConsumerGroupDescribeResponse.TopicPartitions()
                                .topicId(id)
                                .topicName(name))
                        .partitions()
                        .add(partition.partition());
            }
        }
        return new ConsumerGroupDescribeResponse.Assignment().topicPartitions(new ArrayList<>(byTopic.values()));
    }

    /** Deletes a group that has no members. */
    DeletableGroupResult delete(String groupId, CoordinatorOutput out) {
        DeletableGroupResult result = new DeletableGroupResult().groupId(groupId);
        try {
            state.group(groupId).validateDelete();
        } catch (ApiException e) {
            return result.errorCode(e.error().code());
        }
        removal.deleteGroup(groupId, out);
        return result;
    }
}
