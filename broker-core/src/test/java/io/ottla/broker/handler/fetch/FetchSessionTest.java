package io.ottla.broker.handler.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.handler.DataFixture;
import io.ottla.broker.handler.TestConnection;
import io.ottla.broker.handler.TestRequestContext;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import io.ottla.storage.FileRecords;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a session costs, and that it misses nothing. */
class FetchSessionTest {

    private static final int LARGE = 1 << 24;
    private static final int LONG_WAIT_MS = Integer.MAX_VALUE;

    private DataFixture broker;
    private Uuid topicId;
    private final TestConnection connection = new TestConnection();

    @BeforeEach
    void start() {
        broker = new DataFixture();
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private TestRequestContext send(int sessionId, int epoch, int maxWaitMs, List<FetchRequest.FetchPartition> asked) {
        FetchRequest request = new FetchRequest()
                .replicaId(-1)
                .maxWaitMs(maxWaitMs)
                .minBytes(1)
                .maxBytes(LARGE)
                .sessionId(sessionId)
                .sessionEpoch(epoch);
        if (!asked.isEmpty()) {
            request.topics(
                    List.of(new FetchRequest.FetchTopic().topicId(topicId).partitions(asked)));
        }
        TestRequestContext context = new TestRequestContext(ApiKey.FETCH, 13, connection);
        broker.fetchHandler().handle(request, context);
        return context;
    }

    private static FetchRequest.FetchPartition from(int index, long offset) {
        return new FetchRequest.FetchPartition()
                .partition(index)
                .fetchOffset(offset)
                .partitionMaxBytes(LARGE);
    }

    private static List<FetchRequest.FetchPartition> fromStart(int count) {
        List<FetchRequest.FetchPartition> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            asked.add(from(i, 0));
        }
        return asked;
    }

    private static int listedCount(FetchSession session) {
        synchronized (session) {
            session.listFlagged();
            return session.listedCount();
        }
    }

    @Test
    void shouldLookOnlyAtPartitionsThatMayHaveNews() {
        topicId = broker.createTopic("wide", 200);
        int id = send(0, 0, 0, fromStart(200)).response(FetchResponse.class).sessionId();
        assertTrue(send(id, 1, 0, List.of())
                .response(FetchResponse.class)
                .responses()
                .isEmpty());
        FetchSession session = broker.sessions().find(id);
        assertEquals(200, session.partitionCount());
        assertEquals(0, listedCount(session));
        for (int i = 0; i < 5; i++) {
            broker.append("wide", 20 * i, 1);
            broker.append("wide", 20 * i, 1);
        }
        assertEquals(5, listedCount(session));
        FetchResponse grown = send(id, 2, 0, List.of()).response(FetchResponse.class);
        assertEquals(1, grown.responses().size());
        assertEquals(5, grown.responses().get(0).partitions().size());
        List<FetchRequest.FetchPartition> next = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            next.add(from(20 * i, 2));
        }
        send(id, 3, 0, next).response(FetchResponse.class);
        assertEquals(0, listedCount(session));
    }

    /** The work of a long poll, counted: what it looks at, and whom it asks to be woken by. */
    @Test
    void shouldWaitForWhatChangesAndNotForAllThatIsSubscribed() {
        int subscribed = 1000;
        int active = 10;
        topicId = broker.createTopic("wide", subscribed);
        int id = send(0, 0, 0, fromStart(subscribed))
                .response(FetchResponse.class)
                .sessionId();
        FetchSession session = broker.sessions().find(id);
        List<FetchRequest.FetchPartition> read = List.of();
        for (int round = 1; round <= 5; round++) {
            TestRequestContext poll = send(id, round, LONG_WAIT_MS, read);
            assertFalse(poll.isEnded());
            // Of the last round's, all but the one that was answered have a high watermark that the client has not
            // heard of.
            int untold = round == 1 ? 0 : active - 1;
            assertEquals(untold, listedCount(session));
            broker.append("wide", 0, 1);
            FetchResponse first = poll.response(FetchResponse.class);
            assertEquals(untold + 1, first.responses().get(0).partitions().size());
            release(first);
            for (int i = 1; i < active; i++) {
                broker.append("wide", i * (subscribed / active), 1);
            }
            assertEquals(active, listedCount(session));
            read = new ArrayList<>();
            for (int i = 0; i < active; i++) {
                read.add(from(i * (subscribed / active), round));
            }
        }
        for (int i = 0; i < subscribed; i++) {
            assertEquals(1, broker.partition("wide", i).waiterCount());
        }
    }

    private static void release(FetchResponse response) {
        for (FetchResponse.FetchableTopicResponse topic : response.responses()) {
            for (FetchResponse.PartitionData answer : topic.partitions()) {
                if (answer.records() instanceof FileRecords records) {
                    records.release();
                }
            }
        }
    }

    @Test
    void shouldMissNoAppend() throws Exception {
        int partitionCount = 8;
        int appendsPerThread = 1500;
        topicId = broker.createTopic("busy", partitionCount);
        ExecutorService producers = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> producing = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                Random random = new Random(thread);
                producing.add(producers.submit(() -> {
                    for (int i = 0; i < appendsPerThread; i++) {
                        broker.append("busy", random.nextInt(partitionCount), 1);
                    }
                }));
            }
            assertEquals(2L * appendsPerThread, consume(partitionCount, 2L * appendsPerThread));
            for (Future<?> each : producing) {
                each.get(20, TimeUnit.SECONDS);
            }
        } finally {
            producers.shutdownNow();
            assertTrue(producers.awaitTermination(20, TimeUnit.SECONDS));
        }
    }

    /** Fetches without ever giving up until all records have been seen; a lost wake-up would leave it waiting. */
    private long consume(int partitionCount, long recordCount) {
        long[] positions = new long[partitionCount];
        List<FetchRequest.FetchPartition> moved = fromStart(partitionCount);
        int sessionId = 0;
        int epoch = 0;
        long seen = 0;
        while (seen < recordCount) {
            FetchResponse response = send(sessionId, epoch, LONG_WAIT_MS, moved).response(FetchResponse.class);
            assertEquals(0, response.errorCode());
            sessionId = response.sessionId();
            epoch++;
            moved = new ArrayList<>();
            for (FetchResponse.FetchableTopicResponse topic : response.responses()) {
                for (FetchResponse.PartitionData answer : topic.partitions()) {
                    assertEquals(0, answer.errorCode());
                    if (answer.records() instanceof FileRecords records) {
                        seen += answer.highWatermark() - positions[answer.partitionIndex()];
                        positions[answer.partitionIndex()] = answer.highWatermark();
                        moved.add(from(answer.partitionIndex(), answer.highWatermark()));
                        records.release();
                    }
                }
            }
        }
        return seen;
    }
}
