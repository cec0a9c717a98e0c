package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupFixture.GROUP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse.DescribedGroup;
import io.ottla.protocol.message.ConsumerGroupHeartbeatResponse;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Groups of the consumer protocol, in memory. */
class ConsumerGroupTest {

    private final GroupFixture fixture = new GroupFixture();

    ConsumerGroupTest() {
        fixture.topics.set("topic", 4);
    }

    private ConsumerClient client(String memberId) {
        return new ConsumerClient(fixture, memberId);
    }

    private ConsumerClient joined(String memberId, String instanceId) {
        ConsumerClient client = new ConsumerClient(fixture, memberId, instanceId);
        assertEquals(ErrorCode.NONE, client.beat());
        return client;
    }

    private ConsumerClient joined(String memberId) {
        return joined(memberId, null);
    }

    private ConsumerGroup group() {
        return fixture.shard().state().findConsumer(GROUP);
    }

    private static void settle(ConsumerClient... clients) {
        for (int round = 0; round < 5; round++) {
            for (ConsumerClient client : clients) {
                assertEquals(ErrorCode.NONE, client.beat());
            }
        }
    }

    private static void assertError(ErrorCode error, String message, ConsumerGroupHeartbeatResponse response) {
        assertEquals(error, ErrorCode.forCode(response.errorCode()));
        assertEquals(message, response.errorMessage());
    }

    @Test
    void shouldGiveTheFirstMemberItsAssignmentInTheAnswerToItsJoin() {
        ConsumerClient first = client("a");
        ConsumerGroupHeartbeatResponse response = first.send(first.fullRequest());
        assertEquals(2, response.memberEpoch());
        assertEquals("a", response.memberId());
        assertEquals(GroupFixture.HEARTBEAT_INTERVAL_MS, response.heartbeatIntervalMs());
        first.hear(response);
        assertEquals(List.of(0, 1, 2, 3), first.partitions());
        assertNull(first.send(first.request(1)).assignment());
        assertEquals("Stable", group().stateName());
    }

    @Test
    void shouldGivePartitionsToAnotherMemberOnlyAfterTheyHaveBeenGivenUp() {
        ConsumerClient first = joined("a");
        ConsumerClient second = joined("b");
        assertEquals(List.of(), second.partitions());
        assertEquals(3, second.epoch);
        assertTrue(second.send(second.request(2)).heartbeatIntervalMs() < GroupFixture.HEARTBEAT_INTERVAL_MS);

        assertEquals(ErrorCode.NONE, first.beat());
        assertEquals(2, first.partitions().size());
        assertEquals(2, first.epoch);
        second.beat();
        assertEquals(List.of(), second.partitions());
        // Does not say what it has.
        first.send(first.request(1));
        second.beat();
        assertEquals(List.of(), second.partitions());

        first.beat();
        assertEquals(3, first.epoch);
        second.beat();
        assertEquals(2, second.partitions().size());
        assertTrue(first.owned.stream().noneMatch(second.owned::contains));
        assertEquals("Stable", group().stateName());
    }

    @Test
    void shouldGiveWhatAMemberLeavesToTheOthers() {
        ConsumerClient first = joined("a");
        ConsumerClient second = joined("b");
        settle(first, second);
        assertEquals(ErrorCode.NONE, second.leave(-1));
        assertEquals("Assigning", group().stateName());
        first.beat();
        assertEquals(4, first.partitions().size());
        assertError(
                ErrorCode.UNKNOWN_MEMBER_ID,
                "Member b is not a member of group group.",
                second.send(second.request(2)));
        first.leave(-1);
        assertEquals("Empty", group().stateName());
    }

    @Test
    void shouldPutOutMembersThatAreNotHeardOfOrDoNotGiveUp() {
        ConsumerClient first = joined("a");
        fixture.out.advance(GroupFixture.SESSION_TIMEOUT_MS - 1);
        assertNotNull(group().find("a"));
        fixture.out.advance(1);
        assertTrue(group().isEmpty());

        first.abandon();
        first.beat();
        joined("b");
        first.beat();
        // Its heartbeats come, but it goes on reading.
        for (int time = 0; time < GroupFixture.REBALANCE_TIMEOUT_MS; time += 5_000) {
            assertNotNull(group().find("a"));
            first.send(first.request(first.epoch));
            fixture.out.advance(5_000);
        }
        assertNull(group().find("a"));
    }

