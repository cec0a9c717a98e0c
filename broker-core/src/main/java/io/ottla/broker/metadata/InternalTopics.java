package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopicConfig;

/** How topics look that the broker makes of its own accord. */
final class InternalTopics {

    private static final short DEFAULT_FACTOR = -1;

    /** What Apache Kafka takes where the configuration says nothing, if there are as many brokers. */
    private static final int FACTOR = 3;

    private static final int MIN_IN_SYNC = 2;

    private InternalTopics() {}

    /**
     * The topic that is made when this name is first used.
     *
     * @param brokerCount how many brokers there are, which no topic can have more replicas than
     */
    static CreatableTopic defaults(String name, BrokerConfig config, int brokerCount) {
        CreatableTopic topic = new CreatableTopic().name(name).replicationFactor(DEFAULT_FACTOR);
        switch (name) {
            case TopicNames.CONSUMER_OFFSETS -> {
                partitions(topic, config, "offsets.topic.num.partitions", brokerCount);
                factor(topic, config, "offsets.topic.replication.factor", brokerCount);
                set(topic, "cleanup.policy", "compact");
                set(topic, "compression.type", "producer");
                set(topic, "segment.bytes", config.text("offsets.topic.segment.bytes"));
            }
            case TopicNames.TRANSACTION_STATE -> {
                partitions(topic, config, "transaction.state.log.num.partitions", brokerCount);
                factor(topic, config, "transaction.state.log.replication.factor", brokerCount);
                set(topic, "cleanup.policy", "compact");
                set(topic, "compression.type", "uncompressed");
                set(topic, "min.insync.replicas", minInSync(topic, config, "transaction.state.log.min.isr"));
                set(topic, "segment.bytes", config.text("transaction.state.log.segment.bytes"));
                set(topic, "unclean.leader.election.enable", "false");
            }
            case TopicNames.SHARE_GROUP_STATE -> {
                partitions(topic, config, "share.coordinator.state.topic.num.partitions", brokerCount);
                factor(topic, config, "share.coordinator.state.topic.replication.factor", brokerCount);
                set(topic, "cleanup.policy", "delete");
                set(topic, "compression.type", "producer");
                set(topic, "min.insync.replicas", minInSync(topic, config, "share.coordinator.state.topic.min.isr"));
                set(topic, "retention.ms", "-1");
                set(topic, "segment.bytes", config.text("share.coordinator.state.topic.segment.bytes"));
            }
            default -> topic.numPartitions(config.numPartitions());
        }
        return topic;
    }

    /** As configured; if nothing is, a partition for each broker at least, so that each coordinates something. */
    private static void partitions(CreatableTopic topic, BrokerConfig config, String key, int brokerCount) {
        int count = config.intValue(key);
        topic.numPartitions(config.isSet(key) ? count : Math.max(count, brokerCount));
    }

    private static void factor(CreatableTopic topic, BrokerConfig config, String key, int brokerCount) {
        int factor = config.isSet(key) ? Short.parseShort(config.text(key)) : FACTOR;
        topic.replicationFactor((short) Math.max(1, Math.min(factor, brokerCount)));
    }

    private static String minInSync(CreatableTopic topic, BrokerConfig config, String key) {
        int minInSync = config.isSet(key) ? Integer.parseInt(config.text(key)) : MIN_IN_SYNC;
        return Integer.toString(Math.min(minInSync, topic.replicationFactor()));
    }

    private static void set(CreatableTopic topic, String name, String value) {
        topic.configs().add(new CreatableTopicConfig().name(name).value(value));
    }
}
