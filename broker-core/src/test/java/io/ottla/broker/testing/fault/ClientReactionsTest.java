package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.testing.TestRecord;
import io.ottla.broker.testing.journal.JournalEntry;
import io.ottla.broker.testing.journal.JournalQuery;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsResult;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the real client does about each fault, as the journal saw it and the topic has it: it tries again, is found out, is fenced, joins again. */
class ClientReactionsTest extends FaultFixture {

    private static final Map<String, Object> NOT_IDEMPOTENT = Map.of("enable.idempotence", false);
    private static final Duration FOREVER = Duration.ofDays(1);

    private String topic;

    @BeforeEach
    void createTopic() throws Exception {
        topic = createTopic(1);
        broker().journal().start();
    }

    private FaultRule<?> onProduce() {
        return faults().on(ApiKey.PRODUCE).topic(topic);
    }

    private JournalQuery attempts() {
        return broker().journal().query().requests().api(ApiKey.PRODUCE).about(topic);
    }

    private long connectionsUsed() {
        return attempts().list().stream()
                .map(entry -> entry.call().connectionId())
                .distinct()
                .count();
    }

    /** Sends one record, with a producer that has asked for all it needs before. */
    private long send(Producer<String, String> producer) throws Exception {
        producer.partitionsFor(topic);
        return get(producer.send(new ProducerRecord<>(topic, 0, null, "value"))).offset();
    }

    private void assertSent(Fault fault, long attempts, long connections, int records) {
        assertTrue(fault.fired() >= 1, fault::report);
        assertEquals(attempts, attempts().count(), () -> broker().journal().timeline());
        assertEquals(connections, connectionsUsed());
        broker().topic(topic).assertCount(records);
    }

    @Test
    void shouldAskWhoLeadsAndTryAgainAfterAnError() throws Exception {
        Fault fault = onProduce().error(ErrorCode.NOT_LEADER_OR_FOLLOWER).times(2);
        Producer<String, String> producer = producer(Map.of("client.id", "asks"));
        producer.partitionsFor(topic);
        long mark = broker().journal().mark();
        send(producer, topic, "value");
        assertSent(fault, 3, 1, 1);
        JournalQuery asked =
                broker().journal().query().requests().client("asks").since(mark);
        assertNotEquals(0, asked.api(ApiKey.METADATA).count());
        assertEquals(
                2,
                broker().journal()
                        .query()
                        .answers()
                        .client("asks")
                        .where(entry -> entry.errors().containsValue(ErrorCode.NOT_LEADER_OR_FOLLOWER))
                        .count());
    }

    @Test
    void shouldSendAgainWhatTheBrokerHoldsBack() throws Exception {
        Fault fault = onProduce().delayRequest(FOREVER).once();
        send(impatientProducer(NOT_IDEMPOTENT));
        // What was held back went with its connection: it is not applied late.
        broker().clock().advance(FOREVER.plusDays(1));
        assertSent(fault, 2, 2, 1);
    }

    @Test
    void shouldSendAgainWhatIsAnsweredLateAndBeFoundOut() throws Exception {
        Fault fault = onProduce().delayAnswer(FOREVER).once();
        assertEquals(0, send(impatientProducer(Map.of())));
        assertSent(fault, 2, 2, 1);
    }

    @Test
    void shouldSendAgainWhatIsDropped() throws Exception {
        Fault fault = onProduce().dropRequest().once();
        send(impatientProducer(NOT_IDEMPOTENT));
        assertSent(fault, 2, 2, 1);
    }

    @Test
    void shouldBeFoundOutWhenTheAnswerWasLost() throws Exception {
        Fault fault = onProduce().loseAnswer().once();
        // Told the offset of the first attempt.
        assertEquals(0, send(impatientProducer(Map.of())));
        assertSent(fault, 2, 2, 1);
    }

    @Test
    void shouldWriteTwiceWithoutIdempotenceWhenTheAnswerWasLost() throws Exception {
        Fault fault = onProduce().loseAnswer().once();
        assertEquals(1, send(impatientProducer(NOT_IDEMPOTENT)));
        assertSent(fault, 2, 2, 2);
    }

    @Test
    void shouldConnectAgainWhenCutBefore() throws Exception {
        Fault fault = onProduce().disconnectBeforeApplied().times(2);
        send(producer(NOT_IDEMPOTENT));
        assertSent(fault, 3, 3, 1);
    }

    @Test
    void shouldConnectAgainAndBeFoundOutWhenCutAfter() throws Exception {
        Fault fault = onProduce().disconnectAfterApplied().times(2);
        assertEquals(0, send(producer(Map.of())));
        assertSent(fault, 3, 3, 1);
    }

