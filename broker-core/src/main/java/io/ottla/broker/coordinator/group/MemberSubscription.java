package io.ottla.broker.coordinator.group;

import io.ottla.protocol.message.ConsumerGroupHeartbeatRequest;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue.ClassicMemberMetadata;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue.ClassicProtocol;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import io.ottla.protocol.message.JoinGroupRequest;
import io.ottla.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * What a member of a consumer group has said of itself.
 *
 * @param instanceId the id of a static member, or null
 * @param rackId where the member is, or null
 * @param clientId the client id of its requests
 * @param clientHost its address, as in {@link GroupClient}
 * @param topicNames the topics that it reads, in order
 * @param topicRegex the pattern of further topics; empty if there is none, null in some records
 * @param rebalanceTimeoutMs how long it may take to give up partitions, in milliseconds
 * @param serverAssignor the assignor that it asks for, or null
 * @param classic the session timeout and the protocols of a member that speaks the classic protocol; null for others. Not to be changed
 */
record MemberSubscription(
        String instanceId,
        String rackId,
        String clientId,
        String clientHost,
        List<String> topicNames,
        String topicRegex,
        int rebalanceTimeoutMs,
        String serverAssignor,
        ClassicMemberMetadata classic) {

    static final MemberSubscription NONE = new MemberSubscription(null, null, "", "", List.of(), "", -1, null, null);

    static MemberSubscription of(ConsumerGroupMemberMetadataValue value) {
        return new MemberSubscription(
                value.instanceId(),
                value.rackId(),
                value.clientId(),
                value.clientHost(),
                List.copyOf(value.subscribedTopicNames()),
                value.subscribedTopicRegex(),
                value.rebalanceTimeoutMs(),
                value.serverAssignor(),
                value.classicMemberMetadata());
    }

    ConsumerGroupMemberMetadataValue toValue() {
        return new ConsumerGroupMemberMetadataValue()
                .instanceId(instanceId)
                .rackId(rackId)
                .clientId(clientId)
                .clientHost(clientHost)
                .subscribedTopicNames(new ArrayList<>(topicNames))
                .subscribedTopicRegex(topicRegex)
                .rebalanceTimeoutMs(rebalanceTimeoutMs)
                .serverAssignor(serverAssignor)
                .classicMemberMetadata(classic);
    }

    /** Takes over what a heartbeat says; what it does not say stays as it was. */
    MemberSubscription updated(ConsumerGroupHeartbeatRequest request, GroupClient client) {
        return new MemberSubscription(
                request.instanceId() == null ? instanceId : request.instanceId(),
                request.rackId() == null ? rackId : request.rackId(),
                client.clientId(),
                client.clientHost(),
                request.subscribedTopicNames() == null
                        ? topicNames
                        : List.copyOf(new TreeSet<>(request.subscribedTopicNames())),
                request.subscribedTopicRegex() == null ? topicRegex : request.subscribedTopicRegex(),
                request.rebalanceTimeoutMs() == -1 ? rebalanceTimeoutMs : request.rebalanceTimeoutMs(),
                request.serverAssignor() == null ? serverAssignor : request.serverAssignor(),
                null);
    }

    /** Takes over what a member says that joins by the classic protocol. */
    MemberSubscription updated(
            JoinGroupRequest request, ConsumerProtocolSubscription subscription, GroupClient client) {
        return new MemberSubscription(
                request.groupInstanceId() == null ? instanceId : request.groupInstanceId(),
                isEmpty(subscription.rackId()) ? rackId : subscription.rackId(),
                client.clientId(),
                client.clientHost(),
                List.copyOf(new TreeSet<>(subscription.topics())),
                "",
                // Version 0 of the request has no rebalance timeout.
                request.rebalanceTimeoutMs() == -1 ? request.sessionTimeoutMs() : request.rebalanceTimeoutMs(),
                serverAssignor,
                classic(request.sessionTimeoutMs(), request.protocols()));
    }

    /** What a member of a classic group has said, as a member of a consumer group. */
    static MemberSubscription of(ClassicMember member, ConsumerProtocolSubscription subscription) {
        return new MemberSubscription(
                member.groupInstanceId(),
                isEmpty(subscription.rackId()) ? null : subscription.rackId(),
                member.clientId(),
                member.clientHost(),
                List.copyOf(new TreeSet<>(subscription.topics())),
                "",
                member.rebalanceTimeoutMs(),
                null,
                classic(member.sessionTimeoutMs(), member.protocols()));
    }

    private static boolean isEmpty(String text) {
        return text == null || text.isEmpty();
    }

    private static ClassicMemberMetadata classic(int sessionTimeoutMs, List<JoinGroupRequestProtocol> protocols) {
        List<ClassicProtocol> supported = new ArrayList<>(protocols.size());
        for (JoinGroupRequestProtocol protocol : protocols) {
            supported.add(new ClassicProtocol().name(protocol.name()).metadata(protocol.metadata()));
        }
        return new ClassicMemberMetadata().sessionTimeoutMs(sessionTimeoutMs).supportedProtocols(supported);
    }

    boolean hasRegex() {
        return topicRegex != null && !topicRegex.isEmpty();
    }

    /** Whether the other reads by the same names and the same pattern. */
    boolean readsAs(MemberSubscription other) {
        return topicNames.equals(other.topicNames)
                && hasRegex() == other.hasRegex()
                && (!hasRegex() || topicRegex.equals(other.topicRegex));
    }
}
