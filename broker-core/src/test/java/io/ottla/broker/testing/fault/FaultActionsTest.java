package io.ottla.broker.testing.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreateTopicsRequest;
import io.ottla.protocol.message.DescribeClusterRequest;
import io.ottla.protocol.message.DescribeClusterResponse;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.storage.ManualClock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** What each action of a fault does to the real client. */
class FaultActionsTest extends FaultFixture {

    private static final Map<String, Object> NOT_IDEMPOTENT = Map.of("enable.idempotence", false);

    @Test
    void shouldAnswerWithAnErrorThatTheProducerRetries() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE)
                .topic(topic)
                .error(ErrorCode.NOT_LEADER_OR_FOLLOWER)
                .times(2);
        send(producer(Map.of()), topic, "a");
        assertEquals(2, fault.fired());
        assertFalse(fault.isArmed());
        assertEquals(1, endOffset(topic));
    }

    @Test
    void shouldServeWhatTheErrorIsNotFor() throws Exception {
        String refused = createTopic(1);
        String other = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE)
                .topic(refused)
                .error(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
                .once();
        broker().journal().start();
        Producer<String, String> producer = producer(Map.of("linger.ms", 10_000));
        producer.partitionsFor(refused);
        producer.partitionsFor(other);
        Future<RecordMetadata> failed = producer.send(new ProducerRecord<>(refused, "a"));
        Future<RecordMetadata> written = producer.send(new ProducerRecord<>(other, "b"));
        producer.flush();
        assertFails(TopicAuthorizationException.class, failed);
        assertEquals(0, get(written).offset());
        assertEquals(1, fault.fired());
        assertEquals(0, endOffset(refused));
        assertEquals(
                1,
                broker().journal()
                        .query()
                        .requests()
                        .api(ApiKey.PRODUCE)
                        .about(refused)
                        .about(other)
                        .count(),
                "one request had both");
    }

    @Test
    void shouldAnswerWithAnErrorForOnePartition() throws Exception {
        String topic = createTopic(2);
        faults().on(ApiKey.PRODUCE)
                .topic(topic)
                .partition(1)
                .error(ErrorCode.INVALID_RECORD, "not this one")
                .everyTime();
        Producer<String, String> producer = producer(Map.of());
        send(producer, topic, "a");
        Future<RecordMetadata> failed = producer.send(new ProducerRecord<>(topic, 1, null, "b"));
        assertTrue(assertFails(KafkaException.class, failed).getMessage().contains("not this one"));
    }

    @Test
    void shouldDisconnectAProducerThatWantsNoAnswer() throws Exception {
        String topic = createTopic(1);
        Producer<String, String> producer = producer(Map.of("acks", "0", "enable.idempotence", false));
        Fault fault = faults().on(ApiKey.PRODUCE)
                .topic(topic)
                .error(ErrorCode.REQUEST_TIMED_OUT)
                .once();
        send(producer, topic, "lost");
        fault.awaitFired(PATIENCE);
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (endOffset(topic) == 0 && System.nanoTime() < deadlineNanos) {
            send(producer, topic, "kept");
        }
        assertTrue(endOffset(topic) > 0);
    }

    @Test
    void shouldHoldRequestsAndAnswersBackByTheClockOfTheBroker() throws Exception {
        ManualClock clock = new ManualClock(System.currentTimeMillis());
        try (EmbeddedBroker broker =
                        EmbeddedBroker.builder().clock(clock).topic("t", 1).start();
                Producer<String, String> producer = new KafkaProducer<>(
                        clientConfig(broker, Map.of()), new StringSerializer(), new StringSerializer())) {
            send(producer, "t", "first");
            Fault request = broker.faults()
                    .on(ApiKey.PRODUCE)
                    .delayRequest(Duration.ofHours(1))
                    .once();
            Future<RecordMetadata> late = producer.send(new ProducerRecord<>("t", "late"));
            request.awaitFired(PATIENCE);
            clock.advance(Duration.ofMinutes(59));
            assertFalse(late.isDone());
            advanceUntilDone(clock, late);
            assertEquals(1, get(late).offset());

            Fault answer = broker.faults()
                    .on(ApiKey.PRODUCE)
                    .delayAnswer(Duration.ofHours(1))
                    .once();
            late = producer.send(new ProducerRecord<>("t", "later"));
            answer.awaitFired(PATIENCE);
            clock.advance(Duration.ofMinutes(59));
            assertFalse(late.isDone());
            advanceUntilDone(clock, late);
            assertEquals(2, get(late).offset());
        }
    }

    /** The delay may have begun when the clock had been moved already. */
    private static void advanceUntilDone(ManualClock clock, Future<?> late) {
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        while (!late.isDone() && System.nanoTime() < deadlineNanos) {
            clock.advance(Duration.ofMinutes(1));
        }
    }

    @Test
    void shouldDropARequestWhichTheProducerSendsAgain() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).dropRequest().once();
        send(impatientProducer(NOT_IDEMPOTENT), topic, "a");
        assertEquals(1, fault.fired());
        assertEquals(1, endOffset(topic));
    }

    @Test
    void shouldNotDuplicateALostAcknowledgementWithIdempotence() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).loseAnswer().once();
        send(impatientProducer(Map.of()), topic, "a");
        assertEquals(1, fault.fired());
        assertEquals(1, endOffset(topic));
    }

    @Test
    void shouldDuplicateALostAcknowledgementWithoutIdempotence() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE).topic(topic).loseAnswer().once();
        send(impatientProducer(NOT_IDEMPOTENT), topic, "a");
        assertEquals(1, fault.fired());
        assertEquals(2, endOffset(topic));
    }

    @Test
    void shouldDisconnectBeforeARequestIsApplied() throws Exception {
        String topic = createTopic(1);
        Fault fault = faults().on(ApiKey.PRODUCE)
                .topic(topic)
                .disconnectBeforeApplied()
                .times(2);
        send(producer(NOT_IDEMPOTENT), topic, "a");
        assertEquals(2, fault.fired());
        assertEquals(1, endOffset(topic));
    }

    @Test
    void shouldDisconnectAfterARequestIsApplied() throws Exception {
        String topic = createTopic(1);
        faults().on(ApiKey.PRODUCE).topic(topic).disconnectAfterApplied().times(2);
        send(producer(NOT_IDEMPOTENT), topic, "a");
        assertEquals(3, endOffset(topic));
    }

    @Test
    void shouldAnswerByAFunction() throws Exception {
        Admin admin = admin(Map.of());
        faults().on(DescribeClusterRequest.class)
                .answer(request ->
                        new DescribeClusterResponse().clusterId("mine").controllerId(1))
                .once();
        assertEquals("mine", clusterId(admin));
        assertFalse(clusterId(admin).equals("mine"));
        faults().on(DescribeClusterRequest.class).answer(request -> null).everyTime();
        assertFalse(clusterId(admin).equals("mine"));
    }

    @Test
    void shouldAnswerWithWhatTheFunctionThrows() {
        Admin admin = admin(Map.of());
        faults().on(DescribeClusterRequest.class)
                .answer(request -> {
                    throw new ApiException(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "not you");
                })
                .once();
        Future<String> refused = future(admin);
        assertEquals(
                "not you",
                assertFails(ClusterAuthorizationException.class, refused).getMessage());
        faults().on(DescribeClusterRequest.class)
                .answer(request -> {
                    throw new IllegalStateException("a mistake in the test");
                })
                .once();
        assertFails(UnknownServerException.class, future(admin));
    }

    @Test
    void shouldChangeAnswers() throws Exception {
        Admin admin = admin(Map.of());
        faults().on(DescribeClusterRequest.class)
                .changeAnswer(DescribeClusterResponse.class, (request, answer) -> answer.clusterId("changed"))
                .once();
        assertEquals("changed", clusterId(admin));
    }

    @Test
    void shouldChangeRequests() throws Exception {
        Admin admin = admin(Map.of());
        String topic = unique("topic");
        faults().on(CreateTopicsRequest.class)
                .changeRequest(request -> request.topics().forEach(wanted -> wanted.numPartitions(5)))
                .once();
        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1)))
                .all()
                .toCompletionStage()
                .toCompletableFuture());
        assertEquals(5, producer(Map.of()).partitionsFor(topic).size());
    }

    @Test
    void shouldRefuseAClassThatIsNoRequest() {
        assertThrows(IllegalArgumentException.class, () -> faults().on(DescribeClusterResponse.class));
        assertThrows(IllegalArgumentException.class, () -> faults().on(ProduceRequest.class)
                .error(ErrorCode.NONE));
    }

    @Test
    void shouldEndAnAdminCallByItsTimeoutWhenItsRequestIsDropped() throws Exception {
        Admin admin = admin(Map.of("request.timeout.ms", IMPATIENCE_MS, "default.api.timeout.ms", IMPATIENCE_MS));
        get(future(admin));
        Fault fault = faults().on(ApiKey.DESCRIBE_CLUSTER).dropRequest().everyTime();
        assertFails(TimeoutException.class, future(admin));
        assertTrue(fault.fired() >= 1);
    }

    @Test
    void shouldFormErrorsOfAnyApi() {
        Admin admin = admin(Map.of());
        faults().onAnyRequest()
                .when(request -> request.apiKey() != ApiKey.METADATA && request.apiKey() != ApiKey.API_VERSIONS)
                .error(ErrorCode.INVALID_REQUEST)
                .everyTime();
        assertFails(InvalidRequestException.class, future(admin));
        assertFails(
                InvalidRequestException.class,
                admin.listGroups().all().toCompletionStage().toCompletableFuture());
        assertFails(
                InvalidRequestException.class,
                admin.createTopics(List.of(new NewTopic("never", 1, (short) 1)))
                        .all()
                        .toCompletionStage()
                        .toCompletableFuture());
        assertFails(
                InvalidRequestException.class,
                admin.deleteTopics(List.of("never")).all().toCompletionStage().toCompletableFuture());
    }

    private static Future<String> future(Admin admin) {
        return admin.describeCluster().clusterId().toCompletionStage().toCompletableFuture();
    }

    private static String clusterId(Admin admin) throws Exception {
        return get(future(admin));
    }
}
