package io.ottla.broker.metadata;

import io.ottla.protocol.Uuid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.BiConsumer;

/** All metadata at one offset of the metadata log. Immutable: whoever holds one sees a consistent state for ever. */
public final class MetadataImage {

    private final String clusterId;
    private final long offset;
    private final SortedMap<String, Short> features;
    private final SortedMap<Integer, BrokerImage> brokersById;
    private final List<BrokerImage> brokers;
    private final PersistentMap<String, TopicImage> topicsByName;
    private final PersistentMap<Uuid, TopicImage> topicsById;
    private final PersistentMap<String, String> collisions;
    private final PersistentMap<ConfigResource, Map<String, String>> configs;
    private final PersistentMap<String, Map<ScramMechanism, ScramCredential>> scramUsers;
    private final PersistentMap<QuotaEntity, Map<String, Double>> clientQuotas;
    private final long nextProducerId;
    private final CarriedRecords carried;
    private final long timeMs;
    // Filled when first asked for; computing it twice does no harm.
    private volatile List<TopicImage> sortedTopics;

    MetadataImage(MetadataDelta delta) {
        this.clusterId = delta.clusterId;
        this.offset = delta.offset;
        this.features = delta.features;
        this.brokersById = delta.brokers;
        this.brokers = List.copyOf(delta.brokers.values());
        this.topicsByName = delta.topicsByName;
        this.topicsById = delta.topicsById;
        this.collisions = delta.collisions;
        this.configs = delta.configs;
        this.scramUsers = delta.scramUsers;
        this.clientQuotas = delta.clientQuotas;
        this.nextProducerId = delta.nextProducerId;
        this.carried = delta.carried;
        this.timeMs = delta.timeMs;
    }

    static MetadataImage empty(String clusterId) {
        return new MetadataImage(new MetadataDelta(clusterId));
    }

    /** The id of the cluster, the 22 characters of a base64 uuid. */
    public String clusterId() {
        return clusterId;
    }

    /** The offset of the last record that this image contains, -1 for none. */
    public long offset() {
        return offset;
    }

    /** The finalized feature levels by feature name, sorted. */
    public SortedMap<String, Short> features() {
        return features;
    }

    /** The brokers, sorted by id. */
    public List<BrokerImage> brokers() {
        return brokers;
    }

    /** The broker with this id, null if there is none. */
    public BrokerImage broker(int id) {
        return brokersById.get(id);
    }

    /** The broker that answers for the controller: the lowest id that is not fenced, -1 if there is none. */
    public int controllerId() {
        for (BrokerImage broker : brokers) {
            if (!broker.fenced()) {
                return broker.id();
            }
        }
        return -1;
    }

    /** The replicas of a partition whose brokers do not serve; nearly always none. */
    public List<Integer> offlineReplicas(PartitionImage partition) {
        List<Integer> offline = null;
        for (Integer id : partition.replicas()) {
            BrokerImage broker = brokersById.get(id);
            if (broker == null || broker.fenced()) {
                if (offline == null) {
                    offline = new ArrayList<>(1);
                }
                offline.add(id);
            }
        }
        return offline == null ? List.of() : offline;
    }

    /** The topic of this name, null if there is none. */
    public TopicImage topic(String name) {
        return topicsByName.get(name);
    }

    /** The topic with this id, null if there is none. */
    public TopicImage topic(Uuid id) {
        return topicsById.get(id);
    }

    /** All topics, sorted by name. Sorting happens once per image, when it is first asked for. */
    public List<TopicImage> topics() {
        List<TopicImage> topics = sortedTopics;
        if (topics == null) {
            TopicImage[] array = new TopicImage[topicsByName.size()];
            int[] count = {0};
            topicsByName.forEach((name, topic) -> array[count[0]++] = topic);
            Arrays.sort(array, Comparator.comparing(TopicImage::name));
            topics = List.of(array);
            sortedTopics = topics;
        }
        return topics;
    }

