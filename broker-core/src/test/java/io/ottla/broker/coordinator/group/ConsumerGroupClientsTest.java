package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupClients.GROUP;
import static io.ottla.broker.coordinator.group.GroupClients.pollUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.coordinator.group.GroupClients.Consumer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
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
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.tools.DumpLogSegments;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's own consumers and administration client against the group coordinator. */
class ConsumerGroupClientsTest {

    private static final String TOPIC = "topic";

    private static <T extends Throwable> void assertFails(
            Class<T> expected, org.junit.jupiter.api.function.Executable call) {
        assertInstanceOf(expected, assertThrows(ExecutionException.class, call).getCause());
    }

    private static Set<Integer> allOf(Consumer... consumers) {
        Set<Integer> partitions = new TreeSet<>();
        int count = 0;
        for (Consumer consumer : consumers) {
            count += consumer.partitions().size();
            partitions.addAll(consumer.partitions());
        }
        return count == partitions.size() ? partitions : Set.of();
    }

    @Test
    void shouldLetConsumersOfAGroupShareThePartitions() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 4);
            clients.produce(TOPIC, 4, 0, 100);
            Consumer first = clients.consumer().subscribe(TOPIC);
            pollUntil(() -> first.partitions().size() == 4, first);

            Consumer second = clients.consumer().subscribe(TOPIC);
            pollUntil(
                    () -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
            assertEquals(Set.of(0, 1, 2, 3), allOf(first, second));

            Consumer third = clients.consumer().subscribe(TOPIC);
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
    }

    @Test
    void shouldRebalanceCooperatively() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 4);
            Map<String, Object> cooperative =
                    Map.of("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
            Consumer first = clients.consumer(cooperative).subscribe(TOPIC);
            pollUntil(() -> first.partitions().size() == 4, first);
            Consumer second = clients.consumer(cooperative).subscribe(TOPIC);
            pollUntil(
                    () -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
            // The first one gave up only what the second one got.
            assertEquals(
                    List.of(2),
                    first.revocations.stream().map(lost -> lost.size()).toList());
            assertEquals(Set.of(0, 1, 2, 3), allOf(first, second));
            second.close();
            pollUntil(() -> first.partitions().size() == 4, first);
        }
    }

    @Test
    void shouldKeepTheAssignmentOfAStaticMemberThatReturns() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 4);
            Consumer first =
                    clients.consumer(Map.of("group.instance.id", "one")).subscribe(TOPIC);
            Consumer second =
                    clients.consumer(Map.of("group.instance.id", "two")).subscribe(TOPIC);
            pollUntil(
                    () -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
            Set<Integer> before = second.partitions();
            int assignments = first.assignments;
            // A static member does not leave when it closes.
            second.close();

            Consumer returned =
                    clients.consumer(Map.of("group.instance.id", "two")).subscribe(TOPIC);
            pollUntil(() -> returned.partitions().size() == 2, first, returned);
            assertEquals(before, returned.partitions());
            assertEquals(assignments, first.assignments);
            ConsumerGroupDescription group = describe(clients);
            assertEquals(
                    Set.of("one", "two"),
                    new TreeSet<>(group.members().stream()
                            .map(member -> member.groupInstanceId().orElseThrow())
                            .toList()));

            clients.admin
                    .removeMembersFromConsumerGroup(
                            GROUP, new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("two"))))
                    .all()
                    .get();
            pollUntil(() -> first.partitions().size() == 4, first);
            assertFails(UnknownMemberIdException.class, () -> clients.admin
                    .removeMembersFromConsumerGroup(
                            GROUP, new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("no"))))
                    .memberResult(new MemberToRemove("no"))
                    .get());
        }
    }

    private static ConsumerGroupDescription describe(GroupClients clients) throws Exception {
        return clients.admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP);
    }

    @Test
    void shouldResumeWhereAGroupHasCommittedAfterARestart(@TempDir Path folder) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder().dataFolder(folder).start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            clients.produce(TOPIC, 2, 0, 10);
            Consumer consumer = clients.consumer().subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() == 10, consumer);
            consumer.client.commitSync();
        }
        try (EmbeddedBroker broker = EmbeddedBroker.builder().dataFolder(folder).start();
                GroupClients clients = new GroupClients(broker)) {
            clients.produce(TOPIC, 2, 10, 20);
            Consumer consumer = clients.consumer().subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() >= 10, consumer);
            assertEquals(10, consumer.read.size());
            assertTrue(consumer.read.stream().allMatch(value -> Integer.parseInt(value) >= 10));
            assertEquals(
                    new OffsetAndMetadata(
                            5,
                            consumer.client
                                    .committed(Set.of(new TopicPartition(TOPIC, 0)))
                                    .get(new TopicPartition(TOPIC, 0))
                                    .leaderEpoch(),
                            ""),
                    consumer.client
                            .committed(Set.of(new TopicPartition(TOPIC, 0)))
                            .get(new TopicPartition(TOPIC, 0)));
        }
        assertTrue(dump(folder.resolve("__consumer_offsets-0/00000000000000000000.log"))
                .contains("\"group\":\"group\""));
    }

    /** What kafka-dump-log shows of a log of the coordinator. */
    private static String dump(Path segment) throws IOException {
        PrintStream console = System.out;
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        System.setOut(new PrintStream(shown, true, StandardCharsets.UTF_8));
        try {
            DumpLogSegments.main(new String[] {"--offsets-decoder", "--files", segment.toString()});
        } finally {
            System.setOut(console);
        }
        return shown.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldRefuseCommitsOfAMemberThatWasLeftBehind() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            clients.produce(TOPIC, 2, 0, 4);
            Consumer slow = clients.consumer(Map.of("max.poll.interval.ms", 6_000, "session.timeout.ms", 6_000))
                    .subscribe(TOPIC);
            pollUntil(() -> slow.read.size() == 4, slow);
            clients.admin
                    .removeMembersFromConsumerGroup(GROUP, new RemoveMembersFromConsumerGroupOptions())
                    .all()
                    .get();
            Consumer other = clients.consumer().subscribe(TOPIC);
            pollUntil(() -> other.partitions().size() == 2, other);
            assertThrows(CommitFailedException.class, () -> slow.client.commitSync());
        }
    }

    @Test
    void shouldServeTheAdministrationOfGroups() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 2);
            clients.produce(TOPIC, 2, 0, 10);
            Consumer consumer = clients.consumer(Map.of("client.id", "it")).subscribe(TOPIC);
            pollUntil(() -> consumer.read.size() == 10, consumer);
            consumer.client.commitSync();

            ConsumerGroupDescription group = describe(clients);
            assertEquals(GroupState.STABLE, group.groupState());
            assertEquals("range", group.partitionAssignor());
            assertEquals(1, group.members().size());
            assertEquals("it", group.members().iterator().next().clientId());
            assertEquals(
                    Set.of(new TopicPartition(TOPIC, 0), new TopicPartition(TOPIC, 1)),
                    group.members().iterator().next().assignment().topicPartitions());

            assertFails(GroupNotEmptyException.class, () -> clients.admin
                    .deleteConsumerGroups(List.of(GROUP))
                    .all()
                    .get());
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            assertFails(GroupSubscribedToTopicException.class, () -> clients.admin
                    .deleteConsumerGroupOffsets(GROUP, Set.of(partition))
                    .partitionResult(partition)
                    .get());
            assertFails(UnknownMemberIdException.class, () -> clients.admin
                    .alterConsumerGroupOffsets(GROUP, Map.of(partition, new OffsetAndMetadata(1)))
                    .all()
                    .get());
            assertEquals(
                    List.of(GROUP), list(clients, new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))));
            assertEquals(List.of(), list(clients, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))));
            assertEquals(List.of(GROUP), list(clients, new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC))));
            assertEquals(List.of(), list(clients, new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER))));

            consumer.close();
            changeOffsets(clients, partition);
        }
    }

    private static void changeOffsets(GroupClients clients, TopicPartition partition) throws Exception {
        assertEquals(List.of(GROUP), list(clients, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))));
        clients.admin
                .alterConsumerGroupOffsets(GROUP, Map.of(partition, new OffsetAndMetadata(1, "reset")))
                .all()
                .get();
        assertEquals("reset", offsets(clients).get(partition).metadata());
        clients.admin.deleteConsumerGroupOffsets(GROUP, Set.of(partition)).all().get();
        assertEquals(Set.of(new TopicPartition(TOPIC, 1)), offsets(clients).keySet());

        clients.admin.deleteTopics(List.of(TOPIC)).all().get();
        assertEquals(Map.of(), offsets(clients));

        clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get();
        assertEquals(List.of(), list(clients, new ListGroupsOptions()));
        assertFails(
                GroupIdNotFoundException.class,
                () -> clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get());
        assertFails(GroupIdNotFoundException.class, () -> describe(clients));
    }

    private static List<String> list(GroupClients clients, ListGroupsOptions options) throws Exception {
        return clients.admin.listGroups(options).all().get().stream()
                .map(GroupListing::groupId)
                .toList();
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(GroupClients clients) throws Exception {
        return clients.admin
                .listConsumerGroupOffsets(GROUP)
                .partitionsToOffsetAndMetadata()
                .get();
    }

    @Test
    void shouldServeSeveralGroupsSpreadOverSeveralPartitions() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                        .config("offsets.topic.num.partitions", 5)
                        .start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 1);
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            Map<String, org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec> all = new java.util.HashMap<>();
            for (int i = 0; i < 20; i++) {
                clients.admin
                        .alterConsumerGroupOffsets("group" + i, Map.of(partition, new OffsetAndMetadata(i)))
                        .all()
                        .get();
                all.put("group" + i, new org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec());
            }
            assertEquals(20, list(clients, new ListGroupsOptions()).size());
            Map<String, Map<TopicPartition, OffsetAndMetadata>> found =
                    clients.admin.listConsumerGroupOffsets(all).all().get();
            for (int i = 0; i < 20; i++) {
                assertEquals(i, found.get("group" + i).get(partition).offset());
            }
        }
    }

    @Test
    void shouldAssignQuickly() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start();
                GroupClients clients = new GroupClients(broker)) {
            clients.createTopic(TOPIC, 1);
            Consumer warmUp = clients.consumer(Map.of("group.id", "other", "heartbeat.interval.ms", 3_000))
                    .subscribe(TOPIC);
            pollUntil(() -> !warmUp.partitions().isEmpty(), warmUp);
            Consumer consumer =
                    clients.consumer(Map.of("heartbeat.interval.ms", 3_000)).subscribe(TOPIC);
            long startNanos = System.nanoTime();
            pollUntil(() -> !consumer.partitions().isEmpty(), consumer);
            // Far more than it takes, and far less than a delay for more members or a heartbeat interval would be.
            assertTrue(System.nanoTime() - startNanos < Duration.ofMillis(2_500).toNanos());
        }
    }
}
