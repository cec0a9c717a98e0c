package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Message;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.KRaftVersionRecord;
import io.ottla.protocol.message.LeaderChangeMessage;
import io.ottla.protocol.message.SnapshotFooterRecord;
import io.ottla.protocol.message.SnapshotHeaderRecord;
import io.ottla.protocol.message.VotersRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ControlRecordsTest {
    private static final long OFFSET = 0x1_0000_0005L;
    private static final int EPOCH = 9;
    private static final long TIME_MS = 1_700_000_000_123L;

    @ParameterizedTest
    @EnumSource(names = {"COMMIT", "ABORT"})
    void shouldEndTransactionsAsKafkaDoes(ControlRecordType type) {
        ByteBuffer ours = ControlRecords.endTransaction(type, TIME_MS, 4711, (short) 12, 77);
        TestBatch.view(ours).baseOffset(OFFSET).partitionLeaderEpoch(EPOCH);
        var kafkaType = org.apache.kafka.common.record.internal.ControlRecordType.fromTypeId(type.id());
        ByteBuffer kafkas = MemoryRecords.withEndTransactionMarker(
                        OFFSET, TIME_MS, EPOCH, 4711, (short) 12, new EndTransactionMarker(kafkaType, 77))
                .buffer();
        assertEquals(kafkas, ours);

        Record marker = onlyRecord(kafkas);
        assertEquals(type, ControlRecords.type(marker));
        assertEquals(77, ControlRecords.coordinatorEpoch(marker));
        assertTrue(TestBatch.view(kafkas).isControlBatch());
    }

    @Test
    void shouldWriteALeaderChangeAsKafkaDoes() {
        var expected = new org.apache.kafka.common.message.LeaderChangeMessage()
                .setVersion((short) 0)
                .setLeaderId(3)
                .setVoters(List.of(new org.apache.kafka.common.message.LeaderChangeMessage.Voter().setVoterId(3)))
                .setGrantingVoters(
                        List.of(new org.apache.kafka.common.message.LeaderChangeMessage.Voter().setVoterId(4)));
        LeaderChangeMessage message = new LeaderChangeMessage()
                .leaderId(3)
                .voters(List.of(new LeaderChangeMessage.Voter().voterId(3)))
                .grantingVoters(List.of(new LeaderChangeMessage.Voter().voterId(4)));
        assertSameBytes(
                MemoryRecords.withLeaderChangeMessage(OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(512), expected),
                message,
                ControlRecords::leaderChange);
    }

    @Test
    void shouldWriteSnapshotHeaderAndFooterAsKafkaDoes() {
        assertSameBytes(
                MemoryRecords.withSnapshotHeaderRecord(
                        OFFSET,
                        TIME_MS,
                        EPOCH,
                        ByteBuffer.allocate(512),
                        new org.apache.kafka.common.message.SnapshotHeaderRecord().setLastContainedLogTimestamp(55)),
                new SnapshotHeaderRecord().lastContainedLogTimestamp(55),
                ControlRecords::snapshotHeader);
        assertSameBytes(
                MemoryRecords.withSnapshotFooterRecord(
                        OFFSET,
                        TIME_MS,
                        EPOCH,
                        ByteBuffer.allocate(512),
                        new org.apache.kafka.common.message.SnapshotFooterRecord()),
                new SnapshotFooterRecord(),
                ControlRecords::snapshotFooter);
    }

    @Test
    void shouldWriteTheKraftVersionAsKafkaDoes() {
        assertSameBytes(
                MemoryRecords.withKRaftVersionRecord(
                        OFFSET,
                        TIME_MS,
                        EPOCH,
                        ByteBuffer.allocate(512),
                        new org.apache.kafka.common.message.KRaftVersionRecord().setKRaftVersion((short) 1)),
                new KRaftVersionRecord().kRaftVersion((short) 1),
                ControlRecords::kraftVersion);
    }

    @Test
    void shouldWriteVotersAsKafkaDoes() {
        var endpoints = new org.apache.kafka.common.message.VotersRecord.EndpointCollection();
        endpoints.add(new org.apache.kafka.common.message.VotersRecord.Endpoint()
                .setName("CONTROLLER")
                .setHost("localhost")
                .setPort(65535));
        var expected = new org.apache.kafka.common.message.VotersRecord()
                .setVoters(List.of(new org.apache.kafka.common.message.VotersRecord.Voter()
                        .setVoterId(1)
                        .setVoterDirectoryId(new org.apache.kafka.common.Uuid(5, 6))
                        .setEndpoints(endpoints)
                        .setKRaftVersionFeature(new org.apache.kafka.common.message.VotersRecord.KRaftVersionFeature()
                                .setMaxSupportedVersion((short) 1))));
        VotersRecord message = new VotersRecord()
                .voters(List.of(new VotersRecord.Voter()
                        .voterId(1)
                        .voterDirectoryId(new Uuid(5, 6))
                        .endpoints(List.of(new VotersRecord.Endpoint()
                                .name("CONTROLLER")
                                .host("localhost")
                                .port(65535)))
                        .kRaftVersionFeature(new VotersRecord.KRaftVersionFeature().maxSupportedVersion((short) 1))));
        assertSameBytes(
                MemoryRecords.withVotersRecord(OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(512), expected),
                message,
                ControlRecords::voters);
    }

    @Test
    void shouldKnowKafkasTypes() {
        for (short id = -2; id < 10; id++) {
            assertEquals(
                    org.apache.kafka.common.record.internal.ControlRecordType.fromTypeId(id)
                            .name(),
                    ControlRecordType.forId(id).name());
        }
    }

    @Test
    void shouldReadNewerVersionsAndRefuseDamage() {
        Record newer = record(new byte[] {0, 9, 0, 1, 1, 1}, new byte[] {0, 3, 0, 0, 0, 5, 1, 2});
        assertEquals(ControlRecordType.COMMIT, ControlRecords.type(newer));
        assertEquals(5, ControlRecords.coordinatorEpoch(newer));
        assertEquals(ControlRecordType.UNKNOWN, ControlRecords.type(record(new byte[] {0, 0, 0, 99}, new byte[0])));

        assertCorrupt(() -> ControlRecords.type(record(null, null)));
        assertCorrupt(() -> ControlRecords.type(record(new byte[3], null)));
        assertCorrupt(() -> ControlRecords.type(record(new byte[] {-1, 0, 0, 1}, null)));
        assertCorrupt(() -> ControlRecords.coordinatorEpoch(record(new byte[] {0, 0, 0, 2}, new byte[6])));
        assertCorrupt(() -> ControlRecords.coordinatorEpoch(record(new byte[] {0, 0, 0, 1}, new byte[5])));
        assertCorrupt(
                () -> ControlRecords.coordinatorEpoch(record(new byte[] {0, 0, 0, 1}, new byte[] {-1, 0, 0, 0, 0, 0})));
        assertCorrupt(() -> ControlRecords.coordinatorEpoch(record(new byte[] {0, 0, 0, 1}, null)));
        assertCorrupt(() -> ControlRecords.leaderChange(record(new byte[] {0, 0, 0, 3}, new byte[9])));
        assertCorrupt(() -> ControlRecords.leaderChange(record(new byte[] {0, 0, 0, 2}, new byte[3])));
        assertCorrupt(() -> ControlRecords.leaderChange(record(new byte[] {0, 0, 0, 2}, null)));
        assertThrows(
                IllegalArgumentException.class,
                () -> ControlRecords.endTransaction(ControlRecordType.LEADER_CHANGE, 1, 1, (short) 1, 1));
    }

    private static <M extends Message> void assertSameBytes(
            MemoryRecords expected, M message, Function<Record, M> reader) {
        assertEquals(expected.buffer(), ControlRecords.batch(OFFSET, EPOCH, TIME_MS, message));
        assertEquals(message, reader.apply(onlyRecord(expected.buffer())));
    }

    private static Record onlyRecord(ByteBuffer batch) {
        List<Record> records = new ArrayList<>();
        TestBatch.view(batch).records().forEach(records::add);
        assertEquals(1, records.size());
        return records.get(0);
    }

    private static Record record(byte[] key, byte[] value) {
        return new Record(
                0,
                0,
                key == null ? null : ByteBuffer.wrap(key),
                value == null ? null : ByteBuffer.wrap(value),
                List.of());
    }

    private static void assertCorrupt(Runnable reading) {
        assertEquals(
                ErrorCode.CORRUPT_MESSAGE,
                assertThrows(ApiException.class, reading::run).error());
    }
}
