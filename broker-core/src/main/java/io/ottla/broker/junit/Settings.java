package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * What the annotations of a class and of a method say together.
 *
 * @param config of the broker
 * @param topics by their names
 * @param brokers how many clients see
 * @param sharing of the class
 * @param stoppedClock whether the clock stands still at first
 */
record Settings(
        Map<String, String> config, Map<String, Topic> topics, int brokers, Sharing sharing, boolean stoppedClock) {

    static final Settings NONE = new Settings(Map.of(), Map.of(), 1, Sharing.RESET_BETWEEN_TESTS, false);

    /** What the annotation says, and these where it says nothing. */
    Settings with(OttlaTest annotation) {
        Map<String, String> allConfig = new LinkedHashMap<>(config);
        allConfig.putAll(KeyValues.parse(annotation.config()));
        Map<String, Topic> allTopics = new LinkedHashMap<>(topics);
        for (Topic topic : annotation.topics()) {
            if (topic.name().isEmpty()) {
                throw new ExtensionConfigurationException("A topic of @OttlaTest needs a name");
            }
            allTopics.put(topic.name(), topic);
        }
        if (annotation.brokers() < 0) {
            throw new ExtensionConfigurationException("Not a number of brokers: " + annotation.brokers());
        }
        return new Settings(
                allConfig,
                allTopics,
                annotation.brokers() == 0 ? brokers : annotation.brokers(),
                annotation.sharing(),
                stoppedClock || annotation.stoppedClock());
    }

    EmbeddedBroker start() {
        EmbeddedBroker.Builder builder = EmbeddedBroker.builder().configs(config);
        if (brokers > 1) {
            builder.brokers(brokers);
        }
        if (stoppedClock) {
            builder.stoppedClock();
        }
        topics.values()
                .forEach(topic -> builder.topic(topic.name(), topic.partitions(), KeyValues.parse(topic.config())));
        return builder.start();
    }
}
