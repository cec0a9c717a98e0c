package io.ottla.broker.junit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes and closes clients of whatever version of kafka-clients the test has, by reflection: Ottla has none to compile with. All that is used here
 * is there from 2.8 to 4.3.
 */
final class KafkaClients {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaClients.class);

    private static final String CLIENTS = "org.apache.kafka.clients.";
    private static final String SERIALIZATION = "org.apache.kafka.common.serialization.";

    /** A producer that cannot reach its broker any more gives up what it has not sent; a consumer leaves its group sooner than that. */
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    /** How Apache Kafka calls what it has for a type, before {@code Serializer} and {@code Deserializer}. */
    private static final Map<String, String> FORMATS = Map.ofEntries(
            Map.entry("java.lang.String", "String"),
            Map.entry("byte[]", "ByteArray"),
            Map.entry("java.lang.Integer", "Integer"),
            Map.entry("java.lang.Long", "Long"),
            Map.entry("java.lang.Short", "Short"),
            Map.entry("java.lang.Double", "Double"),
            Map.entry("java.lang.Float", "Float"),
            Map.entry("java.lang.Boolean", "Boolean"),
            Map.entry("java.util.UUID", "UUID"),
            Map.entry("java.nio.ByteBuffer", "ByteBuffer"),
            Map.entry("org.apache.kafka.common.utils.Bytes", "Bytes"),
            Map.entry("java.lang.Void", "Void"));

    /** What can be made. */
    enum Kind {
        PRODUCER(
                CLIENTS + "producer.KafkaProducer",
                "Serializer",
                List.of("producer.Producer", "producer.KafkaProducer")),
        CONSUMER(
                CLIENTS + "consumer.KafkaConsumer",
                "Deserializer",
                List.of("consumer.Consumer", "consumer.KafkaConsumer")),
        ADMIN(
                CLIENTS + "admin.AdminClient",
                null,
                List.of("admin.Admin", "admin.AdminClient", "admin.KafkaAdminClient"));

        private final String className;
        private final String formatSuffix;

        @SuppressWarnings("ImmutableEnumChecker") // it comes from List.of
        private final List<String> types;

        Kind(String className, String formatSuffix, List<String> types) {
            this.className = className;
            this.formatSuffix = formatSuffix;
            this.types = types;
        }

        /** The kind of client that a type stands for, or null. */
        static Kind of(Class<?> type) {
            if (type.getName().startsWith(CLIENTS)) {
                String name = type.getName().substring(CLIENTS.length());
                for (Kind kind : values()) {
                    if (kind.types.contains(name)) {
                        return kind;
                    }
                }
            }
            return null;
        }
    }

    private KafkaClients() {}

    /** Adds the serializers or deserializers that are not configured. */
    static void addFormats(Kind kind, Class<?> type, Type genericType, Map<String, Object> config, String where) {
        if (kind.formatSuffix != null) {
            addFormat(kind, type, genericType, 0, "key", config, where);
            addFormat(kind, type, genericType, 1, "value", config, where);
        }
    }

    private static void addFormat(
            Kind kind,
            Class<?> type,
            Type genericType,
            int argument,
            String what,
            Map<String, Object> config,
            String where) {
        String key = what + "." + (kind == Kind.PRODUCER ? "serializer" : "deserializer");
        if (config.containsKey(key)) {
            return;
        }
        Type wanted = argument(genericType, argument);
        String format = wanted == null ? null : FORMATS.get(wanted.getTypeName());
        Class<?> found = format == null ? null : find(type, SERIALIZATION + format + kind.formatSuffix);
        if (found == null) {
            throw new ParameterResolutionException("No " + (kind == Kind.PRODUCER ? "serializer" : "deserializer")
                    + " is known for the " + what + "s of " + where + ", which are "
                    + (wanted == null ? "of no type that is named" : wanted.getTypeName())
                    + ": name one with @ClientConfig(" + what + kind.formatSuffix + " = ...)");
        }
        config.put(key, found);
    }

    /** A type argument; that of {@code ? super X} and {@code ? extends X} is X. */
    private static Type argument(Type genericType, int index) {
        if (!(genericType instanceof ParameterizedType parameterized)
                || parameterized.getActualTypeArguments().length <= index) {
            return null;
        }
        Type argument = parameterized.getActualTypeArguments()[index];
        if (argument instanceof WildcardType wildcard) {
            return wildcard.getLowerBounds().length > 0 ? wildcard.getLowerBounds()[0] : wildcard.getUpperBounds()[0];
        }
        return argument;
    }

    private static Class<?> find(Class<?> neighbour, String className) {
        try {
            return Class.forName(className, true, neighbour.getClassLoader());
        } catch (ClassNotFoundException e) {
            return null;
        }
    }

    /** Makes a client of the version of kafka-clients that the type is of. */
    static AutoCloseable create(Kind kind, Class<?> type, Map<String, Object> config) {
        Class<?> client = find(type, kind.className);
        try {
            Object made = kind == Kind.ADMIN
                    ? client.getMethod("create", Map.class).invoke(null, config)
                    : client.getConstructor(Map.class).newInstance(config);
            return (AutoCloseable) made;
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            throw new ParameterResolutionException(
                    "A " + type.getSimpleName() + " cannot be made: " + cause.getMessage()
                            + (cause.getCause() == null
                                    ? ""
                                    : ": " + cause.getCause().getMessage()),
                    cause);
        } catch (ReflectiveOperationException e) {
            throw new ParameterResolutionException("This version of kafka-clients is not known: " + e, e);
        }
    }

    static void subscribe(AutoCloseable consumer, String topic) {
        try {
            consumer.getClass().getMethod("subscribe", Collection.class).invoke(consumer, List.of(topic));
        } catch (ReflectiveOperationException e) {
            throw new ParameterResolutionException("A consumer cannot subscribe to " + topic, e);
        }
    }

    /** Closes a client; one that cannot be closed is no fault of the test. */
    static void close(AutoCloseable client) {
        try {
            Method close = client.getClass().getMethod("close", Duration.class);
            close.invoke(client, CLOSE_LIMIT);
        } catch (InvocationTargetException e) {
            LOG.warn("{} cannot be closed", client, e.getCause());
        } catch (ReflectiveOperationException e) {
            LOG.warn("{} cannot be closed", client, e);
        }
    }
}
