package io.ottla.examples.timetravel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.junit.OttlaTest;
import io.ottla.broker.junit.Topic;
import io.ottla.broker.testing.BrokerTopic;
import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.junit.jupiter.api.Test;

/** A week passes at once. */
@OttlaTest
class RetentionTest {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Test
    void shouldForgetWhatIsOlderThanAWeek(
            EmbeddedBroker broker, @Topic(name = "orders", config = "retention.ms=604800000") BrokerTopic orders) {
        orders.write("42", "old");
        broker.clock().advance(Duration.ofDays(6));
        orders.write("43", "young");
        orders.assertValues("old", "young");
        broker.clock().advance(Duration.ofDays(8));
        orders.assertEmpty();
        assertEquals(2, orders.startOffset(0));
    }

    @Test
    void shouldGoOnWhereThereIsSomething(
            EmbeddedBroker broker,
            @Topic(name = "orders", config = "retention.ms=604800000") BrokerTopic orders,
            @Topic(name = "orders") Consumer<String, String> consumer) {
        orders.write("42", "old");
        broker.clock().advance(Duration.ofDays(8));
        orders.write("43", "young");
        assertEquals("young", consumer.poll(LIMIT).iterator().next().value());
    }
}
