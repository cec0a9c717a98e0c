package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DeleteGroupsResponse.DeletableGroupResult;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** ListGroups, DescribeGroups and DeleteGroups on a shard. */
final class GroupQueries {

    /** From this version on, a client understands that a group is not there. */
    private static final short GROUP_ID_NOT_FOUND_VERSION = 6;

    private final GroupState state;
    private final OffsetRemoval removal;

    GroupQueries(GroupState state, OffsetRemoval removal) {
        this.state = state;
        this.removal = removal;
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
