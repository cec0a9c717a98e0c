package io.ottla.broker.coordinator.transaction;

import static io.ottla.broker.coordinator.transaction.TransactionFixture.A0;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.A1;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.B0;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.EXPIRATION_MS;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.ID;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.START_MS;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.TIMEOUT_MS;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.assertError;
import static io.ottla.broker.coordinator.transaction.TransactionFixture.assertIdentity;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.re2j.Pattern;
import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.transaction.TransactionFixture.Answer;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeTransactionsResponse;
import io.ottla.protocol.message.ListTransactionsRequest;
import io.ottla.protocol.message.ListTransactionsResponse;
import io.ottla.protocol.message.TransactionLogKey;
import io.ottla.protocol.message.TransactionLogValue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The state machine of transactional ids, API by API, in both generations of the protocol. */
class TransactionShardTest {

    private static final long P = TransactionFixture.FIRST_PRODUCER_ID;
    private static final short LAST_EPOCH = Short.MAX_VALUE - 1;

    private final TransactionFixture fixture = new TransactionFixture();

    private void given(TransactionState state, int epoch) {
        fixture.nextProducerId = P + 1;
        fixture.out.append(new CoordinatorRecord(
                new TransactionLogKey().transactionalId(ID),
                new TransactionLogValue()
                        .producerId(P)
                        .producerEpoch((short) epoch)
                        .transactionTimeoutMs(TIMEOUT_MS)
                        .transactionStatus(state.id())
                        .transactionPartitions(List.of())
                        .transactionStartTimestampMs(START_MS)
                        .transactionLastUpdateTimestampMs(START_MS),
                (short) 1));
        fixture.reload();
    }

    private void givenComplete(int clientVersion, boolean committed) {
        fixture.init();
        fixture.add(clientVersion, P, 0, A0);
        fixture.end(clientVersion, P, 0, committed);
        fixture.writeMarkers();
    }

    @Test
    void shouldGiveANewIdItsFirstEpoch() {
        assertIdentity(P, 0, fixture.init());
        fixture.assertState(TransactionState.EMPTY, P, 0);
        TransactionLogValue record = fixture.lastValue();
        assertEquals(P, record.previousProducerId());
        assertEquals(-1, record.nextProducerId());
        assertEquals(TIMEOUT_MS, record.transactionTimeoutMs());
        assertEquals(-1, record.transactionStartTimestampMs());
        assertEquals(START_MS, record.transactionLastUpdateTimestampMs());
        assertNull(record.transactionPartitions());
        assertEquals(1, fixture.lastRecord().valueVersion());
    }

