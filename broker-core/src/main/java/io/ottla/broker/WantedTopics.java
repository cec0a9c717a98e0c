package io.ottla.broker;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.testing.BrokerParts;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The topics that a builder asks for: those that a broker has when it is handed out, and after each reset. Not thread-safe. */
final class WantedTopics {

    private final Map<String, Topic> topics = new LinkedHashMap<>();

    private record Topic(String name, int partitions, Map<String, String> configs) {}

    /** Adds a topic; the first of a name counts. */
    void add(String name, int partitions, Map<String, String> configs) {
        topics.putIfAbsent(Objects.requireNonNull(name, "name"), new Topic(name, partitions, Map.copyOf(configs)));
    }

    void addAll(WantedTopics others) {
        topics.putAll(others.topics);
    }

    /** The form in which a topic is asked for. */
    static CreatableTopic creatable(String name, int partitions, Map<String, String> configs) {
        CreatableTopic topic =
                new CreatableTopic().name(name).numPartitions(partitions).replicationFactor((short) -1);
        configs.forEach((key, value) ->
                topic.configs().add(new CreatableTopicConfig().name(key).value(value)));
        return topic;
    }

    /** Creates those that are not there. */
    void create(Broker broker) {
        MetadataImage image = broker.inside().metadata().image();
        broker.createTopics(topics.values().stream()
                .filter(topic -> image.topic(topic.name) == null)
                .map(topic -> creatable(topic.name, topic.partitions, topic.configs))
                .toList());
    }

    /** Empties those that can be, and are as they were made; returns their ids. The others are to be made anew. */
    Set<Uuid> empty(BrokerParts broker) {
        Set<Uuid> emptied = new HashSet<>();
        for (Topic topic : topics.values()) {
            MetadataImage metadata = broker.metadata().image();
            TopicImage image = metadata.topic(topic.name);
            if (image != null
                    && image.partitions().size() == topic.partitions
                    && image.partitions().stream().allMatch(PartitionImage::isAsMade)
                    && metadata.topicConfig(topic.name).equals(topic.configs)
                    && broker.partitions().renew(topic.name)) {
                emptied.add(image.id());
            }
        }
        return emptied;
    }
}
