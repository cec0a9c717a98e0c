package io.ottla.broker.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives tests a broker, and what they need to use it.
 *
 * <pre>{@code
 * @OttlaTest(topics = @Topic(name = "orders", partitions = 3))
 * class BillingTest {
 *
 *     @Test
 *     void shouldSendInvoices(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
 *         producer.send(new ProducerRecord<>("orders", "42", "created")).get();
 *         broker.topic("orders").assertValues("created");
 *     }
 * }
 * }</pre>
 *
 * <p>Parameters of constructors, of test methods and of the methods before and after them may be
 * <ul>
 *   <li>an {@link io.ottla.broker.EmbeddedBroker};
 *   <li>a {@code Producer<K, V>} or {@code KafkaProducer}, a {@code Consumer<K, V>} or {@code KafkaConsumer}, an {@code Admin}, {@code AdminClient}
 *       or {@code KafkaAdminClient} of kafka-clients, with {@link ClientConfig} where the defaults do not suit;
 *   <li>a {@link io.ottla.broker.testing.BrokerTopic}, or a {@code String} for its name, with {@link Topic};
 *   <li>a {@code String} with {@link BootstrapServers}, or a {@code Map<String, Object>} or {@link java.util.Properties} with
 *       {@link ClientConfig}, for clients that the test makes itself.
 * </ul>
 * So may fields that are not final: one of the type {@code EmbeddedBroker} as it is, others with one of these annotations; each of
 * {@link Topic}, {@link BootstrapServers} and {@link ClientConfig} will do. Instance fields are set anew for each test, before
 * {@code @BeforeEach}; static ones once, before {@code @BeforeAll}.
 *
 * <p>Clients are closed after the test that they were made for, those of a class after its last test.
 *
 * <p>When a test fails, what happened on the broker, and what it holds, is printed to {@code System.err}. A test that passes fails all the
 * same if it armed a fault that never fired.
 *
 * <p>On a class it is for all its tests and those of nested classes, and is inherited. On a method it gives that test a broker of its own, with the
 * configuration and topics of the class and, before those, of the method. Works with JUnit 5.8 and later.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(OttlaExtension.class)
public @interface OttlaTest {

    /** Configuration of the broker: {@code key=value}. */
    String[] config() default {};

    /** Topics that each test finds, empty. */
    Topic[] topics() default {};

    /** How many brokers clients see, see {@link io.ottla.broker.EmbeddedBroker.Builder#brokers}; 0 for as many as the class says, or else 1. */
    int brokers() default 0;

    /** Which tests share a broker. Without effect on a method, which has one of its own. */
    Sharing sharing() default Sharing.RESET_BETWEEN_TESTS;

    /** Whether the broker's clock stands still until a test moves it, see {@link io.ottla.broker.testing.BrokerClock#stop}. */
    boolean stoppedClock() default false;
}