    @Test
    void shouldFenceByTheNextEpochWhoHadTheIdBefore() {
        fixture.init();
        assertIdentity(P, 1, fixture.init());
        assertEquals(ErrorCode.PRODUCER_FENCED, fixture.add(0, P, 0, A0).get());
        assertError(ErrorCode.PRODUCER_FENCED, fixture.end(0, P, 0, true));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.end(2, P, 0, true));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.init(P, 0));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.init(P + 7, 0));
        fixture.assertState(TransactionState.EMPTY, P, 1);
    }

    @Test
    void shouldCountTheEpochOnForAProducerThatNamesIt() {
        fixture.init();
        assertIdentity(P, 1, fixture.init(P, 0));
        assertIdentity(P, 1, fixture.init(P, 0));
        assertIdentity(P, 2, fixture.init(P, 1));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.init(P, 0));
        // As with Apache Kafka, the epoch before is not in the log.
        fixture.reload();
        assertError(ErrorCode.PRODUCER_FENCED, fixture.init(P, 1));
        assertIdentity(P, 3, fixture.init(P, 2));
    }

    @Test
    void shouldGiveANewIdWhenTheEpochsAreUsedUp() {
        given(TransactionState.COMPLETE_COMMIT, LAST_EPOCH);
        assertIdentity(P + 1, 0, fixture.init());
        fixture.assertState(TransactionState.EMPTY, P + 1, 0);
        assertEquals(P, fixture.lastValue().previousProducerId());
    }

    @Test
    void shouldGiveTheNewIdAgainToAProducerThatNamesItsLastEpoch() {
        given(TransactionState.EMPTY, LAST_EPOCH);
        assertIdentity(P + 1, 0, fixture.init(P, LAST_EPOCH));
        assertIdentity(P + 1, 0, fixture.init(P, LAST_EPOCH));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.init(P, LAST_EPOCH - 1));
    }

    @Test
    void shouldAbortAnOpenTransactionBeforeTheIdIsGivenAway() {
        for (int version : new int[] {0, 2}) {
            TransactionFixture other = new TransactionFixture();
            other.transactionVersion = version;
            other.init();
            other.add(version, P, 0, A0);
            Answer<ProducerIdentity> second = other.init();
            assertFalse(second.isThere());
            other.assertState(TransactionState.PREPARE_ABORT, P, 1);
            MarkerRound round = other.writeMarkers();
            assertEquals(1, round.producerEpoch());
            assertFalse(round.isCommitted());
            assertIdentity(P, 2, second);
            other.assertState(TransactionState.EMPTY, P, 2);
        }
    }

    @Test
    void shouldLetTwoNewProducersWaitForOneAbort() {
        fixture.init();
        fixture.add(2, P, 0, A0);
        Answer<ProducerIdentity> second = fixture.init();
        Answer<ProducerIdentity> third = fixture.init();
        fixture.writeMarkers();
        assertIdentity(P, 2, second);
        assertIdentity(P, 3, third);
    }

    @Test
    void shouldFenceWithTheEpochThatIsKeptForIt() {
        given(TransactionState.EMPTY, LAST_EPOCH);
        fixture.add(2, P, LAST_EPOCH, A0);
        Answer<ProducerIdentity> second = fixture.init();
        assertEquals(Short.MAX_VALUE, fixture.writeMarkers().producerEpoch());
        // The abort brings the new id with it; its first epoch is nobody's.
        assertIdentity(P + 1, 1, second);
    }

    @Test
    void shouldFenceWithTheEpochThatIsKeptForItInTheOldProtocolToo() {
        fixture.transactionVersion = 1;
        given(TransactionState.EMPTY, LAST_EPOCH);
        fixture.add(0, P, LAST_EPOCH, A0);
        Answer<ProducerIdentity> second = fixture.init();
        assertEquals(Short.MAX_VALUE, fixture.writeMarkers().producerEpoch());
        assertIdentity(P + 1, 0, second);
    }

    @Test
    void shouldTryAgainToAbortWhenThereIsNoProducerId() {
        given(TransactionState.EMPTY, LAST_EPOCH);
        fixture.add(2, P, LAST_EPOCH, A0);
        fixture.producerIdsFail = true;
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, fixture.end(2, P, LAST_EPOCH, true));
        assertError(ErrorCode.KAFKA_STORAGE_ERROR, fixture.init());
        fixture.out.advance(TIMEOUT_MS);
        fixture.assertState(TransactionState.ONGOING, P, LAST_EPOCH);
        fixture.producerIdsFail = false;
        fixture.out.advance(1_000);
        fixture.assertState(TransactionState.PREPARE_ABORT, P, Short.MAX_VALUE);
    }

    @Test
    void shouldStartATransactionWithItsFirstPartition() {
        fixture.init();
        fixture.out.advance(5);
        assertEquals(ErrorCode.NONE, fixture.add(0, P, 0, A0).get());
        fixture.assertState(TransactionState.ONGOING, P, 0);
        assertEquals(START_MS + 5, fixture.transaction().startMs());
        fixture.out.advance(5);
        assertEquals(ErrorCode.NONE, fixture.add(0, P, 0, B0, A1, A0).get());
        assertEquals(START_MS + 5, fixture.transaction().startMs());
        assertEquals(List.of(A0, A1, B0), fixture.transaction().partitions());
        int size = fixture.out.log().size();
        assertEquals(ErrorCode.NONE, fixture.add(0, P, 0, A1).get());
        assertEquals(size, fixture.out.log().size(), "nothing new to record");
    }

    @Test
    void shouldRefusePartitionsOfStrangers() {
        assertEquals(
                ErrorCode.INVALID_PRODUCER_ID_MAPPING, fixture.add(0, P, 0, A0).get());
        fixture.init();
        assertEquals(
                ErrorCode.INVALID_PRODUCER_ID_MAPPING,
                fixture.add(0, P + 1, 0, A0).get());
        assertEquals(ErrorCode.PRODUCER_FENCED, fixture.add(0, P, 1, A0).get());
        fixture.assertState(TransactionState.EMPTY, P, 0);
    }

    @Test
    void shouldSayWhichPartitionsAreInATransaction() {
        assertEquals(Map.of(A0, ErrorCode.INVALID_PRODUCER_ID_MAPPING), fixture.verify(P, 0, A0));
        fixture.init();
        assertEquals(Map.of(A0, ErrorCode.TRANSACTION_ABORTABLE), fixture.verify(P, 0, A0));
        fixture.add(0, P, 0, A0);
        assertEquals(
                Map.of(A0, ErrorCode.NONE, A1, ErrorCode.TRANSACTION_ABORTABLE, B0, ErrorCode.TRANSACTION_ABORTABLE),
                fixture.verify(P, 0, A0, A1, B0));
        assertEquals(Map.of(A0, ErrorCode.INVALID_PRODUCER_ID_MAPPING), fixture.verify(P + 1, 0, A0));
        assertEquals(Map.of(A0, ErrorCode.PRODUCER_FENCED), fixture.verify(P, 1, A0));
        fixture.end(0, P, 0, true);
        assertEquals(Map.of(A0, ErrorCode.CONCURRENT_TRANSACTIONS), fixture.verify(P, 0, A0));
        fixture.writeMarkers();
        assertEquals(Map.of(A0, ErrorCode.TRANSACTION_ABORTABLE), fixture.verify(P, 0, A0));
    }

    @Test
    void shouldEndWithoutANewEpochForOldClients() {
        fixture.transactionVersion = 1;
        fixture.init();
        fixture.add(0, P, 0, A0, B0);
        assertEquals(ProducerIdentity.unchanged(), fixture.end(0, P, 0, true).get());
        fixture.assertState(TransactionState.PREPARE_COMMIT, P, 0);
        MarkerRound round = fixture.writeMarkers();
        assertEquals(List.of(A0, B0), round.partitions());
        assertTrue(round.isCommitted());
        assertEquals(0, round.producerEpoch());
        fixture.assertState(TransactionState.COMPLETE_COMMIT, P, 0);
        assertEquals(List.of(), fixture.lastValue().transactionPartitions());
        assertEquals(ErrorCode.NONE, fixture.add(0, P, 0, A0).get());
        fixture.end(0, P, 0, false);
        assertFalse(fixture.writeMarkers().isCommitted());
        fixture.assertState(TransactionState.COMPLETE_ABORT, P, 0);
    }

    @Test
    void shouldTakeTheSameEndTwiceFromOldClients() {
        givenComplete(0, true);
        assertEquals(ProducerIdentity.unchanged(), fixture.end(0, P, 0, true).get());
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(0, P, 0, false));
        fixture.add(0, P, 0, A0);
        fixture.end(0, P, 0, false);
        fixture.writeMarkers();
        assertEquals(ProducerIdentity.unchanged(), fixture.end(0, P, 0, false).get());
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(0, P, 0, true));
    }

    @Test
    void shouldRefuseAnEndOfWhatHasNotBegunFromOldClients() {
        assertError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, fixture.end(0, P, 0, true));
        fixture.init();
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(0, P, 0, true));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(0, P, 0, false));
        assertError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, fixture.end(0, P + 1, 0, false));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.end(0, P, 1, false));
    }

    @Test
    void shouldCountTheEpochOnWithEachTransactionOfNewClients() {
        fixture.init();
        fixture.add(2, P, 0, A0);
        assertIdentity(P, 1, fixture.end(2, P, 0, true));
        fixture.assertState(TransactionState.PREPARE_COMMIT, P, 1);
        assertEquals(2, fixture.lastValue().clientTransactionVersion());
        assertEquals(1, fixture.writeMarkers().producerEpoch());
        fixture.assertState(TransactionState.COMPLETE_COMMIT, P, 1);
        assertEquals(ErrorCode.PRODUCER_FENCED, fixture.add(2, P, 0, A0).get());
        assertEquals(ErrorCode.NONE, fixture.add(2, P, 1, A0).get());
        assertIdentity(P, 2, fixture.end(2, P, 1, false));
        fixture.writeMarkers();
        fixture.assertState(TransactionState.COMPLETE_ABORT, P, 2);
    }

    @Test
    void shouldTellRepeatedEndsFromNewOnesByTheEpoch() {
        givenComplete(2, true);
        assertIdentity(P, 1, fixture.end(2, P, 0, true));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 0, false));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 1, true));
        assertError(ErrorCode.PRODUCER_FENCED, fixture.end(2, P, 2, true));
        assertError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, fixture.end(2, P + 1, 0, true));
        // An abort of nothing is a transaction of its own.
        assertIdentity(P, 2, fixture.end(2, P, 1, false));
        fixture.assertState(TransactionState.COMPLETE_ABORT, P, 2);
        assertIdentity(P, 2, fixture.end(2, P, 1, false));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 1, true));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 2, true));
        assertIdentity(P, 3, fixture.end(2, P, 2, false));
        assertTrue(fixture.rounds.isEmpty());
    }

    @Test
    void shouldNotTakeAFencedProducerForOneThatRepeatsItself() {
        fixture.init();
        fixture.init();
        fixture.add(0, P, 1, A0);
        fixture.end(0, P, 1, true);
        fixture.writeMarkers();
        assertError(ErrorCode.PRODUCER_FENCED, fixture.end(2, P, 0, true));
    }

    @Test
    void shouldAbortWhatHasNotBegunForNewClientsOnly() {
        fixture.init();
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 0, true));
        fixture.out.advance(3);
        assertIdentity(P, 1, fixture.end(2, P, 0, false));
        fixture.assertState(TransactionState.COMPLETE_ABORT, P, 1);
        assertEquals(START_MS + 3, fixture.lastValue().transactionStartTimestampMs());
    }

    @Test
    void shouldGoOnWithANewIdWhenTheEpochsAreUsedUp() {
        given(TransactionState.EMPTY, LAST_EPOCH);
        fixture.add(2, P, LAST_EPOCH, A0);
        assertIdentity(P + 1, 0, fixture.end(2, P, LAST_EPOCH, true));
        fixture.assertState(TransactionState.PREPARE_COMMIT, P, Short.MAX_VALUE);
        assertEquals(P + 1, fixture.lastValue().nextProducerId());
        Answer<ErrorCode> next = fixture.add(2, P + 1, 0, B0);
        Answer<ProducerIdentity> repeated = fixture.end(2, P, LAST_EPOCH, true);
        MarkerRound round = fixture.writeMarkers();
        assertEquals(P, round.producerId());
        assertEquals(Short.MAX_VALUE, round.producerEpoch());
        assertEquals(ErrorCode.NONE, next.get());
        // The producer is in its next transaction: it cannot be the one that asks.
        assertError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, repeated);
    }

    @Test
    void shouldTakeARepeatedEndAcrossTheNewId() {
        given(TransactionState.EMPTY, LAST_EPOCH);
        fixture.add(2, P, LAST_EPOCH, A0);
        fixture.end(2, P, LAST_EPOCH, true);
        fixture.writeMarkers();
        fixture.assertState(TransactionState.COMPLETE_COMMIT, P + 1, 0);
        assertIdentity(P + 1, 0, fixture.end(2, P, LAST_EPOCH, true));
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, LAST_EPOCH, false));
        fixture.reload();
        assertIdentity(P + 1, 0, fixture.end(2, P, LAST_EPOCH, true));
    }

    @Test
    void shouldLetRequestsWaitForTheMarkers() {
        fixture.init();
        fixture.add(0, P, 0, A0);
        fixture.end(0, P, 0, true);
        Answer<ErrorCode> added = fixture.add(0, P, 0, B0);
        Answer<ProducerIdentity> ended = fixture.end(0, P, 0, true);
        Answer<ProducerIdentity> next = fixture.init();
        assertFalse(added.isThere() || ended.isThere() || next.isThere());
        fixture.writeMarkers();
        assertEquals(ErrorCode.NONE, added.get());
        // The transaction that the first of them started is ended by the second, and the third waits for that.
        assertEquals(ProducerIdentity.unchanged(), ended.get());
        fixture.writeMarkers();
        assertIdentity(P, 1, next);
    }

    @Test
    void shouldLetNobodyWaitForMarkersThatCannotBeWritten() {
        fixture.init();
        fixture.add(2, P, 0, A0, B0);
        fixture.end(2, P, 0, true);
        Answer<ErrorCode> waiting = fixture.add(2, P, 1, A0);
        MarkerRound round = fixture.rounds.remove();
        fixture.shard()
                .ending()
                .onMarkers(round, Map.of(A0, ErrorCode.NONE, B0, ErrorCode.KAFKA_STORAGE_ERROR), fixture.out);
        assertEquals(ErrorCode.CONCURRENT_TRANSACTIONS, waiting.get());
        assertEquals(ErrorCode.CONCURRENT_TRANSACTIONS, fixture.add(2, P, 1, A0).get());
        assertError(ErrorCode.CONCURRENT_TRANSACTIONS, fixture.end(2, P, 0, true));
        assertError(ErrorCode.CONCURRENT_TRANSACTIONS, fixture.init());
        assertTrue(fixture.rounds.isEmpty());
        fixture.out.advance(20);
        assertEquals(List.of(B0), fixture.rounds.element().partitions());
        fixture.shard().ending().onMarkers(fixture.rounds.remove(), Map.of(), fixture.out);
        fixture.out.advance(39);
        assertTrue(fixture.rounds.isEmpty());
        fixture.out.advance(1);
        fixture.writeMarkers();
        fixture.assertState(TransactionState.COMPLETE_COMMIT, P, 1);
    }

    @Test
    void shouldNotMissMarkersThatNobodyNeeds() {
        for (ErrorCode error : List.of(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                ErrorCode.INVALID_PRODUCER_EPOCH,
                ErrorCode.TRANSACTION_COORDINATOR_FENCED)) {
            TransactionFixture other = new TransactionFixture();
            other.init();
            other.add(2, P, 0, A0, B0);
            other.end(2, P, 0, true);
            other.answerMarkers(error);
            other.assertState(TransactionState.COMPLETE_COMMIT, P, 1);
        }
    }

    @Test
    void shouldCompleteWhatWasPreparedBeforeARestart() {
        for (boolean committed : new boolean[] {true, false}) {
            TransactionFixture other = new TransactionFixture();
            other.init();
            other.add(2, P, 0, A0, B0);
            other.end(2, P, 0, committed);
            Answer<ErrorCode> waiting = other.add(2, P, 1, A0);
            MarkerRound lost = other.rounds.remove();
            other.reload();
            assertEquals(ErrorCode.NOT_COORDINATOR, waiting.failure());
            assertTrue(lost.isCancelled());
            other.shard().ending().onMarkers(lost, Map.of(A0, ErrorCode.NONE, B0, ErrorCode.NONE), other.out);
            other.assertState(committed ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT, P, 1);
            MarkerRound again = other.writeMarkers();
            assertEquals(List.of(A0, B0), again.partitions());
            assertEquals(committed, again.isCommitted());
            other.assertState(committed ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT, P, 1);
        }
    }

    @Test
    void shouldAbortATransactionThatTakesTooLong() {
        for (int version : new int[] {0, 2}) {
            TransactionFixture other = new TransactionFixture();
            other.transactionVersion = version;
            other.init();
            other.add(version, P, 0, A0);
            other.out.advance(TIMEOUT_MS - 1);
            other.assertState(TransactionState.ONGOING, P, 0);
            other.out.advance(1);
            other.assertState(TransactionState.PREPARE_ABORT, P, 1);
            assertEquals(1, other.writeMarkers().producerEpoch());
            assertError(ErrorCode.PRODUCER_FENCED, other.end(0, P, 0, true));
        }
    }

    @Test
    void shouldTellAProducerThatItsTransactionWasAborted() {
        fixture.init();
        fixture.add(2, P, 0, A0);
        fixture.out.advance(TIMEOUT_MS);
        fixture.writeMarkers();
        assertError(ErrorCode.INVALID_TXN_STATE, fixture.end(2, P, 0, true));
        // What it would have asked for is done.
        assertIdentity(P, 1, fixture.end(2, P, 0, false));
        assertIdentity(P, 1, fixture.init(P, 0));
    }

    @Test
    void shouldMeasureEachTransactionFromItsOwnStart() {
        givenComplete(0, true);
        fixture.out.advance(TIMEOUT_MS - 10);
        fixture.add(0, P, 0, A0);
        fixture.out.advance(TIMEOUT_MS - 1);
        fixture.assertState(TransactionState.ONGOING, P, 0);
        fixture.reload();
        fixture.out.advance(1);
        fixture.assertState(TransactionState.PREPARE_ABORT, P, 1);
    }

    @Test
    void shouldForgetAnIdAfterALongSilence() {
        givenComplete(0, true);
        fixture.out.advance(1_000);
        fixture.add(0, P, 0, A0);
        fixture.end(0, P, 0, true);
        fixture.writeMarkers();
        fixture.out.advance(EXPIRATION_MS - 1);
        assertEquals(TransactionState.COMPLETE_COMMIT, fixture.transaction().state());
        fixture.out.advance(1);
        assertNull(fixture.shard().states().find(ID));
        assertNull(fixture.lastRecord().value());
        assertIdentity(P + 1, 0, fixture.init());
        fixture.reload();
        fixture.out.advance(EXPIRATION_MS);
        assertNull(fixture.shard().states().find(ID));
    }

    @Test
    void shouldWriteWhatTheFeatureLevelAllows() {
        fixture.transactionVersion = 0;
        givenComplete(0, true);
        fixture.out.log().forEach(appended -> assertEquals(0, appended.record().valueVersion()));
        fixture.transactionVersion = 1;
        fixture.add(0, P, 0, A0);
        assertEquals(1, fixture.lastRecord().valueVersion());
    }

    @Test
    void shouldDescribeAnId() {
        fixture.init();
        fixture.add(2, P, 0, A0, A1);
        DescribeTransactionsResponse.TransactionState described =
                fixture.shard().queries().describe(ID);
        assertEquals(P, described.producerId());
        assertEquals("Ongoing", described.transactionState());
        assertEquals(TIMEOUT_MS, described.transactionTimeoutMs());
        assertEquals(START_MS, described.transactionStartTimeMs());
        assertEquals(List.of(0, 1), described.topics().get(0).partitions());
        assertEquals(
                ErrorCode.TRANSACTIONAL_ID_NOT_FOUND.code(),
                fixture.shard().queries().describe("nobody").errorCode());
    }

    private List<ListTransactionsResponse.TransactionState> list(ListTransactionsRequest filter, String pattern) {
        return fixture.shard()
                .queries()
                .list(filter, pattern == null ? null : Pattern.compile(pattern), fixture.out.nowMs());
    }

    @Test
    void shouldListIdsThatPassAllFilters() {
        fixture.init();
        fixture.add(2, P, 0, A0);
        fixture.out.advance(10);
        ListTransactionsResponse.TransactionState found =
                list(new ListTransactionsRequest(), null).get(0);
        assertEquals(ID, found.transactionalId());
        assertEquals("Ongoing", found.transactionState());
        assertEquals(
                1,
                list(new ListTransactionsRequest().producerIdFilters(List.of(P)), "ord.*")
                        .size());
        assertEquals(0, list(new ListTransactionsRequest(), "ord").size());
        assertEquals(
                0,
                list(new ListTransactionsRequest().producerIdFilters(List.of(1L)), null)
                        .size());
        assertEquals(
                1,
                list(new ListTransactionsRequest().stateFilters(List.of("Ongoing", "x")), null)
                        .size());
        assertEquals(
                0,
                list(new ListTransactionsRequest().stateFilters(List.of("Empty")), null)
                        .size());
        assertEquals(
                1, list(new ListTransactionsRequest().durationFilter(9), null).size());
        assertEquals(
                0, list(new ListTransactionsRequest().durationFilter(10), null).size());
    }
}
