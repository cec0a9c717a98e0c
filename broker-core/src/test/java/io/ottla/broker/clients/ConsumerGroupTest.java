package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsumerGroupTest extends ClientTest {
    private final String group = unique("group");

    private Consumer<String, String> member(Map<String, Object> overrides) {
        Map<String, Object> config = new HashMap<>(Map.of("group.id", group, "heartbeat.interval.ms", 100));
        config.putAll(overrides);
        return consumer(config);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Range", "RoundRobin", "Sticky", "CooperativeSticky"})
    void shouldShareThePartitionsAndTakeThemBack(String assignor) throws Exception {
        String topic = createTopic(2, Map.of());
        Map<String, Object> config =
                Map.of("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor + "Assignor");
        Consumer<String, String> first = member(config);
        Consumer<String, String> second = member(config);
        first.subscribe(List.of(topic));
        pollUntilAssigned(List.of(first), 2);

        second.subscribe(List.of(topic));
        pollUntilAssigned(List.of(first, second), 1, 1);
        send(producer(Map.of()), oneRecordPerPartition(topic, 2));
        assertEquals(1, poll(first, 1).size());
        assertEquals(1, poll(second, 1).size());
        first.commitSync();
        second.commitSync();

        second.close();
        pollUntilAssigned(List.of(first), 2);
        assertEquals(partitions(topic, 2), first.assignment());
    }

    private static List<ProducerRecord<String, String>> oneRecordPerPartition(String topic, int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(partition -> new ProducerRecord<String, String>(topic, partition, null, "in " + partition))
                .collect(Collectors.toList());
    }

    @Test
    void shouldDeliverEveryRecordToOneMemberWhileMembersComeAndGo() throws Exception {
        String topic = createTopic(3, Map.of());
        Integer[][] sharesOfThree = {{3}, {1, 2}, {1, 1, 1}};
        List<String> received = new ArrayList<>();
        List<Consumer<String, String>> members = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            Consumer<String, String> member = member(Map.of());
            member.subscribe(List.of(topic));
            members.add(member);
            pollUntilAssigned(members, sharesOfThree[round]);
            receiveOneRound(topic, round, members, received);
        }
        members.remove(0).close();
        pollUntilAssigned(members, 1, 2);
        receiveOneRound(topic, 3, members, received);

        assertEquals(4 * 90, received.size());
        assertEquals(4 * 90, Set.copyOf(received).size());
    }

    private void receiveOneRound(String topic, int round, List<Consumer<String, String>> members, List<String> received)
            throws Exception {
        send(
                producer(Map.of()),
                IntStream.range(0, 90)
                        .mapToObj(i -> new ProducerRecord<String, String>(topic, i % 3, null, round + "/" + i))
                        .collect(Collectors.toList()));
        int wanted = received.size() + 90;
        Await.until(() -> received.size() + " of " + wanted + " records", () -> {
            for (Consumer<String, String> member : members) {
                member.poll(Duration.ofMillis(20)).forEach(record -> received.add(record.value()));
            }
            return received.size() >= wanted;
        });
        members.forEach(Consumer::commitSync);
    }

    @Test
    void shouldResumeWhereTheGroupCommitted() throws Exception {
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 5);
        Consumer<String, String> before = member(Map.of("max.poll.records", 3));
        before.subscribe(List.of(topic));
        assertEquals(List.of("0", "1", "2"), values(poll(before, 3)));
        before.commitSync();
        before.close();

        Consumer<String, String> after = member(Map.of());
        after.subscribe(List.of(topic));

        assertEquals(List.of("3", "4"), values(poll(after, 2)));
    }

    @Test
    void shouldStartAnewWithoutACommit() throws Exception {
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 2);
        Consumer<String, String> before = member(Map.of());
        before.subscribe(List.of(topic));
        poll(before, 2);
        before.close();

        Consumer<String, String> after = member(Map.of());
        after.subscribe(List.of(topic));

        assertEquals(List.of("0", "1"), values(poll(after, 2)));
    }

    @Test
    void shouldCommitByItselfOnClose() throws Exception {
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 2);
        Consumer<String, String> before = member(Map.of("enable.auto.commit", true));
        before.subscribe(List.of(topic));
        poll(before, 2);
        before.close();

        TopicPartition partition = new TopicPartition(topic, 0);
        assertEquals(
                2, member(Map.of()).committed(Set.of(partition)).get(partition).offset());
    }

    @Test
    void shouldKeepOffsetAndMetadataOfACommit() throws Exception {
        String topic = createTopic(2, Map.of());
        TopicPartition committed = new TopicPartition(topic, 0);
        TopicPartition other = new TopicPartition(topic, 1);
        Consumer<String, String> consumer = member(Map.of());
        consumer.assign(Set.of(committed, other));

        consumer.commitSync(Map.of(committed, new OffsetAndMetadata(7, "half way")));

        Map<TopicPartition, OffsetAndMetadata> offsets = consumer.committed(Set.of(committed, other));
        assertEquals(7, offsets.get(committed).offset());
        assertEquals("half way", offsets.get(committed).metadata());
        assertNull(offsets.get(other));
    }

    @Test
    void shouldKeepTheCommitsOfGroupsApart() throws Exception {
        String topic = createTopic(1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        Consumer<String, String> one = consumer(Map.of("group.id", unique("one")));
        Consumer<String, String> two = consumer(Map.of("group.id", unique("two")));
        one.assign(Set.of(partition));
        two.assign(Set.of(partition));

        one.commitSync(Map.of(partition, new OffsetAndMetadata(1)));
        two.commitSync(Map.of(partition, new OffsetAndMetadata(2)));

        assertEquals(1, one.committed(Set.of(partition)).get(partition).offset());
        assertEquals(2, two.committed(Set.of(partition)).get(partition).offset());
    }

    @Test
    void shouldStartAtTheEndWhenAskedTo() throws Exception {
        String topic = createTopic(1, Map.of());
        sendNumbers(topic, 0, 3);
        Consumer<String, String> consumer = member(Map.of("auto.offset.reset", "latest"));
        consumer.subscribe(List.of(topic));
        pollUntilAssigned(List.of(consumer), 1);
        assertEquals(3, consumer.position(new TopicPartition(topic, 0)));

        sendNumbers(topic, 3, 1);

        assertEquals(List.of("3"), values(poll(consumer, 1)));
    }

    @Test
    void shouldRefuseToGuessAnOffset() throws Exception {
        String topic = createTopic(1, Map.of());
        Consumer<String, String> consumer = member(Map.of("auto.offset.reset", "none"));
        consumer.assign(partitions(topic, 1));

        assertThrows(NoOffsetForPartitionException.class, () -> consumer.position(new TopicPartition(topic, 0)));
    }

    @Test
    void shouldDropAMemberThatStopsPolling() throws Exception {
        String topic = createTopic(2, Map.of());
        Consumer<String, String> stuck = member(Map.of("max.poll.interval.ms", 1_000));
        stuck.subscribe(List.of(topic));
        pollUntilAssigned(List.of(stuck), 2);
        Consumer<String, String> other = member(Map.of("max.poll.interval.ms", 1_000));
        other.subscribe(List.of(topic));

        pollUntilAssigned(List.of(other), 2);
    }

    @Test
    void shouldFollowTopicsThatMatchAPattern() throws Exception {
        String prefix = unique("pattern");
        Consumer<String, String> consumer = member(Map.of("metadata.max.age.ms", 100));
        consumer.subscribe(Pattern.compile(prefix + "-.*"));
        send(producer(Map.of()), List.of(new ProducerRecord<>(prefix + "-a", "a")));
        pollUntilAssigned(List.of(consumer), 1);

        send(producer(Map.of()), List.of(new ProducerRecord<>(prefix + "-b", "b")));
        pollUntilAssigned(List.of(consumer), 2);

        assertEquals(Set.of(prefix + "-a", prefix + "-b"), topics(consumer));
    }

    private static Set<String> topics(Consumer<String, String> consumer) {
        return consumer.assignment().stream().map(TopicPartition::topic).collect(Collectors.toSet());
    }

    @Test
    void shouldReturnItsPartitionsToAStaticMember() throws Exception {
        String topic = createTopic(2, Map.of());
        Consumer<String, String> one = member(Map.of("group.instance.id", "one"));
        Consumer<String, String> two = member(Map.of("group.instance.id", "two"));
        one.subscribe(List.of(topic));
        two.subscribe(List.of(topic));
        pollUntilAssigned(List.of(one, two), 1, 1);
        Set<TopicPartition> ofOne = Set.copyOf(one.assignment());
        Set<TopicPartition> ofTwo = Set.copyOf(two.assignment());
        one.close();

        Consumer<String, String> again = member(Map.of("group.instance.id", "one"));
        again.subscribe(List.of(topic));
        pollUntilAssigned(List.of(again, two), 1, 1);

        assertEquals(ofOne, again.assignment());
        assertEquals(ofTwo, two.assignment());
    }

    @Test
    void shouldFenceAStaticMemberThatWasReplaced() throws Exception {
        String topic = createTopic(1, Map.of());
        Consumer<String, String> replaced = member(Map.of("group.instance.id", "same"));
        replaced.subscribe(List.of(topic));
        pollUntilAssigned(List.of(replaced), 1);

        Consumer<String, String> replacing = member(Map.of("group.instance.id", "same"));
        replacing.subscribe(List.of(topic));
        pollUntilAssigned(List.of(replacing), 1);

        assertThrows(
                FencedInstanceIdException.class,
                () -> Await.until(
                        "the member that was replaced is fenced", () -> replaced.poll(Duration.ofMillis(50)) == null));
        assertTrue(replacing.assignment().contains(new TopicPartition(topic, 0)));
    }
}
