package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupFixture.GROUP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.group.GroupFixture.Answer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.ConsumerGroupMemberMetadataValue;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Groups that change their protocol while they live, and groups with members of both, in memory. */
class GroupMigrationTest {

    private final GroupFixture fixture = new GroupFixture();

    GroupMigrationTest() {
        fixture.topics.set("topic", 4);
    }

    private ConsumerGroup consumerGroup() {
        return fixture.shard().state().findConsumer(GROUP);
    }

    private ClassicClient classic(String instanceId) {
        ClassicClient client = new ClassicClient(fixture, instanceId, true);
        for (int round = 0; round < 4; round++) {
            client.act();
        }
        return client;
    }

    private ClassicClient classic() {
        return classic(null);
    }

    private ConsumerClient consumer(String memberId, String instanceId) {
        ConsumerClient client = new ConsumerClient(fixture, memberId, instanceId);
        assertEquals(ErrorCode.NONE, client.beat());
        return client;
    }

    private ConsumerClient consumer(String memberId) {
        return consumer(memberId, null);
    }

    private static void settle(List<ClassicClient> classics, ConsumerClient... consumers) {
        for (int round = 0; round < 12; round++) {
            classics.forEach(ClassicClient::act);
            for (ConsumerClient consumer : consumers) {
                assertEquals(ErrorCode.NONE, consumer.beat());
            }
        }
    }

    private void assertAllRead(int members, List<Set<TopicIdPartition>> reads) {
        Set<TopicIdPartition> all = new TreeSet<>();
        int count = 0;
        for (Set<TopicIdPartition> read : reads) {
            all.addAll(read);
            count += read.size();
        }
        assertEquals(4, all.size());
        assertEquals(4, count);
        assertEquals(members, reads.size());
    }

    private void assertComesBack() {
        GroupShard replayed = fixture.newShard();
        fixture.out.replayInto(replayed);
        assertEquals(GroupSnapshot.groupsOf(fixture.shard().state()), GroupSnapshot.groupsOf(replayed.state()));
    }

