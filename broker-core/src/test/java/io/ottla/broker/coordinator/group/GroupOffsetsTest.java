package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupFixture.GROUP;
import static io.ottla.broker.coordinator.group.GroupFixture.RETENTION_MS;
import static io.ottla.broker.coordinator.group.GroupFixture.SESSION_TIMEOUT_MS;
import static io.ottla.broker.coordinator.group.GroupFixture.commitRequest;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetCommitValue;
import io.ottla.protocol.message.OffsetDeleteRequest;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestPartition;
import io.ottla.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GroupOffsetsTest {

    private static final long PRODUCER_ID = 7;

    private final GroupFixture fixture = new GroupFixture();

    @Test
    void shouldCommitOffsetsOfClientsThatAreInNoGroup() {
        assertEquals(ErrorCode.NONE, fixture.commit("", -1, "topic", 1, 42));
        assertEquals(List.of("topic-1=42"), fixture.offsets());
        OffsetFetchResponsePartitions fetched =
                fixture.fetchAll(false).topics().get(0).partitions().get(0);
        assertEquals("m42", fetched.metadata());
        assertEquals(3, fetched.committedLeaderEpoch());
        assertTrue(fixture.group().isEmpty());
        assertEquals("", fixture.group().protocolTypeOrEmpty());
    }

    @Test
    void shouldWriteTheRecordThatKafkaWrites() {
        fixture.commit("", -1, "topic", 1, 42);
        CoordinatorRecord record = fixture.out.log().get(0).record();
        assertEquals(4, record.valueVersion());
        OffsetCommitValue value = (OffsetCommitValue) record.value();
        assertEquals(42, value.offset());
        assertEquals(fixture.out.nowMs(), value.commitTimestamp());
        assertEquals(new Uuid(1, 2), value.topicId());
        assertEquals(-1, value.expireTimestamp());
    }

    @Test
    void shouldWriteTheExpiryThatAnOldClientAsksFor() {
        fixture.commit(commitRequest("", -1, "topic", 1, 42).retentionTimeMs(5_000), 4);
        CoordinatorRecord record = fixture.out.log().get(0).record();
        assertEquals(1, record.valueVersion());
        assertEquals(fixture.out.nowMs() + 5_000, ((OffsetCommitValue) record.value()).expireTimestamp());
        fixture.out.advance(600_000);
        assertEquals(List.of(), fixture.offsets());
    }

    @Test
    void shouldCommitOffsetsOfMembers() {
        String id = fixture.stableGroup(1).get(0);
        assertEquals(ErrorCode.NONE, fixture.commit(id, 1, "topic", 0, 5));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.commit(id, 0, "topic", 0, 6));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.commit(id, -1, "topic", 0, 6));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.commit("nobody", 1, "topic", 0, 6));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.commit("", -1, "topic", 0, 6));
        assertEquals(
                ErrorCode.UNKNOWN_MEMBER_ID,
                fixture.commit(commitRequest(id, 1, "topic", 0, 6).groupInstanceId("one"), 9));
        assertEquals(List.of("topic-0=5"), fixture.offsets());
    }

    @Test
    void shouldTakeCommitsWhileMembersJoinButNotWhileTheyWaitForTheirAssignment() {
        String id = fixture.stableGroup(1).get(0);
        fixture.join("");
        assertEquals(ErrorCode.NONE, fixture.commit(id, 1, "topic", 0, 5));
        fixture.join(id);
        assertEquals(ClassicGroupState.COMPLETING_REBALANCE, fixture.group().state());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, fixture.commit(id, 2, "topic", 0, 6));
    }

    @Test
    void shouldKeepTheSessionOfAMemberThatCommits() {
        String id = fixture.stableGroup(1).get(0);
        fixture.out.advance(SESSION_TIMEOUT_MS - 1);
        fixture.commit(id, 1, "topic", 0, 5);
        fixture.out.advance(SESSION_TIMEOUT_MS - 1);
        assertEquals(ErrorCode.NONE, fixture.heartbeat(id, 1));
    }

    @Test
    void shouldRefuseCommitsOfAGenerationThatNobodyKnows() {
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, fixture.commit(commitRequest("nobody", 1, "topic", 0, 6), 9));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.commit(commitRequest("nobody", 1, "topic", 0, 6), 8));
        assertNull(fixture.group());
    }

    @Test
    void shouldLimitTheMetadata() {
        var request = commitRequest("", -1, "topic", 0, 6);
        request.topics().get(0).partitions().get(0).committedMetadata("x".repeat(4097));
        assertEquals(ErrorCode.OFFSET_METADATA_TOO_LARGE, fixture.commit(request, 9));
        request.topics().get(0).partitions().get(0).committedMetadata("x".repeat(4096));
        assertEquals(ErrorCode.NONE, fixture.commit(request, 9));
        request.topics().get(0).partitions().get(0).committedMetadata(null);
        assertEquals(ErrorCode.NONE, fixture.commit(request, 9));
        assertEquals(
                "", fixture.fetchAll(false).topics().get(0).partitions().get(0).metadata());
    }

    @Test
    void shouldAnswerForPartitionsWithoutAnOffset() {
        OffsetFetchRequestGroup request = new OffsetFetchRequestGroup()
                .groupId(GROUP)
                .topics(List.of(new OffsetFetchRequestTopics().name("topic").partitionIndexes(List.of(0, 1))));
        fixture.commit("", -1, "topic", 1, 9);
        List<OffsetFetchResponsePartitions> partitions = fixture.shard()
                .offsetQueries()
                .fetch(request, true)
                .topics()
                .get(0)
                .partitions();
        assertEquals(-1, partitions.get(0).committedOffset());
        assertEquals(-1, partitions.get(0).committedLeaderEpoch());
        assertEquals("", partitions.get(0).metadata());
        assertEquals(ErrorCode.NONE.code(), partitions.get(0).errorCode());
        assertEquals(9, partitions.get(1).committedOffset());
    }

    @Test
    void shouldKeepOffsetsOfAStableGroupForTopicsThatItReads() {
        String id = fixture.stableGroup(1).get(0);
        fixture.commit(id, 1, "topic", 0, 5);
        fixture.commit(id, 1, "left", 0, 5);
        for (long elapsedMs = 0; elapsedMs <= RETENTION_MS + 600_000; elapsedMs += 9_999) {
            fixture.heartbeat(id, 1);
            fixture.out.advance(9_999);
        }
        assertEquals(List.of("topic-0=5"), fixture.offsets());
    }

    @Test
    void shouldExpireTheOffsetsOfAnEmptyGroupSinceItBecameEmpty() {
        String id = fixture.stableGroup(1).get(0);
        fixture.commit(id, 1, "topic", 0, 5);
        for (int i = 0; i < 1000; i++) {
            fixture.out.advance(9_000);
            fixture.heartbeat(id, 1);
        }
        fixture.leave(id);
        fixture.out.advance(RETENTION_MS - 600_000);
        assertEquals(List.of("topic-0=5"), fixture.offsets());
        fixture.out.advance(1_200_000);
        assertEquals(List.of(), fixture.offsets());
        assertNull(fixture.group());
        assertNull(fixture.out.log().get(fixture.out.log().size() - 1).record().value());
    }

    @Test
    void shouldExpireTheOffsetsOfASimpleGroupSinceTheirCommit() {
        fixture.commit("", -1, "topic", 0, 5);
        fixture.out.advance(RETENTION_MS / 2);
        fixture.commit("", -1, "topic", 1, 6);
        fixture.out.advance(RETENTION_MS / 2 + 600_000);
        assertEquals(List.of("topic-1=6"), fixture.offsets());
        fixture.out.advance(RETENTION_MS / 2 + 600_000);
        assertNull(fixture.group());
    }

    @Test
    void shouldDropTheOffsetsOfDeletedTopics() {
        fixture.commit("", -1, "topic", 0, 5);
        fixture.commit("", -1, "other", 0, 6);
        fixture.shard().removal().dropTopics((topic, id) -> topic.equals("topic"), fixture.out);
        assertEquals(List.of("other-0=6"), fixture.offsets());
    }

    private ErrorCode delete(String topic, int partition) {
        OffsetDeleteRequestTopic topics = new OffsetDeleteRequestTopic().name(topic);
        topics.partitions().add(new OffsetDeleteRequestPartition().partitionIndex(partition));
        OffsetDeleteRequest request = new OffsetDeleteRequest().groupId(GROUP).topics(new ArrayList<>(List.of(topics)));
        return ErrorCode.forCode(fixture.run((shard, out) -> shard.removal().delete(request, out))
                .get()
                .topics()
                .get(0)
                .partitions()
                .get(0)
                .errorCode());
    }

    @Test
    void shouldDeleteOffsetsOfTopicsThatNobodyReads() {
        String id = fixture.stableGroup(1).get(0);
        fixture.commit(id, 1, "topic", 0, 5);
        fixture.commit(id, 1, "other", 0, 5);
        assertEquals(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, delete("topic", 0));
        assertEquals(ErrorCode.NONE, delete("other", 0));
        int records = fixture.out.log().size();
        assertEquals(ErrorCode.NONE, delete("other", 3));
        assertEquals(records, fixture.out.log().size());
        assertEquals(List.of("topic-0=5"), fixture.offsets());
        fixture.leave(id);
        assertEquals(ErrorCode.NONE, delete("topic", 0));
    }

    @Test
    void shouldNotDeleteOffsetsOfMembersThatAreNoConsumers() {
        fixture.join(GroupFixture.joinRequest("").protocolType("connect"), 3);
        assertEquals(
                ErrorCode.NON_EMPTY_GROUP,
                assertThrows(ApiException.class, () -> delete("topic", 0)).error());
    }

    @Test
    void shouldNotDeleteOffsetsOfAGroupThatIsNotThere() {
        assertEquals(
                ErrorCode.GROUP_ID_NOT_FOUND,
                assertThrows(ApiException.class, () -> delete("topic", 0)).error());
    }

    @Test
    void shouldDeleteEmptyGroupsWithTheirOffsets() {
        String id = fixture.stableGroup(1).get(0);
        fixture.commit(id, 1, "topic", 0, 5);
        assertEquals(ErrorCode.NON_EMPTY_GROUP, deleteGroup(GROUP));
        fixture.leave(id);
        assertEquals(ErrorCode.NONE, deleteGroup(GROUP));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, deleteGroup(GROUP));
        assertEquals(List.of(), fixture.offsets());
        fixture.out.load(fixture.newShard());
        assertNull(fixture.group());
    }

    private ErrorCode deleteGroup(String groupId) {
        return ErrorCode.forCode(
                fixture.shard().queries().delete(groupId, fixture.out).errorCode());
    }

    private void commitInTransaction(int partition, long offset) {
        TxnOffsetCommitRequestTopic topic = new TxnOffsetCommitRequestTopic().name("topic");
        topic.partitions()
                .add(new TxnOffsetCommitRequestPartition()
                        .partitionIndex(partition)
                        .committedOffset(offset));
        TxnOffsetCommitRequest request = new TxnOffsetCommitRequest()
                .groupId(GROUP)
                .producerId(PRODUCER_ID)
                .topics(new ArrayList<>(List.of(topic)));
        fixture.out.producer(PRODUCER_ID);
        fixture.run((shard, out) -> shard.commits().commit(request, out)).get();
        fixture.out.producer(-1);
    }

    @Test
    void shouldShowOffsetsOfATransactionOnceItIsCommitted() {
        fixture.commit("", -1, "topic", 0, 5);
        commitInTransaction(0, 10);
        assertEquals(List.of("topic-0=5"), fixture.offsets());
        OffsetFetchResponsePartitions unstable =
                fixture.fetchAll(true).topics().get(0).partitions().get(0);
        assertEquals(ErrorCode.UNSTABLE_OFFSET_COMMIT.code(), unstable.errorCode());
        assertEquals(-1, unstable.committedOffset());

        fixture.shard().replayEndTransaction(PRODUCER_ID, true);
        assertEquals(List.of("topic-0=10"), fixture.offsets());
        assertEquals(
                0, fixture.fetchAll(true).topics().get(0).partitions().get(0).errorCode());
    }

    @Test
    void shouldForgetOffsetsOfATransactionThatIsAborted() {
        commitInTransaction(0, 10);
        fixture.shard().replayEndTransaction(PRODUCER_ID, false);
        assertEquals(List.of(), fixture.offsets());
        assertFalse(fixture.shard().state().hasOpenTransactions(GROUP));
    }

    @Test
    void shouldKeepALaterCommitWhenATransactionEnds() {
        commitInTransaction(0, 10);
        fixture.commit("", -1, "topic", 0, 20);
        fixture.shard().replayEndTransaction(PRODUCER_ID, true);
        assertEquals(List.of("topic-0=20"), fixture.offsets());
    }

    @Test
    void shouldNotExpireAnOffsetThatATransactionMayReplace() {
        fixture.commit("", -1, "topic", 0, 5);
        fixture.commit("", -1, "topic", 1, 6);
        commitInTransaction(0, 10);
        fixture.out.advance(RETENTION_MS * 2);
        assertEquals(List.of("topic-0=5"), fixture.offsets());
        fixture.shard().replayEndTransaction(PRODUCER_ID, false);
        fixture.out.advance(GroupFixture.CONFIG.offsetsRetentionCheckIntervalMs());
        assertEquals(List.of(), fixture.offsets());
        assertNull(fixture.group());
    }

    @Test
    void shouldNotExpireAGroupWithAnOpenTransaction() {
        commitInTransaction(0, 10);
        fixture.out.advance(RETENTION_MS * 2);
        fixture.shard().replayEndTransaction(PRODUCER_ID, true);
        assertEquals(List.of("topic-0=10"), fixture.offsets());
    }
}
