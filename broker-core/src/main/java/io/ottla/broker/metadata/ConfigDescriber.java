package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigKey;
import io.ottla.broker.config.ConfigKeys;
import io.ottla.broker.config.GroupConfigs;
import io.ottla.broker.config.TopicConfigs;
import io.ottla.broker.metadata.DescribedConfig.Synonym;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Says what is configured, and why: the dynamic value of one broker goes before that of all brokers, that before the file, and
 * that before the default. Works on one image; entries are sorted by key.
 */
public final class ConfigDescriber {

    private static final List<List<String>> SYNONYMS = List.of(
            List.of("log.roll.ms", "log.roll.hours"),
            List.of("log.roll.jitter.ms", "log.roll.jitter.hours"),
            List.of("log.retention.ms", "log.retention.minutes", "log.retention.hours"));

    private final MetadataImage image;
    private final BrokerConfig staticConfig;
    private final BrokerConfig effectiveConfig;
    private final Map<String, String> ofBroker;
    private final Map<String, String> ofAllBrokers;

    /**
     * @param staticConfig what the broker was started with
     * @param effectiveConfig the same with what was changed at run time
     */
    public ConfigDescriber(MetadataImage image, BrokerConfig staticConfig, BrokerConfig effectiveConfig) {
        this.image = image;
        this.staticConfig = staticConfig;
        this.effectiveConfig = effectiveConfig;
        this.ofBroker = image.config(ConfigResource.broker(staticConfig.nodeId()));
        this.ofAllBrokers = image.config(ConfigResource.allBrokers());
    }

    /** The configuration of a topic, existing or about to. */
    public List<DescribedConfig> topic(Map<String, String> overrides, Predicate<String> wanted) {
        List<DescribedConfig> entries = new ArrayList<>();
        for (ConfigKey key : TopicConfigs.keys().values()) {
            String override = overrides.get(key.name());
            if (!wanted.test(key.name()) || (key.isInternal() && override == null)) {
                continue;
            }
            List<Synonym> synonyms = new ArrayList<>();
            if (override != null) {
                synonyms.add(new Synonym(key.name(), normal(key, override), DescribedConfig.TOPIC));
            }
            List<TopicConfigs.Synonym> brokerKeys = TopicConfigs.synonyms(key.name());
            if (!brokerKeys.isEmpty()) {
                synonyms.addAll(brokerSynonyms(brokerKeys.get(0).brokerKey()));
            }
            String value =
                    override == null ? TopicConfigs.defaultText(key.name(), effectiveConfig) : normal(key, override);
            entries.add(entry(key, value, false, synonyms));
        }
        return entries;
    }

    /**
     * The configuration of a topic as the answer to its creation has it: the source is where the value comes from, under whichever of the names that the
     * broker has for it.
     */
    public List<DescribedConfig> createdTopic(Map<String, String> overrides) {
        List<DescribedConfig> entries = new ArrayList<>();
        for (DescribedConfig entry : topic(overrides, key -> true)) {
            byte source = overrides.containsKey(entry.name()) ? DescribedConfig.TOPIC : brokerSource(entry.name());
            entries.add(new DescribedConfig(
                    entry.name(), entry.value(), source, entry.isReadOnly(), entry.synonyms(), entry.key()));
        }
        return entries;
    }

    private byte brokerSource(String topicKey) {
        List<String> names = TopicConfigs.synonyms(topicKey).stream()
                .map(TopicConfigs.Synonym::brokerKey)
                .toList();
        if (names.stream().anyMatch(ofBroker::containsKey)) {
            return DescribedConfig.DYNAMIC_BROKER;
        }
        if (names.stream().anyMatch(ofAllBrokers::containsKey)) {
            return DescribedConfig.DYNAMIC_ALL_BROKERS;
        }
        return names.stream().anyMatch(staticConfig::isSet) ? DescribedConfig.STATIC_BROKER : DescribedConfig.DEFAULT;
    }

    /** The configuration of this broker. */
    public List<DescribedConfig> broker(Predicate<String> wanted) {
        List<DescribedConfig> entries = new ArrayList<>();
        for (ConfigKey key : ConfigKeys.broker().values()) {
            if (wanted.test(key.name()) && (!key.isInternal() || staticConfig.isSet(key.name()))) {
                boolean readOnly = key.updateMode() == ConfigKey.UpdateMode.READ_ONLY;
                entries.add(entry(key, effectiveConfig.text(key.name()), readOnly, brokerSynonyms(key.name())));
            }
        }
        for (ConfigKey key : ConfigKeys.throttles().values()) {
            List<Synonym> synonyms = new ArrayList<>();
            addSet(key, ofBroker, DescribedConfig.DYNAMIC_BROKER, synonyms);
            addSet(key, ofAllBrokers, DescribedConfig.DYNAMIC_ALL_BROKERS, synonyms);
            if (wanted.test(key.name()) && !synonyms.isEmpty()) {
                entries.add(entry(key, synonyms.get(0).value(), false, synonyms));
            }
        }
        addUnknown(ofBroker, DescribedConfig.DYNAMIC_BROKER, wanted, entries);
        return entries;
    }

    /** What is configured for all brokers at once: only what is set. */
    public List<DescribedConfig> allBrokers(Predicate<String> wanted) {
        List<DescribedConfig> entries = new ArrayList<>();
        ofAllBrokers.forEach((name, value) -> {
            ConfigKey key = known(name);
            if (key != null && wanted.test(name)) {
                String shown = shown(key, value);
                entries.add(entry(
                        key, value, false, List.of(new Synonym(name, shown, DescribedConfig.DYNAMIC_ALL_BROKERS))));
            }
        });
        addUnknown(ofAllBrokers, DescribedConfig.DYNAMIC_ALL_BROKERS, wanted, entries);
        return entries;
    }

