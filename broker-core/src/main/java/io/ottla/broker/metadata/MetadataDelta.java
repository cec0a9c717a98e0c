package io.ottla.broker.metadata;

import io.ottla.broker.config.Listener;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.BrokerRegistrationChangeRecord;
import io.ottla.protocol.message.ClearElrRecord;
import io.ottla.protocol.message.ClientQuotaRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.FeatureLevelRecord;
import io.ottla.protocol.message.FenceBrokerRecord;
import io.ottla.protocol.message.PartitionChangeRecord;
import io.ottla.protocol.message.PartitionRecord;
import io.ottla.protocol.message.ProducerIdsRecord;
import io.ottla.protocol.message.RegisterBrokerRecord;
import io.ottla.protocol.message.RemoveTopicRecord;
import io.ottla.protocol.message.RemoveUserScramCredentialRecord;
import io.ottla.protocol.message.TopicRecord;
import io.ottla.protocol.message.UnfenceBrokerRecord;
import io.ottla.protocol.message.UnregisterBrokerRecord;
import io.ottla.protocol.message.UserScramCredentialRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Records on their way into a new image: takes over what an image has, replays records into it, and becomes the next image.
 * Not thread-safe.
 */
final class MetadataDelta {

    // What a PartitionChangeRecord says where it changes nothing.
    private static final int UNCHANGED_LEADER = -2;
    private static final byte UNCHANGED_RECOVERY = -1;

    final String clusterId;
    long offset;
    SortedMap<String, Short> features;
    SortedMap<Integer, BrokerImage> brokers;
    PersistentMap<String, TopicImage> topicsByName;
    PersistentMap<Uuid, TopicImage> topicsById;
    PersistentMap<String, String> collisions;
    PersistentMap<ConfigResource, Map<String, String>> configs;
    PersistentMap<String, Map<ScramMechanism, ScramCredential>> scramUsers;
    PersistentMap<QuotaEntity, Map<String, Double>> clientQuotas;
    long nextProducerId;
    CarriedRecords carried;
    long timeMs;

    // Topics whose partitions are being changed: a topic becomes an image once, however many partition records it has.
    private final Map<Uuid, List<PartitionImage>> openTopics = new HashMap<>();
    private final Map<ConfigResource, TreeMap<String, String>> openConfigs = new HashMap<>();

    MetadataDelta(String clusterId) {
        this.clusterId = clusterId;
        this.offset = -1;
        this.features = Collections.emptySortedMap();
        this.brokers = Collections.emptySortedMap();
        this.topicsByName = PersistentMap.empty();
        this.topicsById = PersistentMap.empty();
        this.collisions = PersistentMap.empty();
        this.configs = PersistentMap.empty();
        this.carried = CarriedRecords.NONE;
        this.timeMs = -1L;
        this.scramUsers = PersistentMap.empty();
        this.clientQuotas = PersistentMap.empty();
    }

    MetadataDelta(MetadataImage image) {
        this.clusterId = image.clusterId();
        this.offset = image.offset();
        this.features = image.features();
        this.brokers = image.brokersById();
        this.topicsByName = image.topicsByName();
        this.topicsById = image.topicsById();
        this.collisions = image.collisions();
        this.configs = image.configs();
        this.scramUsers = image.scramCredentials();
        this.clientQuotas = image.clientQuotas();
        this.nextProducerId = image.nextProducerId();
        this.carried = image.carried();
        this.timeMs = image.timeMs();
    }

    /** The next image. The delta must not be used afterwards. */
    MetadataImage build() {
        openTopics.forEach((id, partitions) -> {
            TopicImage topic = topicsById.get(id);
            put(new TopicImage(topic.name(), id, List.copyOf(partitions)));
        });
        openConfigs.forEach((resource, config) -> configs = config.isEmpty()
                ? configs.without(resource)
                : configs.with(resource, Collections.unmodifiableMap(config)));
        return new MetadataImage(this);
    }

