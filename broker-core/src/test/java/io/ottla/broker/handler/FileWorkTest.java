package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreatePartitionsRequest;
import io.ottla.protocol.message.CreatePartitionsResponse;
import io.ottla.protocol.message.CreateTopicsRequest;
import io.ottla.protocol.message.CreateTopicsResponse;
import io.ottla.protocol.message.DeleteTopicsRequest;
import io.ottla.protocol.message.DeleteTopicsResponse;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FileWorkTest {

    private static final int MANY = FileWork.MAX_BRIEF_PARTITIONS + 1;

    private final Queue<Runnable> elsewhere = new ArrayDeque<>();
    private final FileWork work = new FileWork(elsewhere::add);
    private final DataFixture broker = new DataFixture();

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void shouldMakeAFewPartitionsAtOnce() {
        TestRequestContext context = create("few", FileWork.MAX_BRIEF_PARTITIONS);
        assertTrue(context.isEnded());
        assertFalse(context.holdsFollowers());
        assertNotNull(broker.metadata().image().topic("few"));
    }

    @Test
    void shouldMakeAndDeleteManyPartitionsElsewhere() {
        TestRequestContext created = create("many", MANY);
        awaitElsewhere(created);
        assertEquals(
                0, created.response(CreateTopicsResponse.class).topics().get(0).errorCode());
        assertEquals(MANY, broker.metadata().image().topic("many").partitions().size());

        CreatePartitionsRequest grow = new CreatePartitionsRequest();
        grow.topics()
                .add(new CreatePartitionsRequest.CreatePartitionsTopic()
                        .name("many")
                        .count(2 * MANY)
                        .assignments(null));
        TestRequestContext grown = new TestRequestContext(ApiKey.CREATE_PARTITIONS, 3);
        new CreatePartitionsHandler(broker.topics(), broker.quotas(), work).handle(grow, grown);
        awaitElsewhere(grown);
        assertEquals(
                0,
                grown.response(CreatePartitionsResponse.class).results().get(0).errorCode());

        DeleteTopicsRequest delete = new DeleteTopicsRequest();
        delete.topicNames().add("many");
        TestRequestContext deleted = new TestRequestContext(ApiKey.DELETE_TOPICS, 5);
        new DeleteTopicsHandler(broker.metadata(), broker.topics(), broker.quotas(), work).handle(delete, deleted);
        awaitElsewhere(deleted);
        assertEquals(
                0,
                deleted.response(DeleteTopicsResponse.class).responses().get(0).errorCode());
        assertNull(broker.metadata().image().topic("many"));
    }

    @Test
    void shouldAnswerWhatFailsElsewhere() {
        assertEquals(
                ErrorCode.INVALID_REQUEST.code(), errorOf(new ApiException(ErrorCode.INVALID_REQUEST, "on purpose")));
        assertEquals(ErrorCode.UNKNOWN_SERVER_ERROR.code(), errorOf(new IllegalStateException("on purpose")));
    }

    private short errorOf(RuntimeException failure) {
        CreateTopicsRequest request = request("failing", MANY);
        TestRequestContext context = new TestRequestContext(ApiKey.CREATE_TOPICS, 5);
        work.serve(MANY, handler(work), request, context, () -> {
            throw failure;
        });
        awaitElsewhere(context);
        return context.response(CreateTopicsResponse.class).topics().get(0).errorCode();
    }

    @Test
    void shouldHangUpWhenItIsTooLate() {
        FileWork closed = new FileWork(task -> {
            throw new RejectedExecutionException("on purpose");
        });
        TestRequestContext context = new TestRequestContext(ApiKey.CREATE_TOPICS, 5);
        handler(closed).handle(request("late", MANY), context);
        assertEquals(TestRequestContext.Kind.DISCONNECTED, context.kind());
    }

    private void awaitElsewhere(TestRequestContext context) {
        assertFalse(context.isEnded());
        assertTrue(context.holdsFollowers());
        elsewhere.remove().run();
        assertTrue(context.isEnded());
    }

    private TestRequestContext create(String name, int partitions) {
        TestRequestContext context = new TestRequestContext(ApiKey.CREATE_TOPICS, 5);
        handler(work).handle(request(name, partitions), context);
        return context;
    }

    private CreateTopicsHandler handler(FileWork files) {
        return new CreateTopicsHandler(broker.metadata(), broker.topics(), broker.quotas(), files);
    }

    private static CreateTopicsRequest request(String name, int partitions) {
        CreateTopicsRequest request = new CreateTopicsRequest();
        request.topics()
                .add(new CreateTopicsRequest.CreatableTopic()
                        .name(name)
                        .numPartitions(partitions)
                        .replicationFactor((short) 1));
        return request;
    }
}
