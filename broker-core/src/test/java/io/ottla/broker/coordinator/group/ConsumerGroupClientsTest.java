package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupClients.GROUP;
import static io.ottla.broker.coordinator.group.GroupClients.pollUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.coordinator.group.GroupClients.Consumer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.tools.DumpLogSegments;
import org.junit.jupiter.api.Test;

/** Kafka's own consumers and administration client against the group coordinator, in the classic protocol. */
class ConsumerGroupClientsTest extends GroupClientsTest {

    @Override
    Consumer consumer(Map<String, ?> extra) {
        return clients.consumer(extra);
    }

    @Override
    GroupType type() {
        return GroupType.CLASSIC;
    }

    @Override
    String assignor() {
        return "range";
    }

    @Override
    Consumer withoutHeartbeats() {
        return consumer(Map.of("heartbeat.interval.ms", 500_000, "session.timeout.ms", 1_800_000));
    }

    @Test
    void shouldRebalanceCooperatively() throws Exception {
        clients.createTopic(TOPIC, 4);
        Map<String, Object> cooperative =
                Map.of("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
        Consumer first = consumer(cooperative).subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 4, first);
        Consumer second = consumer(cooperative).subscribe(TOPIC);
        pollUntil(() -> first.partitions().size() == 2 && second.partitions().size() == 2, first, second);
        // The first one gave up only what the second one got.
        assertEquals(
                List.of(2), first.revocations.stream().map(lost -> lost.size()).toList());
        second.close();
        pollUntil(() -> first.partitions().size() == 4, first);
    }

    @Test
    void shouldWriteRecordsThatTheDumpToolReads() throws Exception {
        clients.createTopic(TOPIC, 1);
        Consumer consumer = consumer().subscribe(TOPIC);
        pollUntil(() -> !consumer.partitions().isEmpty(), consumer);
        consumer.client.commitSync(Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(0)));
        consumer.close();

        String shown = dump(folder.resolve("__consumer_offsets-0/00000000000000000000.log"));
        assertTrue(shown.contains("\"group\":\"group\""), shown);
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
        clients.createTopic(TOPIC, 2);
        clients.produce(TOPIC, 2, 0, 4);
        Consumer slow = consumer(Map.of("max.poll.interval.ms", 6_000, "session.timeout.ms", 6_000))
                .subscribe(TOPIC);
        pollUntil(() -> slow.read.size() == 4, slow);
        clients.admin
                .removeMembersFromConsumerGroup(GROUP, new RemoveMembersFromConsumerGroupOptions())
                .all()
                .get();
        Consumer other = consumer().subscribe(TOPIC);
        pollUntil(() -> other.partitions().size() == 2, other);
        assertThrows(CommitFailedException.class, () -> slow.client.commitSync());
    }

    @Test
    void shouldChangeTheOffsetsOfAGroupWithoutMembers() throws Exception {
        clients.createTopic(TOPIC, 2);
        TopicPartition partition = new TopicPartition(TOPIC, 0);
        TopicPartition other = new TopicPartition(TOPIC, 1);
        clients.admin
                .alterConsumerGroupOffsets(
                        GROUP, Map.of(partition, new OffsetAndMetadata(1, "reset"), other, new OffsetAndMetadata(2)))
                .all()
                .get();
        assertEquals("reset", offsets().get(partition).metadata());
        clients.admin.deleteConsumerGroupOffsets(GROUP, Set.of(partition)).all().get();
        assertEquals(Set.of(other), offsets().keySet());

        clients.admin.deleteTopics(List.of(TOPIC)).all().get();
        assertEquals(Map.of(), offsets());

        clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get();
        assertEquals(List.of(), list(new ListGroupsOptions()));
        assertFails(
                GroupIdNotFoundException.class,
                () -> clients.admin.deleteConsumerGroups(List.of(GROUP)).all().get());
        assertFails(GroupIdNotFoundException.class, this::describe);
    }

    @Test
    void shouldServeSeveralGroupsSpreadOverSeveralPartitions() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.builder()
                        .config("offsets.topic.num.partitions", 5)
                        .start();
                GroupClients others = new GroupClients(broker)) {
            others.createTopic(TOPIC, 1);
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            Map<String, ListConsumerGroupOffsetsSpec> all = new HashMap<>();
            for (int i = 0; i < 20; i++) {
                others.admin
                        .alterConsumerGroupOffsets("group" + i, Map.of(partition, new OffsetAndMetadata(i)))
                        .all()
                        .get();
                all.put("group" + i, new ListConsumerGroupOffsetsSpec());
            }
            assertEquals(20, others.admin.listGroups().all().get().size());
            Map<String, Map<TopicPartition, OffsetAndMetadata>> found =
                    others.admin.listConsumerGroupOffsets(all).all().get();
            for (int i = 0; i < 20; i++) {
                assertEquals(i, found.get("group" + i).get(partition).offset());
            }
        }
    }
}