    @Test
    void shouldFenceOtherEpochs() {
        ConsumerClient first = joined("a");
        assertEquals(
                ErrorCode.FENCED_MEMBER_EPOCH.code(),
                first.send(first.request(3)).errorCode());
        ConsumerClient second = joined("b");
        settle(first, second);
        first.epoch = 2;
        first.hasNews = true;
        // The answer with the new epoch was lost.
        assertEquals(ErrorCode.NONE, first.beat());
        assertEquals(3, first.epoch);
        assertError(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "The consumer group member has a smaller member epoch (2) than the one known by the group coordinator (3)."
                        + " The member must abandon all its partitions and rejoin.",
                first.send(first.request(2)));
        first.abandon();
        assertEquals(ErrorCode.NONE, first.beat());
        assertEquals(2, first.partitions().size());
    }

    @Test
    void shouldKeepTheAssignmentOfAStaticMemberThatWillBeBack() {
        ConsumerClient first = joined("a", "one");
        ConsumerClient second = joined("b", "two");
        settle(first, second);
        ConsumerClient next = new ConsumerClient(fixture, "c", "two");
        assertError(
                ErrorCode.UNRELEASED_INSTANCE_ID,
                "Static member c with instance id two cannot join the group because the instance id is owned by b member.",
                next.send(next.fullRequest()));
        assertEquals(ErrorCode.NONE, second.leave(-2));
        first.beat();
        assertEquals(2, first.partitions().size());
        assertEquals(ErrorCode.NONE, next.beat());
        assertEquals(second.owned, next.owned);
        assertEquals(first.epoch, next.epoch);
        assertError(
                ErrorCode.FENCED_INSTANCE_ID,
                "Static member b with instance id two was fenced by member c.",
                second.send(second.request(2)));

        next.leave(-2);
        fixture.out.advance(GroupFixture.SESSION_TIMEOUT_MS - 1);
        first.beat();
        fixture.out.advance(1);
        first.beat();
        assertEquals(4, first.partitions().size());
    }

    @Test
    void shouldFollowTopicsThatComeGrowAndGo() {
        ConsumerClient first = client("a");
        first.topics = new ArrayList<>(List.of("topic", "later"));
        first.beat();
        fixture.topics.set("topic", 6);
        first.beat();
        assertEquals(6, first.owned.size());
        fixture.topics.set("later", 1);
        first.beat();
        assertEquals(7, first.owned.size());
        int epoch = group().groupEpoch();
        fixture.topics.set("other", 1);
        settle(first);
        assertEquals(epoch, group().groupEpoch());
        fixture.topics.delete("topic");
        settle(first);
        assertEquals(1, first.owned.size());
    }

    @Test
    void shouldReadTheTopicsOfAPattern() {
        ConsumerClient first = client("a");
        first.topics = new ArrayList<>();
        first.regex = "to(pic|ast)";
        first.beat();
        assertEquals(4, first.owned.size());
        fixture.topics.set("toast", 2).set("topics", 3);
        first.beat();
        assertEquals(6, first.owned.size());
        assertTrue(group().isSubscribedTo("toast"));
        assertFalse(group().isSubscribedTo("topics"));
        fixture.topics.delete("toast");
        first.beat();
        assertEquals(4, first.owned.size());
        assertFalse(group().isSubscribedTo("toast"));
        // Gone while no coordinator looked, then back under another id.
        fixture.topics.delete("topic");
        fixture.out.load(fixture.newShard());
        first.beat();
        assertEquals(0, first.owned.size());
        fixture.topics.set("topic", 4).set("toast", 1);
        first.beat();
        assertEquals(5, first.owned.size());
        first.regex = "(";
        assertError(
                ErrorCode.INVALID_REGULAR_EXPRESSION,
                "SubscribedTopicRegex `(` is not a valid regular expression: missing closing ).",
                first.send(first.fullRequest()));
        first.regex = "";
        first.topics.add("topics");
        first.hasNews = true;
        settle(first);
        assertEquals(3, first.owned.size());
        assertTrue(group().regexes().isEmpty());
    }

    @Test
    void shouldUseTheAssignorThatMostMembersAskFor() {
        fixture.topics.set("topic", 3).set("other", 3);
        List<ConsumerClient> clients = List.of(client("a"), client("b"));
        for (ConsumerClient client : clients) {
            client.assignor = "range";
            client.topics = new ArrayList<>(List.of("topic", "other"));
            client.beat();
        }
        settle(clients.get(0), clients.get(1));
        assertEquals(List.of(0, 1, 0, 1), clients.get(0).partitions());
        assertEquals(List.of(2, 2), clients.get(1).partitions());
        clients.get(0).assignor = "sticky";
        assertError(
                ErrorCode.UNSUPPORTED_ASSIGNOR,
                "ServerAssignor sticky is not supported. Supported assignors: uniform, range.",
                clients.get(0).send(clients.get(0).fullRequest()));
    }

