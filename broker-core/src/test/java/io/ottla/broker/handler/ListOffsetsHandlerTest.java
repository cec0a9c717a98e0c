package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListOffsetsRequest;
import io.ottla.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.ottla.protocol.message.ListOffsetsResponse;
import io.ottla.protocol.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListOffsetsHandlerTest {

    private static final long FIRST_MS = 1_600_000_000_000L;
    private static final long LATEST = -1;
    private static final long EARLIEST = -2;
    private static final long MAX_TIMESTAMP = -3;
    private static final long EARLIEST_LOCAL = -4;
    private static final long LATEST_TIERED = -5;
    private static final long EARLIEST_PENDING_UPLOAD = -6;

    private DataFixture broker;

    @BeforeEach
    void start() {
        broker = new DataFixture();
        broker.createTopic("events", 2);
        broker.append("events", 0, 3);
        broker.append("events", 0, 3);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private static ListOffsetsRequest request(String topic, ListOffsetsPartition... asked) {
        return new ListOffsetsRequest()
                .replicaId(-1)
                .topics(List.of(
                        new ListOffsetsRequest.ListOffsetsTopic().name(topic).partitions(List.of(asked))));
    }

    private static ListOffsetsPartition at(int index, long timestamp) {
        return new ListOffsetsPartition().partitionIndex(index).timestamp(timestamp);
    }

    private List<ListOffsetsPartitionResponse> send(int version, ListOffsetsRequest request) {
        ListOffsetsResponse response = broker.send(
                new ListOffsetsHandler(broker.partitions(), Runnable::run),
                request,
                version,
                ListOffsetsResponse.class);
        return response.topics().get(0).partitions();
    }

    private void assertFound(long timestampMs, long offset, int leaderEpoch, int version, int index, long asked) {
        ListOffsetsPartitionResponse answer =
                send(version, request("events", at(index, asked))).get(0);
        assertEquals(0, answer.errorCode());
        assertEquals(timestampMs, answer.timestamp());
        assertEquals(offset, answer.offset());
        assertEquals(leaderEpoch, answer.leaderEpoch());
    }

    private void assertFailed(ErrorCode error, ListOffsetsPartitionResponse answer) {
        assertEquals(error, ErrorCode.forCode(answer.errorCode()));
        assertEquals(-1, answer.timestamp());
        assertEquals(-1, answer.offset());
        assertEquals(-1, answer.leaderEpoch());
    }

    @Test
    void shouldFindTheEndsInEveryVersion() {
        for (int version = 1; version <= 11; version++) {
            int epoch = version < 4 ? -1 : 0;
            assertFound(-1, 6, epoch, version, 0, LATEST);
            assertFound(-1, 0, epoch, version, 0, EARLIEST);
            assertFound(-1, 0, epoch, version, 1, LATEST);
            assertFound(-1, 0, epoch, version, 1, EARLIEST);
        }
    }

    @Test
    void shouldFindByTimestamp() {
        for (int version : new int[] {1, 4, 11}) {
            int epoch = version < 4 ? -1 : 0;
            assertFound(FIRST_MS, 0, epoch, version, 0, 0);
            assertFound(FIRST_MS + 2000, 2, epoch, version, 0, FIRST_MS + 1500);
            assertFound(FIRST_MS + 2000, 2, epoch, version, 0, FIRST_MS + 2000);
            assertFound(-1, -1, -1, version, 0, FIRST_MS + 2001);
            assertFound(-1, -1, -1, version, 1, 0);
        }
    }

    @Test
    void shouldFindTheLargestTimestamp() {
        assertFound(FIRST_MS + 2000, 2, 0, 7, 0, MAX_TIMESTAMP);
        assertFound(-1, -1, -1, 7, 1, MAX_TIMESTAMP);
        broker.partition("events", 0)
                .append(
                        new RecordBatchBuilder()
                                .append(FIRST_MS + 9000, null, new byte[1])
                                .append(FIRST_MS + 1000, null, new byte[1])
                                .build(),
                        AppendOrigin.CLIENT,
                        (short) 1);
        assertFound(FIRST_MS + 9000, 6, 0, 7, 0, MAX_TIMESTAMP);
    }

    @Test
    void shouldKnowOnlyLocalRecords() {
        assertFound(-1, 0, 0, 8, 0, EARLIEST_LOCAL);
        assertFound(-1, -1, -1, 9, 0, LATEST_TIERED);
        assertFound(-1, -1, -1, 11, 0, EARLIEST_PENDING_UPLOAD);
    }

    @Test
    void shouldRefuseWhatTheVersionDoesNotKnow() {
        long[][] firstVersions = {
            {MAX_TIMESTAMP, 7}, {EARLIEST_LOCAL, 8}, {LATEST_TIERED, 9}, {EARLIEST_PENDING_UPLOAD, 11}, {-7, 12}
        };
        for (long[] asked : firstVersions) {
            assertFailed(
                    ErrorCode.UNSUPPORTED_VERSION,
                    send((int) asked[1] - 1, request("events", at(0, asked[0]))).get(0));
        }
    }

    @Test
    void shouldFollowTheLogStart() {
        broker.partition("events", 0).log().deleteRecordsBefore(4);
        assertFound(-1, 4, 0, 8, 0, EARLIEST);
        assertFound(-1, 4, 0, 8, 0, EARLIEST_LOCAL);
        broker.partition("events", 0).log().deleteRecordsBefore(6);
        assertFound(-1, 6, 0, 8, 0, EARLIEST);
        assertFound(-1, -1, -1, 8, 0, FIRST_MS);
    }

    @Test
    void shouldRefuseUnknownPartitionsWrongEpochsAndDoubles() {
        assertFailed(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                send(7, request("nowhere", at(0, LATEST))).get(0));
        assertFailed(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                send(7, request("events", at(2, LATEST))).get(0));
        assertFailed(
                ErrorCode.UNKNOWN_LEADER_EPOCH,
                send(7, request("events", at(0, LATEST).currentLeaderEpoch(5))).get(0));
        List<ListOffsetsPartitionResponse> answers =
                send(7, request("events", at(0, LATEST), at(1, LATEST), at(0, EARLIEST)));
        assertEquals(2, answers.size());
        assertFailed(ErrorCode.INVALID_REQUEST, answers.get(0));
        assertEquals(0, answers.get(1).errorCode());
    }
}
