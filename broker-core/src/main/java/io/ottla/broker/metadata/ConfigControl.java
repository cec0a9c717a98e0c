package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Loggers;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.message.ConfigRecord;
import io.ottla.storage.CommitCallback;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** Changes the configurations of topics, brokers, groups, metrics subscriptions and loggers at run time. Thread-safe. */
public final class ConfigControl {

    private final MetadataStore store;
    private final LoggerControl loggers;

    /** Without loggers. */
    public ConfigControl(MetadataStore store) {
        this(store, Loggers.none());
    }

    /** @param loggers those whose levels may be changed */
    public ConfigControl(MetadataStore store, Loggers loggers) {
        this.store = store;
        this.loggers = new LoggerControl(loggers, store.staticConfig().nodeId());
    }

    /** Calls back when what has been changed is safe and can be seen, or never will be: see {@link MetadataStore#whenCommitted}. */
    public void whenCommitted(CommitCallback callback) {
        store.whenCommitted(callback);
    }

    /**
     * Changes configurations; those wishes that can be granted, in one step.
     *
     * @param validateOnly whether to only say what would become of them
     * @return one outcome for each wish, in their order
     */
    public List<ConfigOutcome> alter(List<ConfigWish> wishes, boolean validateOnly) {
        Map<ConfigResource, Integer> counts = new HashMap<>();
        wishes.forEach(wish -> counts.merge(wish.resource(), 1, Integer::sum));
        List<ConfigOutcome> outcomes = new ArrayList<>(wishes.size());
        List<ConfigWish> levels = new ArrayList<>();
        store.update(image -> {
            List<MetadataRecord> records = new ArrayList<>();
            for (ConfigWish wish : wishes) {
                try {
                    if (counts.get(wish.resource()) > 1) {
                        throw invalidRequest("Each resource must appear at most once.");
                    }
                    if (wish.resource().type() == ConfigResource.BROKER_LOGGER) {
                        checkShape(wish.changes());
                        loggers.check(wish);
                        levels.add(wish);
                    } else {
                        records.addAll(plan(image, wish));
                    }
                    outcomes.add(ConfigOutcome.GRANTED);
                } catch (ApiException e) {
                    outcomes.add(new ConfigOutcome(e.error(), e.getMessage()));
                }
            }
            return validateOnly ? List.of() : records;
        });
        if (!validateOnly) {
            levels.forEach(loggers::apply);
        }
        return outcomes;
    }

    private List<ConfigRecord> plan(MetadataImage image, ConfigWish wish) {
        checkShape(wish.changes());
        ConfigResource resource = wish.resource();
        ConfigRules rules = ConfigRules.of(resource, image, store);
        rules.checkResource();
        Map<String, String> current = image.config(resource);
        Map<String, String> wanted = new TreeMap<>(wish.replaceAll() ? Map.of() : current);
        for (ConfigChange change : wish.changes()) {
            String value = apply(change, current.get(change.key()), rules);
            if (value == null) {
                wanted.remove(change.key());
            } else {
                wanted.put(change.key(), value);
            }
        }
        Map<String, String> changed = difference(current, wanted);
        rules.check(changed, wanted);
        List<ConfigRecord> records = new ArrayList<>(changed.size());
        changed.forEach((key, value) -> records.add(new ConfigRecord()
                .resourceType(resource.type())
                .resourceName(resource.name())
                .name(key)
                .value(value)));
        return records;
    }

    /** What must be written to get from one to the other; null removes. */
    private static Map<String, String> difference(Map<String, String> current, Map<String, String> wanted) {
        Map<String, String> changed = new TreeMap<>();
        current.keySet().forEach(key -> {
            if (!wanted.containsKey(key)) {
                changed.put(key, null);
            }
        });
        wanted.forEach((key, value) -> {
            if (!Objects.equals(current.get(key), value)) {
                changed.put(key, value);
            }
        });
        return changed;
    }

    private static void checkShape(List<ConfigChange> changes) {
        Set<String> keys = new HashSet<>();
        List<String> nulls = new ArrayList<>();
        for (ConfigChange change : changes) {
            if (!keys.add(change.key())) {
                throw invalidRequest("Error due to duplicate config keys");
            }
            if (change.value() == null && change.operation() != ConfigChange.DELETE) {
                nulls.add(change.key());
            }
        }
        if (!nulls.isEmpty()) {
            throw invalidRequest("Null value not supported for : " + String.join(", ", nulls));
        }
    }

    private static String apply(ConfigChange change, String current, ConfigRules rules) {
        return switch (change.operation()) {
            case ConfigChange.SET -> change.value();
            case ConfigChange.DELETE -> null;
            case ConfigChange.APPEND -> {
                Set<String> elements = elements(change, current, rules, "APPEND");
                // An empty element is one, too: what the list is checked for will say so.
                Arrays.stream(change.value().split(",", -1)).map(String::trim).forEach(elements::add);
                yield String.join(",", elements);
            }
            case ConfigChange.SUBTRACT -> {
                Set<String> elements = elements(change, current, rules, "SUBTRACT");
                elements.removeAll(split(change.value()));
                yield String.join(",", elements);
            }
            default -> throw invalidRequest("Unknown operation type " + change.operation());
        };
    }

    private static Set<String> elements(ConfigChange change, String current, ConfigRules rules, String operation) {
        if (!rules.isList(change.key())) {
            throw new ApiException(
                    ErrorCode.INVALID_CONFIG,
                    "Can't " + operation + " to key " + change.key() + " because its type is not LIST.");
        }
        return split(current == null ? rules.defaultText(change.key()) : current);
    }

    private static Set<String> split(String list) {
        Set<String> elements = new LinkedHashSet<>();
        if (list != null && !list.isBlank()) {
            Arrays.stream(list.split(",", -1)).map(String::trim).forEach(elements::add);
        }
        return elements;
    }

    static ApiException invalidRequest(String message) {
        return new ApiException(ErrorCode.INVALID_REQUEST, message);
    }

    /** The configuration of this broker as it would be with other values for one of its resources. */
    static BrokerConfig withDynamic(
            MetadataStore store, MetadataImage image, ConfigResource changed, Map<String, String> wanted) {
        int nodeId = store.staticConfig().nodeId();
        Map<String, String> dynamic = new HashMap<>();
        for (ConfigResource resource : List.of(ConfigResource.allBrokers(), ConfigResource.broker(nodeId))) {
            dynamic.putAll(resource.equals(changed) ? wanted : image.config(resource));
        }
        return store.staticConfig().with(dynamic);
    }
}
