package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.broker.config.ConfigKey;
import io.ottla.broker.config.ConfigKeys;
import io.ottla.broker.config.ConfigType;
import io.ottla.broker.config.GroupConfigs;
import io.ottla.broker.config.MetricsConfigs;
import io.ottla.broker.config.TopicConfigs;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may be configured of a resource, by its type; the words are those of Apache Kafka. */
abstract class ConfigRules {

    final ConfigResource resource;
    final MetadataImage image;
    final MetadataStore store;

    private ConfigRules(ConfigResource resource, MetadataImage image, MetadataStore store) {
        this.resource = resource;
        this.image = image;
        this.store = store;
    }

    static ConfigRules of(ConfigResource resource, MetadataImage image, MetadataStore store) {
        return switch (resource.type()) {
            case ConfigResource.TOPIC -> new OfTopic(resource, image, store);
            case ConfigResource.BROKER -> new OfBroker(resource, image, store);
            case ConfigResource.GROUP -> new OfGroup(resource, image, store);
            case ConfigResource.CLIENT_METRICS -> new OfMetrics(resource, image, store);
            default -> throw ConfigControl.invalidRequest("Unknown resource type " + resource.type());
        };
    }

    /** The keys that are known for this type of resource. */
    abstract Map<String, ConfigKey> keys();

    /** Throws an {@link ApiException} where this very resource cannot be configured. */
    abstract void checkResource();

    /**
     * Throws an {@link ApiException} where the change is not allowed.
     *
     * @param changed the keys that change; a null value removes one
     * @param wanted all that is set afterwards
     */
    abstract void check(Map<String, String> changed, Map<String, String> wanted);

    /** What a key has that is not set, as text; null if nothing. */
    abstract String defaultText(String key);

    boolean isList(String key) {
        ConfigKey known = keys().get(key);
        return known != null && known.type() == ConfigType.LIST;
    }

    private static ApiException invalidConfig(String message) {
        return new ApiException(ErrorCode.INVALID_CONFIG, message);
    }

    private static final class OfTopic extends ConfigRules {

        OfTopic(ConfigResource resource, MetadataImage image, MetadataStore store) {
            super(resource, image, store);
        }

        @Override
        Map<String, ConfigKey> keys() {
            return TopicConfigs.keys();
        }

        @Override
        void checkResource() {
            if (resource.name().isEmpty()) {
                throw ConfigControl.invalidRequest("Default topic resources are not allowed.");
            }
            TopicNames.validate(resource.name());
            if (image.topic(resource.name()) == null) {
                throw new ApiException(
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic '" + resource.name() + "' does not exist.");
            }
        }

        @Override
        void check(Map<String, String> changed, Map<String, String> wanted) {
            try {
                TopicConfigs.validate(wanted, store.brokerConfig());
            } catch (ConfigException e) {
                throw invalidConfig(e.getMessage());
            }
        }

        @Override
        String defaultText(String key) {
            return TopicConfigs.defaultText(key, store.brokerConfig());
        }
    }

    private static final class OfBroker extends ConfigRules {

        private static final String MIN_ISR = "min.insync.replicas";

        // Apache Kafka opens and closes listeners at run time; here they are those of the start.
        private static final List<String> FIXED = List.of("listeners", "listener.security.protocol.map");

        /** The keys of TLS that only one listener at a time can be given, under its own prefix. */
        private static final Set<String> PER_LISTENER = Set.of(
                "ssl.key.password",
                "ssl.keystore.certificate.chain",
                "ssl.keystore.key",
                "ssl.keystore.location",
                "ssl.keystore.password",
                "ssl.keystore.type",
                "ssl.truststore.certificates",
                "ssl.truststore.location",
                "ssl.truststore.password",
                "ssl.truststore.type");

        private static final List<String> THREAD_COUNTS = List.of(
                "background.threads",
                "log.cleaner.threads",
                "num.io.threads",
                "num.network.threads",
                "num.recovery.threads.per.data.dir",
                "num.replica.fetchers");

        OfBroker(ConfigResource resource, MetadataImage image, MetadataStore store) {
            super(resource, image, store);
        }

        @Override
        Map<String, ConfigKey> keys() {
            return ConfigKeys.broker();
        }

        @Override
        void checkResource() {
            if (resource.name().isEmpty()) {
                return;
            }
            int id;
            try {
                id = Integer.parseInt(resource.name());
            } catch (NumberFormatException e) {
                throw ConfigControl.invalidRequest("Node id must be an integer, but it is: " + resource.name());
            }
            if (image.broker(id) == null) {
                throw ConfigControl.invalidRequest("Unexpected broker id, expected "
                        + store.staticConfig().nodeId() + ", but received " + resource.name());
            }
        }

