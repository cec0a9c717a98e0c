package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.BrokerTopic;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A parameter or a field that may be given something.
 *
 * @param name of the parameter, if it was compiled with names, or of the field; a word for its type otherwise
 * @param where for messages
 * @param topic the annotation, or null
 * @param bootstrapServers the annotation, or null
 * @param clientConfig the annotation, or null
 */
record Injected(
        Class<?> type,
        Type genericType,
        String name,
        String where,
        Topic topic,
        BootstrapServers bootstrapServers,
        ClientConfig clientConfig) {

    static Injected of(ParameterContext context) {
        Class<?> type = context.getParameter().getType();
        return new Injected(
                type,
                context.getParameter().getParameterizedType(),
                context.getParameter().isNamePresent()
                        ? context.getParameter().getName()
                        : type.getSimpleName().toLowerCase(Locale.ROOT),
                "the parameter " + context.getParameter() + " of "
                        + context.getDeclaringExecutable().getName(),
                context.findAnnotation(Topic.class).orElse(null),
                context.findAnnotation(BootstrapServers.class).orElse(null),
                context.findAnnotation(ClientConfig.class).orElse(null));
    }

    static Injected of(Field field) {
        return new Injected(
                field.getType(),
                field.getGenericType(),
                field.getName(),
                "the field " + field.getName() + " of "
                        + field.getDeclaringClass().getSimpleName(),
                AnnotationSupport.findAnnotation(field, Topic.class).orElse(null),
                AnnotationSupport.findAnnotation(field, BootstrapServers.class).orElse(null),
                AnnotationSupport.findAnnotation(field, ClientConfig.class).orElse(null));
    }

    /** Whether a field asks for something. One that is final may be the test's own broker. */
    boolean isWantedBy(Field field) {
        boolean settable = !Modifier.isFinal(field.getModifiers());
        if (!isAnnotated()) {
            return settable && type == EmbeddedBroker.class;
        }
        if (!settable) {
            throw new ExtensionConfigurationException("Nothing can be put into " + where + ": it is final");
        }
        if (!isSupported()) {
            throw new ExtensionConfigurationException(
                    "There is nothing for " + where + ", a " + type.getSimpleName() + " with these annotations");
        }
        return true;
    }

    private boolean isAnnotated() {
        return topic != null || bootstrapServers != null || clientConfig != null;
    }

    boolean isSupported() {
        if (type == EmbeddedBroker.class) {
            return true;
        }
        if (type == BrokerTopic.class) {
            return topic != null;
        }
        if (type == String.class) {
            return topic != null || bootstrapServers != null;
        }
        if (type == Map.class || type == Properties.class) {
            return clientConfig != null;
        }
        return kind() != null;
    }

    KafkaClients.Kind kind() {
        return KafkaClients.Kind.of(type);
    }

    /** Whether it has to do with one broker, and not with any that may be there at the time. */
    boolean isClient() {
        return kind() != null;
    }
}
