package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.GroupMetadataValue;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.JoinGroupResponse.JoinGroupResponseMember;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A group whose members speak the classic protocol: the members choose a leader, and the leader assigns.
 *
 * <p>What a rebalance has settled is in the log and comes back through {@link #replay}: generation, protocol, leader, members with
 * what they said and got. Who joins, waits or is late is of the moment, and is lost with the broker; members then find out by
 * their heartbeats.
 */
final class ClassicGroup implements Group {

    static final String CONSUMER_PROTOCOL_TYPE = "consumer";

    private final String groupId;
    private ClassicGroupState state = ClassicGroupState.EMPTY;
    private long stateTimestampMs;
    private String protocolType;
    private String protocolName;
    private int generationId;
    private String leaderId;

    /** By member id, in the order of joining. */
    private final Map<String, ClassicMember> members = new LinkedHashMap<>();

    /** The member id of each static member, by its group.instance.id. */
    private final Map<String, String> staticMembers = new HashMap<>();

    /** Ids that were given out and have not come back with them yet (KIP-394). */
    private final Set<String> pendingJoinIds = new HashSet<>();

    /** Members that have not asked for their assignment of this generation yet. */
    private final Set<String> pendingSyncIds = new LinkedHashSet<>();

    /** How many members support a protocol. */
    private final Map<String, Integer> protocolSupport = new HashMap<>();

    private int awaitingJoinCount;

    /** What the members read; null if it is not known. */
    private Set<String> subscribedTopics;

    /** Whether the rebalance under way is the first since the group was empty. */
    private boolean initialRebalance;

    /** Whether a member has joined since the delay of the initial rebalance last started. */
    private boolean newMemberAdded;

    /** How much longer the delay of the initial rebalance may be extended to. */
    private int initialDelayRemainingMs;

    ClassicGroup(String groupId, long stateTimestampMs) {
        this.groupId = groupId;
        this.stateTimestampMs = stateTimestampMs;
    }

    /** A group that comes from a consumer group, whose epoch becomes its generation. */
    ClassicGroup(String groupId, int generationId, long stateTimestampMs) {
        this(groupId, stateTimestampMs);
        this.generationId = generationId;
    }

    /** Takes over what a rebalance has settled. Members that are known keep what they are waiting for. */
    void replay(GroupMetadataValue value) {
        Set<String> settledIds = new HashSet<>();
        for (GroupMetadataValue.MemberMetadata member : value.members()) {
            settledIds.add(member.memberId());
        }
        for (String memberId : List.copyOf(members.keySet())) {
            if (!settledIds.contains(memberId)) {
                remove(memberId);
            }
        }
        protocolType = value.protocolType().isEmpty() ? null : value.protocolType();
        for (GroupMetadataValue.MemberMetadata settled : value.members()) {
            ClassicMember member = members.get(settled.memberId());
            if (member == null) {
                add(new ClassicMember(groupId, value, settled), null);
            } else {
                countProtocols(member, -1);
                member.settle(value, settled);
                countProtocols(member, 1);
            }
        }
        generationId = value.generation();
        protocolName = value.protocol();
        leaderId = value.leader();
        stateTimestampMs = value.currentStateTimestamp();
        state = value.members().isEmpty() ? ClassicGroupState.EMPTY : ClassicGroupState.STABLE;
        initialRebalance = false;
        subscribedTopics = Subscriptions.topicsOf(this);
    }

    // What the group is.

    @Override
    public String groupId() {
        return groupId;
    }

    @Override
    public GroupType type() {
        return GroupType.CLASSIC;
    }

    ClassicGroupState state() {
        return state;
    }

    boolean isIn(ClassicGroupState other) {
        return state == other;
    }

    @Override
    public String stateName() {
        return state.label();
    }

    @Override
    public long stateTimestampMs() {
        return stateTimestampMs;
    }

    @Override
    public boolean isEmpty() {
        return state == ClassicGroupState.EMPTY;
    }

    /** The protocol type of the members, or null if the group never had any. */
    String protocolType() {
        return protocolType;
    }

    @Override
    public String protocolTypeOrEmpty() {
        return protocolType == null ? "" : protocolType;
    }

    /** The protocol that the members have chosen, or null. */
    String protocolName() {
        return protocolName;
    }

    boolean usesConsumerProtocol() {
        return CONSUMER_PROTOCOL_TYPE.equals(protocolType);
    }

    int generationId() {
        return generationId;
    }

    /** The member that assigns, or null. */
    String leaderId() {
        return leaderId;
    }

    boolean isLeader(String memberId) {
        return memberId.equals(leaderId);
    }

    boolean isInitialRebalance() {
        return initialRebalance;
    }

    boolean newMemberAdded() {
        return newMemberAdded;
    }

    void newMemberAdded(boolean added) {
        newMemberAdded = added;
    }

    int initialDelayRemainingMs() {
        return initialDelayRemainingMs;
    }

    void initialDelayRemainingMs(int remainingMs) {
        initialDelayRemainingMs = remainingMs;
    }

    // Who is in it.

    Collection<ClassicMember> members() {
        return members.values();
    }

    int size() {
        return members.size();
    }

    boolean hasMember(String memberId) {
        return members.containsKey(memberId);
    }

    /** The member, or null. */
    ClassicMember member(String memberId) {
        return members.get(memberId);
    }

    /** The member id of a static member, or null. */
    String staticMemberId(String groupInstanceId) {
        return staticMembers.get(groupInstanceId);
    }

    void add(ClassicMember member, Reply<JoinGroupResponse> reply) {
        if (members.isEmpty()) {
            protocolType = member.protocolType();
        }
        if (member.isStatic() && staticMembers.putIfAbsent(member.groupInstanceId(), member.memberId()) != null) {
            throw new IllegalStateException(
                    "group " + groupId + " has a static member " + member.groupInstanceId() + " already");
        }
        if (leaderId == null) {
            leaderId = member.memberId();
        }
        members.put(member.memberId(), member);
        countProtocols(member, 1);
        awaitJoin(member, reply);
        pendingJoinIds.remove(member.memberId());
    }

    void remove(String memberId) {
        ClassicMember removed = members.remove(memberId);
        if (removed != null) {
            countProtocols(removed, -1);
            if (removed.isAwaitingJoin()) {
                awaitingJoinCount--;
            }
            if (removed.isStatic()) {
                staticMembers.remove(removed.groupInstanceId());
            }
        }
        if (isLeader(memberId)) {
            leaderId = members.isEmpty() ? null : members.keySet().iterator().next();
        }
        pendingJoinIds.remove(memberId);
        pendingSyncIds.remove(memberId);
    }

    /** Gives a static member another id. Whoever waits under the old one is told that it is fenced. */
    ClassicMember replaceStaticMember(String oldMemberId, String newMemberId, CoordinatorOutput out) {
        ClassicMember replaced = members.get(oldMemberId);
        answerJoin(
                replaced,
                new JoinGroupResponse()
                        .errorCode(ErrorCode.FENCED_INSTANCE_ID.code())
                        .memberId(oldMemberId)
                        .protocolName(null),
                out);
        answerSync(replaced, new SyncGroupResponse().errorCode(ErrorCode.FENCED_INSTANCE_ID.code()), out);
        boolean wasLeader = isLeader(oldMemberId);
        remove(oldMemberId);
        ClassicMember replacement = new ClassicMember(replaced, groupId, newMemberId);
        add(replacement, null);
        if (wasLeader) {
            leaderId = newMemberId;
        }
        return replacement;
    }

    /** Takes over what a rejoining member says of itself, and where it is to be answered. */
    void update(ClassicMember member, JoinGroupRequest request, Reply<JoinGroupResponse> reply) {
        countProtocols(member, -1);
        member.update(request);
        countProtocols(member, 1);
        awaitJoin(member, reply);
    }

    boolean isPendingJoin(String memberId) {
        return pendingJoinIds.contains(memberId);
    }

    void addPendingJoin(String memberId) {
        pendingJoinIds.add(memberId);
    }

    boolean hasPendingJoins() {
        return !pendingJoinIds.isEmpty();
    }

    Set<String> pendingSyncIds() {
        return pendingSyncIds;
    }

    int awaitingJoinCount() {
        return awaitingJoinCount;
    }

    boolean haveAllJoined() {
        return awaitingJoinCount == members.size() && pendingJoinIds.isEmpty();
    }

    /** The longest rebalance timeout of a member, in milliseconds. */
    int rebalanceTimeoutMs() {
        int longestMs = 0;
        for (ClassicMember member : members.values()) {
            longestMs = Math.max(longestMs, member.rebalanceTimeoutMs());
        }
        return longestMs;
    }

    /** Makes sure that the leader has joined; false if nobody has. */
    boolean electJoinedLeader() {
        ClassicMember leader = leaderId == null ? null : members.get(leaderId);
        if (leader != null && leader.isAwaitingJoin()) {
            return true;
        }
        for (ClassicMember member : members.values()) {
            if (member.isAwaitingJoin()) {
                leaderId = member.memberId();
                return true;
            }
        }
        return false;
    }

    // Those who wait.

    private void awaitJoin(ClassicMember member, Reply<JoinGroupResponse> reply) {
        if (reply != null && !member.isAwaitingJoin()) {
            awaitingJoinCount++;
        } else if (reply == null && member.isAwaitingJoin()) {
            awaitingJoinCount--;
        }
        member.awaitingJoin(reply);
    }

    void answerJoin(ClassicMember member, JoinGroupResponse answer, CoordinatorOutput out) {
        if (member.isAwaitingJoin()) {
            out.reply(member.awaitingJoin(), answer);
            awaitJoin(member, null);
        }
    }

    /** Answers the member's sync, if it waits for one. */
    boolean answerSync(ClassicMember member, SyncGroupResponse answer, CoordinatorOutput out) {
        if (member.awaitingSync() == null) {
            return false;
        }
        out.reply(member.awaitingSync(), answer);
        member.awaitingSync(null);
        return true;
    }

    /** What a member is told of the current generation; the leader is told of all members. */
    JoinGroupResponse joined(ClassicMember member) {
        return new JoinGroupResponse()
                .generationId(generationId)
                .protocolType(protocolType)
                .protocolName(protocolName)
                .leader(leaderId)
                .memberId(member.memberId())
                .members(isLeader(member.memberId()) ? memberList() : new ArrayList<>());
    }

    private List<JoinGroupResponseMember> memberList() {
        List<JoinGroupResponseMember> list = new ArrayList<>(members.size());
        for (ClassicMember member : members.values()) {
            list.add(new JoinGroupResponseMember()
                    .memberId(member.memberId())
                    .groupInstanceId(member.groupInstanceId())
                    .metadata(member.metadata(protocolName)));
        }
        return list;
    }

    // Its protocols.

    private void countProtocols(ClassicMember member, int by) {
        Set<String> names = new HashSet<>();
        for (JoinGroupRequestProtocol protocol : member.protocols()) {
            // A name that is told twice counts once.
            if (names.add(protocol.name())) {
                protocolSupport.merge(protocol.name(), by, Integer::sum);
            }
        }
    }

    /** Whether a member with these protocols fits to those who are there. */
    boolean supports(String type, List<JoinGroupRequestProtocol> protocols) {
        if (state == ClassicGroupState.EMPTY) {
            return !type.isEmpty() && !protocols.isEmpty();
        }
        if (!Objects.equals(protocolType, type)) {
            return false;
        }
        for (JoinGroupRequestProtocol protocol : protocols) {
            if (protocolSupport.getOrDefault(protocol.name(), 0) == members.size()) {
                return true;
            }
        }
        return false;
    }

    boolean isSupportedByAll(String protocol) {
        return protocolSupport.getOrDefault(protocol, 0) == members.size();
    }

    /** Sets the protocol of a group that comes from a consumer group. */
    void choose(String protocol) {
        protocolName = protocol;
    }

    /** The protocol that all members support and most of them like best. */
    String selectProtocol() {
        Set<String> candidates = new HashSet<>();
        protocolSupport.forEach((name, count) -> {
            if (count == members.size()) {
                candidates.add(name);
            }
        });
        Map<String, Integer> votes = new LinkedHashMap<>();
        for (ClassicMember member : members.values()) {
            votes.merge(member.vote(candidates), 1, Integer::sum);
        }
        String winner = null;
        for (Map.Entry<String, Integer> vote : votes.entrySet()) {
            if (winner == null || vote.getValue() > votes.get(winner)) {
                winner = vote.getKey();
            }
        }
        return winner;
    }

    // Its states.

    void prepareRebalance(long nowMs) {
        if (!state.canRebalance()) {
            throw new IllegalStateException("group " + groupId + " cannot start a rebalance in state " + state);
        }
        initialRebalance = state == ClassicGroupState.EMPTY;
        enter(ClassicGroupState.PREPARING_REBALANCE, nowMs);
    }

    /** Starts the next generation: its members are those who are there now. */
    void completeJoin(long nowMs) {
        if (state != ClassicGroupState.PREPARING_REBALANCE || members.isEmpty()) {
            throw new IllegalStateException("group " + groupId + " cannot complete a join in state " + state);
        }
        generationId++;
        protocolName = selectProtocol();
        subscribedTopics = Subscriptions.topicsOf(this);
        pendingSyncIds.clear();
        pendingSyncIds.addAll(members.keySet());
        initialRebalance = false;
        enter(ClassicGroupState.COMPLETING_REBALANCE, nowMs);
    }

    private void enter(ClassicGroupState next, long nowMs) {
        state = next;
        stateTimestampMs = nowMs;
    }

    // What others may do.

    /**
     * Checks that a request comes from a member.
     *
     * @throws ApiException UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if another member has taken over the static id
     */
    void validateMember(String memberId, String groupInstanceId) {
        if (groupInstanceId != null) {
            String current = staticMembers.get(groupInstanceId);
            if (current == null) {
                throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
            }
            if (!current.equals(memberId)) {
                throw new ApiException(ErrorCode.FENCED_INSTANCE_ID);
            }
        }
        if (!members.containsKey(memberId)) {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        }
    }

    @Override
    public void validateOffsetCommit(CommitIdentity commit) {
        if (commit.generationId() < 0 && isEmpty()) {
            // An administrator, or a consumer that manages its partitions itself.
            return;
        }
        if (commit.generationId() >= 0 || !commit.memberId().isEmpty() || commit.groupInstanceId() != null) {
            validateMember(commit.memberId(), commit.groupInstanceId());
            if (commit.generationId() != generationId) {
                throw new ApiException(ErrorCode.ILLEGAL_GENERATION);
            }
        } else if (!commit.transactional() && !isEmpty()) {
            throw new ApiException(ErrorCode.UNKNOWN_MEMBER_ID);
        }
        if (!commit.transactional() && state == ClassicGroupState.COMPLETING_REBALANCE) {
            // The member knows of the new generation, but what it read belongs to the one before.
            throw new ApiException(ErrorCode.REBALANCE_IN_PROGRESS);
        }
    }

    @Override
    public void validateOffsetCommit(CommitIdentity commit, String topic, Uuid topicId, int partition) {
        // Who is in the generation may commit any offset.
    }

    @Override
    public void validateOffsetFetch(String memberId, int memberEpoch) {
        // Anybody may.
    }

    @Override
    public List<CoordinatorRecord> tombstones() {
        return List.of(GroupRecords.groupTombstone(groupId));
    }

    @Override
    public void validateOffsetDelete() {
        if (!isEmpty() && !usesConsumerProtocol()) {
            // What the members read is not known.
            throw new ApiException(ErrorCode.NON_EMPTY_GROUP);
        }
    }

    @Override
    public void validateDelete() {
        if (!isEmpty()) {
            throw new ApiException(ErrorCode.NON_EMPTY_GROUP);
        }
    }

    @Override
    public boolean isSubscribedTo(String topic) {
        return subscribedTopics == null ? usesConsumerProtocol() : subscribedTopics.contains(topic);
    }

    @Override
    public OffsetExpiry offsetExpiry() {
        if (protocolType == null) {
            return OffsetExpiry.SINCE_COMMIT;
        }
        if (isEmpty()) {
            return OffsetExpiry.SINCE_EMPTY;
        }
        if (usesConsumerProtocol() && subscribedTopics != null && state == ClassicGroupState.STABLE) {
            return OffsetExpiry.SINCE_COMMIT;
        }
        return OffsetExpiry.NEVER;
    }
}
