package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.clients.ClientTest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeProducersResult.PartitionProducerState;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.junit.jupiter.api.Test;

/** What an administrator sees of open transactions, and can do about those that hang (KIP-664). */
class HangingTransactionTest extends ClientTest {

    private static ProducerState only(Admin admin, TopicPartition partition) throws Exception {
        PartitionProducerState state =
                get(admin.describeProducers(Set.of(partition)).partitionResult(partition));
        assertEquals(1, state.activeProducers().size());
        return state.activeProducers().get(0);
    }

    private static long latest(Admin admin, TopicPartition partition, IsolationLevel isolation) throws Exception {
        return get(admin.listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation))
                        .partitionResult(partition))
                .offset();
    }

    @Test
    void shouldDescribeAndAbortAnOpenTransaction() throws Exception {
        String topic = createTopic(1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        sendNumbers(topic, 0, 1);
        Producer<String, String> producer = producer(Map.of("transactional.id", unique("id")));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, List.of(new ProducerRecord<>(topic, "open"), new ProducerRecord<>(topic, "open")));
        Admin admin = admin();
        PartitionProducerState all =
                get(admin.describeProducers(Set.of(partition)).partitionResult(partition));
        ProducerState hanging = all.activeProducers().stream()
                .filter(state -> state.currentTransactionStartOffset().isPresent())
                .findAny()
                .orElseThrow();
        assertEquals(OptionalLong.of(1), hanging.currentTransactionStartOffset());
        assertEquals(1, hanging.lastSequence());
        assertTrue(hanging.coordinatorEpoch().isEmpty());
        assertEquals(1, latest(admin, partition, IsolationLevel.READ_COMMITTED));
        assertEquals(3, latest(admin, partition, IsolationLevel.READ_UNCOMMITTED));

        int epoch = hanging.producerEpoch();
        Exception fenced = assertThrows(
                ExecutionException.class,
                () -> get(admin.abortTransaction(
                                new AbortTransactionSpec(partition, hanging.producerId(), (short) (epoch - 1), 0))
                        .all()));
        assertEquals(InvalidProducerEpochException.class, fenced.getCause().getClass());
        get(admin.abortTransaction(new AbortTransactionSpec(partition, hanging.producerId(), (short) epoch, 0))
                .all());

        assertEquals(4, latest(admin, partition, IsolationLevel.READ_COMMITTED));
        Consumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"));
        consumer.assign(Set.of(partition));
        assertEquals(List.of("0"), values(poll(consumer, 1)));
        assertTrue(consumer.poll(Duration.ofMillis(100)).isEmpty());
        assertEquals(4, consumer.position(partition));
    }

    @Test
    void shouldWithholdOffsetsThatATransactionMayReplace() throws Exception {
        TopicPartition partition = new TopicPartition(createTopic(1, Map.of()), 0);
        String group = unique("group");
        ConsumerGroupMetadata outsider = consumer(Map.of("group.id", group)).groupMetadata();
        Admin admin = admin();
        get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3)))
                .all());
        Producer<String, String> producer = producer(Map.of("transactional.id", unique("id")));
        producer.initTransactions();
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(8)), outsider);
        // It does not ask for stable offsets.
        assertEquals(3, offset(admin, group, partition));
        producer.abortTransaction();
        assertEquals(3, offset(admin, group, partition));
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(9)), outsider);
        producer.commitTransaction();
        assertEquals(9, offset(admin, group, partition));
        int epoch = only(admin, new TopicPartition("__consumer_offsets", 0)).producerEpoch();
        assertTrue(epoch >= 2, () -> "each end has given it a new epoch, " + epoch);
    }

    private static long offset(Admin admin, String group, TopicPartition partition) throws Exception {
        return get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .get(partition)
                .offset();
    }
}
