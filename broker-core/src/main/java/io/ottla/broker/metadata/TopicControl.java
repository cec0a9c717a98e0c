package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.broker.config.TopicConfigs;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.protocol.message.CreatePartitionsRequest.CreatePartitionsAssignment;
import io.ottla.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableReplicaAssignment;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import io.ottla.protocol.message.PartitionRecord;
import io.ottla.protocol.message.RemoveTopicRecord;
import io.ottla.protocol.message.TopicRecord;
import io.ottla.storage.CommitCallback;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/** Makes, grows and removes topics, by the rules and with the words of Apache Kafka. Thread-safe. */
public final class TopicControl {

    /** The most partitions, and the most records, that one request may ask for. */
    private static final int MAX_PER_REQUEST = 10_000;

    private static final int DEFAULT = -1;

    private final MetadataStore store;

    public TopicControl(MetadataStore store) {
        this.store = store;
    }

    /** Calls back when what has been changed is safe and can be seen, or never will be: see {@link MetadataStore#whenCommitted}. */
    public void whenCommitted(CommitCallback callback) {
        store.whenCommitted(callback);
    }

    /** The topic of this name, made with the broker's defaults if there is none; the broker's own topics get their own settings. */
    public TopicImage ensureTopic(String name) {
        TopicImage topic = store.latestImage().topic(name);
        if (topic != null) {
            return topic;
        }
        BrokerConfig config = store.brokerConfig();
        TopicOutcome outcome = createAll(
                        List.of(InternalTopics.defaults(
                                name, config, store.latestImage().brokers().size())),
                        false)
                .get(0);
        if (outcome.error() == ErrorCode.TOPIC_ALREADY_EXISTS) {
            // Another connection was faster.
            TopicImage made = store.latestImage().topic(name);
            if (made != null) {
                return made;
            }
        }
        return orThrow(outcome);
    }

    /**
     * Makes one topic, and returns when it can be used. May block on the file system.
     *
     * @param partitions how many, -1 for the broker's default
     * @param configs what the topic sets itself
     * @throws ApiException where it cannot be made
     */
    public TopicImage create(String name, int partitions, Map<String, String> configs) {
        CreatableTopic topic =
                new CreatableTopic().name(name).numPartitions(partitions).replicationFactor((short) DEFAULT);
        configs.forEach((key, value) ->
                topic.configs().add(new CreatableTopicConfig().name(key).value(value)));
        TopicImage made = orThrow(createAll(List.of(topic), false).get(0));
        store.awaitCommitted();
        return made;
    }

    /**
     * Makes topics, those that can be made in one step.
     *
     * @param topics with distinct names
     * @param validateOnly whether to only say what would become of them
     * @return one outcome for each topic, in their order
     */
    public List<TopicOutcome> createAll(List<CreatableTopic> topics, boolean validateOnly) {
        return createAll(topics, validateOnly, TopicControl::unlimited);
    }

    /** For those whose changes are not counted. */
    private static void unlimited(int partitions) {}

    /**
     * As {@link #createAll(List, boolean)}, for a client whose changes are counted.
     *
     * @param mutations is told the number of partitions of each topic that can be made, and may refuse it with an {@link ApiException}
     */
    public List<TopicOutcome> createAll(List<CreatableTopic> topics, boolean validateOnly, IntConsumer mutations) {
        List<TopicOutcome> outcomes = new ArrayList<>(topics.size());
        store.update(image -> {
            Creation creation = new Creation(image, store.brokerConfig(), mutations);
            if (countPartitions(topics) > MAX_PER_REQUEST) {
                return refuseAll(topics, "Excessively large number of partitions per request.", outcomes);
            }
            topics.forEach(topic -> outcomes.add(creation.add(topic)));
            if (creation.records.size() > MAX_PER_REQUEST) {
                outcomes.clear();
                return refuseAll(topics, "Unable to perform excessively large batch operation.", outcomes);
            }
            return validateOnly ? List.of() : creation.records;
        });
        return outcomes;
    }

    /**
     * Removes a topic and all it has.
     *
     * @throws ApiException UNKNOWN_TOPIC_ID where there is none with this id
     */
    public TopicImage delete(Uuid topicId) {
        return delete(topicId, TopicControl::unlimited);
    }

    /**
     * As {@link #delete(Uuid)}, for a client whose changes are counted.
     *
     * @param mutations is told the number of partitions of the topic, and may refuse with an {@link ApiException}
     */
    public TopicImage delete(Uuid topicId, IntConsumer mutations) {
        TopicImage[] deleted = new TopicImage[1];
        store.update(image -> {
            deleted[0] = image.topic(topicId);
            if (deleted[0] == null) {
                throw new ApiException(ErrorCode.UNKNOWN_TOPIC_ID);
            }
            mutations.accept(deleted[0].partitions().size());
            return List.of(new RemoveTopicRecord().topicId(topicId));
        });
        return deleted[0];
    }

