package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopicConfig;

/** How topics look that the broker makes of its own accord. */
final class InternalTopics {

    private static final short DEFAULT_FACTOR = -1;

    private InternalTopics() {}

    /** The topic that is made when this name is first used. */
    static CreatableTopic defaults(String name, BrokerConfig config) {
        CreatableTopic topic = new CreatableTopic().name(name).replicationFactor(DEFAULT_FACTOR);
        switch (name) {
            case TopicNames.CONSUMER_OFFSETS -> {
                topic.numPartitions(config.offsetsTopicNumPartitions());
                set(topic, "cleanup.policy", "compact");
                set(topic, "compression.type", "producer");
                set(topic, "segment.bytes", config.text("offsets.topic.segment.bytes"));
            }
            case TopicNames.TRANSACTION_STATE -> {
                topic.numPartitions(config.transactionStateLogNumPartitions());
                set(topic, "cleanup.policy", "compact");
                set(topic, "compression.type", "uncompressed");
                set(topic, "min.insync.replicas", "1");
                set(topic, "segment.bytes", config.text("transaction.state.log.segment.bytes"));
                set(topic, "unclean.leader.election.enable", "false");
            }
            case TopicNames.SHARE_GROUP_STATE -> {
                topic.numPartitions(config.shareCoordinatorStateTopicNumPartitions());
                set(topic, "cleanup.policy", "delete");
                set(topic, "compression.type", "producer");
                set(topic, "min.insync.replicas", "1");
                set(topic, "retention.ms", "-1");
                set(topic, "segment.bytes", config.text("share.coordinator.state.topic.segment.bytes"));
            }
            default -> topic.numPartitions(config.numPartitions());
        }
        return topic;
    }

    private static void set(CreatableTopic topic, String name, String value) {
        topic.configs().add(new CreatableTopicConfig().name(name).value(value));
    }
}