    @Test
    void shouldBalanceMembersThatReadDifferentTopics() {
        fixture.topics.set("topic", 4).set("other", 2);
        ConsumerClient first = client("a");
        ConsumerClient second = client("b");
        first.topics = new ArrayList<>(List.of("topic"));
        second.topics = new ArrayList<>(List.of("topic", "other"));
        first.beat();
        second.beat();
        settle(first, second);
        assertEquals(3, first.owned.size());
        assertEquals(3, second.owned.size());
    }

    @Test
    void shouldKeepATargetAsLongAsTheIntervalAsks() {
        fixture.assignmentIntervalMs = 1_000;
        ConsumerClient first = joined("a");
        assertEquals(4, first.partitions().size());
        ConsumerClient second = joined("b");
        assertEquals(2, second.epoch);
        assertEquals("Assigning", group().stateName());
        fixture.out.advance(999);
        settle(first, second);
        assertEquals(4, first.partitions().size());
        // The time of the last target is in the log.
        fixture.out.load(fixture.newShard());
        settle(first, second);
        assertEquals(2, second.epoch);

        fixture.out.advance(1);
        settle(first, second);
        assertEquals(3, second.epoch);
        assertEquals(2, first.partitions().size());
        assertEquals(2, second.partitions().size());
        assertEquals("Stable", group().stateName());

        fixture.assignmentIntervalMs = 0;
        ConsumerClient third = joined("c");
        assertEquals(4, third.epoch);
        assertEquals(0, third.leave(-1).code());
        settle(first, second);
        assertEquals(5, first.epoch);
    }

    @Test
    void shouldRefuseWhatIsNoHeartbeat() {
        ConsumerClient first = client("a");
        assertError(
                ErrorCode.INVALID_REQUEST,
                "TopicPartitions must be empty when (re-)joining.",
                first.send(first.fullRequest().topicPartitions(null)));
        assertError(
                ErrorCode.INVALID_REQUEST,
                "RebalanceTimeoutMs must be provided in first request.",
                first.send(first.fullRequest().rebalanceTimeoutMs(-1)));
        assertError(ErrorCode.INVALID_REQUEST, "MemberEpoch is invalid.", first.send(first.request(-3)));
        assertError(
                ErrorCode.INVALID_REQUEST,
                "MemberId can't be empty.",
                first.send(first.fullRequest().memberId("")));
        assertError(ErrorCode.INVALID_REQUEST, "InstanceId can't be null.", first.send(first.request(-2)));
        assertError(ErrorCode.GROUP_ID_NOT_FOUND, "Consumer group group not found.", first.send(first.request(1)));
        assertEquals(List.of(), fixture.out.log());
        assertFalse(first.send(first.fullRequest().memberId(""), 0).memberId().isEmpty());
    }

    @Test
    void shouldTakeNoMoreMembersThanAllowed() {
        GroupFixture small = new GroupFixture(GroupFixture.CONFIG, 1);
        small.topics.set("topic", 1);
        ConsumerClient first = new ConsumerClient(small, "a");
        assertEquals(ErrorCode.NONE, first.beat());
        ConsumerClient second = new ConsumerClient(small, "b");
        assertError(
                ErrorCode.GROUP_MAX_SIZE_REACHED,
                "The consumer group has reached its maximum capacity of 1 members.",
                second.send(second.fullRequest()));
        assertEquals(ErrorCode.NONE, first.beat());
    }

    private OffsetCommitRequest commitRequest(ConsumerClient client, int epoch, int partition) {
        OffsetCommitRequest request = GroupFixture.commitRequest(client.memberId, epoch, "topic", partition, 5);
        request.topics().get(0).topicId(fixture.topics.id("topic"));
        return request;
    }

