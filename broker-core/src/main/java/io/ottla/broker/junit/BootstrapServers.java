package io.ottla.broker.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a {@code String}: the address of the broker, as for {@code bootstrap.servers}.
 *
 * <pre>{@code
 * @Test
 * void shouldConnect(@BootstrapServers String bootstrapServers) {
 *     new Billing(bootstrapServers).start();
 * }
 * }</pre>
 */
@Target({ElementType.PARAMETER, ElementType.FIELD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface BootstrapServers {

    /** The name of the listener, as in {@code listeners}; empty for all of them. */
    String listener() default "";
}
