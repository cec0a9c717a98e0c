package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.TopicConfigs;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.PartitionChangeRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Who leads the partitions of an image and who is in sync: decided here and in {@link PartitionChange}, and nowhere else. */
final class Leadership {

    private static final String ELR_VERSION = "eligible.leader.replicas.version";

    private final MetadataImage image;
    private final BrokerConfig config;
    private final boolean elr;

    /** @param config the broker's configuration, for what topics do not say themselves */
    Leadership(MetadataImage image, BrokerConfig config) {
        this.image = image;
        this.config = config;
        this.elr = image.features().getOrDefault(ELR_VERSION, (short) 0) > 0;
    }

    /** Whether a broker is there for clients. */
    boolean serves(int brokerId) {
        BrokerImage broker = image.broker(brokerId);
        return broker != null && !broker.fenced();
    }

    /** Whether the last replica leaves the ISR too, and is remembered as eligible instead (KIP-966). */
    boolean allowsEmptyIsr() {
        return elr;
    }

    /** The log directory for a new replica; zero where the choice is the broker's own. */
    Uuid directoryAt(int brokerId) {
        BrokerImage broker = image.broker(brokerId);
        return broker != null && broker.logDirs().size() == 1 ? broker.logDirs().get(0) : Uuid.ZERO;
    }

    /** A change of one partition, about to be described. */
    PartitionChange change(TopicImage topic, PartitionImage partition) {
        Map<String, String> topicConfig = image.topicConfig(topic.name());
        PartitionChange change =
                new PartitionChange(topic.id(), partition, this, TopicConfigs.minInSyncReplicas(topicConfig, config));
        return TopicConfigs.allowsUncleanElection(topicConfig, config) ? change.unclean() : change;
    }

    /** What brings all partitions in line with the brokers that serve now. */
    List<PartitionChangeRecord> reconcile() {
        List<PartitionChangeRecord> records = new ArrayList<>();
        for (TopicImage topic : image.topics()) {
            for (PartitionImage partition : topic.partitions()) {
                if (!isSettled(partition)) {
                    PartitionChangeRecord record = change(topic, partition).record();
                    if (record != null) {
                        records.add(record);
                    }
                }
            }
        }
        return records;
    }

    /** Whether everybody who should be in sync is, under a leader who serves. */
    private boolean isSettled(PartitionImage partition) {
        if (!serves(partition.leader())
                || partition.isr().size() != partition.replicas().size()) {
            return false;
        }
        for (Integer id : partition.isr()) {
            if (!serves(id)) {
                return false;
            }
        }
        return !partition.isReassigning();
    }
}
