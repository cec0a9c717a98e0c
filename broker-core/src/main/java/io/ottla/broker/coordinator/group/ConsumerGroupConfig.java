package io.ottla.broker.coordinator.group;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.MetadataStore;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * What the coordinator needs to know for groups of the consumer protocol.
 *
 * @param maxSize how many members a group takes ({@code group.consumer.max.size})
 * @param migrationPolicy whether live groups may change their protocol ({@code group.consumer.migration.policy})
 * @param assignors the assignors that members may ask for, the default first ({@code group.consumer.assignors})
 * @param sessionTimeoutMs the session timeout of a group, in milliseconds ({@code consumer.session.timeout.ms})
 * @param heartbeatIntervalMs the heartbeat interval of a group, in milliseconds ({@code consumer.heartbeat.interval.ms})
 * @param assignmentIntervalMs how long a group keeps a target before it gets another one, in milliseconds
 *     ({@code consumer.assignment.interval.ms})
 * @param topics the topics as they are now
 */
record ConsumerGroupConfig(
        int maxSize,
        MigrationPolicy migrationPolicy,
        List<String> assignors,
        ToIntFunction<String> sessionTimeoutMs,
        ToIntFunction<String> heartbeatIntervalMs,
        ToIntFunction<String> assignmentIntervalMs,
        Supplier<GroupTopics> topics) {

    /** The settings of a broker and, where they say something, of the groups themselves. */
    static ConsumerGroupConfig of(BrokerConfig config, MetadataStore metadata) {
        List<String> assignors = config.groupConsumerAssignors().stream()
                .map(PartitionAssignor::nameOf)
                .toList();
        for (String assignor : assignors) {
            if (PartitionAssignor.named(assignor) == null) {
                throw new ConfigException(
                        "group.consumer.assignors", "the assignors that there are: uniform, range; not " + assignor);
            }
        }
        return new ConsumerGroupConfig(
                config.groupConsumerMaxSize(),
                MigrationPolicy.named(config.groupConsumerMigrationPolicy()),
                assignors,
                groupId -> intValue(
                        metadata, groupId, "consumer.session.timeout.ms", config.groupConsumerSessionTimeoutMs()),
                groupId -> intValue(
                        metadata, groupId, "consumer.heartbeat.interval.ms", config.groupConsumerHeartbeatIntervalMs()),
                groupId -> intValue(
                        metadata,
                        groupId,
                        "consumer.assignment.interval.ms",
                        metadata.brokerConfig().groupConsumerAssignmentIntervalMs()),
                () -> GroupTopics.of(metadata.image()));
    }

    private static int intValue(MetadataStore metadata, String groupId, String key, int brokerValue) {
        String own = metadata.image()
                .config(new ConfigResource(ConfigResource.GROUP, groupId))
                .get(key);
        return own == null ? brokerValue : Integer.parseInt(own.trim());
    }

    PartitionAssignor assignor(String name) {
        return PartitionAssignor.named(name == null ? assignors.get(0) : name);
    }
}
