package io.ottla.broker.testing;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.broker.testing.CoordinatorView.GroupView;
import io.ottla.protocol.message.ListGroupsResponse.ListedGroup;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Waits until something is so, without sleeping: a wait looks again when something happens in the broker.
 *
 * <pre>{@code
 * broker.await().groupStable("billing", 2);
 * broker.await().atMost(Duration.ofSeconds(30)).records("invoices", 1000);
 * }</pre>
 *
 * <p>Each wait ends with an {@link AssertionError} that says what was seen last when it takes more than {@value #DEFAULT_LIMIT_MS} ms of
 * real time, or as long as {@link #atMost} says; the broker's clock has no part in it. A broker that is restarted meanwhile is waited for.
 * Thread-safe.
 */
public final class BrokerWaits {

    private static final long DEFAULT_LIMIT_MS = 10_000;
    private static final String STABLE = "Stable";
    private static final List<String> AT_REST = List.of(STABLE, "Empty", "Dead");
    private static final List<String> ENDED = List.of("CompleteCommit", "CompleteAbort");

    private final Supplier<BrokerParts> broker;
    private final Duration limit;

    /** For the broker, which gives it out as {@code broker.await()}. */
    public BrokerWaits(Supplier<BrokerParts> broker) {
        this(broker, Duration.ofMillis(DEFAULT_LIMIT_MS));
    }

    private BrokerWaits(Supplier<BrokerParts> broker, Duration limit) {
        this.broker = broker;
        this.limit = limit;
    }

    /** The same with another limit, in real time. */
    public BrokerWaits atMost(Duration realTime) {
        return new BrokerWaits(broker, realTime);
    }

    /** Until a group has members and all of them have what they are to have. */
    public void groupStable(String groupId) {
        await("the group " + groupId + " is stable", parts -> {
            GroupView group = new CoordinatorView(parts).group(groupId);
            return group.state().equals(STABLE) && !group.members().isEmpty() ? null : group.toString();
        });
    }

    /** Until a group has so many members and all of them have what they are to have. */
    public void groupStable(String groupId, int members) {
        await("the group " + groupId + " is stable with " + members + " members", parts -> {
            GroupView group = new CoordinatorView(parts).group(groupId);
            return group.state().equals(STABLE) && group.members().size() == members ? null : group.toString();
        });
    }

    /** Until a group has no members, or is not there. */
    public void groupEmpty(String groupId) {
        await("the group " + groupId + " is empty", parts -> {
            GroupView group = new CoordinatorView(parts).group(groupId);
            return group.members().isEmpty() ? null : group.toString();
        });
    }

    /**
     * Until a group has committed something, and there is no committed record behind what it has committed in any partition of the topics
     * that it has committed offsets of.
     */
    public void noLag(String groupId) {
        await("the group " + groupId + " has no lag", parts -> {
            Map<TopicPartition, Long> offsets = new CoordinatorView(parts).committedOffsets(groupId);
            if (offsets.isEmpty()) {
                return "it has committed nothing";
            }
            Map<String, Long> lags = new TreeMap<>();
            offsets.keySet().stream()
                    .map(TopicPartition::topic)
                    .distinct()
                    .forEach(topic -> lags(parts, topic, offsets, lags));
            return lags.isEmpty() ? null : "it lags by so many records: " + lags;
        });
    }

    /** Until there is no committed record in any partition of a topic behind what a group has committed. */
    public void noLag(String groupId, String topic) {
        await("the group " + groupId + " has no lag in " + topic, parts -> {
            Map<String, Long> lags = new TreeMap<>();
            lags(parts, topic, new CoordinatorView(parts).committedOffsets(groupId), lags);
            if (parts.partitions().partitions(topic).isEmpty()) {
                return "there is no such topic";
            }
            return lags.isEmpty() ? null : "it lags by so many records: " + lags;
        });
    }

    private static void lags(
            BrokerParts parts, String topic, Map<TopicPartition, Long> offsets, Map<String, Long> lags) {
        for (Partition partition : parts.partitions().partitions(topic)) {
            long committed = offsets.getOrDefault(new TopicPartition(topic, partition.index()), 0L);
            long endOffset = partition.log().lastStableOffset();
            long lag = committed >= endOffset ? 0 : PartitionRecords.countCommitted(partition, committed, endOffset);
            if (lag > 0) {
                lags.put(partition.toString(), lag);
            }
        }
    }

    /** Until a group has committed an offset of a partition, or a later one. */
    public void committed(String groupId, String topic, int partition, long offset) {
        TopicPartition wanted = new TopicPartition(topic, partition);
        await("the group " + groupId + " has committed offset " + offset + " of " + wanted, parts -> {
            Map<TopicPartition, Long> offsets = new CoordinatorView(parts).committedOffsets(groupId);
            Long committed = offsets.get(wanted);
            return committed != null && committed >= offset ? null : "it has committed " + offsets;
        });
    }

    /** Until a topic has at least so many committed records, see {@link BrokerTopic}. */
    public void records(String topic, long count) {
        CommittedCount counted = new CommittedCount(topic);
        await("there are " + count + " records in " + topic, parts -> {
            long found = counted.update(parts);
            if (found >= count) {
                return null;
            }
            return parts.partitions().partitions(topic).isEmpty() ? "there is no such topic" : "there are " + found;
        });
    }

    /** Until the last transaction of a transactional id is committed or aborted, and its markers are written. */
    public void transactionEnded(String transactionalId) {
        await("the transaction of " + transactionalId + " has ended", parts -> {
            String state = new CoordinatorView(parts).transactionState(transactionalId);
            return ENDED.contains(state) ? null : "it is " + state;
        });
    }

    /** Until no request is at work, no group is between two assignments, and the broker has nothing to do by itself that is due. */
    public void idle() {
        await("the broker is idle", parts -> {
            parts.workers().settle();
            int atWork = parts.workers().requestsAtWork();
            if (atWork > 0) {
                return atWork + " requests are at work";
            }
            for (ListedGroup group : new CoordinatorView(parts).groups()) {
                if (!AT_REST.contains(group.groupState())) {
                    return "the group " + group.groupId() + " is " + group.groupState();
                }
            }
            return null;
        });
    }

    /**
     * Until a condition holds.
     *
     * @param what completes the sentence "waited until ..."
     * @param condition is asked again and again, by the calling thread
     */
    public void until(String what, BooleanSupplier condition) {
        await(what, parts -> condition.getAsBoolean() ? null : "it is not so");
    }

    private void await(String what, Waiting.Probe probe) {
        new Waiting(broker, limit).await(what, probe);
    }
}
