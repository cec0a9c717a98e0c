package io.ottla.broker.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients go on when leaders move and brokers stop: nothing is lost, and what an idempotent producer sends is there once. */
class FailoverTest extends ClusterTest {

    private static List<Future<RecordMetadata>> send(
            Producer<String, String> producer, String topic, int partition, int from, int count) {
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            futures.add(producer.send(new ProducerRecord<>(topic, partition, null, Integer.toString(i))));
        }
        return futures;
    }

    private static void await(List<Future<RecordMetadata>> futures) throws Exception {
        for (Future<RecordMetadata> future : futures) {
            future.get(30, TimeUnit.SECONDS);
        }
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).collect(Collectors.toList());
    }

    private List<String> read(String topic, int count) {
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        consumer.seekToBeginning(partitions(topic, 1));
        return values(poll(consumer, count));
    }

    @Test
    void shouldProduceAndConsumeWhileTheLeaderMoves() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3)));
        Producer<String, String> producer = producer(Map.of("linger.ms", 0, "batch.size", 200));
        Consumer<String, String> consumer = consumer(Map.of());
        consumer.assign(partitions(topic, 1));
        consumer.seekToBeginning(partitions(topic, 1));
        List<ConsumerRecord<String, String>> seen = new ArrayList<>();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int round = 0; round < 9; round++) {
            sent.addAll(send(producer, topic, 0, round * 100, 100));
            broker().moveLeader(topic, 0, 1 + (round + 1) % 3);
            assertEquals(1 + (round + 1) % 3, broker().leader(topic, 0));
            consumer.poll(Duration.ofMillis(20)).forEach(seen::add);
        }
        await(sent);
        seen.addAll(poll(consumer, 900 - seen.size()));
        assertEquals(numbers(900), values(seen));
    }

    @Test
    void shouldProduceAndConsumeWhileBrokersStopAndStart() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3)));
        Producer<String, String> producer = producer(Map.of("linger.ms", 0, "batch.size", 200));
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int round = 0; round < 6; round++) {
            int leader = broker().leader(topic, 0);
            sent.addAll(send(producer, topic, 0, round * 100, 50));
            broker().broker(leader).stop();
            sent.addAll(send(producer, topic, 0, round * 100 + 50, 50));
            await(sent);
            broker().broker(leader).start();
        }
        assertEquals(numbers(600), read(topic, 600));
        assertEquals(
                "[1, 2, 3]",
                ids(partition(topic, 0).isr()).stream().sorted().toList().toString());
    }

    @Test
    void shouldTakeNothingForAllAcknowledgementsWhileTooFewAreInSync() throws Exception {
        String topic = createTopic(Map.of("min.insync.replicas", "2"), List.of(List.of(1, 2, 3)));
        broker().broker(2).stop();
        await(send(producer(Map.of()), topic, 0, 0, 1));
        broker().broker(3).stop();

        Producer<String, String> impatient = producer(Map.of("acks", "all", "retries", 0, "enable.idempotence", false));
        Exception failure = assertThrows(
                ExecutionException.class,
                () -> send(impatient, topic, 0, 1, 1).get(0).get(30, TimeUnit.SECONDS));
        assertInstanceOf(NotEnoughReplicasException.class, failure.getCause());
        await(send(producer(Map.of("acks", "1", "enable.idempotence", false)), topic, 0, 1, 1));

        Producer<String, String> patient = producer(Map.of());
        List<Future<RecordMetadata>> waiting = send(patient, topic, 0, 2, 1);
        broker().broker(3).start();
        await(waiting);
        assertEquals(numbers(3), read(topic, 3));
    }

    @Test
    void shouldWaitForAPartitionWithoutALeader() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(2)));
        Producer<String, String> producer = producer(Map.of());
        await(send(producer, topic, 0, 0, 1));
        broker().broker(2).stop();
        assertEquals("none [2] []", state(topic, 0));
        List<Future<RecordMetadata>> waiting = send(producer, topic, 0, 1, 1);
        broker().broker(2).start();
        await(waiting);
        assertEquals("2 [2] [2]", state(topic, 0));
        assertEquals(numbers(2), read(topic, 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldKeepAGroupWhenItsCoordinatorGoes(String protocol) throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3), List.of(2, 3, 1)));
        String group = unique("group");
        Map<String, Object> config = Map.of("group.id", group, "group.protocol", protocol);
        Consumer<String, String> first = consumer(config);
        Consumer<String, String> second = consumer(config);
        first.subscribe(Set.of(topic));
        second.subscribe(Set.of(topic));
        pollUntilAssigned(List.of(first, second), 1, 1);
        Producer<String, String> producer = producer(Map.of());
        for (int round = 0; round < 3; round++) {
            await(send(producer, topic, 0, round, 1));
            await(send(producer, topic, 1, round, 1));
            Set<String> seen = new HashSet<>();
            while (seen.size() < 2) {
                for (Consumer<String, String> member : List.of(first, second)) {
                    for (ConsumerRecord<String, String> record : member.poll(Duration.ofMillis(20))) {
                        assertEquals(round, record.offset());
                        seen.add(record.topic() + record.partition());
                    }
                }
            }
            int coordinator = coordinator(group);
            broker().broker(coordinator).stop();
            first.commitSync(Duration.ofSeconds(30));
            second.commitSync(Duration.ofSeconds(30));
            broker().broker(coordinator).start();
            pollUntilAssigned(List.of(first, second), 1, 1);
        }
        Map<TopicPartition, OffsetAndMetadata> committed = first.committed(partitions(topic, 2));
        assertEquals(3, committed.get(new TopicPartition(topic, 0)).offset());
        assertEquals(3, committed.get(new TopicPartition(topic, 1)).offset());
    }

    private int coordinator(String group) throws Exception {
        return get(client().describeConsumerGroups(List.of(group)).all())
                .get(group)
                .coordinator()
                .id();
    }

    @Test
    void shouldKeepATransactionWhenItsCoordinatorGoes() throws Exception {
        String topic = createTopic(Map.of(), List.of(List.of(1, 2, 3)));
        String id = unique("id");
        Producer<String, String> producer = producer(Map.of("transactional.id", id));
        producer.initTransactions();
        for (int round = 0; round < 3; round++) {
            producer.beginTransaction();
            await(send(producer, topic, 0, round * 10, 5));
            int coordinator = get(client().describeTransactions(List.of(id)).all())
                    .get(id)
                    .coordinatorId();
            broker().broker(coordinator).stop();
            await(send(producer, topic, 0, round * 10 + 5, 5));
            producer.commitTransaction();
            broker().broker(coordinator).start();
        }
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        consumer.assign(partitions(topic, 1));
        consumer.seekToBeginning(partitions(topic, 1));
        assertEquals(numbers(30), values(poll(consumer, 30)));
    }
}
