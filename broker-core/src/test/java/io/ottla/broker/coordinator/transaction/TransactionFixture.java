package io.ottla.broker.coordinator.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.ListOutput;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.TransactionLogValue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A shard of the transaction coordinator in memory, and the requests that tests send to it. Markers wait for the test to write them. */
final class TransactionFixture {

    static final String ID = "orders";
    static final int TIMEOUT_MS = 60_000;
    static final long EXPIRATION_MS = 604_800_000;
    static final long START_MS = 1_000_000;
    static final long FIRST_PRODUCER_ID = 100;
    static final TopicPartition A0 = new TopicPartition("a", 0);
    static final TopicPartition A1 = new TopicPartition("a", 1);
    static final TopicPartition B0 = new TopicPartition("b", 0);

    final ListOutput<TransactionShard> out = new ListOutput<>(START_MS);
    final Deque<MarkerRound> rounds = new ArrayDeque<>();
    long nextProducerId = FIRST_PRODUCER_ID;
    int transactionVersion = 2;
    boolean producerIdsFail;

    TransactionFixture() {
        out.load(newShard());
    }

    TransactionShard newShard() {
        return new TransactionShard(
                new TransactionConfig(900_000, EXPIRATION_MS),
                () -> transactionVersion,
                this::newProducerId,
                Reply.of(rounds::add, error -> {
                    throw new AssertionError(error);
                }));
    }

    private long newProducerId() {
        if (producerIdsFail) {
            throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR);
        }
        return nextProducerId++;
    }

    TransactionShard shard() {
        return out.shard();
    }

    Transaction transaction() {
        Transaction transaction = shard().states().find(ID);
        assertNotNull(transaction);
        return transaction;
    }

    /** What an answer will be, once it is there. */
    static final class Answer<R> {
        private R value;
        private ErrorCode failure;

        Reply<R> reply() {
            return new Reply<>() {
                @Override
                public void complete(R answer) {
                    assertNull(value, "answered twice");
                    value = answer;
                }

                @Override
                public void fail(ErrorCode error) {
                    failure = error;
                }
            };
        }

        boolean isThere() {
            return value != null;
        }

        ErrorCode failure() {
            return failure;
        }

        R get() {
            assertNotNull(value, "no answer yet");
            return value;
        }
    }

    private static <R> Answer<R> run(Function<Answer<R>, R> step) {
        Answer<R> answer = new Answer<>();
        R now = step.apply(answer);
        if (now != null) {
            answer.reply().complete(now);
        }
        return answer;
    }

    Answer<ProducerIdentity> init(long producerId, int producerEpoch) {
        InitProducerIdRequest request = new InitProducerIdRequest()
                .transactionalId(ID)
                .transactionTimeoutMs(TIMEOUT_MS)
                .producerId(producerId)
                .producerEpoch((short) producerEpoch);
        return run(answer -> shard().init().init(request, answer.reply(), out));
    }

    Answer<ProducerIdentity> init() {
        return init(-1, -1);
    }

    Answer<ErrorCode> add(int clientVersion, long producerId, int epoch, TopicPartition... partitions) {
        PartitionAdding.Request request =
                new PartitionAdding.Request(ID, producerId, (short) epoch, List.of(partitions));
        return run(answer -> shard().adding().add(request, (short) clientVersion, answer.reply(), out));
    }

    Map<TopicPartition, ErrorCode> verify(long producerId, int epoch, TopicPartition... partitions) {
        return shard().adding().verify(new PartitionAdding.Request(ID, producerId, (short) epoch, List.of(partitions)));
    }

    Answer<ProducerIdentity> end(int clientVersion, long producerId, int epoch, boolean committed) {
        EndTxnRequest request = new EndTxnRequest()
                .transactionalId(ID)
                .producerId(producerId)
                .producerEpoch((short) epoch)
                .committed(committed);
        return run(answer -> shard().ending().end(request, clientVersion >= 2, answer.reply(), out));
    }

    /** Says of the oldest round that all of its markers got this result. */
    MarkerRound answerMarkers(ErrorCode result) {
        MarkerRound round = rounds.remove();
        Map<TopicPartition, ErrorCode> results = new HashMap<>();
        round.partitions().forEach(partition -> results.put(partition, result));
        shard().ending().onMarkers(round, results, out);
        return round;
    }

    MarkerRound writeMarkers() {
        return answerMarkers(ErrorCode.NONE);
    }

    /** A new coordinator takes over from the log. */
    void reload() {
        TransactionShard before = shard();
        out.load(newShard());
        before.drainReplies(reply -> reply.fail(ErrorCode.NOT_COORDINATOR));
    }

    /** The last record, which must be one with a value. */
    TransactionLogValue lastValue() {
        return (TransactionLogValue) lastRecord().value();
    }

    CoordinatorRecord lastRecord() {
        return out.log().get(out.log().size() - 1).record();
    }

    void assertState(TransactionState state, long producerId, int epoch) {
        assertEquals(state, transaction().state());
        assertEquals(producerId, transaction().producerId());
        assertEquals(epoch, transaction().producerEpoch());
    }

    static void assertIdentity(long producerId, int epoch, Answer<ProducerIdentity> answer) {
        assertEquals(ProducerIdentity.of(producerId, (short) epoch), answer.get());
    }

    static void assertError(ErrorCode error, Answer<ProducerIdentity> answer) {
        assertEquals(ProducerIdentity.failed(error), answer.get());
    }
}
