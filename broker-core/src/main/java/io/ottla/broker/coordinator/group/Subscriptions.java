package io.ottla.broker.coordinator.group;

import io.ottla.protocol.MalformedMessageException;
import io.ottla.protocol.ProtocolReader;
import io.ottla.protocol.message.ConsumerProtocolSubscription;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/** What consumers tell each other through the classic protocol, as far as the coordinator looks into it. */
final class Subscriptions {

    private Subscriptions() {}

    /**
     * The topics that the members of a group read.
     *
     * @return the topics; empty for a group of consumers without members; null if it is not known: the members are no consumers, have
     *     not chosen a protocol or say something else
     */
    static Set<String> topicsOf(ClassicGroup group) {
        if (!group.usesConsumerProtocol()) {
            return null;
        }
        Set<String> topics = new HashSet<>();
        if (group.size() == 0) {
            return topics;
        }
        if (group.protocolName() == null) {
            return null;
        }
        for (ClassicMember member : group.members()) {
            if (!addTopics(member.metadata(group.protocolName()), topics)) {
                return null;
            }
        }
        return topics;
    }

    private static boolean addTopics(byte[] metadata, Set<String> topics) {
        try {
            ProtocolReader reader = new ProtocolReader(ByteBuffer.wrap(metadata));
            reader.readShort();
            // All versions of the subscription begin with what version 0 has.
            ConsumerProtocolSubscription subscription = new ConsumerProtocolSubscription();
            subscription.read(reader, ConsumerProtocolSubscription.LOWEST_SUPPORTED_VERSION);
            topics.addAll(subscription.topics());
            return true;
        } catch (MalformedMessageException e) {
            return false;
        }
    }
}