    /**
     * Applies one record.
     *
     * @param recordOffset its offset in the metadata log
     */
    void replay(MetadataRecord record, long recordOffset) {
        offset = recordOffset;
        switch (record.type()) {
            case TOPIC_RECORD -> replay((TopicRecord) record);
            case PARTITION_RECORD -> replay((PartitionRecord) record);
            case PARTITION_CHANGE_RECORD -> replay((PartitionChangeRecord) record);
            case REMOVE_TOPIC_RECORD -> replay((RemoveTopicRecord) record);
            case CONFIG_RECORD -> replay((ConfigRecord) record);
            case CLIENT_QUOTA_RECORD -> replay((ClientQuotaRecord) record);
            case FEATURE_LEVEL_RECORD -> replay((FeatureLevelRecord) record);
            case PRODUCER_IDS_RECORD -> nextProducerId = ((ProducerIdsRecord) record).nextProducerId();
            case USER_SCRAM_CREDENTIAL_RECORD -> replay((UserScramCredentialRecord) record);
            case REMOVE_USER_SCRAM_CREDENTIAL_RECORD -> replay((RemoveUserScramCredentialRecord) record);
            case REGISTER_BROKER_RECORD -> replay((RegisterBrokerRecord) record);
            case UNREGISTER_BROKER_RECORD -> brokersForChange().remove(((UnregisterBrokerRecord) record).brokerId());
            case BROKER_REGISTRATION_CHANGE_RECORD -> replay((BrokerRegistrationChangeRecord) record);
            case FENCE_BROKER_RECORD -> fence(((FenceBrokerRecord) record).id(), true);
            case UNFENCE_BROKER_RECORD -> fence(((UnfenceBrokerRecord) record).id(), false);
            case CLEAR_ELR_RECORD -> replay((ClearElrRecord) record);
            default -> carried = carried.with(record);
        }
    }

    private void replay(TopicRecord record) {
        put(new TopicImage(record.name(), record.topicId(), List.of()));
        if (TopicNames.mayCollide(record.name())) {
            collisions = collisions.with(TopicNames.collisionKey(record.name()), record.name());
        }
    }

    private void replay(RemoveTopicRecord record) {
        TopicImage topic = require(record.topicId());
        openTopics.remove(topic.id());
        topicsById = topicsById.without(topic.id());
        topicsByName = topicsByName.without(topic.name());
        if (topic.name().equals(collisions.get(TopicNames.collisionKey(topic.name())))) {
            collisions = collisions.without(TopicNames.collisionKey(topic.name()));
        }
        // The configuration goes with its topic: a later topic of the same name starts from nothing.
        ConfigResource resource = ConfigResource.topic(topic.name());
        openConfigs.remove(resource);
        configs = configs.without(resource);
    }

    private void replay(PartitionRecord record) {
        PartitionImage.Details details = new PartitionImage.Details(
                List.copyOf(record.directories()),
                List.copyOf(record.addingReplicas()),
                List.copyOf(record.removingReplicas()),
                copyOrEmpty(record.eligibleLeaderReplicas()),
                copyOrEmpty(record.lastKnownElr()),
                record.leaderRecoveryState());
        put(
                record.topicId(),
                new PartitionImage(
                        record.partitionId(),
                        record.leader(),
                        record.leaderEpoch(),
                        record.partitionEpoch(),
                        List.copyOf(record.replicas()),
                        List.copyOf(record.isr()),
                        details));
    }

    private void replay(PartitionChangeRecord record) {
        PartitionImage old = openPartitions(record.topicId()).get(record.partitionId());
        PartitionImage.Details oldDetails = old.details();
        boolean newLeader = record.leader() != UNCHANGED_LEADER;
        PartitionImage.Details details = new PartitionImage.Details(
                copyOr(record.directories(), oldDetails.directories()),
                copyOr(record.addingReplicas(), oldDetails.addingReplicas()),
                copyOr(record.removingReplicas(), oldDetails.removingReplicas()),
                copyOr(record.eligibleLeaderReplicas(), oldDetails.eligibleLeaderReplicas()),
                copyOr(record.lastKnownElr(), oldDetails.lastKnownElr()),
                record.leaderRecoveryState() == UNCHANGED_RECOVERY
                        ? oldDetails.leaderRecoveryState()
                        : record.leaderRecoveryState());
        put(
                record.topicId(),
                new PartitionImage(
                        old.partition(),
                        newLeader ? record.leader() : old.leader(),
                        newLeader ? old.leaderEpoch() + 1 : old.leaderEpoch(),
                        old.partitionEpoch() + 1,
                        copyOr(record.replicas(), old.replicas()),
                        copyOr(record.isr(), old.isr()),
                        details));
    }

