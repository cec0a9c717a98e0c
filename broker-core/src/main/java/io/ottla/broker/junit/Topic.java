package io.ottla.broker.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A topic of the broker. On a parameter or field it is made for the test, unless it is there, and handed out: as a
 * {@link io.ottla.broker.testing.BrokerTopic}, as a {@code String} with its name, or as a {@code Consumer} that has subscribed to it.
 *
 * <pre>{@code
 * @Test
 * void shouldCopy(@Topic(name = "in", partitions = 3) BrokerTopic in, @Topic(name = "out") Consumer<String, String> out) { ... }
 * }</pre>
 */
@Target({ElementType.PARAMETER, ElementType.FIELD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface Topic {

    /** The name; empty for one that no other topic of the broker has, on parameters and fields only. */
    String name() default "";

    /** How many partitions; -1 for as many as the broker makes by default. */
    int partitions() default -1;

    /** Configuration of the topic: {@code key=value}. */
    String[] config() default {};
}
