package io.ottla.broker.metadata;

import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AccessControlEntryRecord;
import io.ottla.protocol.message.BrokerRegistrationChangeRecord;
import io.ottla.protocol.message.ClearElrRecord;
import io.ottla.protocol.message.ClientQuotaRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.DelegationTokenRecord;
import io.ottla.protocol.message.FeatureLevelRecord;
import io.ottla.protocol.message.FenceBrokerRecord;
import io.ottla.protocol.message.MetadataRecordType;
import io.ottla.protocol.message.NoOpRecord;
import io.ottla.protocol.message.PartitionChangeRecord;
import io.ottla.protocol.message.PartitionRecord;
import io.ottla.protocol.message.ProducerIdsRecord;
import io.ottla.protocol.message.RegisterBrokerRecord;
import io.ottla.protocol.message.RegisterControllerRecord;
import io.ottla.protocol.message.RemoveAccessControlEntryRecord;
import io.ottla.protocol.message.RemoveDelegationTokenRecord;
import io.ottla.protocol.message.RemoveTopicRecord;
import io.ottla.protocol.message.RemoveUserScramCredentialRecord;
import io.ottla.protocol.message.TopicRecord;
import io.ottla.protocol.message.UnfenceBrokerRecord;
import io.ottla.protocol.message.UnregisterBrokerRecord;
import io.ottla.protocol.message.UserScramCredentialRecord;
import io.ottla.protocol.message.ZkMigrationStateRecord;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Records that change an image as they could stand in a metadata log, of all types. */
final class RandomMetadata {

    /** They frame others; what they frame is replayed as if it stood alone. */
    private static final Set<MetadataRecordType> FRAMES = EnumSet.of(
            MetadataRecordType.BEGIN_TRANSACTION_RECORD,
            MetadataRecordType.END_TRANSACTION_RECORD,
            MetadataRecordType.ABORT_TRANSACTION_RECORD);

    private final Random random;
    private final Set<MetadataRecordType> unused = EnumSet.complementOf(EnumSet.copyOf(FRAMES));

    RandomMetadata(Random random) {
        this.random = random;
    }

    /** The image after some records, one by one. */
    MetadataImage change(MetadataImage image, int count) {
        MetadataImage current = image;
        for (int i = 0; i < count; i++) {
            List<MetadataRecord> records = records(current);
            MetadataDelta delta = new MetadataDelta(current);
            for (MetadataRecord record : records) {
                delta.replay(record, delta.offset + 1);
            }
            current = delta.build();
        }
        return current;
    }

    /** The types that no record has had yet. */
    Set<MetadataRecordType> unusedTypes() {
        return unused;
    }

    /** Records that may be replayed onto the image; none now and then. */
    List<MetadataRecord> records(MetadataImage image) {
        MetadataRecordType[] types = MetadataRecordType.values();
        MetadataRecordType type = types[random.nextInt(types.length)];
        List<MetadataRecord> records = FRAMES.contains(type) ? newTopic(image) : ofType(type, image);
        records.forEach(record -> unused.remove(record.type()));
        return records;
    }

    private List<MetadataRecord> ofType(MetadataRecordType type, MetadataImage image) {
        List<TopicImage> topics = image.topics();
        TopicImage topic = topics.isEmpty() ? null : topics.get(random.nextInt(topics.size()));
        List<BrokerImage> brokers = image.brokers();
        BrokerImage broker = brokers.isEmpty() ? null : brokers.get(random.nextInt(brokers.size()));
        return switch (type) {
            case TOPIC_RECORD -> newTopic(image);
            case PARTITION_RECORD ->
                topic == null
                        ? List.of()
                        : List.of(partition(topic.id(), topic.partitions().size()));
            case PARTITION_CHANGE_RECORD -> topic == null ? List.of() : List.of(partitionChange(topic));
            case REMOVE_TOPIC_RECORD ->
                topic == null ? List.of() : List.of(new RemoveTopicRecord().topicId(topic.id()));
            case CLEAR_ELR_RECORD ->
                List.of(new ClearElrRecord().topicName(topic == null || random.nextInt(4) == 0 ? "" : topic.name()));
            case CONFIG_RECORD -> List.of(config(topic));
            case FEATURE_LEVEL_RECORD -> List.of(feature());
            case PRODUCER_IDS_RECORD ->
                List.of(new ProducerIdsRecord().nextProducerId(image.nextProducerId() + 1 + random.nextInt(1000)));
            case REGISTER_BROKER_RECORD -> List.of(broker());
            case UNREGISTER_BROKER_RECORD ->
                broker == null ? List.of() : List.of(new UnregisterBrokerRecord().brokerId(broker.id()));
            case FENCE_BROKER_RECORD -> broker == null ? List.of() : List.of(new FenceBrokerRecord().id(broker.id()));
            case UNFENCE_BROKER_RECORD ->
                broker == null ? List.of() : List.of(new UnfenceBrokerRecord().id(broker.id()));
            case BROKER_REGISTRATION_CHANGE_RECORD ->
                broker == null ? List.of() : List.of(registrationChange(broker.id()));
            default -> List.of(carried(type));
        };
    }