    @Test
    void shouldLetItGoAtItsTimeWhenTheAnswerIsLate() throws Exception {
        Fault fault = onProduce().delayAnswer(Duration.ofMillis(200)).once();
        Producer<String, String> producer = producer(NOT_IDEMPOTENT);
        producer.partitionsFor(topic);
        long startNanos = System.nanoTime();
        send(producer, topic, "value");
        assertTrue(millisSince(startNanos) >= 200);
        assertSent(fault, 1, 1, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"})
    void shouldGiveUpWhenFencedByAFunction(String error) throws Exception {
        Producer<String, String> producer = producer(Map.of("transactional.id", unique("tx")));
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, topic, "value");
        Fault fault = faults().on(EndTxnRequest.class)
                .answer(request -> {
                    throw new ApiException(ErrorCode.valueOf(error));
                })
                .once();
        assertThrows(ProducerFencedException.class, producer::commitTransaction);
        assertEquals(1, fault.fired());
        assertThrows(ProducerFencedException.class, producer::beginTransaction);
        broker().topic(topic).assertEmpty();
    }

    @Test
    void shouldFindTheProducerThatWasFencedByItsSuccessor() throws Exception {
        String id = unique("tx");
        Producer<String, String> old = producer(Map.of("transactional.id", id));
        old.initTransactions();
        old.beginTransaction();
        send(old, topic, "old");
        Producer<String, String> successor = producer(Map.of("transactional.id", id));
        // The successor's first try is not answered, but has fenced already.
        Fault lost = faults().on(ApiKey.INIT_PRODUCER_ID)
                .transactionalId(id)
                .disconnectAfterApplied()
                .once();
        successor.initTransactions();
        assertEquals(1, lost.fired());
        Throwable refused = assertThrows(
                        ExecutionException.class, () -> get(old.send(new ProducerRecord<>(topic, "late"))))
                .getCause();
        assertTrue(
                refused instanceof ProducerFencedException
                        || refused.getCause() instanceof ProducerFencedException
                        || refused instanceof org.apache.kafka.common.errors.InvalidProducerEpochException,
                refused::toString);
        successor.beginTransaction();
        send(successor, topic, "new");
        successor.commitTransaction();
        broker().topic(topic).assertValues("new");
    }

    @Test
    void shouldSeeTheAnswerThatAFunctionHasChanged() throws Exception {
        faults().on(ProduceRequest.class)
                .topic(topic)
                .changeAnswer(ProduceResponse.class, (request, answer) -> answer.responses()
                        .forEach(of -> of.partitionResponses().forEach(partition -> partition.baseOffset(4711))))
                .once();
        assertEquals(4711, send(producer(NOT_IDEMPOTENT)));
        broker().topic(topic).assertCount(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS"})
    void shouldJoinAgainWhenAHeartbeatFails(String error) {
        String group = unique("group");
        Consumer<String, String> consumer =
                consumer(Map.of("group.id", group, "heartbeat.interval.ms", 50, "session.timeout.ms", 2000));
        consumer.subscribe(List.of(topic));
        broker().topic(topic).write(TestRecord.of("a"));
        poll(consumer, 1);
        consumer.commitSync();
        long mark = broker().journal().mark();
        Fault fault = faults().on(ApiKey.HEARTBEAT)
                .group(group)
                .error(ErrorCode.valueOf(error))
                .once();
        JournalQuery joined = broker().journal()
                .query()
                .answers()
                .api(ApiKey.JOIN_GROUP)
                .since(mark)
                .where(entry -> !entry.hasError());
        broker().await().atMost(PATIENCE).until("it has joined again", () -> {
            consumer.poll(Duration.ofMillis(20));
            return joined.count() == 1;
        });
        broker().topic(topic).write(TestRecord.of("b"));
        assertEquals(List.of("b"), poll(consumer, 1));
        assertEquals(1, fault.fired());
        assertNotEquals(
                0,
                broker().journal()
                        .query()
                        .kind(JournalEntry.Kind.GROUP)
                        .about(group)
                        .since(mark)
                        .count());
    }

    @Test
    void shouldSeekOutTheCoordinatorAndCommitAfterACut() throws Exception {
        String group = unique("group");
        TopicPartition partition = new TopicPartition(topic, 0);
        Consumer<String, String> consumer = consumer(Map.of("group.id", group));
        consumer.assign(List.of(partition));
        Fault fault = faults().on(ApiKey.OFFSET_COMMIT)
                .group(group)
                .disconnectAfterApplied()
                .times(2);
        consumer.commitSync(Map.of(partition, new OffsetAndMetadata(7)));
        assertEquals(2, fault.fired());
        JournalQuery requests = broker().journal().query().requests().about(group);
        assertEquals(3, requests.api(ApiKey.OFFSET_COMMIT).count());
        // At least, because the client asks once more when it finds the connection to the coordinator not ready yet.
        long found = requests.api(ApiKey.FIND_COORDINATOR).count();
        assertTrue(found >= 3, () -> broker().journal().timeline());
        broker().await().committed(group, topic, 0, 7);
    }

    /** Of the two groups that one request asks for. */
    @Test
    void shouldSeeOneGroupFailAndTheOther() throws Exception {
        String refused = unique("group");
        String served = unique("group");
        TopicPartition partition = new TopicPartition(topic, 0);
        Admin admin = admin(Map.of());
        for (String group : List.of(refused, served)) {
            get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture());
        }
        Fault fault = faults().on(ApiKey.OFFSET_FETCH)
                .group(refused)
                .error(ErrorCode.GROUP_AUTHORIZATION_FAILED)
                .once();
        ListConsumerGroupOffsetsResult answer = admin.listConsumerGroupOffsets(Map.of(
                refused,
                new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(partition)),
                served,
                new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(partition))));
        assertFails(
                GroupAuthorizationException.class,
                answer.partitionsToOffsetAndMetadata(refused)
                        .toCompletionStage()
                        .toCompletableFuture());
        assertEquals(
                3,
                get(answer.partitionsToOffsetAndMetadata(served)
                                .toCompletionStage()
                                .toCompletableFuture())
                        .get(partition)
                        .offset());
        assertEquals(1, fault.fired());
    }