    private void replay(ConfigRecord record) {
        ConfigResource resource = new ConfigResource(record.resourceType(), record.resourceName());
        TreeMap<String, String> config = openConfigs.computeIfAbsent(resource, r -> {
            Map<String, String> current = configs.get(r);
            return current == null ? new TreeMap<>() : new TreeMap<>(current);
        });
        if (record.value() == null) {
            config.remove(record.name());
        } else {
            config.put(record.name(), record.value());
        }
    }

    private void replay(ClientQuotaRecord record) {
        Map<String, String> names = new HashMap<>();
        record.entity().forEach(part -> names.put(part.entityType(), part.entityName()));
        QuotaEntity entity = new QuotaEntity(names);
        Map<String, Double> present = clientQuotas.get(entity);
        TreeMap<String, Double> quotas = present == null ? new TreeMap<>() : new TreeMap<>(present);
        if (record.remove()) {
            quotas.remove(record.key());
        } else {
            quotas.put(record.key(), record.value());
        }
        clientQuotas = quotas.isEmpty()
                ? clientQuotas.without(entity)
                : clientQuotas.with(entity, Collections.unmodifiableMap(quotas));
    }

    private void replay(FeatureLevelRecord record) {
        SortedMap<String, Short> changed = new TreeMap<>(features);
        if (record.featureLevel() == 0) {
            changed.remove(record.name());
        } else {
            changed.put(record.name(), record.featureLevel());
        }
        features = Collections.unmodifiableSortedMap(changed);
    }

    private void replay(UserScramCredentialRecord record) {
        ScramMechanism mechanism = ScramMechanism.of(record.mechanism());
        if (mechanism != null) {
            changeScram(record.name(), mechanism, new ScramCredential(record));
        }
    }

    private void replay(RemoveUserScramCredentialRecord record) {
        ScramMechanism mechanism = ScramMechanism.of(record.mechanism());
        if (mechanism != null) {
            changeScram(record.name(), mechanism, null);
        }
    }

    private void changeScram(String user, ScramMechanism mechanism, ScramCredential credential) {
        Map<ScramMechanism, ScramCredential> changed = new EnumMap<>(ScramMechanism.class);
        Map<ScramMechanism, ScramCredential> present = scramUsers.get(user);
        if (present != null) {
            changed.putAll(present);
        }
        if (credential == null) {
            changed.remove(mechanism);
        } else {
            changed.put(mechanism, credential);
        }
        scramUsers = changed.isEmpty()
                ? scramUsers.without(user)
                : scramUsers.with(user, Collections.unmodifiableMap(changed));
    }

    private void replay(RegisterBrokerRecord record) {
        List<Listener> endpoints = new ArrayList<>(record.endPoints().size());
        for (RegisterBrokerRecord.BrokerEndpoint endpoint : record.endPoints()) {
            endpoints.add(new Listener(
                    endpoint.name(), protocolName(endpoint.securityProtocol()), endpoint.host(), endpoint.port()));
        }
        BrokerImage broker = new BrokerImage(
                record.brokerId(),
                record.brokerEpoch(),
                record.incarnationId(),
                record.rack(),
                record.fenced(),
                List.copyOf(endpoints),
                List.copyOf(record.logDirs()),
                new BrokerImage.Details(
                        features(record), record.inControlledShutdown(), copyOrEmpty(record.cordonedLogDirs())));
        put(broker);
    }

    private void replay(BrokerRegistrationChangeRecord record) {
        BrokerImage old = require(record.brokerId());
        BrokerImage.Details oldDetails = old.details();
        BrokerImage.Details details = new BrokerImage.Details(
                oldDetails.features(),
                oldDetails.inControlledShutdown() || record.inControlledShutdown() > 0,
                copyOr(record.cordonedLogDirs(), oldDetails.cordonedLogDirs()));
        List<Uuid> logDirs = record.logDirs().isEmpty() ? old.logDirs() : List.copyOf(record.logDirs());
        boolean fenced = record.fenced() == 0 ? old.fenced() : record.fenced() > 0;
        put(new BrokerImage(
                old.id(), old.epoch(), old.incarnationId(), old.rack(), fenced, old.endpoints(), logDirs, details));
    }

