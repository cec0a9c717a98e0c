package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.FeatureLevelRecord;
import io.ottla.protocol.message.PartitionRecord;
import io.ottla.protocol.message.ProducerIdsRecord;
import io.ottla.protocol.message.RegisterBrokerRecord;
import io.ottla.protocol.message.TopicRecord;
import java.util.List;
import java.util.function.Consumer;

/**
 * An image as the records that make it again: the inverse of {@link MetadataDelta}. Each part of the image has one method here; a part that
 * is forgotten would be lost when the log is cut behind a snapshot.
 */
final class ImageRecords {

    private static final int NOBODY = -1;

    private final MetadataImage image;
    private final Consumer<? super MetadataRecord> out;

    private ImageRecords(MetadataImage image, Consumer<? super MetadataRecord> out) {
        this.image = image;
        this.out = out;
    }

    /** Hands out records that, replayed in this order onto nothing, add up to the image. */
    static void write(MetadataImage image, Consumer<? super MetadataRecord> out) {
        ImageRecords records = new ImageRecords(image, out);
        records.features();
        records.brokers();
        records.topics();
        records.configs();
        records.scramUsers();
        records.clientQuotas();
        records.producerIds();
        records.carried();
    }

    private void features() {
        // The metadata version comes first: it says how to read what follows.
        Short metadataVersion = image.features().get(FeatureControl.METADATA_VERSION);
        if (metadataVersion != null) {
            feature(FeatureControl.METADATA_VERSION, metadataVersion);
        }
        image.features().forEach((name, level) -> {
            if (!name.equals(FeatureControl.METADATA_VERSION)) {
                feature(name, level);
            }
        });
    }

    private void feature(String name, short level) {
        out.accept(new FeatureLevelRecord().name(name).featureLevel(level));
    }

    private void brokers() {
        for (BrokerImage broker : image.brokers()) {
            RegisterBrokerRecord record = new RegisterBrokerRecord()
                    .brokerId(broker.id())
                    .incarnationId(broker.incarnationId())
                    .brokerEpoch(broker.epoch())
                    .rack(broker.rack())
                    .fenced(broker.fenced())
                    .inControlledShutdown(broker.details().inControlledShutdown())
                    .logDirs(broker.logDirs())
                    .cordonedLogDirs(broker.details().cordonedLogDirs());
            for (Listener endpoint : broker.endpoints()) {
                record.endPoints().add(ClusterRecords.endpoint(endpoint));
            }
            for (FeatureRange feature : broker.details().features()) {
                record.features()
                        .add(new RegisterBrokerRecord.BrokerFeature()
                                .name(feature.name())
                                .minSupportedVersion(feature.min())
                                .maxSupportedVersion(feature.max()));
            }
            out.accept(record);
        }
    }

    private void topics() {
        image.topicsById().forEach((id, topic) -> {
            out.accept(new TopicRecord().name(topic.name()).topicId(id));
            for (PartitionImage partition : topic.partitions()) {
                PartitionImage.Details details = partition.details();
                out.accept(new PartitionRecord()
                        .topicId(id)
                        .partitionId(partition.partition())
                        .replicas(partition.replicas())
                        .isr(partition.isr())
                        .addingReplicas(details.addingReplicas())
                        .removingReplicas(details.removingReplicas())
                        .leader(partition.leader())
                        .leaderEpoch(partition.leaderEpoch())
                        .partitionEpoch(partition.partitionEpoch())
                        .leaderRecoveryState(details.leaderRecoveryState())
                        .directories(details.directories())
                        .eligibleLeaderReplicas(nullIfEmpty(details.eligibleLeaderReplicas()))
                        .lastKnownElr(nullIfEmpty(details.lastKnownElr())));
            }
        });
    }

    /** As in the record of a new partition, where there is nothing to say. */
    private static List<Integer> nullIfEmpty(List<Integer> ids) {
        return ids.isEmpty() ? null : ids;
    }

    private void configs() {
        image.configs()
                .forEach((resource, config) -> config.forEach((name, value) -> out.accept(new ConfigRecord()
                        .resourceType(resource.type())
                        .resourceName(resource.name())
                        .name(name)
                        .value(value))));
    }

    private void scramUsers() {
        image.scramCredentials()
                .forEach((user, credentials) -> credentials.forEach(
                        (mechanism, credential) -> out.accept(credential.toRecord(user, mechanism))));
    }

    private void clientQuotas() {
        image.clientQuotas()
                .forEach((entity, quotas) -> quotas.forEach((key, value) ->
                        out.accept(ClientQuotaControl.record(entity, key).value(value))));
    }

    private void producerIds() {
        if (image.nextProducerId() > 0) {
            out.accept(new ProducerIdsRecord()
                    .brokerId(NOBODY)
                    .brokerEpoch(NOBODY)
                    .nextProducerId(image.nextProducerId()));
        }
    }

    private void carried() {
        image.carried().records().forEach((key, record) -> out.accept(record));
    }
}
