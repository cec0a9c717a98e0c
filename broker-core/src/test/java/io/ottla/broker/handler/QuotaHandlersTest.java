package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.QuotaEntity;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.CreatePartitionsRequest;
import io.ottla.protocol.message.CreatePartitionsResponse;
import io.ottla.protocol.message.CreateTopicsRequest;
import io.ottla.protocol.message.CreateTopicsResponse;
import io.ottla.protocol.message.DeleteTopicsRequest;
import io.ottla.protocol.message.DeleteTopicsResponse;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What handlers do with clients that are over a quota. */
class QuotaHandlersTest {

    private final DataFixture broker = new DataFixture();
    private Uuid topicId;

    @BeforeEach
    void createTopic() {
        topicId = broker.createTopic("events", 1);
    }

    @AfterEach
    void close() {
        broker.close();
    }

    private void limit(String clientId, String key, double value) {
        assertNull(new ClientQuotaControl(broker.metadata())
                .alter(
                        List.of(new ClientQuotaControl.Wish(
                                new QuotaEntity(Map.of(QuotaEntity.CLIENT_ID, clientId)), Map.of(key, value))),
                        false)
                .get(0));
    }

    private static TestRequestContext context(ApiKey key, int version, String clientId) {
        return new TestRequestContext(key, version, new TestConnection(), clientId);
    }

    private TestRequestContext produce(String clientId, int acks) {
        ByteBuffer records = DataFixture.batch(3);
        ProduceRequest request = new ProduceRequest().acks((short) acks).timeoutMs(1000);
        ProduceRequest.TopicProduceData topic =
                new ProduceRequest.TopicProduceData().name("events").topicId(topicId);
        topic.partitionData()
                .add(new ProduceRequest.PartitionProduceData().index(0).records(records));
        request.topicData().add(topic);
        TestRequestContext context = context(ApiKey.PRODUCE, 9, clientId);
        broker.produceHandler().handle(request, context);
        return context;
    }

    @Test
    void shouldHoldBackAProducerOverItsQuotaAndNoOther() {
        limit("fast", ClientQuotaControl.PRODUCER_BYTE_RATE, TestRequestContext.SIZE_BYTES / 10.0);
        assertEquals(0, produce("fast", 1).throttleMs());
        TestRequestContext second = produce("fast", 1);
        assertEquals(10_000, second.throttleMs());
        ProduceResponse response = second.response(ProduceResponse.class);
        assertEquals(
                ErrorCode.NONE.code(),
                response.responses().get(0).partitionResponses().get(0).errorCode());
        assertEquals(0, produce("slow", 1).throttleMs());
        assertEquals(20_000, produce("fast", 0).throttleMs());
        assertEquals(TestRequestContext.Kind.COMPLETED, produce("fast", 0).kind());
    }

    private TestRequestContext fetch(String clientId, FetchRequest request) {
        TestRequestContext context = context(ApiKey.FETCH, 12, clientId);
        broker.fetchHandler().handle(request, context);
        return context;
    }

    private FetchRequest session(int id, int epoch) {
        FetchRequest request = FetchRequests.session(id, epoch);
        if (epoch == 0) {
            request.topics().add(FetchRequests.topic("events", topicId, FetchRequests.partition(0, 0)));
        }
        return request;
    }

    @Test
    void shouldAnswerAConsumerOverItsQuotaWithoutRecordsAndThenWithAll() {
        broker.append("events", 0, 3);
        FetchResponse first = fetch("reader", session(0, 0)).response(FetchResponse.class);
        int sizeBytes = FetchRequests.only(first).records().sizeBytes();
        assertTrue(sizeBytes > 0);

        FetchResponse other = fetch("reader", session(0, 0)).response(FetchResponse.class);
        limit("reader", ClientQuotaControl.CONSUMER_BYTE_RATE, 1);
        TestRequestContext throttled = fetch("reader", session(other.sessionId(), 1));
        assertTrue(throttled.throttleMs() > 0);
        FetchResponse empty = throttled.response(FetchResponse.class);
        assertEquals(ErrorCode.NONE.code(), empty.errorCode());
        assertEquals(List.of(), empty.responses());
        assertEquals(other.sessionId(), empty.sessionId());

        limit("reader", ClientQuotaControl.CONSUMER_BYTE_RATE, 1_000_000);
        FetchResponse full = fetch("reader", session(other.sessionId(), 2)).response(FetchResponse.class);
        assertEquals(sizeBytes, FetchRequests.only(full).records().sizeBytes());
        TestRequestContext anotherClient = fetch("another", session(0, 0));
        assertEquals(
                sizeBytes,
                FetchRequests.only(anotherClient.response(FetchResponse.class))
                        .records()
                        .sizeBytes());
        assertEquals(0, anotherClient.throttleMs());
    }

