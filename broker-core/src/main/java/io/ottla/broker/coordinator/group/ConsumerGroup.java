package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.CoordinatorOutput;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConsumerGroupCurrentMemberAssignmentValue;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue;
import io.ottla.protocol.message.ConsumerGroupMetadataValue;
import io.ottla.protocol.message.ConsumerGroupRegularExpressionValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMemberValue;
import io.ottla.protocol.message.ConsumerGroupTargetAssignmentMetadataValue;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A group whose members speak the consumer protocol (KIP-848): the coordinator assigns, and leads each member to its target by the
 * answers to its heartbeats.
 *
 * <p>All of it is in the log: what members have said, the epoch of the group, the target assignment with its epoch, and how far each
 * member is. It changes by the replay methods alone.
 */
final class ConsumerGroup implements Group {

    /** The first version of OffsetCommit whose errors a member of such a group understands. */
    private static final short COMMIT_VERSION = 9;

    private final String groupId;

    /** As Apache Kafka counts: a group that nobody has read with yet is in its first epoch, and has a target for it, of nothing. */
    private int groupEpoch = 1;

    private long metadataHash;
    private int targetEpoch = 1;
    private long targetTimestampMs;

    /** By member id. */
    private final Map<String, ConsumerMember> members = new TreeMap<>();

    /** The member id of each static member, by its group.instance.id. */
    private final Map<String, String> staticMembers = new HashMap<>();

    /** What each member should have. */
    private final Map<String, SortedSet<TopicIdPartition>> targets = new TreeMap<>();

    /** Which member has a partition, be it that it has to give it up. */
    private final Map<TopicIdPartition, String> owners = new HashMap<>();

    private final Map<String, ResolvedRegex> regexes = new TreeMap<>();

    /** Classic members that have been told to rejoin; of no meaning for the log. */
    private final Set<String> rejoining = new HashSet<>();

    /** The version of the topics that the group was last checked against; of no meaning for the log. */
    private long checkedVersion = -1;

    ConsumerGroup(String groupId) {
        this.groupId = groupId;
    }

    // Records.

    void replay(ConsumerGroupMetadataValue value) {
        groupEpoch = value.epoch();
        metadataHash = value.metadataHash();
    }

    void replayMember(String memberId, ConsumerGroupMemberMetadataValue value) {
        ConsumerMember member = members.get(memberId);
        if (value == null) {
            if (member != null) {
                disown(member);
                members.remove(memberId);
                staticMembers.remove(member.subscription().instanceId(), memberId);
            }
            return;
        }
        MemberSubscription subscription = MemberSubscription.of(value);
        members.put(
                memberId,
                member == null
                        ? new ConsumerMember(memberId, subscription, MemberAssignment.NONE)
                        : member.with(subscription));
        if (subscription.instanceId() != null) {
            staticMembers.put(subscription.instanceId(), memberId);
        }
    }

    /** After compaction it may come before what the member has said of itself. */
    void replayAssignment(String memberId, ConsumerGroupCurrentMemberAssignmentValue value) {
        ConsumerMember member = members.get(memberId);
        if (member == null) {
            if (value == null) {
                return;
            }
            member = new ConsumerMember(memberId, MemberSubscription.NONE, MemberAssignment.NONE);
        }
        disown(member);
        ConsumerMember next = member.with(value == null ? MemberAssignment.NONE : MemberAssignment.of(value));
        members.put(memberId, next);
        next.assignment().assigned().keySet().forEach(partition -> owners.put(partition, memberId));
        next.assignment().revoking().keySet().forEach(partition -> owners.put(partition, memberId));
    }

    private void disown(ConsumerMember member) {
        member.assignment().assigned().keySet().forEach(partition -> owners.remove(partition, member.memberId()));
        member.assignment().revoking().keySet().forEach(partition -> owners.remove(partition, member.memberId()));
    }

