package io.ottla.broker.coordinator.group;

import static io.ottla.broker.coordinator.group.GroupFixture.GROUP;
import static io.ottla.broker.coordinator.group.GroupFixture.REBALANCE_TIMEOUT_MS;
import static io.ottla.broker.coordinator.group.GroupFixture.SESSION_TIMEOUT_MS;
import static io.ottla.broker.coordinator.group.GroupFixture.joinRequest;
import static io.ottla.broker.coordinator.group.GroupFixture.syncRequest;
import static io.ottla.broker.coordinator.group.GroupFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.broker.coordinator.group.GroupFixture.Answer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.GroupMetadataValue;
import io.ottla.protocol.message.JoinGroupResponse;
import io.ottla.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.ottla.protocol.message.LeaveGroupResponse;
import io.ottla.protocol.message.SyncGroupResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClassicGroupTest {

    private final GroupFixture fixture = new GroupFixture();

    private static ErrorCode errorOf(Answer<JoinGroupResponse> answer) {
        return ErrorCode.forCode(answer.get().errorCode());
    }

    private static ErrorCode syncErrorOf(Answer<SyncGroupResponse> answer) {
        try {
            return ErrorCode.forCode(answer.get().errorCode());
        } catch (ApiException e) {
            return e.error();
        }
    }

    @Test
    void shouldGiveANewMemberItsIdBeforeItJoins() {
        Answer<JoinGroupResponse> first = fixture.join(joinRequest(""), 4);
        assertEquals(ErrorCode.MEMBER_ID_REQUIRED, errorOf(first));
        assertEquals("client-uuid0", first.get().memberId());
        assertTrue(fixture.group().isPendingJoin("client-uuid0"));

        JoinGroupResponse joined = fixture.join("client-uuid0").get();
        assertEquals(ErrorCode.NONE.code(), joined.errorCode());
        assertEquals(1, joined.generationId());
        assertEquals("client-uuid0", joined.leader());
        assertEquals("range", joined.protocolName());
        assertEquals("consumer", joined.protocolType());
        assertEquals(1, joined.members().size());
        assertEquals(
                "topic", new String(joined.members().get(0).metadata(), 8, 5, java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void shouldForgetAMemberThatDoesNotComeBackWithItsId() {
        fixture.join(joinRequest(""), 4);
        fixture.out.advance(SESSION_TIMEOUT_MS);
        assertFalse(fixture.group().hasPendingJoins());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, errorOf(fixture.join("client-uuid0")));
    }

    @Test
    void shouldAssignASingleMemberWithoutWaiting() {
        String id = fixture.join("").get().memberId();
        SyncGroupResponse synced = fixture.sync(id, 1, Map.of(id, "all")).get();
        assertEquals("all", text(synced.assignment()));
        assertEquals("range", synced.protocolName());
        assertEquals("consumer", synced.protocolType());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
        assertEquals(ErrorCode.NONE, fixture.heartbeat(id, 1));
    }

    @Test
    void shouldWaitForMembersThatHaveBeenToldTheirIdBeforeTheFirstGeneration() {
        String first = fixture.join(joinRequest(""), 9).get().memberId();
        String second = fixture.join(joinRequest(""), 9).get().memberId();
        Answer<JoinGroupResponse> firstJoin = fixture.join(first);
        assertFalse(firstJoin.isThere());
        Answer<JoinGroupResponse> secondJoin = fixture.join(second);
        assertEquals(2, firstJoin.get().members().size());
        assertEquals(0, secondJoin.get().members().size());
        assertEquals(first, secondJoin.get().leader());
        assertEquals(1, secondJoin.get().generationId());
    }

    @Test
    void shouldNotWaitLongForAMemberThatHasBeenToldItsIdOnly() {
        String first = fixture.join(joinRequest(""), 9).get().memberId();
        fixture.join(joinRequest(""), 9);
        Answer<JoinGroupResponse> join = fixture.join(first);
        fixture.out.advance(ClassicRebalance.PENDING_JOIN_GRACE_MS);
        assertEquals(1, join.get().generationId());
    }

    @Test
    void shouldRebalanceWhenASecondMemberJoins() {
        String first = fixture.stableGroup(1).get(0);
        Answer<JoinGroupResponse> second = fixture.join("");
        assertFalse(second.isThere());
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, fixture.heartbeat(first, 1));

        JoinGroupResponse leader = fixture.join(first).get();
        String secondId = second.get().memberId();
        assertEquals(2, leader.generationId());
        assertEquals(
                List.of(first, secondId),
                leader.members().stream().map(m -> m.memberId()).toList());
        assertEquals(List.of(), second.get().members());

        Answer<SyncGroupResponse> follower = fixture.sync(secondId, 2, Map.of());
        assertFalse(follower.isThere());
        assertEquals(
                "a",
                text(fixture.sync(first, 2, Map.of(first, "a", secondId, "b"))
                        .get()
                        .assignment()));
        assertEquals("b", text(follower.get().assignment()));
    }

    @Test
    void shouldGiveMembersThatTheLeaderForgotAnEmptyAssignment() {
        String id = fixture.join("").get().memberId();
        assertEquals(0, fixture.sync(id, 1, Map.of()).get().assignment().length);
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
    }

    @Test
    void shouldTellThoseWhoWaitForTheirAssignmentToRejoinWhenAnotherMemberJoins() {
        List<String> ids = fixture.stableGroup(2);
        Answer<JoinGroupResponse> third = fixture.join("");
        fixture.join(ids.get(0));
        fixture.join(ids.get(1));
        Answer<SyncGroupResponse> waiting = fixture.sync(ids.get(1), third.get().generationId(), Map.of());
        fixture.join("");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, syncErrorOf(waiting));
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, fixture.group().state());
    }

    @Test
    void shouldRefuseAMemberWithOtherProtocols() {
        fixture.stableGroup(1);
        assertEquals(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, errorOf(fixture.join("", "roundrobin")));
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                errorOf(fixture.join(joinRequest("").protocolType("connect"), 3)));
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
    }

    @Test
    void shouldRefuseAMemberWithoutProtocols() {
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                errorOf(fixture.join(joinRequest("").protocols(new java.util.ArrayList<>()), 3)));
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                errorOf(fixture.join(joinRequest("").protocolType(""), 3)));
    }

    @Test
    void shouldChooseTheProtocolThatAllSupportAndMostLikeBest() {
        String first = fixture.join("", "range", "sticky").get().memberId();
        Answer<JoinGroupResponse> second = fixture.join("", "sticky", "range");
        Answer<JoinGroupResponse> third = fixture.join("", "other", "sticky", "range");
        assertEquals("sticky", fixture.join(first, "range", "sticky").get().protocolName());
        assertEquals("sticky", second.get().protocolName());
        assertEquals("sticky", third.get().protocolName());
    }

    @Test
    void shouldAnswerAJoinFromAMemberOfNoGroup() {
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, errorOf(fixture.join("nobody")));
        assertNull(fixture.group());
        fixture.stableGroup(1);
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, errorOf(fixture.join("nobody")));
    }

    @Test
    void shouldRebalanceWhenTheLeaderRejoinsButNotWhenAFollowerDoesUnchanged() {
        List<String> ids = fixture.stableGroup(2);
        int generation = fixture.group().generationId();
        JoinGroupResponse same = fixture.join(ids.get(1)).get();
        assertEquals(generation, same.generationId());
        assertEquals(ids.get(0), same.leader());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());

        Answer<JoinGroupResponse> leader = fixture.join(ids.get(0));
        assertFalse(leader.isThere());
        fixture.join(ids.get(1));
        assertEquals(generation + 1, leader.get().generationId());
    }

    @Test
    void shouldRebalanceWhenAFollowerChangesWhatItSays() {
        List<String> ids = fixture.stableGroup(2);
        assertFalse(fixture.join(ids.get(1), "range", "sticky").isThere());
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, fixture.group().state());
    }

    @Test
    void shouldRepeatTheAnswerOfAJoinThatWasLost() {
        String id = fixture.join("").get().memberId();
        JoinGroupResponse again = fixture.join(id).get();
        assertEquals(1, again.generationId());
        assertEquals(1, again.members().size());
        assertEquals(ClassicGroupState.COMPLETING_REBALANCE, fixture.group().state());
    }

    @Test
    void shouldDropDynamicMembersThatDoNotRejoinInTime() {
        List<String> ids = fixture.stableGroup(3);
        Answer<JoinGroupResponse> leader = fixture.join(ids.get(0));
        Answer<JoinGroupResponse> follower = fixture.join(ids.get(1));
        for (int elapsedMs = 0; elapsedMs < REBALANCE_TIMEOUT_MS; elapsedMs += 5_000) {
            assertFalse(leader.isThere());
            assertEquals(
                    ErrorCode.REBALANCE_IN_PROGRESS,
                    fixture.heartbeat(ids.get(2), fixture.group().generationId()));
            fixture.out.advance(5_000);
        }
        assertEquals(2, leader.get().members().size());
        assertTrue(follower.isThere());
        assertFalse(fixture.group().hasMember(ids.get(2)));
    }

    @Test
    void shouldElectALeaderWhoHasJoined() {
        List<String> ids = fixture.stableGroup(2);
        fixture.join("");
        Answer<JoinGroupResponse> follower = fixture.join(ids.get(1));
        fixture.out.advance(REBALANCE_TIMEOUT_MS);
        assertEquals(ids.get(1), follower.get().leader());
    }

    @Test
    void shouldEndTheSessionOfASilentMember() {
        List<String> ids = fixture.stableGroup(2);
        fixture.out.advance(SESSION_TIMEOUT_MS - 1);
        assertEquals(
                ErrorCode.NONE, fixture.heartbeat(ids.get(1), fixture.group().generationId()));
        fixture.out.advance(1);
        assertFalse(fixture.group().hasMember(ids.get(0)));
        assertEquals(
                ErrorCode.REBALANCE_IN_PROGRESS,
                fixture.heartbeat(ids.get(1), fixture.group().generationId()));
        assertEquals(
                ErrorCode.UNKNOWN_MEMBER_ID,
                fixture.heartbeat(ids.get(0), fixture.group().generationId()));
        JoinGroupResponse alone = fixture.join(ids.get(1)).get();
        assertEquals(ids.get(1), alone.leader());
    }

    @Test
    void shouldBecomeEmptyInAGenerationOfItsOwnWhenTheLastSessionEnds() {
        fixture.stableGroup(1);
        int records = fixture.out.log().size();
        fixture.out.advance(SESSION_TIMEOUT_MS);
        assertEquals(ClassicGroupState.EMPTY, fixture.group().state());
        assertEquals(2, fixture.group().generationId());
        GroupMetadataValue value =
                (GroupMetadataValue) fixture.out.recordsFrom(records).get(0).value();
        assertEquals(2, value.generation());
        assertEquals("consumer", value.protocolType());
        assertNull(value.protocol());
        assertNull(value.leader());
        assertEquals(fixture.out.nowMs(), value.currentStateTimestamp());
    }

    @Test
    void shouldDropMembersThatDoNotSyncInTime() {
        List<String> ids = fixture.stableGroup(2);
        Answer<JoinGroupResponse> leader = fixture.join(ids.get(0));
        fixture.join(ids.get(1));
        int generation = leader.get().generationId();
        fixture.sync(ids.get(0), generation, Map.of()).get();
        for (int elapsedMs = 0; elapsedMs < REBALANCE_TIMEOUT_MS; elapsedMs += 5_000) {
            fixture.heartbeat(ids.get(0), generation);
            fixture.heartbeat(ids.get(1), generation);
            fixture.out.advance(5_000);
        }
        assertFalse(fixture.group().hasMember(ids.get(1)));
        assertEquals(ClassicGroupState.PREPARING_REBALANCE, fixture.group().state());
    }

    @Test
    void shouldCheckTheIdentityOfAMemberInEveryRequest() {
        String id = fixture.stableGroup(1).get(0);
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.heartbeat(id, 0));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, fixture.heartbeat(id, 2));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat("nobody", 1));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat(id, "static", 1));
        assertEquals(ErrorCode.ILLEGAL_GENERATION, syncErrorOf(fixture.sync(id, 7, Map.of())));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, syncErrorOf(fixture.sync("nobody", 1, Map.of())));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.leave("nobody"));
    }

    @Test
    void shouldAnswerMembersOfAGroupThatIsNotThere() {
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.heartbeat("nobody", 1));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, syncErrorOf(fixture.sync("nobody", 1, Map.of())));
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.leave("nobody"));
    }

    @Test
    void shouldCheckTheProtocolOfASync() {
        String id = fixture.join("").get().memberId();
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                syncErrorOf(fixture.sync(
                        syncRequest(id, 1, Map.of()).protocolType("connect").protocolName("range"))));
        assertEquals(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                syncErrorOf(fixture.sync(
                        syncRequest(id, 1, Map.of()).protocolType("consumer").protocolName("x"))));
        assertEquals(
                ErrorCode.NONE,
                syncErrorOf(fixture.sync(
                        syncRequest(id, 1, Map.of()).protocolType("consumer").protocolName("range"))));
    }

    @Test
    void shouldRepeatTheAssignmentOfAStableGroup() {
        String id = fixture.stableGroup(1).get(0);
        assertEquals("for " + id, text(fixture.sync(id, 1, Map.of()).get().assignment()));
    }

    @Test
    void shouldTellASyncDuringARebalanceToRejoin() {
        String id = fixture.stableGroup(1).get(0);
        fixture.join("");
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, syncErrorOf(fixture.sync(id, 1, Map.of())));
    }

    @Test
    void shouldEmptyTheGroupWhenTheLastMemberLeaves() {
        String id = fixture.stableGroup(1).get(0);
        assertEquals(ErrorCode.NONE, fixture.leave(id));
        assertEquals(ClassicGroupState.EMPTY, fixture.group().state());
        assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, fixture.leave(id));
        assertEquals(3, fixture.join("").get().generationId());
    }

    @Test
    void shouldRebalanceWhenAMemberLeaves() {
        List<String> ids = fixture.stableGroup(2);
        assertEquals(ErrorCode.NONE, fixture.leave(ids.get(0)));
        assertEquals(ids.get(1), fixture.join(ids.get(1)).get().leader());
    }

    @Test
    void shouldCompleteTheJoinPhaseWhenTheLateOneLeaves() {
        List<String> ids = fixture.stableGroup(2);
        Answer<JoinGroupResponse> leader = fixture.join(ids.get(0));
        fixture.leave(ids.get(1));
        assertEquals(1, leader.get().members().size());
    }

    @Test
    void shouldLetAMemberLeaveThatKnowsItsIdOnly() {
        String first = fixture.stableGroup(1).get(0);
        String pending = fixture.join(joinRequest(""), 9).get().memberId();
        assertEquals(ErrorCode.NONE, fixture.leave(pending));
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
        assertEquals(ErrorCode.NONE, fixture.heartbeat(first, 1));
    }

    @Test
    void shouldAnswerForEachMemberOfALeave() {
        fixture.joinStatic("one", "", 5);
        LeaveGroupResponse response = fixture.leave(
                new MemberIdentity().memberId("").groupInstanceId("one"),
                new MemberIdentity().memberId("").groupInstanceId("two"),
                new MemberIdentity().memberId("nobody"));
        assertEquals(ErrorCode.NONE.code(), response.members().get(0).errorCode());
        assertEquals("one", response.members().get(0).groupInstanceId());
        assertEquals(
                ErrorCode.UNKNOWN_MEMBER_ID.code(), response.members().get(1).errorCode());
        assertEquals(
                ErrorCode.UNKNOWN_MEMBER_ID.code(), response.members().get(2).errorCode());
        assertEquals(ClassicGroupState.EMPTY, fixture.group().state());
    }

    @Test
    void shouldKeepTheGenerationWhenAStaticMemberReturns() {
        String first = fixture.joinStatic("one", "", 9).get().memberId();
        assertEquals("one-uuid0", first);
        fixture.sync(first, 1, Map.of(first, "mine")).get();

        JoinGroupResponse returned = fixture.joinStatic("one", "", 9).get();
        assertNotEquals(first, returned.memberId());
        assertEquals(1, returned.generationId());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
        assertTrue(returned.skipAssignment());
        assertEquals(returned.memberId(), returned.leader());
        assertEquals(1, returned.members().size());
        assertEquals(
                "mine",
                text(fixture.sync(returned.memberId(), 1, Map.of()).get().assignment()));

        assertEquals(ErrorCode.FENCED_INSTANCE_ID, fixture.heartbeat(first, "one", 1));
        assertEquals(ErrorCode.NONE, fixture.heartbeat(returned.memberId(), "one", 1));
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, errorOf(fixture.joinStatic("one", first, 9)));
    }

    @Test
    void shouldNotTellAnOlderReturningLeaderThatItLeads() {
        String first = fixture.joinStatic("one", "", 8).get().memberId();
        fixture.sync(first, 1, Map.of(first, "mine")).get();
        JoinGroupResponse returned = fixture.joinStatic("one", "", 8).get();
        assertEquals(first, returned.leader());
        assertFalse(returned.skipAssignment());
        assertEquals(List.of(), returned.members());
    }

    @Test
    void shouldRebalanceWhenAReturningStaticMemberChangesTheProtocol() {
        String first = fixture.join(joinRequest("", "range", "sticky").groupInstanceId("one"), 9)
                .get()
                .memberId();
        fixture.sync(first, 1, Map.of()).get();
        JoinGroupResponse returned = fixture.join(
                        joinRequest("", "sticky", "range").groupInstanceId("one"), 9)
                .get();
        assertEquals(2, returned.generationId());
        assertEquals("sticky", returned.protocolName());
    }

    @Test
    void shouldFenceTheJoinOfAStaticMemberThatIsReplacedWhileItWaits() {
        fixture.stableGroup(1);
        Answer<JoinGroupResponse> waiting = fixture.joinStatic("one", "", 9);
        Answer<JoinGroupResponse> replacement = fixture.joinStatic("one", "", 9);
        assertEquals(ErrorCode.FENCED_INSTANCE_ID, errorOf(waiting));
        assertFalse(replacement.isThere());
    }

    @Test
    void shouldKeepALateStaticMemberUntilItsSessionEnds() {
        String leader = fixture.stableGroup(1).get(0);
        Answer<JoinGroupResponse> statics =
                fixture.join(joinRequest("").groupInstanceId("one").sessionTimeoutMs(200_000), 9);
        int generation = fixture.join(leader).get().generationId();
        fixture.sync(statics.get().memberId(), generation, Map.of());
        fixture.sync(leader, generation, Map.of()).get();

        Answer<JoinGroupResponse> rejoin = fixture.join(leader);
        fixture.out.advance(REBALANCE_TIMEOUT_MS);
        assertEquals(2, rejoin.get().members().size());
    }

    @Test
    void shouldLimitTheSizeOfAGroup() {
        GroupFixture small = new GroupFixture(new GroupConfig(6_000, 1_800_000, 0, 2, 4096, 1, 600_000));
        List<String> ids = small.stableGroup(2);
        assertEquals(ErrorCode.GROUP_MAX_SIZE_REACHED, errorOf(small.join("")));
        assertFalse(small.join(ids.get(0)).isThere());
    }

    @Test
    void shouldDelayTheFirstRebalanceWhileMembersJoin() {
        GroupFixture delayed = new GroupFixture(new GroupConfig(6_000, 1_800_000, 3_000, 100, 4096, 1, 600_000));
        Answer<JoinGroupResponse> first = delayed.join("");
        delayed.out.advance(2_000);
        Answer<JoinGroupResponse> second = delayed.join("");
        delayed.out.advance(3_999);
        assertFalse(first.isThere());
        delayed.out.advance(1);
        assertEquals(2, first.get().members().size());
        assertTrue(second.isThere());
    }

    @Test
    void shouldUseTheSessionTimeoutForARebalanceWhereTheRequestHasNoOther() {
        fixture.join(joinRequest("").rebalanceTimeoutMs(-1), 0);
        assertEquals(SESSION_TIMEOUT_MS, fixture.group().rebalanceTimeoutMs());
    }

    @Test
    void shouldAnswerAJoinThatItsClientHasGivenUp() {
        List<String> ids = fixture.stableGroup(2);
        Answer<JoinGroupResponse> givenUp = fixture.join(ids.get(0));
        Answer<JoinGroupResponse> retried = fixture.join(ids.get(0));
        assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, errorOf(givenUp));
        fixture.join(ids.get(1));
        assertEquals(ErrorCode.NONE, errorOf(retried));
    }

    @Test
    void shouldComeBackFromTheLogAsItWas() {
        List<String> ids = fixture.stableGroup(2);
        int generation = fixture.group().generationId();
        fixture.out.load(fixture.newShard());
        assertEquals(ClassicGroupState.STABLE, fixture.group().state());
        assertEquals(ErrorCode.NONE, fixture.heartbeat(ids.get(1), generation));
        assertEquals(
                "for " + ids.get(1),
                text(fixture.sync(ids.get(1), generation, Map.of()).get().assignment()));
        assertEquals(ids.get(0), fixture.group().leaderId());
        fixture.out.advance(SESSION_TIMEOUT_MS);
        assertEquals(ClassicGroupState.EMPTY, fixture.group().state());
    }

    @Test
    void shouldNotCreateAGroupByAskingForIt() {
        assertThrows(ApiException.class, () -> fixture.shard().state().group(GROUP));
        assertEquals(
                "Dead", fixture.shard().queries().describe(GROUP, (short) 5).groupState());
        assertNull(fixture.group());
    }
}