    private static List<FeatureRange> features(RegisterBrokerRecord record) {
        return record.features().stream()
                .map(feature ->
                        new FeatureRange(feature.name(), feature.minSupportedVersion(), feature.maxSupportedVersion()))
                .toList();
    }

    private void fence(int brokerId, boolean fenced) {
        BrokerImage old = require(brokerId);
        put(new BrokerImage(
                old.id(),
                old.epoch(),
                old.incarnationId(),
                old.rack(),
                fenced,
                old.endpoints(),
                old.logDirs(),
                old.details()));
    }

    private BrokerImage require(int brokerId) {
        BrokerImage broker = brokers.get(brokerId);
        if (broker == null) {
            throw new IllegalStateException(
                    "The metadata log changes broker " + brokerId + ", which is not registered");
        }
        return broker;
    }

    private void put(BrokerImage broker) {
        brokersForChange().put(broker.id(), broker);
    }

    /** No partition of the topic, or of all topics if none is named, has eligible leaders outside its ISR any more. */
    private void replay(ClearElrRecord record) {
        if (record.topicName().isEmpty()) {
            List<Uuid> all = new ArrayList<>(topicsById.size());
            topicsById.forEach((id, topic) -> all.add(id));
            all.forEach(this::clearElr);
        } else {
            TopicImage topic = topicsByName.get(record.topicName());
            if (topic != null) {
                clearElr(topic.id());
            }
        }
    }

    private void clearElr(Uuid topicId) {
        openPartitions(topicId).replaceAll(partition -> {
            PartitionImage.Details old = partition.details();
            PartitionImage.Details cleared = new PartitionImage.Details(
                    old.directories(),
                    old.addingReplicas(),
                    old.removingReplicas(),
                    List.of(),
                    List.of(),
                    old.leaderRecoveryState());
            return new PartitionImage(
                    partition.partition(),
                    partition.leader(),
                    partition.leaderEpoch(),
                    partition.partitionEpoch(),
                    partition.replicas(),
                    partition.isr(),
                    cleared);
        });
    }

    private SortedMap<Integer, BrokerImage> brokersForChange() {
        SortedMap<Integer, BrokerImage> changed = new TreeMap<>(brokers);
        brokers = changed;
        return changed;
    }

    private void put(TopicImage topic) {
        topicsByName = topicsByName.with(topic.name(), topic);
        topicsById = topicsById.with(topic.id(), topic);
    }

    private void put(Uuid topicId, PartitionImage partition) {
        List<PartitionImage> partitions = openPartitions(topicId);
        if (partition.partition() == partitions.size()) {
            partitions.add(partition);
        } else {
            partitions.set(partition.partition(), partition);
        }
    }

    private List<PartitionImage> openPartitions(Uuid topicId) {
        List<PartitionImage> open = openTopics.get(topicId);
        if (open == null) {
            open = new ArrayList<>(require(topicId).partitions());
            openTopics.put(topicId, open);
        }
        return open;
    }

    private TopicImage require(Uuid topicId) {
        TopicImage topic = topicsById.get(topicId);
        if (topic == null) {
            throw new IllegalStateException("The metadata log names topic id " + topicId + ", which does not exist");
        }
        return topic;
    }

    private static <T> List<T> copyOrEmpty(List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    private static <T> List<T> copyOr(List<T> list, List<T> otherwise) {
        return list == null ? otherwise : List.copyOf(list);
    }

    private static String protocolName(short id) {
        return switch (id) {
            case 0 -> "PLAINTEXT";
            case 1 -> "SSL";
            case 2 -> "SASL_PLAINTEXT";
            case 3 -> "SASL_SSL";
            default -> throw new IllegalStateException("The metadata log has the unknown security protocol " + id);
        };
    }
}
