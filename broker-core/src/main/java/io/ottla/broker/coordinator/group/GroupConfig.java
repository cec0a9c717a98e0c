package io.ottla.broker.coordinator.group;

import io.ottla.broker.config.BrokerConfig;
import java.util.concurrent.TimeUnit;

/**
 * The settings of the group coordinator.
 *
 * @param minSessionTimeoutMs the shortest session timeout that a member may ask for ({@code group.min.session.timeout.ms})
 * @param maxSessionTimeoutMs the longest one ({@code group.max.session.timeout.ms})
 * @param initialRebalanceDelayMs how long a new group waits for more members ({@code group.initial.rebalance.delay.ms})
 * @param maxSize how many members a group takes ({@code group.max.size})
 * @param offsetMetadataMaxSize the longest metadata of a committed offset, in characters ({@code offset.metadata.max.bytes})
 * @param offsetsRetentionMs how long the offsets of a group without members are kept ({@code offsets.retention.minutes})
 * @param offsetsRetentionCheckIntervalMs how often that is looked at ({@code offsets.retention.check.interval.ms})
 */
public record GroupConfig(
        int minSessionTimeoutMs,
        int maxSessionTimeoutMs,
        int initialRebalanceDelayMs,
        int maxSize,
        int offsetMetadataMaxSize,
        long offsetsRetentionMs,
        long offsetsRetentionCheckIntervalMs) {

    /** The settings of a broker. */
    public static GroupConfig of(BrokerConfig config) {
        return new GroupConfig(
                config.groupMinSessionTimeoutMs(),
                config.groupMaxSessionTimeoutMs(),
                config.groupInitialRebalanceDelayMs(),
                config.groupMaxSize(),
                config.offsetMetadataMaxBytes(),
                TimeUnit.MINUTES.toMillis(config.offsetsRetentionMinutes()),
                config.offsetsRetentionCheckIntervalMs());
    }
}