    void replayTarget(ConsumerGroupTargetAssignmentMetadataValue value) {
        targetEpoch = value == null ? 0 : value.assignmentEpoch();
        targetTimestampMs = value == null ? 0 : value.assignmentTimestamp();
    }

    void replayTarget(String memberId, ConsumerGroupTargetAssignmentMemberValue value) {
        if (value == null) {
            targets.remove(memberId);
            return;
        }
        SortedSet<TopicIdPartition> target = new TreeSet<>();
        value.topicPartitions().forEach(topic -> topic.partitions()
                .forEach(partition -> target.add(new TopicIdPartition(topic.topicId(), partition))));
        targets.put(memberId, target);
    }

    void replayRegex(String regex, ConsumerGroupRegularExpressionValue value) {
        if (value == null) {
            regexes.remove(regex);
        } else {
            regexes.put(regex, ResolvedRegex.of(value));
        }
    }

    @Override
    public List<CoordinatorRecord> tombstones() {
        List<CoordinatorRecord> records = new ArrayList<>();
        members.keySet().forEach(id -> records.addAll(ConsumerGroupRecords.memberTombstones(groupId, id)));
        records.add(ConsumerGroupRecords.targetEpochTombstone(groupId));
        regexes.keySet().forEach(regex -> records.add(ConsumerGroupRecords.regexTombstone(groupId, regex)));
        records.add(ConsumerGroupRecords.groupTombstone(groupId));
        return records;
    }

    /** The records that make this group, in the order that Apache Kafka wants to read them in. */
    List<CoordinatorRecord> records() {
        List<CoordinatorRecord> records = new ArrayList<>();
        members.forEach((id, member) -> records.add(ConsumerGroupRecords.member(groupId, id, member.subscription())));
        records.add(ConsumerGroupRecords.group(groupId, groupEpoch, metadataHash));
        targets.forEach((id, target) -> records.add(ConsumerGroupRecords.target(groupId, id, target)));
        records.add(ConsumerGroupRecords.targetEpoch(groupId, targetEpoch, targetTimestampMs));
        members.forEach((id, member) -> records.add(ConsumerGroupRecords.assignment(groupId, id, member.assignment())));
        return records;
    }

    // What the group is.

    @Override
    public String groupId() {
        return groupId;
    }

    @Override
    public GroupType type() {
        return GroupType.CONSUMER;
    }

    @Override
    public String stateName() {
        if (members.isEmpty()) {
            return "Empty";
        }
        if (groupEpoch > targetEpoch) {
            return "Assigning";
        }
        for (ConsumerMember member : members.values()) {
            if (!member.assignment().isReconciledTo(targetEpoch)) {
                return "Reconciling";
            }
        }
        return "Stable";
    }

    @Override
    public String protocolTypeOrEmpty() {
        return ClassicGroup.CONSUMER_PROTOCOL_TYPE;
    }

    @Override
    public boolean isEmpty() {
        return members.isEmpty();
    }

    /** Grows whenever the target has to be computed anew. */
    int groupEpoch() {
        return groupEpoch;
    }

    /** The epoch of the group that the target was computed for. */
    int targetEpoch() {
        return targetEpoch;
    }

    /** When the target was computed, in milliseconds since the epoch; 0 if it never was. */
    long targetTimestampMs() {
        return targetTimestampMs;
    }

    /** What stands for the topics that the target was computed for. */
    long metadataHash() {
        return metadataHash;
    }

    long checkedVersion() {
        return checkedVersion;
    }

    void checkedVersion(long version) {
        checkedVersion = version;
    }

    // Who is in it.

    /** The members in the order of their ids. */
    Collection<ConsumerMember> members() {
        return members.values();
    }

    int size() {
        return members.size();
    }

    /** The member, or null. */
    ConsumerMember find(String memberId) {
        return members.get(memberId);
    }

