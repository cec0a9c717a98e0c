package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.BrokerRegistrationChangeRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.FeatureLevelRecord;
import io.ottla.protocol.message.RegisterBrokerRecord;
import java.util.ArrayList;
import java.util.List;

/** The records that make a cluster and its brokers, as a freshly formatted Apache Kafka 4.3.1 writes them. */
final class ClusterRecords {

    static final String CONTROLLER_LISTENER = "CONTROLLER";

    /** A feature: the versions that this release can serve, and the one that a new cluster starts with. */
    record Feature(String name, int min, int max, int initial) {}

    /** Sorted by name. */
    static final List<Feature> FEATURES = List.of(
            new Feature("eligible.leader.replicas.version", 0, 1, 1),
            new Feature("group.version", 0, 1, 1),
            new Feature("kraft.version", 0, 1, 0),
            new Feature("metadata.version", 7, 30, 30),
            new Feature("share.version", 0, 1, 0),
            new Feature("streams.version", 0, 1, 0),
            new Feature("transaction.version", 0, 2, 2));

    private static final String METADATA_VERSION = "metadata.version";
    private static final byte UNFENCED = -1;
    static final byte FENCED = 1;

    private ClusterRecords() {}

    /** What a new cluster starts with. */
    static List<MetadataRecord> bootstrap(BrokerConfig config) {
        List<MetadataRecord> records = new ArrayList<>();
        // The metadata version comes first: it says how to read what follows.
        records.add(level(METADATA_VERSION, 30));
        for (Feature feature : FEATURES) {
            if (feature.initial > 0 && !feature.name.equals(METADATA_VERSION)) {
                records.add(level(feature.name, feature.initial));
            }
        }
        // Eligible leader replicas need one value of min.insync.replicas for all brokers (KIP-966).
        records.add(new ConfigRecord()
                .resourceType(ConfigResource.BROKER)
                .resourceName("")
                .name("min.insync.replicas")
                .value(config.text("min.insync.replicas")));
        return records;
    }

    /**
     * What one broker's start writes: its registration, and its leave to serve.
     *
     * @param epoch the offset that the registration gets
     */
    static List<MetadataRecord> register(Registration registration, long epoch) {
        List<MetadataRecord> records = new ArrayList<>();
        RegisterBrokerRecord register = new RegisterBrokerRecord()
                .brokerId(registration.brokerId())
                .incarnationId(Uuid.random())
                .brokerEpoch(epoch)
                .rack(registration.rack())
                .fenced(true)
                .logDirs(registration.logDirs());
        for (Listener listener : registration.endpoints()) {
            register.endPoints().add(endpoint(listener));
        }
        for (Feature feature : FEATURES) {
            register.features()
                    .add(new RegisterBrokerRecord.BrokerFeature()
                            .name(feature.name)
                            .minSupportedVersion((short) feature.min)
                            .maxSupportedVersion((short) feature.max));
        }
        records.add(register);
        records.add(new BrokerRegistrationChangeRecord()
                .brokerId(registration.brokerId())
                .brokerEpoch(epoch)
                .fenced(UNFENCED)
                .cordonedLogDirs(List.of()));
        return records;
    }

    /** What a clean stop writes. Leaders stay what they are: the same broker leads again when it is back. */
    static List<MetadataRecord> fenceAll(MetadataImage image) {
        List<MetadataRecord> records = new ArrayList<>();
        for (BrokerImage broker : image.brokers()) {
            if (!broker.fenced()) {
                records.add(new BrokerRegistrationChangeRecord()
                        .brokerId(broker.id())
                        .brokerEpoch(broker.epoch())
                        .fenced(FENCED));
            }
        }
        return records;
    }

    static RegisterBrokerRecord.BrokerEndpoint endpoint(Listener listener) {
        return new RegisterBrokerRecord.BrokerEndpoint()
                .name(listener.name())
                .host(listener.host())
                .port(listener.port())
                .securityProtocol(protocolId(listener.securityProtocol()));
    }

    private static FeatureLevelRecord level(String name, int level) {
        return new FeatureLevelRecord().name(name).featureLevel((short) level);
    }

    private static short protocolId(String name) {
        return switch (name) {
            case "PLAINTEXT" -> 0;
            case "SSL" -> 1;
            case "SASL_PLAINTEXT" -> 2;
            case "SASL_SSL" -> 3;
            default -> throw new IllegalArgumentException("Unknown security protocol " + name);
        };
    }
}
