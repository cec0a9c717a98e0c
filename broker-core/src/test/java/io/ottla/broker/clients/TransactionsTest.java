package io.ottla.broker.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.Test;

/** Transactions, as a producer makes them and a consumer sees them. */
class TransactionsTest extends ClientTest {

    private Producer<String, String> transactional(String transactionalId) {
        return producer(Map.of("transactional.id", transactionalId));
    }

    private Consumer<String, String> committedReader(String topic, int partitions) {
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        Set<TopicPartition> assignment = partitions(topic, partitions);
        consumer.assign(assignment);
        consumer.seekToBeginning(assignment);
        return consumer;
    }

    private static ProducerRecord<String, String> record(String topic, int partition, String value) {
        return new ProducerRecord<>(topic, partition, null, value);
    }

    @Test
    void shouldShowCommittedTransactionsOnly() throws Exception {
        String topic = createTopic(2, Map.of());
        Producer<String, String> producer = transactional(unique("id"));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, List.of(record(topic, 0, "a0"), record(topic, 1, "a1")));
        producer.abortTransaction();
        producer.beginTransaction();
        send(producer, List.of(record(topic, 0, "c0"), record(topic, 1, "c1")));
        producer.commitTransaction();
        producer.beginTransaction();
        send(producer, List.of(record(topic, 0, "open")));

        Consumer<String, String> committed = committedReader(topic, 2);
        assertEquals(Set.of("c0", "c1"), Set.copyOf(values(poll(committed, 2))));
        assertTrue(committed.poll(Duration.ofMillis(100)).isEmpty());
        Consumer<String, String> all = consumer(Map.of());
        all.assign(partitions(topic, 2));
        all.seekToBeginning(partitions(topic, 2));
        assertEquals(Set.of("a0", "a1", "c0", "c1", "open"), Set.copyOf(values(poll(all, 5))));

        producer.commitTransaction();
        assertEquals(List.of("open"), values(poll(committed, 1)));
    }

    @Test
    void shouldMakeManyTransactionsOneAfterTheOther() throws Exception {
        String topic = createTopic(1, Map.of());
        Producer<String, String> producer = transactional(unique("id"));
        producer.initTransactions();
        for (int i = 0; i < 100; i++) {
            producer.beginTransaction();
            send(producer, List.of(record(topic, 0, Integer.toString(i))));
            if (i % 3 == 0) {
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
            }
        }
        List<String> seen = values(poll(committedReader(topic, 1), 66));
        assertEquals("1", seen.get(0));
        assertEquals("98", seen.get(65));
    }

    @Test
    void shouldFenceTheProducerThatHadTheIdBefore() throws Exception {
        String topic = createTopic(1, Map.of());
        String id = unique("id");
        Producer<String, String> first = transactional(id);
        first.initTransactions();
        first.beginTransaction();
        send(first, List.of(record(topic, 0, "lost")));
        Producer<String, String> second = transactional(id);
        second.initTransactions();
        assertThrows(ProducerFencedException.class, () -> {
            try {
                first.commitTransaction();
            } catch (KafkaException e) {
                throw e instanceof ProducerFencedException || e.getCause() == null ? e : e.getCause();
            }
        });
        second.beginTransaction();
        send(second, List.of(record(topic, 0, "kept")));
        second.commitTransaction();
        assertEquals(List.of("kept"), values(poll(committedReader(topic, 1), 1)));
    }

    @Test
    void shouldAbortATransactionThatTakesTooLong() throws Exception {
        String topic = createTopic(1, Map.of());
        Producer<String, String> slow =
                producer(Map.of("transactional.id", unique("id"), "transaction.timeout.ms", 60_000));
        slow.initTransactions();
        slow.beginTransaction();
        send(slow, List.of(record(topic, 0, "late")));
        broker().clock().advance(Duration.ofMinutes(2));
        Producer<String, String> other = transactional(unique("id"));
        other.initTransactions();
        other.beginTransaction();
        send(other, List.of(record(topic, 0, "next")));
        other.commitTransaction();
        assertEquals(List.of("next"), values(poll(committedReader(topic, 1), 1)));
        assertThrows(KafkaException.class, slow::commitTransaction);
    }

    @Test
    void shouldCommitOffsetsWithTheTransaction() throws Exception {
        String topic = createTopic(1, Map.of());
        String group = unique("group");
        TopicPartition partition = new TopicPartition(topic, 0);
        sendNumbers(topic, 0, 10);
        Consumer<String, String> consumer = consumer(Map.of("group.id", group));
        consumer.subscribe(Set.of(topic));
        poll(consumer, 10);
        Producer<String, String> producer = transactional(unique("id"));
        producer.initTransactions();
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(3)), consumer.groupMetadata());
        producer.commitTransaction();
        assertEquals(3, committed(consumer, partition));
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(5)), consumer.groupMetadata());
        producer.abortTransaction();
        assertEquals(3, committed(consumer, partition));
        producer.beginTransaction();
        send(producer, List.of(record(topic, 0, "more")));
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(10)), consumer.groupMetadata());
        producer.commitTransaction();
        assertEquals(10, committed(consumer, partition));
    }

    private static long committed(Consumer<String, String> consumer, TopicPartition partition) {
        return consumer.committed(Set.of(partition)).get(partition).offset();
    }
}
