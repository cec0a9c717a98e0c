package io.ottla.examples.producerretry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.junit.ClientConfig;
import io.ottla.broker.junit.OttlaTest;
import io.ottla.broker.junit.Topic;
import io.ottla.broker.testing.fault.Fault;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

/** What a producer does when the broker fails it. A fault that never fires fails its test. */
@OttlaTest(topics = @Topic(name = "orders"))
class ProducerRetryTest {

    private static final ProducerRecord<String, String> ORDER = new ProducerRecord<>("orders", "42", "a book");

    @Test
    void shouldWriteOnceThoughTheAnswerIsLost(
            EmbeddedBroker broker, @ClientConfig("client.id=shop") Producer<String, String> producer) throws Exception {
        broker.faults()
                .on(ApiKey.PRODUCE)
                .topic("orders")
                .disconnectAfterApplied()
                .once();
        producer.send(ORDER).get();
        broker.topic("orders").assertValues("a book"); // the producer is idempotent: its second request is known
        assertEquals(
                2,
                broker.journal()
                        .query()
                        .requests()
                        .client("shop")
                        .api(ApiKey.PRODUCE)
                        .count());
    }

    @Test
    void shouldRetryWhileTheLeaderMoves(EmbeddedBroker broker, Producer<String, String> producer) throws Exception {
        Fault moved = broker.faults().leaderMoved("orders").times(2);
        producer.send(ORDER).get();
        assertEquals(2, moved.fired());
        broker.topic("orders").assertCount(1);
    }

    @Test
    void shouldGiveUpWhatItMayNotDo(EmbeddedBroker broker, Producer<String, String> producer) {
        broker.faults()
                .on(ApiKey.PRODUCE)
                .error(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
                .everyTime();
        ExecutionException failure = assertThrows(
                ExecutionException.class, () -> producer.send(ORDER).get());
        assertInstanceOf(TopicAuthorizationException.class, failure.getCause());
        broker.topic("orders").assertEmpty();
    }
}