    /**
     * The member.
     *
     * @throws ApiException UNKNOWN_MEMBER_ID
     */
    ConsumerMember member(String memberId) {
        ConsumerMember member = members.get(memberId);
        if (member == null) {
            throw new ApiException(
                    ErrorCode.UNKNOWN_MEMBER_ID, "Member " + memberId + " is not a member of group " + groupId + ".");
        }
        return member;
    }

    /** The static member, or null. */
    ConsumerMember findStatic(String instanceId) {
        String memberId = staticMembers.get(instanceId);
        return memberId == null ? null : members.get(memberId);
    }

    /** What a member should have. */
    SortedSet<TopicIdPartition> target(String memberId) {
        return targets.getOrDefault(memberId, Collections.emptySortedSet());
    }

    /** Whether the target has all partitions of the topics that members read. */
    boolean assignsAll(GroupTopics topics) {
        Set<TopicIdPartition> assigned = new HashSet<>();
        targets.values().forEach(assigned::addAll);
        for (String name : topics()) {
            Uuid id = topics.id(name);
            for (int partition = 0; id != null && partition < topics.partitionCount(id); partition++) {
                if (!assigned.contains(new TopicIdPartition(id, partition))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether no other member has the partition. */
    boolean isFreeFor(TopicIdPartition partition, String memberId) {
        String owner = owners.get(partition);
        return owner == null || owner.equals(memberId);
    }

    // Members of the classic protocol.

    /** Whether all members speak the classic protocol, apart from some. */
    boolean isClassicWithout(Collection<String> memberIds) {
        for (ConsumerMember member : members.values()) {
            if (!member.isClassic() && !memberIds.contains(member.memberId())) {
                return false;
            }
        }
        return true;
    }

    /** Whether a member with these protocols of the classic protocol fits to those who are there. */
    boolean supportsClassic(String protocolType, List<JoinGroupRequestProtocol> protocols) {
        return ClassicGroup.CONSUMER_PROTOCOL_TYPE.equals(protocolType)
                && protocols.stream().anyMatch(protocol -> isSupportedByClassicMembers(protocol.name()));
    }

    private boolean isSupportedByClassicMembers(String protocol) {
        for (ConsumerMember member : members.values()) {
            boolean supported = !member.isClassic()
                    || member.subscription().classic().supportedProtocols().stream()
                            .anyMatch(other -> other.name().equals(protocol));
            if (!supported) {
                return false;
            }
        }
        return true;
    }

    /** Whether a member waits for partitions of others, and all that it waits for have been given up. */
    boolean canGetTheRest(ConsumerMember member) {
        if (member.assignment().state() != MemberAssignment.State.UNRELEASED_PARTITIONS) {
            return false;
        }
        for (TopicIdPartition partition : target(member.memberId())) {
            if (!isFreeFor(partition, member.memberId())) {
                return false;
            }
        }
        return true;
    }

    /** Notes that a classic member has been told to rejoin; false if it had been before. */
    boolean addRejoining(String memberId) {
        return rejoining.add(memberId);
    }

    /** Stops all timers of a member. */
    void cancelTimers(String memberId, CoordinatorOutput out) {
        rejoining.remove(memberId);
        out.cancel(new GroupTimer.Session(groupId, memberId));
        out.cancel(new GroupTimer.Revocation(groupId, memberId));
        out.cancel(new GroupTimer.Rejoin(groupId, memberId));
        out.cancel(new GroupTimer.MemberSync(groupId, memberId));
    }

    // What they read.

    Map<String, ResolvedRegex> regexes() {
        return regexes;
    }

    /** The names of the topics that a member reads, those of its pattern among them. */
    SortedSet<String> topicsOf(ConsumerMember member) {
        SortedSet<String> topics = new TreeSet<>(member.subscription().topicNames());
        if (member.subscription().hasRegex()) {
            ResolvedRegex resolved = regexes.get(member.subscription().topicRegex());
            if (resolved != null) {
                topics.addAll(resolved.topics());
            }
        }
        return topics;
    }

    /** The names of all topics that members read. */
    SortedSet<String> topics() {
        SortedSet<String> topics = new TreeSet<>();
        members.values().forEach(member -> topics.addAll(topicsOf(member)));
        return topics;
    }

    @Override
    public boolean isSubscribedTo(String topic) {
        for (ConsumerMember member : members.values()) {
            if (member.subscription().topicNames().contains(topic)) {
                return true;
            }
        }
        for (ResolvedRegex regex : regexes.values()) {
            if (regex.topics().contains(topic)) {
                return true;
            }
        }
        return false;
    }

    /** The assignor that most members ask for; null if none does. */
    String preferredAssignor() {
        Map<String, Integer> votes = new TreeMap<>();
        String preferred = null;
        for (ConsumerMember member : members.values()) {
            String assignor = member.subscription().serverAssignor();
            if (assignor != null && !assignor.isEmpty()) {
                int count = votes.merge(assignor, 1, Integer::sum);
                if (preferred == null || count > votes.get(preferred)) {
                    preferred = assignor;
                }
            }
        }
        return preferred;
    }

    // What others may do.

    @Override
    public void validateOffsetCommit(CommitIdentity commit) {
        if (commit.generationId() < 0 && isEmpty()) {
            return;
        }
        boolean anonymous =
                commit.generationId() == -1 && commit.memberId().isEmpty() && commit.groupInstanceId() == null;
        if (commit.transactional() && anonymous) {
            return;
        }
        ConsumerMember member = member(commit.memberId());
        if (!commit.transactional() && !member.isClassic() && commit.apiVersion() < COMMIT_VERSION) {
            throw new ApiException(
                    ErrorCode.UNSUPPORTED_VERSION,
                    "OffsetCommit version " + COMMIT_VERSION
                            + " or above must be used by members using the consumer group protocol");
        }
        if (commit.generationId() > member.epoch()) {
            throw new ApiException(
                    staleError(member),
                    "Received member epoch " + commit.generationId() + " is newer than current member epoch "
                            + member.epoch() + ".");
        }
    }

    /** A member that has not heard of its new epoch may still commit what it has kept since then (KIP-1251). */
    @Override
    public void validateOffsetCommit(CommitIdentity commit, String topic, Uuid topicId, int partition) {
        ConsumerMember member = members.get(commit.memberId());
        if (member == null || commit.generationId() == member.epoch()) {
            return;
        }
        TopicIdPartition key = new TopicIdPartition(topicId, partition);
        Integer since = member.assignment().assigned().get(key);
        if (since == null) {
            since = member.assignment().revoking().get(key);
        }
        if (since == null || commit.generationId() < since) {
            throw new ApiException(
                    staleError(member),
                    "Member epoch " + commit.generationId() + " is too old for partition " + topic + "-" + partition
                            + ".");
        }
    }

    /** The error for another epoch than the member's, as its protocol knows it. */
    private static ErrorCode staleError(ConsumerMember member) {
        return member.isClassic() ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH;
    }

    @Override
    public void validateOffsetFetch(String memberId, int memberEpoch) {
        if (memberId == null && memberEpoch < 0) {
            return;
        }
        ConsumerMember member = member(memberId == null ? "" : memberId);
        if (member.epoch() != memberEpoch) {
            throw new ApiException(staleError(member));
        }
    }

    @Override
    public void validateOffsetDelete() {
        // What the members read is known, and guarded topic by topic.
    }

    @Override
    public void validateDelete() {
        if (!isEmpty()) {
            throw new ApiException(ErrorCode.NON_EMPTY_GROUP);
        }
    }

    @Override
    public OffsetExpiry offsetExpiry() {
        return OffsetExpiry.SINCE_COMMIT;
    }

    @Override
    public long stateTimestampMs() {
        return -1;
    }
}
