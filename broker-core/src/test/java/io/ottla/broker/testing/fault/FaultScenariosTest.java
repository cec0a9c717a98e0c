package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The named scenarios, and how the real clients come through them. */
class FaultScenariosTest extends FaultFixture {

    /** Counts how often a consumer got partitions and how often it lost them. */
    private static final class Rebalances implements ConsumerRebalanceListener {

        private final AtomicInteger assigned = new AtomicInteger();
        private final AtomicInteger taken = new AtomicInteger();

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            assigned.incrementAndGet();
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            taken.incrementAndGet();
        }
    }

    private Consumer<String, String> member(String protocol, String group, String topic, Rebalances rebalances) {
        Consumer<String, String> consumer = protocol.equals("classic")
                ? consumer(Map.of("group.id", group, "heartbeat.interval.ms", 50, "session.timeout.ms", 2000))
                : consumer(Map.of("group.id", group, "group.protocol", protocol));
        consumer.subscribe(List.of(topic), rebalances);
        return consumer;
    }

    @Test
    void shouldLetAConsumerReadOnAfterTheLeaderHasMoved() throws Exception {
        String topic = createTopic(2);
        Producer<String, String> producer = producer(Map.of());
        send(producer, topic, "a");
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1)));
        assertEquals(List.of("a"), poll(consumer, 1));
        Fault moved = faults().leaderMoved(topic).times(3);
        get(producer.send(new ProducerRecord<>(topic, 1, null, "b")));
        assertEquals(List.of("b"), poll(consumer, 1));
        send(producer, topic, "c");
        assertEquals(List.of("c"), poll(consumer, 1));
        while (moved.isArmed()) {
            consumer.poll(Duration.ofMillis(10)); // it was in the middle of a fetch
        }
        send(producer, topic, "d");
        assertEquals(List.of("d"), poll(consumer, 1));
        assertEquals(3, moved.fired());
    }

    @Test
    void shouldServeTheOtherTopicsOfAFetchSession() throws Exception {
        String broken = createTopic(1);
        String whole = createTopic(1);
        Producer<String, String> producer = producer(Map.of());
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(new TopicPartition(broken, 0), new TopicPartition(whole, 0)));
        send(producer, broken, "a");
        assertEquals(List.of("a"), poll(consumer, 1));
        Fault fault = faults().on(ApiKey.FETCH)
                .topic(broken)
                .error(ErrorCode.NOT_LEADER_OR_FOLLOWER)
                .everyTime();
        while (fault.fired() == 0) {
            consumer.poll(Duration.ofMillis(10)); // it was in the middle of a fetch
        }
        send(producer, broken, "b");
        send(producer, whole, "c");
        assertEquals(List.of("c"), poll(consumer, 1));
        fault.disarm();
        assertEquals(List.of("b"), poll(consumer, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldLetAMemberCommitAfterTheCoordinatorHasMoved(String protocol) throws Exception {
        String topic = createTopic(1);
        String group = unique("group");
        send(producer(Map.of()), topic, "a");
        Consumer<String, String> consumer = member(protocol, group, topic, new Rebalances());
        assertEquals(List.of("a"), poll(consumer, 1));
        Fault moved = faults().coordinatorMoved(group).times(2);
        TopicPartition partition = new TopicPartition(topic, 0);
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(1)));
        assertTrue(moved.fired() > 0);
        assertEquals(1, consumer.committed(Set.of(partition)).get(partition).offset());
    }

    @Test
    void shouldLetATransactionEndAfterItsCoordinatorHasMoved() throws Exception {
        String topic = createTopic(1);
        String id = unique("tx");
        Producer<String, String> producer = producer(Map.of("transactional.id", id));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, topic, "a");
        Fault moved = faults().transactionCoordinatorMoved(id).times(2);
        producer.commitTransaction();
        assertEquals(2, moved.fired());
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        assertEquals(List.of("a"), poll(consumer, 1));
    }

    @Test
    void shouldLetAProducerRetryAStorageError() throws Exception {
        String topic = createTopic(1);
        Fault error = faults().storageError(topic).times(2);
        send(producer(Map.of()), topic, "a");
        assertEquals(2, error.fired());
        assertEquals(1, endOffset(topic));
    }

    @Test
    void shouldThrottleAProducer() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = producer(Map.of("client.id", "greedy"));
        send(producer, topic, "a");
        Fault throttled = faults().throttled("greedy", Duration.ofMillis(300)).once();
        long startNanos = System.nanoTime();
        send(producer, topic, "b");
        long firstMs = millisSince(startNanos);
        send(producer, topic, "c");
        assertEquals(1, throttled.fired());
        assertTrue(millisSince(startNanos) >= 300, "the next record must wait");
        assertTrue(
                producer.metrics().entrySet().stream()
                        .filter(metric -> metric.getKey().name().equals("produce-throttle-time-max"))
                        .anyMatch(metric -> metric.getValue().metricValue().equals(300.0)),
                () -> "the answer after " + firstMs + " ms says nothing of it");
    }

    @Test
    void shouldTakeTheRightToATopicAway() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = producer(Map.of());
        send(producer, topic, "a");
        Fault lost = faults().topicAuthorizationLost(topic).everyTime();
        assertFails(TopicAuthorizationException.class, producer.send(new ProducerRecord<>(topic, "b")));
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        assertThrows(TopicAuthorizationException.class, () -> poll(consumer, 1));
        lost.disarm();
        assertEquals(List.of("a"), poll(consumer, 1));
    }

    @Test
    void shouldTellWhoseTopicIsNotAuthorizedWithItsMetadata() throws Exception {
        String topic = createTopic(1);
        faults().topicAuthorizationLost(topic).everyTime();
        Producer<String, String> producer = producer(Map.of());
        TopicAuthorizationException failure =
                assertFails(TopicAuthorizationException.class, producer.send(new ProducerRecord<>(topic, "b")));
        assertEquals(Set.of(topic), failure.unauthorizedTopics());
    }

    @Test
    void shouldTakeTheRightToAGroupAway() throws Exception {
        String topic = createTopic(1);
        String group = unique("group");
        faults().groupAuthorizationLost(group).everyTime();
        Consumer<String, String> consumer = member("classic", group, topic, new Rebalances());
        assertThrows(GroupAuthorizationException.class, () -> poll(consumer, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldKeepAGroupFromComingToRest(String protocol) throws Exception {
        String topic = createTopic(1);
        String group = unique("group");
        Rebalances rebalances = new Rebalances();
        Producer<String, String> producer = producer(Map.of());
        send(producer, topic, "a");
        Consumer<String, String> consumer = member(protocol, group, topic, rebalances);
        assertEquals(List.of("a"), poll(consumer, 1));
        consumer.commitSync();
        int before = rebalances.assigned.get();
        Fault storm = faults().rebalanceStorm(group).everyTime();
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (rebalances.assigned.get() < before + 2) {
            consumer.poll(Duration.ofMillis(20));
            if (System.nanoTime() - deadlineNanos > 0) {
                fail(String.format(Locale.ROOT, "%s, %d rebalances", storm.report(), rebalances.assigned.get()));
            }
        }
        storm.disarm();
        assertTrue(storm.fired() >= 2);
        assertTrue(rebalances.taken.get() >= 2);
        send(producer, topic, "b");
        assertEquals(List.of("b"), poll(consumer, 1));
    }
}
