package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupClients.GROUP;
import static io.ottla.broker.coordinator.group.GroupClients.pollUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.coordinator.group.GroupClients.Consumer;
import io.ottla.storage.ManualClock;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A broker with Kafka's own clients, and what holds for consumers of either protocol. */
abstract class GroupClientsTest {

    static final String TOPIC = "topic";
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

    @TempDir
    Path folder;

    private EmbeddedBroker broker;
    GroupClients clients;

    /** A consumer of the group, of the protocol that is tested. */
    abstract Consumer consumer(Map<String, ?> extra);

    abstract GroupType type();

    abstract String assignor();

    @BeforeEach
    void start() {
        start(EmbeddedBroker.builder());
    }

    private void start(EmbeddedBroker.Builder builder) {
        broker = builder.dataFolder(folder).start();
        clients = new GroupClients(broker);
    }

    @AfterEach
    void stop() {
        clients.close();
        broker.close();
    }

    final Consumer consumer() {
        return consumer(Map.of());
    }

    static void assertFails(Class<? extends Throwable> expected, Executable call) {
        assertInstanceOf(expected, assertThrows(ExecutionException.class, call).getCause());
    }

    /** All partitions that the consumers have; none, if one is with two of them. */
    private static Set<Integer> allOf(Consumer... consumers) {
        Set<Integer> partitions = new TreeSet<>();
        int count = 0;
        for (Consumer consumer : consumers) {
            count += consumer.partitions().size();
            partitions.addAll(consumer.partitions());
        }
        return count == partitions.size() ? partitions : Set.of();
    }