    /**
     * Adds partitions to a topic.
     *
     * @param wish the topic, its new total and, if the client chose them, the replicas of the new partitions
     * @param validateOnly whether to only check
     * @throws ApiException where it cannot be done
     */
    public void createPartitions(CreatePartitionsTopic wish, boolean validateOnly) {
        createPartitions(wish, validateOnly, TopicControl::unlimited);
    }

    /**
     * As {@link #createPartitions(CreatePartitionsTopic, boolean)}, for a client whose changes are counted.
     *
     * @param mutations is told the number of partitions that can be added, and may refuse it with an {@link ApiException}
     */
    public void createPartitions(CreatePartitionsTopic wish, boolean validateOnly, IntConsumer mutations) {
        store.update(image -> {
            List<MetadataRecord> records = growth(image, wish);
            mutations.accept(records.size());
            return validateOnly ? List.of() : records;
        });
    }

    private static List<MetadataRecord> growth(MetadataImage image, CreatePartitionsTopic wish) {
        TopicImage topic = image.topic(wish.name());
        if (topic == null) {
            throw new ApiException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
        }
        int current = topic.partitions().size();
        if (wish.count() == current) {
            throw new ApiException(ErrorCode.INVALID_PARTITIONS, "Topic already has " + current + " partition(s).");
        }
        if (wish.count() < current) {
            throw new ApiException(
                    ErrorCode.INVALID_PARTITIONS,
                    "The topic " + topic.name() + " currently has " + current + " partition(s); " + wish.count()
                            + " would not be an increase.");
        }
        int added = wish.count() - current;
        if (added > MAX_PER_REQUEST) {
            throw new ApiException(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.");
        }
        int factor = topic.partitions().get(0).replicas().size();
        List<List<Integer>> placements;
        if (wish.assignments() == null) {
            placements = ReplicaPlacement.spread(image, topic.name(), current, added, factor);
        } else {
            placements = chosen(image, wish.assignments(), current, added, factor);
        }
        List<MetadataRecord> records = new ArrayList<>(added);
        for (List<Integer> replicas : placements) {
            records.add(partition(image, topic.id(), current + records.size(), replicas));
        }
        return records;
    }

    private static List<List<Integer>> chosen(
            MetadataImage image, List<CreatePartitionsAssignment> assignments, int first, int added, int factor) {
        if (assignments.size() != added) {
            throw ReplicaPlacement.invalid("Attempted to add " + added + " additional partition(s), but only "
                    + assignments.size() + " assignment(s) were specified.");
        }
        List<List<Integer>> placements = new ArrayList<>(added);
        for (CreatePartitionsAssignment assignment : assignments) {
            ReplicaPlacement.validate(image, assignment.brokerIds(), factor);
            ReplicaPlacement.validateServing(image, first + placements.size(), assignment.brokerIds());
            placements.add(List.copyOf(assignment.brokerIds()));
        }
        return placements;
    }

    private static PartitionRecord partition(MetadataImage image, Uuid topicId, int index, List<Integer> replicas) {
        List<Uuid> directories = new ArrayList<>(replicas.size());
        for (Integer id : replicas) {
            List<Uuid> logDirs = image.broker(id).logDirs();
            // A broker with one directory has its replicas there; with several the choice is the broker's own.
            directories.add(logDirs.size() == 1 ? logDirs.get(0) : Uuid.ZERO);
        }
        List<Integer> isr = ReplicaPlacement.serving(image, replicas);
        return new PartitionRecord()
                .partitionId(index)
                .topicId(topicId)
                .replicas(replicas)
                .isr(isr)
                .leader(isr.get(0))
                .leaderEpoch(0)
                .partitionEpoch(0)
                .directories(directories);
    }

    private static List<MetadataRecord> refuseAll(
            List<CreatableTopic> topics, String message, List<TopicOutcome> outcomes) {
        ApiException reason = new ApiException(ErrorCode.POLICY_VIOLATION, message);
        topics.forEach(topic -> outcomes.add(TopicOutcome.refused(topic.name(), reason)));
        return List.of();
    }

    private static long countPartitions(List<CreatableTopic> topics) {
        long count = 0;
        for (CreatableTopic topic : topics) {
            count += topic.assignments().isEmpty()
                    ? Math.max(topic.numPartitions(), 1)
                    : topic.assignments().size();
        }
        return count;
    }

    private static TopicImage orThrow(TopicOutcome outcome) {
        if (outcome.error() != ErrorCode.NONE) {
            throw new ApiException(outcome.error(), outcome.message());
        }
        return outcome.topic();
    }

    /** The topics of one request on their way to records. */
    private static final class Creation {

        private final MetadataImage image;
        private final BrokerConfig config;
        private final IntConsumer mutations;
        private final Map<String, String> collisions = new HashMap<>();
        private final List<MetadataRecord> records = new ArrayList<>();

        Creation(MetadataImage image, BrokerConfig config, IntConsumer mutations) {
            this.image = image;
            this.config = config;
            this.mutations = mutations;
        }

        TopicOutcome add(CreatableTopic topic) {
            try {
                validateName(topic.name());
                Map<String, String> configs = configs(topic);
                List<List<Integer>> placements = topic.assignments().isEmpty() ? placed(topic) : chosen(topic);
                mutations.accept(placements.size());
                collisions.put(TopicNames.collisionKey(topic.name()), topic.name());
                return TopicOutcome.granted(write(topic.name(), configs, placements));
            } catch (ApiException e) {
                return TopicOutcome.refused(topic.name(), e);
            }
        }

        private void validateName(String name) {
            if (name.equals(TopicNames.CLUSTER_METADATA)) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST, "Creation of internal topic " + name + " is prohibited.");
            }
            TopicNames.validate(name);
            if (image.topic(name) != null) {
                throw new ApiException(ErrorCode.TOPIC_ALREADY_EXISTS, "Topic '" + name + "' already exists.");
            }
            String colliding = image.collidingTopic(name);
            if (colliding == null) {
                colliding = collisions.get(TopicNames.collisionKey(name));
            }
            if (colliding != null) {
                throw new ApiException(
                        ErrorCode.INVALID_TOPIC_EXCEPTION,
                        "Topic '" + name + "' collides with existing topic: " + colliding);
            }
        }

