package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreateTopicsRequest;
import io.ottla.protocol.message.CreateTopicsResponse;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.storage.ManualClock;
import io.ottla.storage.SimulatedFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When answers wait for the device, and what becomes of them when it fails or is full. */
class DurabilityTest {

    private static final Map<String, String> POWER_SAFE = Map.of("ottla.durability", "power-safe");
    private static final Path FOLDER = DataFixture.temporaryDirectory();

    private final SimulatedFiles files = new SimulatedFiles(new ManualClock(1_700_000_000_000L), new Random(1));
    private final HeldExecutor syncs = new HeldExecutor();
    private DataFixture broker;

    /** Runs its tasks at once, or when the test says so. */
    private static final class HeldExecutor implements Executor {

        private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private volatile boolean held;
        private int rounds;

        @Override
        public void execute(Runnable task) {
            if (held) {
                tasks.add(task);
            } else {
                task.run();
            }
        }

        void release() {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                rounds++;
                task.run();
            }
        }
    }

    private void start(Map<String, String> settings) {
        broker = new DataFixture(FOLDER, settings, files, syncs);
    }

    @AfterEach
    void stop() {
        syncs.held = false;
        syncs.release();
        broker.crash();
    }

    private TestRequestContext produce(int acks, String topic) {
        TestRequestContext context = new TestRequestContext(ApiKey.PRODUCE, 9);
        broker.produceHandler()
                .handle(
                        new ProduceRequest()
                                .transactionalId(null)
                                .acks((short) acks)
                                .timeoutMs(1000)
                                .topicData(List.of(new ProduceRequest.TopicProduceData()
                                        .name(topic)
                                        .partitionData(List.of(new ProduceRequest.PartitionProduceData()
                                                .index(0)
                                                .records(DataFixture.batch(1)))))),
                        context);
        return context;
    }

    private static PartitionProduceResponse answer(TestRequestContext produced) {
        return produced.response(ProduceResponse.class)
                .responses()
                .get(0)
                .partitionResponses()
                .get(0);
    }

    private void alter(String topic, String key, String value) {
        new ConfigControl(broker.metadata())
                .alter(
                        List.of(new ConfigWish(
                                new ConfigResource((byte) 2, topic),
                                List.of(new ConfigChange(key, ConfigChange.SET, value)),
                                false)),
                        false)
                .forEach(outcome -> assertEquals(ErrorCode.NONE, outcome.error(), outcome.message()));
    }

    @Test
    void shouldAnswerWhenTheRecordsAreOnTheDevice() {
        start(POWER_SAFE);
        broker.createTopic("events", 1);
        syncs.held = true;
        TestRequestContext one = produce(1, "events");
        TestRequestContext all = produce(-1, "events");
        assertEquals(TestRequestContext.Kind.COMPLETED, produce(0, "events").kind());
        assertFalse(one.isEnded() || all.isEnded());
        assertEquals(0, broker.partition("events", 0).highWatermark());
        syncs.release();
        assertEquals(0, answer(one).errorCode());
        assertEquals(1, answer(all).baseOffset());
        assertEquals(3, broker.partition("events", 0).highWatermark());
    }

    @Test
    void shouldSyncOnceForAllWhoWait() {
        start(POWER_SAFE);
        broker.createTopic("events", 1);
        syncs.held = true;
        TestRequestContext[] waiting = new TestRequestContext[32];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = produce(-1, "events");
        }
        syncs.release();
        for (int i = 0; i < waiting.length; i++) {
            assertEquals(i, answer(waiting[i]).baseOffset());
        }
        assertTrue(syncs.rounds <= 2, syncs.rounds + " rounds of syncing for " + waiting.length + " requests");
    }

    @Test
    void shouldAnswerAtOnceUnlessAskedForMore() {
        start(Map.of());
        broker.createTopic("events", 1);
        syncs.held = true;
        assertEquals(0, answer(produce(-1, "events")).errorCode());
        assertEquals(1, broker.partition("events", 0).highWatermark());
        alter("events", "flush.messages", "1");
        syncs.release();
        TestRequestContext waiting = produce(-1, "events");
        assertFalse(waiting.isEnded());
        syncs.release();
        assertEquals(1, answer(waiting).baseOffset());
        alter("events", "flush.messages", "3");
        assertTrue(produce(1, "events").isEnded());
        assertTrue(produce(1, "events").isEnded());
        TestRequestContext third = produce(1, "events");
        assertFalse(third.isEnded());
        syncs.release();
        assertEquals(4, answer(third).baseOffset());
    }

    @Test
    void shouldShowATopicWhenItIsOnTheDevice() {
        start(POWER_SAFE);
        syncs.held = true;
        CreateTopicsHandler handler = new CreateTopicsHandler(
                broker.metadata(), broker.topics(), broker.quotas(), new FileWork(Runnable::run));
        TestRequestContext context = new TestRequestContext(ApiKey.CREATE_TOPICS, 5);
        CreateTopicsRequest request = new CreateTopicsRequest();
        request.topics()
                .add(new CreateTopicsRequest.CreatableTopic()
                        .name("events")
                        .numPartitions(1)
                        .replicationFactor((short) 1));
        handler.handle(request, context);
        assertFalse(context.isEnded());
        assertNull(broker.metadata().image().topic("events"));
        syncs.release();
        assertEquals(
                0, context.response(CreateTopicsResponse.class).topics().get(0).errorCode());
        assertEquals("events", broker.metadata().image().topic("events").name());
        assertTrue(broker.partition("events", 0).isOnline());
    }

    @Test
    void shouldKeepWhatWasAcknowledgedThroughAPowerFailure() {
        start(POWER_SAFE);
        broker.createTopic("events", 1);
        for (int i = 0; i < 20; i++) {
            assertEquals(i, answer(produce(1, "events")).baseOffset());
        }
        syncs.held = true;
        assertFalse(produce(1, "events").isEnded());
        broker.crash();
        files.restart(true);
        syncs.held = false;
        start(POWER_SAFE);
        long endOffset = broker.partition("events", 0).log().logEndOffset();
        assertTrue(endOffset == 20 || endOffset == 21, "ends at " + endOffset);
    }

    @Test
    void shouldRefuseRecordsAfterAFailedSync() {
        start(POWER_SAFE);
        broker.createTopic("events", 1);
        broker.createTopic("others", 1);
        files.failSyncs(1);
        PartitionProduceResponse failed = answer(produce(1, "events"));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR.code(), failed.errorCode());
        assertEquals(-1, failed.baseOffset());
        assertTrue(failed.errorMessage().startsWith("events-0 takes no more appends"), failed.errorMessage());
        assertEquals(
                ErrorCode.KAFKA_STORAGE_ERROR.code(),
                answer(produce(1, "events")).errorCode());
        assertEquals(0, broker.partition("events", 0).highWatermark());
        assertEquals(0, answer(produce(1, "others")).errorCode());
    }

    @Test
    void shouldGoOnByItselfWhenThereIsRoomAgain() {
        start(Map.of());
        broker.createTopic("events", 1);
        assertEquals(0, answer(produce(1, "events")).errorCode());
        files.roomBytes(0);
        for (int i = 0; i < 3; i++) {
            PartitionProduceResponse failed = answer(produce(1, "events"));
            assertEquals(ErrorCode.KAFKA_STORAGE_ERROR.code(), failed.errorCode());
            assertTrue(failed.errorMessage().startsWith("Appending to events-0 failed"), failed.errorMessage());
        }
        ApiException refused =
                org.junit.jupiter.api.Assertions.assertThrows(ApiException.class, () -> broker.createTopic("more", 1));
        assertEquals(ErrorCode.KAFKA_STORAGE_ERROR, refused.error());
        assertEquals(1, broker.partition("events", 0).highWatermark());
        files.roomBytes(Long.MAX_VALUE);
        assertEquals(1, answer(produce(1, "events")).baseOffset());
        broker.createTopic("more", 1);
        assertEquals(0, answer(produce(1, "more")).errorCode());
    }
}