    /**
     * Tells which topics differ from those of an earlier image, or have another configuration: twice, where both is so. Takes no longer
     * than the changes between the two did.
     *
     * @param change is given what the topic was and what it is; null where there was or is none of that id
     */
    public void forEachTopicChangeFrom(MetadataImage before, BiConsumer<TopicImage, TopicImage> change) {
        topicsById.forEachChangeFrom(before.topicsById, (id, old, young) -> change.accept(old, young));
        configs.forEachChangeFrom(before.configs, (resource, old, young) -> {
            TopicImage topic = resource.type() == ConfigResource.TOPIC ? topic(resource.name()) : null;
            if (topic != null) {
                change.accept(before.topic(topic.id()), topic);
            }
        });
    }

    /** How many topics there are. */
    public int topicCount() {
        return topicsByName.size();
    }

    /** The topic that keeps this name from being used, because only dots and underscores differ; null if there is none. */
    String collidingTopic(String name) {
        return TopicNames.mayCollide(name) ? collisions.get(TopicNames.collisionKey(name)) : null;
    }

    /** What the topic sets itself, sorted by key; empty if nothing. */
    public Map<String, String> topicConfig(String topic) {
        return config(ConfigResource.topic(topic));
    }

    /** What is set for a resource, sorted by key; empty if nothing. */
    public Map<String, String> config(ConfigResource resource) {
        Map<String, String> config = configs.get(resource);
        return config == null ? Map.of() : config;
    }

    /** The names of all resources of a type that set something, sorted. */
    public List<String> configuredNames(byte resourceType) {
        List<String> names = new ArrayList<>();
        configs.forEach((resource, config) -> {
            if (resource.type() == resourceType) {
                names.add(resource.name());
            }
        });
        names.sort(null);
        return names;
    }

    /** The SCRAM credentials of a user by mechanism; empty if there are none. */
    public Map<ScramMechanism, ScramCredential> scramCredentials(String user) {
        Map<ScramMechanism, ScramCredential> credentials = scramUsers.get(user);
        return credentials == null ? Map.of() : credentials;
    }

    /** The names of all users who have SCRAM credentials, sorted. */
    public List<String> scramUsers() {
        List<String> users = new ArrayList<>();
        scramUsers.forEach((user, credentials) -> users.add(user));
        users.sort(null);
        return users;
    }

    /** The quotas of an entity by key, sorted; empty if it has none. */
    public Map<String, Double> clientQuotas(QuotaEntity entity) {
        Map<String, Double> quotas = clientQuotas.get(entity);
        return quotas == null ? Map.of() : quotas;
    }

    /** Whether no client quota differs from those of an image that this one was made from, or the other way round. */
    @SuppressWarnings("ReferenceEquality") // what was not changed is the same object in both images
    public boolean hasClientQuotasOf(MetadataImage other) {
        return clientQuotas == other.clientQuotas;
    }

    /** The first producer id that no broker has been given yet. */
    long nextProducerId() {
        return nextProducerId;
    }

    /** What no other part of the image reads. */
    CarriedRecords carried() {
        return carried;
    }

    /** When the last record that this image contains was written, in milliseconds since 1970; -1 for none. */
    long timeMs() {
        return timeMs;
    }

    PersistentMap<String, TopicImage> topicsByName() {
        return topicsByName;
    }

    PersistentMap<Uuid, TopicImage> topicsById() {
        return topicsById;
    }

    PersistentMap<String, String> collisions() {
        return collisions;
    }

    PersistentMap<ConfigResource, Map<String, String>> configs() {
        return configs;
    }

    PersistentMap<String, Map<ScramMechanism, ScramCredential>> scramCredentials() {
        return scramUsers;
    }

    PersistentMap<QuotaEntity, Map<String, Double>> clientQuotas() {
        return clientQuotas;
    }

    SortedMap<Integer, BrokerImage> brokersById() {
        return brokersById;
    }
}