    private MetadataRecord carried(MetadataRecordType type) {
        return switch (type) {
            case USER_SCRAM_CREDENTIAL_RECORD ->
                new UserScramCredentialRecord()
                        .name(word())
                        .mechanism((byte) (1 + random.nextInt(2)))
                        .salt(bytes())
                        .storedKey(bytes())
                        .serverKey(bytes())
                        .iterations(4096 + random.nextInt(1000));
            case REMOVE_USER_SCRAM_CREDENTIAL_RECORD ->
                new RemoveUserScramCredentialRecord().name(word()).mechanism((byte) (1 + random.nextInt(2)));
            case CLIENT_QUOTA_RECORD -> quota();
            case ACCESS_CONTROL_ENTRY_RECORD ->
                new AccessControlEntryRecord()
                        .id(id())
                        .resourceType((byte) 2)
                        .resourceName(word())
                        .patternType((byte) 3)
                        .principal("User:" + word())
                        .host("*")
                        .operation((byte) random.nextInt(12))
                        .permissionType((byte) 3);
            case REMOVE_ACCESS_CONTROL_ENTRY_RECORD -> new RemoveAccessControlEntryRecord().id(id());
            case DELEGATION_TOKEN_RECORD ->
                new DelegationTokenRecord()
                        .owner(word())
                        .requester(word())
                        .renewers(List.of(word()))
                        .issueTimestamp(random.nextLong())
                        .maxTimestamp(random.nextLong())
                        .expirationTimestamp(random.nextLong())
                        .tokenId(word());
            case REMOVE_DELEGATION_TOKEN_RECORD -> new RemoveDelegationTokenRecord().tokenId(word());
            case REGISTER_CONTROLLER_RECORD ->
                new RegisterControllerRecord().controllerId(random.nextInt(3)).incarnationId(newId());
            case ZK_MIGRATION_STATE_RECORD -> new ZkMigrationStateRecord().zkMigrationState((byte) random.nextInt(4));
            case NO_OP_RECORD -> new NoOpRecord();
            default -> throw new AssertionError("There is no random record of type " + type);
        };
    }

    private List<MetadataRecord> newTopic(MetadataImage image) {
        String name = word() + (random.nextBoolean() ? "." : "_") + random.nextInt(20);
        if (image.topic(name) != null || image.collidingTopic(name) != null) {
            return List.of();
        }
        Uuid id = newId();
        List<MetadataRecord> records = new ArrayList<>();
        records.add(new TopicRecord().name(name).topicId(id));
        int partitions = 1 + random.nextInt(4);
        for (int index = 0; index < partitions; index++) {
            records.add(partition(id, index));
        }
        return records;
    }

    private PartitionRecord partition(Uuid topicId, int index) {
        List<Integer> replicas = ids();
        return new PartitionRecord()
                .topicId(topicId)
                .partitionId(index)
                .replicas(replicas)
                .isr(ids())
                .addingReplicas(ids())
                .removingReplicas(ids())
                .eligibleLeaderReplicas(random.nextBoolean() ? null : ids())
                .lastKnownElr(random.nextBoolean() ? null : ids())
                .leader(random.nextInt(4) - 1)
                .leaderEpoch(random.nextInt(9))
                .partitionEpoch(random.nextInt(9))
                .leaderRecoveryState((byte) random.nextInt(2))
                .directories(replicas.stream().map(each -> newId()).toList());
    }

