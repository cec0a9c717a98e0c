package io.ottla.broker.coordinator.group;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.Uuid;
import java.util.Collection;
import java.util.List;

/** The topics of the broker at one moment, as far as the assignment of partitions needs them. */
interface GroupTopics {

    /** Differs from that of another moment if any topic does. */
    long version();

    /** The id of a topic, or null if there is none of the name. */
    Uuid id(String name);

    /** The name of a topic, or null if there is none of the id. */
    String name(Uuid id);

    /** How many partitions a topic has; 0 if there is none of the id. */
    int partitionCount(Uuid id);

    /** The names of all topics. */
    Collection<String> names();

    /** The topics of an image of the metadata. */
    static GroupTopics of(MetadataImage image) {
        return new GroupTopics() {
            @Override
            public long version() {
                return image.offset();
            }

            @Override
            public Uuid id(String name) {
                TopicImage topic = image.topic(name);
                return topic == null ? null : topic.id();
            }

            @Override
            public String name(Uuid id) {
                TopicImage topic = image.topic(id);
                return topic == null ? null : topic.name();
            }

            @Override
            public int partitionCount(Uuid id) {
                TopicImage topic = image.topic(id);
                return topic == null ? 0 : topic.partitions().size();
            }

            @Override
            public Collection<String> names() {
                List<TopicImage> topics = image.topics();
                return topics.stream().map(TopicImage::name).toList();
            }
        };
    }
}