        @Override
        void check(Map<String, String> changed, Map<String, String> wanted) {
            List<String> fixed = new ArrayList<>();
            List<String> perBroker = new ArrayList<>();
            List<String> perListener = new ArrayList<>();
            for (String name : changed.keySet()) {
                ConfigKey key = keys().get(name);
                if (key != null && key.updateMode() == ConfigKey.UpdateMode.READ_ONLY) {
                    fixed.add(name);
                } else if (PER_LISTENER.contains(name)) {
                    perListener.add(name);
                } else if (key != null
                        && key.updateMode() == ConfigKey.UpdateMode.PER_BROKER
                        && resource.name().isEmpty()) {
                    perBroker.add(name);
                } else if (FIXED.contains(name)) {
                    fixed.add(name);
                }
            }
            if (!fixed.isEmpty()) {
                throw ConfigControl.invalidRequest(
                        "Cannot update these configs dynamically: [" + String.join(", ", fixed) + "]");
            }
            if (!perListener.isEmpty()) {
                throw ConfigControl.invalidRequest(
                        "These security configs can be dynamically updated only per-listener using the listener prefix: ["
                                + String.join(", ", perListener) + "]");
            }
            if (!perBroker.isEmpty()) {
                throw ConfigControl.invalidRequest(
                        "Cannot update these configs at default cluster level, broker id must be specified: ["
                                + String.join(", ", perBroker) + "]");
            }
            checkEligibleLeaderReplicas(changed);
            checkValues(changed, wanted);
        }

        /** With eligible leader replicas, one min.insync.replicas must hold for all brokers (KIP-966). */
        private void checkEligibleLeaderReplicas(Map<String, String> changed) {
            if (!changed.containsKey(MIN_ISR) || !image.features().containsKey("eligible.leader.replicas.version")) {
                return;
            }
            if (!resource.name().isEmpty()) {
                throw invalidConfig("Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
            }
            if (changed.get(MIN_ISR) == null) {
                throw invalidConfig("Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
            }
        }

        private void checkValues(Map<String, String> changed, Map<String, String> wanted) {
            try {
                BrokerConfig after = ConfigControl.withDynamic(store, image, resource, wanted);
                for (String key : THREAD_COUNTS) {
                    if (changed.containsKey(key)) {
                        checkThreads(key, intValue(store.brokerConfig(), key), intValue(after, key));
                    }
                }
            } catch (ConfigException e) {
                throw ConfigControl.invalidRequest(e.getMessage());
            }
        }

        private static int intValue(BrokerConfig config, String key) {
            return Integer.parseInt(config.text(key));
        }

        /** Apache Kafka lets a pool of threads double or halve at once. */
        private static void checkThreads(String key, int before, int after) {
            if (after >= Math.max(1, before / 2) && after <= before * 2L) {
                return;
            }
            boolean less = after < before;
            String problem;
            if (key.equals("log.cleaner.threads")) {
                problem = "Log cleaner threads cannot be "
                        + (less
                                ? "reduced to less than half the current value "
                                : "increased to more than double the current value ")
                        + before;
            } else {
                problem = "Dynamic thread count update validation failed for " + key + "=" + after + ", value should "
                        + (less
                                ? "be at least half the current value "
                                : "not be greater than double the current value ")
                        + before;
            }
            throw ConfigControl.invalidRequest("Invalid value org.apache.kafka.common.config.ConfigException: "
                    + problem + " for configuration Invalid dynamic configuration");
        }

        @Override
        String defaultText(String key) {
            return store.staticConfig().text(key);
        }
    }

    private static final class OfGroup extends ConfigRules {

        OfGroup(ConfigResource resource, MetadataImage image, MetadataStore store) {
            super(resource, image, store);
        }

        @Override
        Map<String, ConfigKey> keys() {
            return ConfigKeys.group();
        }

        @Override
        void checkResource() {
            if (resource.name().isEmpty()) {
                throw ConfigControl.invalidRequest("Default group resources are not allowed.");
            }
        }

        @Override
        void check(Map<String, String> changed, Map<String, String> wanted) {
            try {
                GroupConfigs.validate(wanted, store.brokerConfig());
            } catch (ConfigException e) {
                throw invalidConfig(e.getMessage());
            }
        }

        @Override
        String defaultText(String key) {
            return GroupConfigs.defaultText(key, store.brokerConfig());
        }
    }

    private static final class OfMetrics extends ConfigRules {

        OfMetrics(ConfigResource resource, MetadataImage image, MetadataStore store) {
            super(resource, image, store);
        }

        @Override
        Map<String, ConfigKey> keys() {
            return ConfigKeys.metrics();
        }

        /** Apache Kafka types these keys as lists, and lets nobody append to them. */
        @Override
        boolean isList(String key) {
            return false;
        }

        @Override
        void checkResource() {
            if (resource.name().isEmpty()) {
                throw ConfigControl.invalidRequest("Subscription name can't be empty");
            }
        }

        @Override
        void check(Map<String, String> changed, Map<String, String> wanted) {
            for (String key : wanted.keySet()) {
                if (!keys().containsKey(key)) {
                    throw ConfigControl.invalidRequest("Unknown client metrics configuration: " + key);
                }
            }
            try {
                MetricsConfigs.validate(wanted);
            } catch (ConfigException e) {
                throw invalidConfig(e.getMessage());
            }
            String refusal = MetricsConfigs.intervalRefusal(wanted);
            if (refusal != null) {
                throw ConfigControl.invalidRequest(refusal);
            }
        }

        @Override
        String defaultText(String key) {
            return keys().get(key).defaultText();
        }
    }
}
