package io.ottla.broker.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Configures a {@code Producer}, {@code Consumer} or {@code Admin}, or is, on a {@code Map} or {@code Properties}, the configuration for clients that
 * the test makes itself.
 *
 * <pre>{@code
 * @Test
 * void shouldBill(
 *         @ClientConfig("transactional.id=tx") Producer<String, Long> producer,
 *         @ClientConfig(value = "group.id=billing", valueDeserializer = OrderDeserializer.class) Consumer<String, Order> consumer) { ... }
 * }</pre>
 *
 * <p>Without it a client has {@code bootstrap.servers}, the serializers or deserializers of its type arguments (for {@code String}, {@code byte[]},
 * {@code Integer}, {@code Long}, {@code Short}, {@code Double}, {@code Float}, {@code Boolean}, {@code UUID}, {@code ByteBuffer}, {@code Bytes} and
 * {@code Void}), a {@code client.id} after the parameter or field and, if it is a consumer, a {@code group.id} of its own and
 * {@code auto.offset.reset=earliest}.
 */
@Target({ElementType.PARAMETER, ElementType.FIELD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface ClientConfig {

    /** {@code key=value}; goes before the defaults. */
    String[] value() default {};

    /** The serializer of a producer's keys; {@code void} for that of the first type argument. */
    Class<?> keySerializer() default void.class;

    /** The serializer of a producer's values; {@code void} for that of the second type argument. */
    Class<?> valueSerializer() default void.class;

    /** The deserializer of a consumer's keys; {@code void} for that of the first type argument. */
    Class<?> keyDeserializer() default void.class;

    /** The deserializer of a consumer's values; {@code void} for that of the second type argument. */
    Class<?> valueDeserializer() default void.class;
}
