package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupClients.GROUP;
import static io.ottla.broker.coordinator.group.GroupClients.pollUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.coordinator.group.GroupClients.Consumer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's own consumers with {@code group.protocol=consumer}. */
class ConsumerProtocolClientsTest {

    private static final String TOPIC = "topic";

    private static Consumer consumer(GroupClients clients) {
        return clients.newProtocolConsumer(Map.of());
    }

    private static Consumer consumer(GroupClients clients, String instanceId) {
        return clients.newProtocolConsumer(Map.of("group.instance.id", instanceId));
    }

    @Test
    void shouldLetConsumersOfAGroupShareThePartitions() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 4);
            clients.produce(TOPIC, 4, 0, 100);
            Consumer first = consumer(clients).subscribe(TOPIC);
            pollUntil(() -> first.partitions().size() == 4, first);

            Consumer second = consumer(clients).subscribe(TOPIC);
            pollUntil(
                    () -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
            Set<Integer> all = new TreeSet<>(first.partitions());
            all.addAll(second.partitions());
            assertEquals(Set.of(0, 1, 2, 3), all);
            // It gave up only what the other one got.
            assertEquals(2, first.revocations.get(0).size());

            second.close();
            pollUntil(() -> first.partitions().size() == 4, first);
            pollUntil(() -> new TreeSet<>(first.read).size() == 100, first);
        }
    }

    @Test
    void shouldAssignQuickly() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            Consumer warmUp =
                    clients.newProtocolConsumer(Map.of("group.id", "other")).subscribe(TOPIC);
            pollUntil(() -> !warmUp.partitions().isEmpty(), warmUp);
            Consumer first = consumer(clients).subscribe(TOPIC);
            Consumer second = consumer(clients).subscribe(TOPIC);
            long startNanos = System.nanoTime();
            pollUntil(
                    () -> first.partitions().size() == 1 && second.partitions().size() == 1, first, second);
            // Far more than it takes, and less than one heartbeat interval of Apache Kafka.
            assertTrue(System.nanoTime() - startNanos < Duration.ofMillis(4_500).toNanos());
        }
    }

    @Test
    void shouldReadTheTopicsOfAPattern() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic("orders-eu", 1);
            clients.createTopic("other", 1);
            clients.produce("orders-eu", 1, 0, 10);
            Consumer consumer = consumer(clients);
            consumer.client.subscribe(new SubscriptionPattern("orders-.*"));
            pollUntil(() -> consumer.read.size() == 10, consumer);
            clients.createTopic("orders-us", 1);
            clients.produce("orders-us", 1, 10, 20);
            pollUntil(() -> consumer.read.size() == 20, consumer);
            assertEquals(
                    Set.of(new TopicPartition("orders-eu", 0), new TopicPartition("orders-us", 0)),
                    consumer.client.assignment());

            Consumer wrong = clients.newProtocolConsumer(Map.of("group.id", "other"));
            wrong.client.subscribe(new SubscriptionPattern("("));
            assertThrows(InvalidRegularExpression.class, () -> pollUntil(() -> false, wrong));
        }
    }

    @Test
    void shouldKeepTheAssignmentOfAStaticMemberThatReturns() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 4);
            Consumer first = consumer(clients, "one").subscribe(TOPIC);
            Consumer second = consumer(clients, "two").subscribe(TOPIC);
            pollUntil(
                    () -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
            Set<Integer> before = second.partitions();
            int assignments = first.assignments;
            second.close();
            Consumer returned = consumer(clients, "two").subscribe(TOPIC);
            pollUntil(() -> returned.partitions().size() == 2, first, returned);
            assertEquals(before, returned.partitions());
            assertEquals(assignments, first.assignments);

            clients.admin
                    .removeMembersFromConsumerGroup(GROUP, new RemoveMembersFromConsumerGroupOptions())
                    .all()
                    .get();
        }
    }

    @Test
    void shouldResumeWhereAGroupHasCommittedAfterARestart(@TempDir Path folder) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().dataFolder(folder).start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            clients.produce(TOPIC, 2, 0, 10);
            Consumer consumer = consumer(clients).subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() == 10, consumer);
            consumer.client.commitSync();
        }
        try (EmbeddedBroker broker = EmbeddedBroker.builder().dataFolder(folder).start();
                GroupClients clients = new GroupClients(broker)) {
            clients.produce(TOPIC, 2, 10, 20);
            Consumer consumer = consumer(clients).subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() >= 10, consumer);
            assertEquals(10, consumer.read.size());
            assertTrue(consumer.read.stream().allMatch(value -> Integer.parseInt(value) >= 10));
        }
    }

    @Test
    void shouldServeTheAdministrationOfGroups() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            clients.produce(TOPIC, 2, 0, 10);
            Consumer consumer = consumer(clients).subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() == 10, consumer);
            consumer.client.commitSync();

            ConsumerGroupDescription group = clients.admin
                    .describeConsumerGroups(List.of(GROUP))
                    .all()
                    .get()
                    .get(GROUP);
            assertEquals(GroupType.CONSUMER, group.type());
            assertEquals(GroupState.STABLE, group.groupState());
            assertEquals("uniform", group.partitionAssignor());
            assertEquals(
                    Set.of(new TopicPartition(TOPIC, 0), new TopicPartition(TOPIC, 1)),
                    group.members().iterator().next().assignment().topicPartitions());
            assertEquals(1, list(clients, GroupType.CONSUMER));
            assertEquals(0, list(clients, GroupType.CLASSIC));
            assertFails(GroupNotEmptyException.class, () -> clients.admin
                    .deleteConsumerGroups(List.of(GROUP))
                    .all()
                    .get());
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            assertFails(GroupSubscribedToTopicException.class, () -> clients.admin
                    .deleteConsumerGroupOffsets(GROUP, Set.of(partition))
                    .partitionResult(partition)
                    .get());
            consumer.close();

            // Without members, the group may be used by the other protocol, and goes on where it was.
            clients.produce(TOPIC, 2, 10, 12);
            Consumer classic = clients.consumer().subscribe(TOPIC);
            pollUntil(() -> classic.read.size() == 2, classic);
            assertEquals(1, list(clients, GroupType.CLASSIC));
            classic.close();
            Consumer again = consumer(clients).subscribe(TOPIC);
            pollUntil(() -> again.partitions().size() == 2, again);
            again.close();
            clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get();
            assertEquals(0, list(clients, GroupType.CONSUMER));
        }
    }

    private static int list(GroupClients clients, GroupType type) throws Exception {
        return clients.admin
                .listGroups(new ListGroupsOptions().withTypes(Set.of(type)))
                .all()
                .get()
                .size();
    }

    private static void assertFails(
            Class<? extends Throwable> expected, org.junit.jupiter.api.function.Executable call) {
        assertInstanceOf(expected, assertThrows(ExecutionException.class, call).getCause());
    }
}
