package io.ottla.broker.coordinator.group;

import io.ottla.broker.coordinator.Reply;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue.ClassicProtocol;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroupMember;
import io.ottla.protocol.message.GroupMetadataValue;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A member of a classic group. Its awaiting replies and its timer are of the moment; the rest is what a rebalance settles. */
final class ClassicMember {

    static final byte[] NO_ASSIGNMENT = new byte[0];

    private final String memberId;
    private final String groupInstanceId;
    private final String clientId;
    private final String clientHost;
    private final String protocolType;
    private final GroupTimer.Session sessionTimer;
    private int rebalanceTimeoutMs;
    private int sessionTimeoutMs;
    private List<JoinGroupRequestProtocol> protocols;
    private byte[] assignment = NO_ASSIGNMENT;
    private Reply<JoinGroupResponse> awaitingJoin;
    private Reply<SyncGroupResponse> awaitingSync;
    private boolean isNew;

    /** A member that joins. */
    ClassicMember(String memberId, GroupClient client, JoinGroupRequest request) {
        this.memberId = memberId;
        this.groupInstanceId = request.groupInstanceId();
        this.clientId = client.clientId();
        this.clientHost = client.clientHost();
        this.protocolType = request.protocolType();
        this.sessionTimer = new GroupTimer.Session(request.groupId(), memberId);
        this.isNew = true;
        update(request);
    }

    /** A member of the log. Of its protocols only the chosen one is known. */
    ClassicMember(String groupId, GroupMetadataValue group, GroupMetadataValue.MemberMetadata member) {
        this.memberId = member.memberId();
        this.groupInstanceId = member.groupInstanceId();
        this.clientId = member.clientId();
        this.clientHost = member.clientHost();
        this.protocolType = group.protocolType();
        this.sessionTimer = new GroupTimer.Session(groupId, memberId);
        this.protocols = List.of();
        settle(group, member);
    }

    /** A member of a consumer group that speaks the classic protocol, as a member of a classic group. */
    ClassicMember(String groupId, ConsumerMember member) {
        MemberSubscription subscription = member.subscription();
        this.memberId = member.memberId();
        this.groupInstanceId = subscription.instanceId();
        this.clientId = subscription.clientId();
        this.clientHost = subscription.clientHost();
        this.protocolType = ClassicGroup.CONSUMER_PROTOCOL_TYPE;
        this.sessionTimer = new GroupTimer.Session(groupId, memberId);
        this.sessionTimeoutMs = subscription.classic().sessionTimeoutMs();
        this.rebalanceTimeoutMs = subscription.rebalanceTimeoutMs();
        this.protocols = new ArrayList<>();
        for (ClassicProtocol protocol : subscription.classic().supportedProtocols()) {
            protocols.add(new JoinGroupRequestProtocol().name(protocol.name()).metadata(protocol.metadata()));
        }
    }

    /** The same static member under another id. */
    ClassicMember(ClassicMember replaced, String groupId, String memberId) {
        this.memberId = memberId;
        this.groupInstanceId = replaced.groupInstanceId;
        this.clientId = replaced.clientId;
        this.clientHost = replaced.clientHost;
        this.protocolType = replaced.protocolType;
        this.sessionTimer = new GroupTimer.Session(groupId, memberId);
        this.sessionTimeoutMs = replaced.sessionTimeoutMs;
        this.rebalanceTimeoutMs = replaced.rebalanceTimeoutMs;
        this.protocols = replaced.protocols;
        this.assignment = replaced.assignment;
    }

    /** Takes over what a (re)joining member says of itself. */
    void update(JoinGroupRequest request) {
        sessionTimeoutMs = request.sessionTimeoutMs();
        // Version 0 of the request has no rebalance timeout.
        rebalanceTimeoutMs =
                request.rebalanceTimeoutMs() == -1 ? request.sessionTimeoutMs() : request.rebalanceTimeoutMs();
        protocols = new ArrayList<>(request.protocols());
    }