    final ConsumerGroupDescription describe() throws Exception {
        return clients.admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP);
    }

    final List<String> list(ListGroupsOptions options) throws Exception {
        return clients.admin.listGroups(options).all().get().stream()
                .map(GroupListing::groupId)
                .toList();
    }

    final List<String> list(GroupType type) throws Exception {
        return list(new ListGroupsOptions().withTypes(Set.of(type)));
    }

    final Map<TopicPartition, OffsetAndMetadata> offsets() throws Exception {
        return clients.admin
                .listConsumerGroupOffsets(GROUP)
                .partitionsToOffsetAndMetadata()
                .get();
    }

    @Test
    void shouldLetConsumersOfAGroupShareThePartitions() throws Exception {
        clients.createTopic(TOPIC, 4);
        clients.produce(TOPIC, 4, 0, 100);
        Consumer first = consumer().subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 4, first);

        Consumer second = consumer().subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
        assertEquals(Set.of(0, 1, 2, 3), allOf(first, second));

        Consumer third = consumer().subscribe(TOPIC);
        pollUntil(
                () -> !third.partitions().isEmpty()
                        && allOf(first, second, third).size() == 4,
                first,
                second,
                third);

        second.close();
        third.close();
        pollUntil(() -> first.partitions().size() == 4, first);
        pollUntil(() -> new TreeSet<>(first.read).size() == 100, first);
    }

    /** The clock of the broker stands still and the consumer sends no second heartbeat: nobody can have waited. */
    @Test
    void shouldAssignWithoutWaiting() throws Exception {
        stop();
        start(EmbeddedBroker.builder()
                .clock(new ManualClock(0))
                .config("group.consumer.max.session.timeout.ms", 3_600_000)
                .config("group.consumer.session.timeout.ms", 3_600_000)
                .config("group.consumer.max.heartbeat.interval.ms", 1_200_000)
                .config("group.consumer.heartbeat.interval.ms", 1_200_000));
        clients.createTopic(TOPIC, 1);
        Consumer consumer = withoutHeartbeats().subscribe(TOPIC);
        pollUntil(() -> !consumer.partitions().isEmpty(), consumer);
        assertEquals(Set.of(0), consumer.partitions());
    }

    /** A consumer whose regular heartbeats no test lives to see; the settings above are for one that obeys the broker. */
    Consumer withoutHeartbeats() {
        return consumer();
    }

    @Test
    void shouldKeepTheAssignmentOfAStaticMemberThatReturns() throws Exception {
        clients.createTopic(TOPIC, 4);
        Consumer first = consumer(Map.of("group.instance.id", "one")).subscribe(TOPIC);
        Consumer second = consumer(Map.of("group.instance.id", "two")).subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
        Set<Integer> before = second.partitions();
        int assignments = first.assignments;
        // A static member does not leave when it closes.
        second.close();

        Consumer returned = consumer(Map.of("group.instance.id", "two")).subscribe(TOPIC);
        pollUntil(() -> returned.partitions().size() == 2, first, returned);
        assertEquals(before, returned.partitions());
        assertEquals(assignments, first.assignments);
        assertEquals(
                Set.of("one", "two"),
                new TreeSet<>(describe().members().stream()
                        .map(member -> member.groupInstanceId().orElseThrow())
                        .toList()));

        remove("two").get();
        pollUntil(() -> first.partitions().size() == 4, first);
        assertFails(UnknownMemberIdException.class, () -> remove("no").get());
    }

    private KafkaFuture<Void> remove(String instanceId) {
        MemberToRemove member = new MemberToRemove(instanceId);
        return clients.admin
                .removeMembersFromConsumerGroup(GROUP, new RemoveMembersFromConsumerGroupOptions(Set.of(member)))
                .memberResult(member);
    }

    @Test
    void shouldResumeWhereAGroupHasCommittedAfterARestart() throws Exception {
        clients.createTopic(TOPIC, 2);
        clients.produce(TOPIC, 2, 0, 10);
        Consumer before = consumer().subscribe(TOPIC);
        pollUntil(() -> before.read.size() == 10, before);
        before.client.commitSync();
        stop();
        start();

        clients.produce(TOPIC, 2, 10, 20);
        Consumer after = consumer().subscribe(TOPIC);
        pollUntil(() -> after.read.size() >= 10, after);
        assertEquals(10, after.read.size());
        assertTrue(after.read.stream().allMatch(value -> Integer.parseInt(value) >= 10));
        OffsetAndMetadata committed = after.client.committed(Set.of(PARTITION)).get(PARTITION);
        assertEquals(5, committed.offset());
        assertEquals("", committed.metadata());
    }

    @Test
    void shouldServeTheAdministrationOfGroups() throws Exception {
        clients.createTopic(TOPIC, 2);
        clients.produce(TOPIC, 2, 0, 10);
        Consumer consumer = consumer(Map.of("client.id", "it")).subscribe(TOPIC);
        pollUntil(() -> consumer.read.size() == 10, consumer);
        consumer.client.commitSync();

        ConsumerGroupDescription group = describe();
        assertEquals(type(), group.type());
        assertEquals(GroupState.STABLE, group.groupState());
        assertEquals(assignor(), group.partitionAssignor());
        assertEquals(1, group.members().size());
        assertEquals("it", group.members().iterator().next().clientId());
        assertEquals(
                Set.of(PARTITION, new TopicPartition(TOPIC, 1)),
                group.members().iterator().next().assignment().topicPartitions());
        for (GroupType type : List.of(GroupType.CLASSIC, GroupType.CONSUMER)) {
            assertEquals(type == type() ? List.of(GROUP) : List.of(), list(type));
        }
        assertEquals(List.of(GROUP), list(new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))));
        assertEquals(List.of(), list(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))));

        assertFails(
                GroupNotEmptyException.class,
                () -> clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get());
        assertFails(GroupSubscribedToTopicException.class, () -> clients.admin
                .deleteConsumerGroupOffsets(GROUP, Set.of(PARTITION))
                .partitionResult(PARTITION)
                .get());
        assertFails(UnknownMemberIdException.class, () -> clients.admin
                .alterConsumerGroupOffsets(GROUP, Map.of(PARTITION, new OffsetAndMetadata(1)))
                .all()
                .get());
        consumer.close();
        assertEquals(List.of(GROUP), list(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))));
    }
}
