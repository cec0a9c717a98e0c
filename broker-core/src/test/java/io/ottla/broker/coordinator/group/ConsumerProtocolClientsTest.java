package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupClients.GROUP;
import static io.ottla.broker.coordinator.group.GroupClients.pollUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ottla.broker.coordinator.group.GroupClients.Consumer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.junit.jupiter.api.Test;

/** Kafka's own consumers with {@code group.protocol=consumer}. */
class ConsumerProtocolClientsTest extends GroupClientsTest {

    @Override
    Consumer consumer(Map<String, ?> extra) {
        return clients.newProtocolConsumer(extra);
    }

    @Override
    GroupType type() {
        return GroupType.CONSUMER;
    }

    @Override
    String assignor() {
        return "uniform";
    }

    @Test
    void shouldGiveUpOnlyWhatAnotherOneGets() throws Exception {
        clients.createTopic(TOPIC, 4);
        Consumer first = consumer().subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 4, first);
        Consumer second = consumer().subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
        assertEquals(
                List.of(2), first.revocations.stream().map(lost -> lost.size()).toList());
    }

    @Test
    void shouldReadTheTopicsOfAPattern() throws Exception {
        clients.createTopic("orders-eu", 1);
        clients.createTopic("other", 1);
        clients.produce("orders-eu", 1, 0, 10);
        Consumer consumer = consumer();
        consumer.client.subscribe(new SubscriptionPattern("orders-.*"));
        pollUntil(() -> consumer.read.size() == 10, consumer);
        clients.createTopic("orders-us", 1);
        clients.produce("orders-us", 1, 10, 20);
        pollUntil(() -> consumer.read.size() == 20, consumer);
        assertEquals(
                Set.of(new TopicPartition("orders-eu", 0), new TopicPartition("orders-us", 0)),
                consumer.client.assignment());

        Consumer wrong = consumer(Map.of("group.id", "other"));
        wrong.client.subscribe(new SubscriptionPattern("("));
        assertThrows(InvalidRegularExpression.class, () -> pollUntil(() -> false, wrong));
    }

    @Test
    void shouldLetAGroupWithoutMembersChangeTheProtocol() throws Exception {
        clients.createTopic(TOPIC, 2);
        clients.produce(TOPIC, 2, 0, 10);
        Consumer consumer = consumer().subscribe(TOPIC);
        pollUntil(() -> consumer.read.size() == 10, consumer);
        consumer.client.commitSync();
        consumer.close();

        // It goes on where it was.
        clients.produce(TOPIC, 2, 10, 12);
        Consumer classic = clients.consumer().subscribe(TOPIC);
        pollUntil(() -> classic.read.size() == 2, classic);
        assertEquals(List.of(GROUP), list(GroupType.CLASSIC));
        classic.close();
        Consumer again = consumer().subscribe(TOPIC);
        pollUntil(() -> again.partitions().size() == 2, again);
        again.close();
        clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get();
        assertEquals(List.of(), list(GroupType.CONSUMER));
    }
}