    @Test
    void shouldTakeAClassicGroupOverWithItsMembers() {
        ClassicClient first = classic();
        assertEquals(4, first.owned.size());
        int generation = first.generation;
        fixture.commit(first.memberId, generation, "topic", 0, 7);
        int before = fixture.out.log().size();

        ConsumerClient second = consumer("new");
        assertEquals(generation + 1, second.epoch);
        assertEquals(Set.of(), second.owned);
        ConsumerMember member = consumerGroup().member(first.memberId);
        assertTrue(member.isClassic());
        assertEquals(generation, member.epoch());
        assertEquals(first.owned, member.assignment().assigned().keySet());
        List<CoordinatorRecord> records = fixture.out.recordsFrom(before);
        assertEquals(null, records.get(0).value());
        ConsumerGroupMemberMetadataValue written =
                (ConsumerGroupMemberMetadataValue) records.get(1).value();
        assertEquals(
                GroupFixture.SESSION_TIMEOUT_MS, written.classicMemberMetadata().sessionTimeoutMs());
        assertEquals(
                "cooperative",
                written.classicMemberMetadata().supportedProtocols().get(0).name());
        assertComesBack();

        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, first.act());
        settle(List.of(first), second);
        assertEquals(2, first.owned.size());
        assertAllRead(2, List.of(first.owned, second.owned));
        assertEquals("Stable", consumerGroup().stateName());
        assertEquals(List.of("topic-0=7"), fixture.offsets());
        assertComesBack();
    }

    @Test
    void shouldGoBackToTheClassicProtocolWithItsLastMember() {
        ClassicClient first = classic();
        ConsumerClient second = consumer("new");
        settle(List.of(first), second);
        int epoch = consumerGroup().groupEpoch();
        assertEquals(ErrorCode.NONE, second.leave(-1));
        ClassicGroup group = fixture.group();
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, group.state());
        assertEquals(epoch, group.generationId());
        settle(List.of(first));
        assertEquals(4, first.owned.size());
        assertEquals(epoch + 1, first.generation);
        assertEquals(ClassicGroupState.STABLE, group.state());
        assertComesBack();
    }

    @Test
    void shouldGoBackWhenTheLastOneIsNotHeardOf() {
        ClassicClient first = classic();
        ConsumerClient second = consumer("new");
        settle(List.of(first), second);
        for (int i = 0; i < 4; i++) {
            fixture.out.advance(GroupFixture.SESSION_TIMEOUT_MS / 3);
            first.act();
        }
        assertEquals(1, fixture.group().size());
        settle(List.of(first));
        assertEquals(4, first.owned.size());
        // Its timers have gone with the consumer group.
        fixture.out.advance(GroupFixture.SESSION_TIMEOUT_MS - 1);
        assertEquals(1, fixture.group().size());
        fixture.out.advance(GroupFixture.SESSION_TIMEOUT_MS);
        assertTrue(fixture.group().isEmpty());
    }

    @Test
    void shouldLeadClassicMembersToTheirTargetsWithoutALeader() {
        ConsumerClient first = consumer("a");
        ClassicClient second = new ClassicClient(fixture);
        assertEquals(ErrorCode.MEMBER_ID_REQUIRED, second.act());
        assertNotEquals("", second.memberId);
        second.act();
        assertEquals("", second.joined.leader());
        assertEquals(List.of(), second.joined.members());
        assertEquals(consumerGroup().groupEpoch(), second.generation);
        second.act();
        assertEquals(Set.of(), second.owned);
        // Waits for what the other one has to give up.
        assertEquals(ErrorCode.NONE, second.act());
        first.beat();
        first.beat();
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, second.act());
        settle(List.of(second), first);
        assertAllRead(2, List.of(first.owned, second.owned));

        ConsumerClient third = consumer("c");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, second.act());
        settle(List.of(second), first, third);
        assertAllRead(3, List.of(first.owned, second.owned, third.owned));
        assertEquals(
                List.of((byte) 1, (byte) 0, (byte) 1),
                fixture.shard().queries().describeConsumerGroup(GROUP).members().stream()
                        .sorted(Comparator.comparing(member -> member.memberId().equals("a")
                                ? 0
                                : member.memberId().equals("c") ? 2 : 1))
                        .map(member -> member.memberType())
                        .toList());
        assertComesBack();
    }

    @Test
    void shouldCheckTheRequestsOfClassicMembers() {
        ConsumerClient consumer = consumer("a");
        ClassicClient classic = classic("one");
        settle(List.of(classic), consumer);
        String id = classic.memberId;
        int epoch = classic.generation;
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat("a", consumer.epoch));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat("nobody", epoch));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.heartbeat(id, epoch - 1));
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, fixture.heartbeat("other", "one", epoch));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat(id, "two", epoch));
        assertEquals(ErrorCode.NONE, fixture.heartbeat(id, "one", epoch));

        assertEquals(ErrorCode.NONE, fixture.commit(id, epoch, "topic", 0, 1));
        assertEquals(ErrorCode.NONE, fixture.commit(GroupFixture.commitRequest(id, epoch, "topic", 0, 2), 5));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.commit(id, epoch + 1, "topic", 0, 1));
        OffsetFetchRequestGroup fetch =
                new OffsetFetchRequestGroup().groupId(GROUP).memberId(id).memberEpoch(epoch - 1);
        assertEquals(
                ErrorCode.ILLEGAL_GENERATION,
                errorOf(() -> fixture.shard().offsetQueries().fetch(fetch, false)));

        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, errorOf(fixture.join("")));
        ClassicClient stranger = new ClassicClient(fixture);
        stranger.memberId = "stranger";
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                errorOf(fixture.join(stranger.joinRequest().protocolType("connect"), 9)));
        assertEquals(
                ErrorCode.UNKNOWN_MEMBER_ID,
                errorOf(fixture.join(stranger.joinRequest().groupInstanceId("three"), 9)));
        assertEquals(
                ErrorCode.FENCED_INSTANCE_ID,
                errorOf(fixture.join(stranger.joinRequest().groupInstanceId("one"), 9)));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, errorOf(() -> fixture.sync(
                        GroupFixture.syncRequest("a", consumer.epoch, Map.of()))
                .get()));
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, errorOf(() -> fixture.sync(
                        GroupFixture.syncRequest(id, epoch, Map.of()).protocolName("range"))
                .get()));
    }

    private static ErrorCode errorOf(Answer<JoinGroupResponse> join) {
        return ErrorCode.forCode(join.get().errorCode());
    }

    private static ErrorCode errorOf(Runnable call) {
        try {
            call.run();
            return ErrorCode.NONE;
        } catch (ApiException e) {
            return e.error();
        }
    }

    @Test
    void shouldPutOutClassicMembersThatDoNotRejoinOrSync() {
        ConsumerClient consumer = consumer("a");
        ClassicClient classic = classic();
        settle(List.of(classic), consumer);
        consumer("b");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, fixture.heartbeat(classic.memberId, classic.generation));
        for (int i = 0; i < 13; i++) {
            fixture.out.advance(5_000);
            consumer.beat();
            if (i < 12) {
                fixture.heartbeat(classic.memberId, classic.generation);
            }
        }
        assertFalse(consumerGroup().size() > 1);

        classic.lost();
        classic.act();
        classic.act();
        assertEquals(2, consumerGroup().size());
        for (int i = 0; i < 13; i++) {
            fixture.out.advance(5_000);
            consumer.beat();
            fixture.heartbeat(classic.memberId, classic.generation);
        }
        assertEquals(1, consumerGroup().size());
    }

    @Test
    void shouldMoveStaticMembersBothWays() {
        ClassicClient classic = classic("one");
        ConsumerClient consumer = consumer("new", "one");
        assertEquals(List.of(0, 1, 2, 3), consumer.partitions());
        assertEquals(1, consumerGroup().size());
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, fixture.heartbeat(classic.memberId, "one", classic.generation));

        // The last of its protocol is replaced: the group goes back, and nobody has to rejoin.
        ClassicClient back = new ClassicClient(fixture, "one", true);
        back.act();
        JoinGroupResponse joined = back.joined;
        assertEquals(fixture.group().generationId(), joined.generationId());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
        back.act();
        assertEquals(4, back.owned.size());
        assertEquals(ErrorCode.NONE, back.act());
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, error(consumer.send(consumer.request(consumer.epoch))));
        assertComesBack();
    }

    private static ErrorCode error(ConsumerGroupHeartbeatResponse response) {
        return ErrorCode.forCode(response.errorCode());
    }

    @Test
    void shouldTellThoseWhoWaitForARebalanceToRejoin() {
        ClassicClient first = classic();
        ClassicClient second = new ClassicClient(fixture);
        second.act();
        second.act();
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, fixture.group().state());
        ConsumerClient consumer = consumer("new");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, second.hear());
        settle(List.of(first, second), consumer);
        assertAllRead(3, List.of(first.owned, second.owned, consumer.owned));
    }

    @Test
    void shouldRefuseWhatThePolicyDoesNotAllow() {
        fixture.migrating(MigrationPolicy.DISABLED);
        ClassicClient classic = classic();
        ConsumerClient consumer = new ConsumerClient(fixture, "new");
        ConsumerGroupHeartbeatResponse refused = consumer.send(consumer.fullRequest());
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, error(refused));
        assertEquals(
                "Cannot upgrade classic group group to consumer group because online upgrade is disabled.",
                refused.errorMessage());
        fixture.migrating(MigrationPolicy.DOWNGRADE);
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, consumer.beat());

        fixture.migrating(MigrationPolicy.UPGRADE);
        assertEquals(ErrorCode.NONE, consumer.beat());
        settle(List.of(classic), consumer);
        fixture.migrating(MigrationPolicy.DISABLED);
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                errorOf(fixture.join(new ClassicClient(fixture).joinRequest(), 9)));
        fixture.migrating(MigrationPolicy.UPGRADE);
        consumer.leave(-1);
        assertEquals(1, consumerGroup().size());
        // The members of the classic protocol go on alone, and see topics grow.
        settle(List.of(classic));
        assertEquals(4, classic.owned.size());
        fixture.topics.set("topic", 6);
        settle(List.of(classic));
        assertEquals(6, classic.owned.size());
    }

    @Test
    void shouldRefuseToTakeOverWhatItDoesNotUnderstand() {
        fixture.join(GroupFixture.joinRequest("").protocolType("connect"), 3);
        ConsumerClient consumer = new ConsumerClient(fixture, "new");
        assertEquals(
                "Cannot upgrade classic group group to consumer group because the group does not use the consumer embedded"
                        + " protocol.",
                consumer.send(consumer.fullRequest()).errorMessage());
        fixture.shard()
                .leave(
                        GROUP,
                        List.of(new MemberIdentity()
                                .memberId(fixture.group()
                                        .members()
                                        .iterator()
                                        .next()
                                        .memberId())),
                        fixture.out);
        fixture.stableGroup(1);
        assertEquals(
                "Cannot upgrade classic group group to consumer group because the embedded consumer protocol is malformed.",
                consumer.send(consumer.fullRequest()).errorMessage());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
    }

    @Test
    void shouldAdministerMixedGroups() {
        ConsumerClient consumer = consumer("a");
        ClassicClient classic = classic("one");
        settle(List.of(classic), consumer);
        // An administrator takes out the last one of the consumer protocol.
        fixture.shard().leave(GROUP, List.of(new MemberIdentity().memberId("a")), fixture.out);
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, fixture.group().state());
        settle(List.of(classic));
        consumer.abandon();
        assertEquals(ErrorCode.NONE, consumer.beat());
        fixture.shard()
                .leave(
                        GROUP,
                        List.of(new MemberIdentity().groupInstanceId("one"), new MemberIdentity().memberId("a")),
                        fixture.out);
        assertEquals("Empty", consumerGroup().stateName());
        assertComesBack();
    }
}