    @Test
    void shouldTakeOffsetsOfMembersAlone() {
        ConsumerClient first = joined("a");
        assertEquals(ErrorCode.NONE, fixture.commit(commitRequest(first, 2, 0), 9));
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, fixture.commit(commitRequest(first, 2, 0), 8));
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, fixture.commit(commitRequest(first, 3, 0), 9));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.commit("", -1, "topic", 0, 6));
        ConsumerClient second = joined("b");
        settle(first, second);
        int kept = first.partitions().get(0);
        int lost = second.partitions().get(0);
        // Not heard of the new epoch: what it has had all along may be committed.
        assertEquals(ErrorCode.NONE, fixture.commit(commitRequest(first, 2, kept), 9));
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, fixture.commit(commitRequest(first, 2, lost), 9));
        assertEquals(ErrorCode.STALE_MEMBER_EPOCH, fixture.commit(commitRequest(second, 2, lost), 9));

        OffsetFetchRequestGroup fetch =
                new OffsetFetchRequestGroup().groupId(GROUP).topics(null);
        assertEquals(1, offsetsOf(fetch));
        assertEquals(1, offsetsOf(fetch.memberId("a").memberEpoch(3)));
        assertFetchFails(ErrorCode.STALE_MEMBER_EPOCH, fetch.memberId("a").memberEpoch(2));
        assertFetchFails(ErrorCode.UNKNOWN_MEMBER_ID, fetch.memberId("x").memberEpoch(2));
    }

    private int offsetsOf(OffsetFetchRequestGroup request) {
        return fixture.shard().offsetQueries().fetch(request, false).topics().stream()
                .mapToInt(topic -> topic.partitions().size())
                .sum();
    }

    private void assertFetchFails(ErrorCode error, OffsetFetchRequestGroup request) {
        try {
            offsetsOf(request);
            throw new AssertionError("fetched");
        } catch (ApiException e) {
            assertEquals(error, e.error());
        }
    }

    @Test
    void shouldExpireOffsetsOfTopicsThatAreNotReadAndThenTheGroup() {
        ConsumerClient first = joined("a");
        fixture.commit(commitRequest(first, 2, 0), 9);
        OffsetCommitRequest other = GroupFixture.commitRequest("a", 2, "other", 0, 5);
        fixture.commit(other, 9);
        for (long time = 0; time <= GroupFixture.RETENTION_MS + 600_000; time += 9_000) {
            first.beat();
            fixture.out.advance(9_000);
        }
        assertEquals(1, fixture.offsets().size());
        first.leave(-1);
        fixture.out.advance(600_000);
        assertNull(fixture.shard().state().find(GROUP));
        assertEquals(List.of(), fixture.offsets());
    }

    @Test
    void shouldBeListedDescribedAndDeleted() {
        ConsumerClient first = joined("a");
        GroupQueries queries = fixture.shard().queries();
        assertEquals(
                "consumer",
                queries.list(new ListGroupsRequest().typesFilter(new ArrayList<>(List.of("Consumer"))))
                        .get(0)
                        .groupType());
        assertEquals(List.of(), queries.list(new ListGroupsRequest().typesFilter(new ArrayList<>(List.of("classic")))));
        DescribedGroup described = queries.describeConsumerGroup(GROUP);
        assertEquals("Stable", described.groupState());
        assertEquals("uniform", described.assignorName());
        assertEquals(2, described.groupEpoch());
        assertEquals(
                List.of(0, 1, 2, 3),
                described.members().get(0).assignment().topicPartitions().get(0).partitions());
        assertEquals(
                "topic",
                described
                        .members()
                        .get(0)
                        .targetAssignment()
                        .topicPartitions()
                        .get(0)
                        .topicName());
        assertEquals(
                "Group group is not a classic group.",
                queries.describe(GROUP, (short) 6).errorMessage());
        assertEquals("Group no not found.", queries.describeConsumerGroup("no").errorMessage());
        assertEquals(
                ErrorCode.NON_EMPTY_GROUP.code(),
                queries.delete(GROUP, fixture.out).errorCode());
        fixture.commit(commitRequest(first, 1, 0), 9);
        assertEquals(
                ErrorCode.NONE.code(),
                fixture.shard()
                        .leave(GROUP, List.of(new MemberIdentity().memberId("a")), fixture.out)
                        .members()
                        .get(0)
                        .errorCode());
        assertEquals(0, queries.delete(GROUP, fixture.out).errorCode());
        assertNull(fixture.shard().state().find(GROUP));
        GroupShard replayed = fixture.newShard();
        fixture.out.replayInto(replayed);
        assertEquals(List.of(), replayed.state().groupIds());
    }

    @Test
    void shouldChangeTheProtocolOfAnEmptyGroupOnlyIfItMayNotMigrate() {
        fixture.migrating(MigrationPolicy.DISABLED);
        fixture.commit("", -1, "topic", 0, 7);
        ConsumerClient first = joined("a");
        assertEquals(List.of("topic-0=7"), fixture.offsets());
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL.code(),
                fixture.join("").get().errorCode());
        first.leave(-1);
        String classic = fixture.join("").get().memberId();
        assertEquals(GroupType.CLASSIC, fixture.shard().state().find(GROUP).type());
        assertEquals(List.of("topic-0=7"), fixture.offsets());
        first.abandon();
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, first.beat());
        fixture.leave(classic);
        assertEquals(ErrorCode.NONE, first.beat());
        GroupShard replayed = fixture.newShard();
        fixture.out.replayInto(replayed);
        assertEquals(GroupSnapshot.groupsOf(fixture.shard().state()), GroupSnapshot.groupsOf(replayed.state()));
    }
}