    @Test
    void shouldAskAgainForOneUnstableOffset() throws Exception {
        String group = unique("group");
        String second = createTopic(2);
        Consumer<String, String> consumer = consumer(Map.of("group.id", group));
        TopicPartition stable = new TopicPartition(topic, 0);
        TopicPartition unstable = new TopicPartition(second, 1);
        consumer.assign(List.of(stable, unstable));
        consumer.commitSync(Map.of(stable, new OffsetAndMetadata(1), unstable, new OffsetAndMetadata(2)));
        Fault fault = faults().on(ApiKey.OFFSET_FETCH)
                .topic(second)
                .partition(1)
                .error(ErrorCode.UNSTABLE_OFFSET_COMMIT)
                .times(2);
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(Set.of(stable, unstable));
        assertEquals(1, committed.get(stable).offset());
        assertEquals(2, committed.get(unstable).offset());
        assertEquals(2, fault.fired());
        // The answers said which partition it was.
        assertEquals(
                2,
                broker().journal()
                        .query()
                        .answers()
                        .api(ApiKey.OFFSET_FETCH)
                        .where(entry -> entry.errors().equals(Map.of(second + "-1", ErrorCode.UNSTABLE_OFFSET_COMMIT)))
                        .count());
    }

    /** Which of six sends fail of a producer that tries each once. */
    private List<Integer> failures(Function<FaultTrigger, Fault> trigger) throws Exception {
        List<Integer> failed = new ArrayList<>();
        Producer<String, String> producer = producer(Map.of("enable.idempotence", false, "retries", 0));
        producer.partitionsFor(topic);
        long countBefore = broker().topic(topic).count();
        try (Fault fault = trigger.apply(onProduce().error(ErrorCode.NOT_ENOUGH_REPLICAS))) {
            for (int call = 1; call <= 6; call++) {
                try {
                    RecordMetadata written = get(producer.send(new ProducerRecord<>(topic, 0, null, "value")));
                    assertEquals(0, written.partition());
                } catch (ExecutionException e) {
                    failed.add(call);
                }
            }
            assertEquals(failed.size(), fault.fired());
        }
        assertEquals(6 - failed.size(), broker().topic(topic).count() - countBefore);
        return failed;
    }

    @Test
    void shouldFailTheSendsThatTheTriggerPicks() throws Exception {
        assertEquals(List.of(1), failures(FaultTrigger::once));
        assertEquals(List.of(1, 2), failures(trigger -> trigger.times(2)));
        assertEquals(List.of(3), failures(trigger -> trigger.onCall(3)));
        assertEquals(List.of(2, 4, 6), failures(trigger -> trigger.every(2)));
        assertEquals(List.of(1, 2, 3, 4, 5, 6), failures(FaultTrigger::everyTime));
        assertEquals(List.of(), failures(trigger -> trigger.withProbability(0, 1)));
        List<Integer> some = failures(trigger -> trigger.withProbability(0.5, 5));
        assertTrue(!some.isEmpty() && some.size() < 6, some::toString);
        assertEquals(some, failures(trigger -> trigger.withProbability(0.5, 5)));
    }
}
