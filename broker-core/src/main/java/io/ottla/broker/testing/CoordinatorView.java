package io.ottla.broker.testing;

import static io.ottla.broker.coordinator.CoordinatorRuntime.ANY_BROKER;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupDescribeResponse;
import io.ottla.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.ottla.protocol.message.DescribeTransactionsResponse;
import io.ottla.protocol.message.ListGroupsRequest;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** What the coordinators of a broker know, asked for by a test. Asking does not make their topics. */
final class CoordinatorView {

    /** The state of what is not there. */
    static final String MISSING = "missing";

    private static final String CONSUMER_TYPE = "consumer";
    private static final short MEMBERS_VERSION = 5;
    private static final int ANSWER_TIMEOUT_MS = 10_000;

    private final BrokerParts broker;

    /**
     * A group.
     *
     * @param state as Apache Kafka calls it, or {@link #MISSING}
     * @param members the client ids of its members, sorted
     */
    record GroupView(String state, List<String> members) {

        @Override
        public String toString() {
            return state.equals(MISSING) ? "there is none" : "it is " + state + " with the members " + members;
        }
    }

    CoordinatorView(BrokerParts broker) {
        this.broker = broker;
    }

    private boolean has(String topic) {
        return broker.metadata().image().topic(topic) != null;
    }

    List<ListedGroup> groups() {
        if (!has(TopicNames.CONSUMER_OFFSETS)) {
            return List.of();
        }
        return ask(reply -> broker.groups().listGroups(ANY_BROKER, new ListGroupsRequest(), reply), List.of());
    }

    GroupView group(String groupId) {
        for (ListedGroup listed : groups()) {
            if (listed.groupId().equals(groupId)) {
                return new GroupView(listed.groupState(), members(listed));
            }
        }
        return new GroupView(MISSING, List.of());
    }

    private List<String> members(ListedGroup group) {
        List<String> ids = List.of(group.groupId());
        if (group.groupType().equalsIgnoreCase(CONSUMER_TYPE)) {
            List<ConsumerGroupDescribeResponse.DescribedGroup> described =
                    ask(reply -> broker.groups().describeConsumerGroups(ANY_BROKER, ids, reply), List.of());
            return described.stream()
                    .flatMap(one -> one.members().stream())
                    .map(member -> member.clientId())
                    .sorted()
                    .toList();
        }
        List<DescribedGroup> described =
                ask(reply -> broker.groups().describeGroups(ANY_BROKER, ids, MEMBERS_VERSION, reply), List.of());
        return described.stream()
                .flatMap(one -> one.members().stream())
                .map(member -> member.clientId())
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    /** The offsets that a group has committed; those of open transactions are left out. */
    Map<TopicPartition, Long> committedOffsets(String groupId) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        if (!has(TopicNames.CONSUMER_OFFSETS)) {
            return offsets;
        }
        OffsetFetchRequestGroup request =
                new OffsetFetchRequestGroup().groupId(groupId).topics(null);
        OffsetFetchResponseGroup answer = ask(
                reply -> broker.groups().fetchOffsets(ANY_BROKER, request, false, reply),
                new OffsetFetchResponseGroup());
        for (OffsetFetchResponseTopics topic : answer.topics()) {
            for (OffsetFetchResponsePartitions partition : topic.partitions()) {
                if (partition.committedOffset() >= 0) {
                    offsets.put(
                            new TopicPartition(topic.name(), partition.partitionIndex()), partition.committedOffset());
                }
            }
        }
        return offsets;
    }

    /** The state of a transactional id as Apache Kafka calls it, or {@link #MISSING}. */
    String transactionState(String transactionalId) {
        if (!has(TopicNames.TRANSACTION_STATE)) {
            return MISSING;
        }
        List<DescribeTransactionsResponse.TransactionState> states = ask(
                reply -> broker.transactions().describeTransactions(ANY_BROKER, List.of(transactionalId), reply),
                List.of());
        for (DescribeTransactionsResponse.TransactionState state : states) {
            if (state.errorCode() == ErrorCode.NONE.code()) {
                return state.transactionState();
            }
        }
        return MISSING;
    }

    /** Asks and waits for the answer; a coordinator that cannot answer now knows as little as one that has nothing. */
    private static <R> R ask(Consumer<Reply<R>> question, R otherwise) {
        CompletableFuture<R> answer = new CompletableFuture<>();
        question.accept(Reply.of(answer::complete, error -> otherwise));
        try {
            return answer.get(ANSWER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while a coordinator was asked", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("A coordinator does not answer", e);
        }
    }
}