        private Map<String, String> configs(CreatableTopic topic) {
            Map<String, String> configs = new TreeMap<>();
            List<String> nulls = new ArrayList<>();
            for (CreatableTopicConfig entry : topic.configs()) {
                if (entry.value() == null) {
                    nulls.add(entry.name());
                }
                configs.put(entry.name(), entry.value());
            }
            if (!nulls.isEmpty()) {
                throw new ApiException(
                        ErrorCode.INVALID_CONFIG,
                        "Null value not supported for topic configs: " + String.join(",", nulls));
            }
            try {
                TopicConfigs.validate(configs, config);
            } catch (ConfigException e) {
                throw new ApiException(ErrorCode.INVALID_CONFIG, e.getMessage());
            }
            return configs;
        }

        private List<List<Integer>> placed(CreatableTopic topic) {
            if (topic.replicationFactor() < DEFAULT || topic.replicationFactor() == 0) {
                throw new ApiException(
                        ErrorCode.INVALID_REPLICATION_FACTOR,
                        "Replication factor must be larger than 0, or -1 to use the default value.");
            }
            if (topic.numPartitions() < DEFAULT || topic.numPartitions() == 0) {
                throw new ApiException(
                        ErrorCode.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value.");
            }
            int partitions = topic.numPartitions() == DEFAULT ? config.numPartitions() : topic.numPartitions();
            int factor = topic.replicationFactor() == DEFAULT ? defaultFactor() : topic.replicationFactor();
            return ReplicaPlacement.spread(image, topic.name(), 0, partitions, factor);
        }

        /** The configured default, but no more than there are brokers: a file made for a cluster must serve here too. */
        private int defaultFactor() {
            int wanted = config.intValue("default.replication.factor");
            return Math.max(1, Math.min(wanted, image.brokers().size()));
        }

        private List<List<Integer>> chosen(CreatableTopic topic) {
            if (topic.replicationFactor() != DEFAULT) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST,
                        "A manual partition assignment was specified, but replication factor was not set to -1.");
            }
            if (topic.numPartitions() != DEFAULT) {
                throw new ApiException(
                        ErrorCode.INVALID_REQUEST,
                        "A manual partition assignment was specified, but numPartitions was not set to -1.");
            }
            TreeMap<Integer, List<Integer>> byPartition = new TreeMap<>();
            int factor = -1;
            for (CreatableReplicaAssignment assignment : topic.assignments()) {
                if (byPartition.containsKey(assignment.partitionIndex())) {
                    throw ReplicaPlacement.invalid(
                            "Found multiple manual partition assignments for partition " + assignment.partitionIndex());
                }
                ReplicaPlacement.validate(image, assignment.brokerIds(), factor);
                ReplicaPlacement.validateServing(image, assignment.partitionIndex(), assignment.brokerIds());
                factor = assignment.brokerIds().size();
                byPartition.put(assignment.partitionIndex(), List.copyOf(assignment.brokerIds()));
            }
            if (byPartition.firstKey() != 0 || byPartition.lastKey() != byPartition.size() - 1) {
                throw ReplicaPlacement.invalid("partitions should be a consecutive 0-based integer sequence");
            }
            return List.copyOf(byPartition.values());
        }

        private TopicImage write(String name, Map<String, String> configs, List<List<Integer>> placements) {
            Uuid id = Uuid.random();
            List<MetadataRecord> own = new ArrayList<>(1 + configs.size() + placements.size());
            own.add(new TopicRecord().name(name).topicId(id));
            configs.forEach((key, value) -> own.add(new ConfigRecord()
                    .resourceType(ConfigResource.TOPIC)
                    .resourceName(name)
                    .name(key)
                    .value(value)));
            for (int index = 0; index < placements.size(); index++) {
                own.add(partition(image, id, index, placements.get(index)));
            }
            records.addAll(own);
            MetadataDelta delta = new MetadataDelta(image);
            own.forEach(record -> delta.replay(record, image.offset()));
            return delta.build().topic(id);
        }
    }
}
