package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerTopic;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ParameterResolutionException;

/** A test, or a class: the broker that it uses and the clients that were made for it. Thread-safe: tests of a class may run at the same time. */
final class Scope {

    /** For names of topics, groups and clients, over all brokers: they are easier to tell apart in logs. */
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final EmbeddedBroker broker;
    private final boolean ownsBroker;
    private final Deque<AutoCloseable> clients = new ArrayDeque<>();

    Scope(EmbeddedBroker broker, boolean ownsBroker) {
        this.broker = broker;
        this.ownsBroker = ownsBroker;
    }

    EmbeddedBroker broker() {
        return broker;
    }

    boolean ownsBroker() {
        return ownsBroker;
    }

    Object make(Injected injected) {
        Class<?> type = injected.type();
        String topic = injected.topic() == null ? null : topic(injected);
        if (injected.kind() != null) {
            return client(injected, topic);
        }
        if (type == EmbeddedBroker.class) {
            return broker;
        }
        if (type == BrokerTopic.class) {
            return broker.topic(topic);
        }
        if (type == String.class) {
            return topic == null ? bootstrapServers(injected.bootstrapServers()) : topic;
        }
        Map<String, Object> config = config(injected.clientConfig());
        if (type == Map.class) {
            return config;
        }
        Properties properties = new Properties();
        properties.putAll(config);
        return properties;
    }

    private String topic(Injected injected) {
        Topic topic = injected.topic();
        String name = topic.name().isEmpty() ? unique(injected.name()) : topic.name();
        broker.createTopic(name, topic.partitions(), KeyValues.parse(topic.config()));
        return name;
    }

    private static String unique(String name) {
        return name.replaceAll("[^A-Za-z0-9._-]", "-") + "-" + NUMBERS.incrementAndGet();
    }

    private String bootstrapServers(BootstrapServers annotation) {
        return annotation.listener().isEmpty()
                ? broker.bootstrapServers()
                : broker.bootstrapServers(annotation.listener());
    }

    private Map<String, Object> config(ClientConfig annotation) {
        Map<String, Object> config = new HashMap<>(broker.clientProperties());
        if (annotation != null) {
            config.putAll(KeyValues.parse(annotation.value()));
            putUnlessVoid(config, "key.serializer", annotation.keySerializer());
            putUnlessVoid(config, "value.serializer", annotation.valueSerializer());
            putUnlessVoid(config, "key.deserializer", annotation.keyDeserializer());
            putUnlessVoid(config, "value.deserializer", annotation.valueDeserializer());
        }
        return config;
    }

    private static void putUnlessVoid(Map<String, Object> config, String key, Class<?> format) {
        if (format != void.class) {
            config.put(key, format);
        }
    }

    private AutoCloseable client(Injected injected, String topic) {
        KafkaClients.Kind kind = injected.kind();
        if (topic != null && kind != KafkaClients.Kind.CONSUMER) {
            throw new ParameterResolutionException("@Topic on " + injected.where() + ": only consumers subscribe");
        }
        Map<String, Object> config = config(injected.clientConfig());
        config.putIfAbsent("client.id", unique(injected.name()));
        if (kind == KafkaClients.Kind.CONSUMER) {
            config.putIfAbsent("group.id", config.get("client.id"));
            config.putIfAbsent("auto.offset.reset", "earliest");
        }
        KafkaClients.addFormats(kind, injected.type(), injected.genericType(), config, injected.where());
        AutoCloseable client = KafkaClients.create(kind, injected.type(), config);
        synchronized (clients) {
            clients.push(client);
        }
        if (topic != null) {
            KafkaClients.subscribe(client, topic);
        }
        return client;
    }

    /** Closes the clients, the last one first, and the broker if it is of this scope. */
    void close() {
        while (true) {
            AutoCloseable client;
            synchronized (clients) {
                client = clients.poll();
            }
            if (client == null) {
                break;
            }
            KafkaClients.close(client);
        }
        if (ownsBroker) {
            broker.close();
        }
    }
}