    private PartitionChangeRecord partitionChange(TopicImage topic) {
        PartitionChangeRecord change = new PartitionChangeRecord()
                .topicId(topic.id())
                .partitionId(random.nextInt(topic.partitions().size()));
        if (random.nextBoolean()) {
            change.leader(random.nextInt(4) - 1);
        }
        if (random.nextBoolean()) {
            change.isr(ids()).leaderRecoveryState((byte) random.nextInt(2));
        }
        if (random.nextBoolean()) {
            change.eligibleLeaderReplicas(ids()).lastKnownElr(ids());
        }
        if (random.nextBoolean()) {
            change.addingReplicas(ids()).removingReplicas(ids());
        }
        return change;
    }

    private ConfigRecord config(TopicImage topic) {
        byte[] types = {ConfigResource.BROKER, ConfigResource.TOPIC};
        byte type = topic == null ? ConfigResource.BROKER : types[random.nextInt(2)];
        return new ConfigRecord()
                .resourceType(type)
                .resourceName(type == ConfigResource.TOPIC ? topic.name() : random.nextBoolean() ? "" : "1")
                .name(word())
                .value(random.nextInt(3) == 0 ? null : word());
    }

    private FeatureLevelRecord feature() {
        String name = random.nextBoolean() ? FeatureControl.METADATA_VERSION : word();
        return new FeatureLevelRecord().name(name).featureLevel((short) random.nextInt(4));
    }

    private RegisterBrokerRecord broker() {
        RegisterBrokerRecord record = new RegisterBrokerRecord()
                .brokerId(random.nextInt(3))
                .brokerEpoch(random.nextInt(1000))
                .incarnationId(newId())
                .rack(random.nextBoolean() ? null : word())
                .fenced(random.nextBoolean())
                .inControlledShutdown(random.nextBoolean())
                .logDirs(List.of(newId()))
                .cordonedLogDirs(random.nextBoolean() ? List.of() : List.of(newId()));
        record.endPoints()
                .add(new RegisterBrokerRecord.BrokerEndpoint()
                        .name(word())
                        .host(word())
                        .port(1 + random.nextInt(1000))
                        .securityProtocol((short) random.nextInt(4)));
        record.features()
                .add(new RegisterBrokerRecord.BrokerFeature()
                        .name(word())
                        .minSupportedVersion((short) 1)
                        .maxSupportedVersion((short) (1 + random.nextInt(9))));
        return record;
    }

    private BrokerRegistrationChangeRecord registrationChange(int brokerId) {
        return new BrokerRegistrationChangeRecord()
                .brokerId(brokerId)
                .fenced((byte) (random.nextInt(3) - 1))
                .inControlledShutdown((byte) random.nextInt(2))
                .logDirs(random.nextBoolean() ? List.of() : List.of(newId()))
                .cordonedLogDirs(random.nextBoolean() ? null : List.of(newId()));
    }

    private ClientQuotaRecord quota() {
        ClientQuotaRecord record = new ClientQuotaRecord()
                .key(random.nextBoolean() ? "producer_byte_rate" : "request_percentage")
                .value(random.nextInt(1000))
                .remove(random.nextInt(3) == 0);
        record.entity()
                .add(new ClientQuotaRecord.EntityData()
                        .entityType("user")
                        .entityName(random.nextBoolean() ? null : word()));
        return record;
    }

    private List<Integer> ids() {
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < 3; id++) {
            if (random.nextBoolean()) {
                ids.add(id);
            }
        }
        return ids;
    }

    /** An id that nothing has yet; from the seed, so that the same seed makes the same files. */
    private Uuid newId() {
        return new Uuid(random.nextLong(), random.nextLong());
    }

    private Uuid id() {
        return new Uuid(1L, random.nextInt(8));
    }

    private String word() {
        return "w" + random.nextInt(6);
    }

    private byte[] bytes() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return bytes;
    }
}