    @Test
    void shouldMakeNoSessionForAThrottledFetch() {
        broker.append("events", 0, 3);
        limit("reader", ClientQuotaControl.CONSUMER_BYTE_RATE, 1);
        TestRequestContext throttled = fetch("reader", session(0, 0));
        assertTrue(throttled.throttleMs() > 0);
        FetchResponse empty = throttled.response(FetchResponse.class);
        assertEquals(0, empty.sessionId());
        assertEquals(List.of(), empty.responses());
        // What was not sent does not count: the client is not punished for it again and again.
        assertEquals(throttled.throttleMs(), fetch("reader", session(0, 0)).throttleMs());
    }

    private TestRequestContext create(int version, String name, int partitions) {
        CreateTopicsRequest request = new CreateTopicsRequest();
        request.topics()
                .add(new CreateTopicsRequest.CreatableTopic()
                        .name(name)
                        .numPartitions(partitions)
                        .replicationFactor((short) 1));
        TestRequestContext context = context(ApiKey.CREATE_TOPICS, version, "admin");
        new CreateTopicsHandler(broker.metadata(), broker.topics(), broker.quotas(), new FileWork(Runnable::run))
                .handle(request, context);
        return context;
    }

    private static short error(TestRequestContext context) {
        return context.response(CreateTopicsResponse.class).topics().get(0).errorCode();
    }

    @Test
    void shouldRefuseChangesOfTopicsOverTheQuotaWhereTheClientKnowsTheError() {
        limit("admin", ClientQuotaControl.CONTROLLER_MUTATION_RATE, 1);
        assertEquals(ErrorCode.NONE.code(), error(create(6, "first", 12)));
        TestRequestContext refused = create(6, "second", 1);
        assertEquals(ErrorCode.THROTTLING_QUOTA_EXCEEDED.code(), error(refused));
        assertEquals(1000, refused.throttleMs());
        assertNull(broker.metadata().image().topic("second"));

        CreatePartitionsRequest grow = new CreatePartitionsRequest();
        grow.topics()
                .add(new CreatePartitionsRequest.CreatePartitionsTopic()
                        .name("first")
                        .count(13)
                        .assignments(null));
        TestRequestContext growing = context(ApiKey.CREATE_PARTITIONS, 3, "admin");
        new CreatePartitionsHandler(broker.topics(), broker.quotas(), new FileWork(Runnable::run))
                .handle(grow, growing);
        assertEquals(
                ErrorCode.THROTTLING_QUOTA_EXCEEDED.code(),
                growing.response(CreatePartitionsResponse.class)
                        .results()
                        .get(0)
                        .errorCode());

        DeleteTopicsRequest delete = new DeleteTopicsRequest();
        delete.topicNames().add("first");
        TestRequestContext deleting = context(ApiKey.DELETE_TOPICS, 5, "admin");
        new DeleteTopicsHandler(broker.metadata(), broker.topics(), broker.quotas(), new FileWork(Runnable::run))
                .handle(delete, deleting);
        assertEquals(
                ErrorCode.THROTTLING_QUOTA_EXCEEDED.code(),
                deleting.response(DeleteTopicsResponse.class).responses().get(0).errorCode());

        TestRequestContext old = create(5, "second", 1);
        assertEquals(ErrorCode.NONE.code(), error(old));
        assertEquals(2000, old.throttleMs());
        broker.clock().advance(Duration.ofSeconds(3));
        assertEquals(0, create(6, "third", 1).throttleMs());
    }
}