    /** Takes over what a rebalance has settled. A live member has said it all before, and maybe more. */
    void settle(GroupMetadataValue group, GroupMetadataValue.MemberMetadata member) {
        sessionTimeoutMs = member.sessionTimeout();
        rebalanceTimeoutMs = member.rebalanceTimeout() == -1 ? member.sessionTimeout() : member.rebalanceTimeout();
        assignment = member.assignment();
        JoinGroupRequestProtocol chosen =
                new JoinGroupRequestProtocol().name(group.protocol()).metadata(member.subscription());
        if (!protocols.contains(chosen)) {
            protocols = List.of(chosen);
        }
    }

    String memberId() {
        return memberId;
    }

    /** The id of a static member, or null. */
    String groupInstanceId() {
        return groupInstanceId;
    }

    boolean isStatic() {
        return groupInstanceId != null;
    }

    String clientId() {
        return clientId;
    }

    String clientHost() {
        return clientHost;
    }

    String protocolType() {
        return protocolType;
    }

    GroupTimer.Session sessionTimer() {
        return sessionTimer;
    }

    int rebalanceTimeoutMs() {
        return rebalanceTimeoutMs;
    }

    int sessionTimeoutMs() {
        return sessionTimeoutMs;
    }

    /** The protocols that the member supports, the one that it likes best first. */
    List<JoinGroupRequestProtocol> protocols() {
        return protocols;
    }

    /** Whether the protocols are those that the member has already told. */
    boolean hasProtocols(List<JoinGroupRequestProtocol> others) {
        return protocols.equals(others);
    }

    /** What the member says under a protocol. */
    byte[] metadata(String protocol) {
        for (JoinGroupRequestProtocol candidate : protocols) {
            if (candidate.name().equals(protocol)) {
                return candidate.metadata();
            }
        }
        throw new IllegalStateException("member " + memberId + " does not support the protocol " + protocol);
    }

    /** The candidate that the member likes best. */
    String vote(Set<String> candidates) {
        for (JoinGroupRequestProtocol candidate : protocols) {
            if (candidates.contains(candidate.name())) {
                return candidate.name();
            }
        }
        throw new IllegalStateException("member " + memberId + " supports none of the protocols " + candidates);
    }

    byte[] assignment() {
        return assignment;
    }

    void assignment(byte[] newAssignment) {
        assignment = newAssignment;
    }

    /** The join that waits for the others, or null. */
    Reply<JoinGroupResponse> awaitingJoin() {
        return awaitingJoin;
    }

    /** For {@link ClassicGroup} only, which counts those who wait. */
    void awaitingJoin(Reply<JoinGroupResponse> reply) {
        awaitingJoin = reply;
    }

    boolean isAwaitingJoin() {
        return awaitingJoin != null;
    }

    /** The sync that waits for the leader's assignment, or null. */
    Reply<SyncGroupResponse> awaitingSync() {
        return awaitingSync;
    }

    void awaitingSync(Reply<SyncGroupResponse> reply) {
        awaitingSync = reply;
    }

    /** Says that the member has completed a join. */
    void hasJoined() {
        isNew = false;
    }

    /**
     * Whether the member is known to be alive without a heartbeat: it waits for an answer of ours. Not so a new one, whose client may
     * have gone away before it learned its id.
     */
    boolean isAliveWithoutHeartbeat() {
        return !isNew && (awaitingJoin != null || awaitingSync != null);
    }

    /** The member as DescribeGroups shows it; what it said and what it got only for a chosen protocol. */
    DescribedGroupMember describe(String protocol) {
        DescribedGroupMember described = new DescribedGroupMember()
                .memberId(memberId)
                .groupInstanceId(groupInstanceId)
                .clientId(clientId)
                .clientHost(clientHost);
        if (protocol != null) {
            described.memberMetadata(metadata(protocol)).memberAssignment(assignment);
        } else {
            described.memberAssignment(assignment);
        }
        return described;
    }
}