    /** The configuration of a group, which need not exist. */
    public List<DescribedConfig> group(String name, Predicate<String> wanted) {
        Map<String, String> overrides = image.config(new ConfigResource(ConfigResource.GROUP, name));
        List<DescribedConfig> entries = new ArrayList<>();
        for (ConfigKey key : ConfigKeys.group().values()) {
            if (wanted.test(key.name())) {
                String override = overrides.get(key.name());
                List<Synonym> synonyms = new ArrayList<>();
                if (override != null) {
                    synonyms.add(new Synonym(key.name(), override, DescribedConfig.GROUP));
                }
                String brokerKey = GroupConfigs.brokerKey(key.name());
                if (brokerKey == null) {
                    synonyms.add(new Synonym(key.name(), key.defaultText(), DescribedConfig.DEFAULT));
                } else {
                    synonyms.addAll(brokerSynonyms(brokerKey));
                }
                String value = override == null ? GroupConfigs.defaultText(key.name(), effectiveConfig) : override;
                entries.add(entry(key, value, false, synonyms));
            }
        }
        return entries;
    }

    /** The configuration of a client metrics subscription, which need not exist. */
    public List<DescribedConfig> metrics(String name, Predicate<String> wanted) {
        Map<String, String> overrides = image.config(new ConfigResource(ConfigResource.CLIENT_METRICS, name));
        List<DescribedConfig> entries = new ArrayList<>();
        for (ConfigKey key : ConfigKeys.metrics().values()) {
            if (wanted.test(key.name())) {
                String override = overrides.containsKey(key.name()) ? normal(key, overrides.get(key.name())) : null;
                List<Synonym> synonyms = override == null
                        ? List.of()
                        : List.of(new Synonym(key.name(), override, DescribedConfig.CLIENT_METRICS));
                entries.add(entry(key, override == null ? key.defaultText() : override, false, synonyms));
            }
        }
        return entries;
    }

    /** Keys that nobody knows may be set on brokers, for plug-ins; their values might be secrets. Apache Kafka calls those of one broker read-only. */
    private static void addUnknown(
            Map<String, String> set, byte source, Predicate<String> wanted, List<DescribedConfig> entries) {
        boolean readOnly = source == DescribedConfig.DYNAMIC_BROKER;
        set.keySet().forEach(name -> {
            if (known(name) == null && wanted.test(name)) {
                List<Synonym> synonyms = List.of(new Synonym(name, null, source));
                entries.add(new DescribedConfig(name, null, source, readOnly, synonyms, null));
            }
        });
    }

    private static ConfigKey known(String name) {
        ConfigKey key = ConfigKeys.broker().get(name);
        return key == null ? ConfigKeys.throttles().get(name) : key;
    }

    private static DescribedConfig entry(ConfigKey key, String value, boolean readOnly, List<Synonym> synonyms) {
        byte source =
                synonyms.isEmpty() ? DescribedConfig.DEFAULT : synonyms.get(0).source();
        return new DescribedConfig(key.name(), shown(key, value), source, readOnly, synonyms, key);
    }

    /** Where the value of a broker key could come from; nothing unless the key itself is set somewhere or has a default. */
    private List<Synonym> brokerSynonyms(String brokerKey) {
        List<Synonym> synonyms = new ArrayList<>();
        List<String> names = names(brokerKey);
        addSet(names, ofBroker, DescribedConfig.DYNAMIC_BROKER, synonyms);
        addSet(names, ofAllBrokers, DescribedConfig.DYNAMIC_ALL_BROKERS, synonyms);
        addSet(names, staticConfig.originals(), DescribedConfig.STATIC_BROKER, synonyms);
        for (String name : names) {
            ConfigKey key = ConfigKeys.broker().get(name);
            if (key.defaultText() != null) {
                synonyms.add(new Synonym(name, shown(key, key.defaultText()), DescribedConfig.DEFAULT));
            }
        }
        int first = 0;
        while (first < synonyms.size() && !synonyms.get(first).name().equals(brokerKey)) {
            first++;
        }
        return synonyms.subList(first, synonyms.size());
    }

    private static void addSet(List<String> names, Map<String, String> set, byte source, List<Synonym> synonyms) {
        for (String name : names) {
            addSet(ConfigKeys.broker().get(name), set, source, synonyms);
        }
    }

    private static void addSet(ConfigKey key, Map<String, String> set, byte source, List<Synonym> synonyms) {
        String value = set.get(key.name());
        if (value != null) {
            synonyms.add(new Synonym(key.name(), shown(key, value), source));
        }
    }

    private static List<String> names(String brokerKey) {
        if (brokerKey.equals("log.flush.interval.ms")) {
            return List.of(brokerKey, "log.flush.scheduler.interval.ms");
        }
        for (List<String> names : SYNONYMS) {
            if (names.contains(brokerKey)) {
                return names;
            }
        }
        return List.of(brokerKey);
    }

    private static String shown(ConfigKey key, String value) {
        return key.isSensitive() ? null : value;
    }

    /** A list without white space, a number without leading zeros. */
    private static String normal(ConfigKey key, String value) {
        return ConfigKey.text(key.parse(value));
    }
}
