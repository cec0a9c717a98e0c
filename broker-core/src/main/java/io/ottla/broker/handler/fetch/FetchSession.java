package io.ottla.broker.handler.fetch;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The partitions that a client fetches, remembered between its requests (KIP-227), or for one request only.
 *
 * <p>A session does not walk all its partitions for each fetch. It keeps a list of those that may have something for the
 * client: those that the client just asked for or changed, those that had more than was answered, those in error, and
 * those that were flagged by an append. A fetch therefore costs what changed, not what the session holds.
 *
 * <p>Appending threads push onto a lock-free stack; everything else happens under the session's lock ({@code synchronized}
 * on it), which is contended only if a client uses a session from two connections at once.
 */
final class FetchSession {

    /** The session id of a request without a session. */
    static final int NO_SESSION_ID = 0;

    /** The epoch of a request that wants all its partitions answered, and a session made. */
    static final int INITIAL_EPOCH = 0;

    /** The epoch of a request that wants no session, or its session closed. */
    static final int FINAL_EPOCH = -1;

    private final boolean usesTopicIds;
    private final long createdMs;
    private volatile long lastUsedMs;
    private int id = NO_SESSION_ID;
    private int epoch = FINAL_EPOCH;
    private long connectionId;
    private boolean closed;

    /** Only made for sessions that last: the others are never searched. */
    private Map<FetchPartition, FetchPartition> partitions;

    private int partitionCount;
    private int listedCount;
    private final FetchPartition list = new FetchPartition(this);
    private final FetchPartition probe = new FetchPartition(this);

    private final AtomicReference<FetchPartition> flagged = new AtomicReference<>();
    private volatile PendingFetch pending;

    FetchSession(boolean usesTopicIds, long nowMs) {
        this.usesTopicIds = usesTopicIds;
        this.createdMs = nowMs;
        this.lastUsedMs = nowMs;
        list.previous = list;
        list.next = list;
    }

    boolean usesTopicIds() {
        return usesTopicIds;
    }

    int id() {
        return id;
    }

    int epoch() {
        return epoch;
    }

    long createdMs() {
        return createdMs;
    }

    long lastUsedMs() {
        return lastUsedMs;
    }

    /** How many partitions the session holds. Exact under the lock, near enough without. */
    int partitionCount() {
        return partitionCount;
    }

    long connectionId() {
        return connectionId;
    }

    /** Whether the session lasts longer than one request. */
    boolean isKept() {
        return id != NO_SESSION_ID;
    }

    /** The epoch behind another: wraps from the largest to 1, as 0 means a new session. */
    static int nextEpoch(int epoch) {
        if (epoch < 0) {
            return FINAL_EPOCH;
        }
        return epoch == Integer.MAX_VALUE ? 1 : epoch + 1;
    }

    /** Takes the partitions of a request that names all it wants. */
    void start(FetchRequest request) {
        List<FetchRequest.FetchTopic> topics = request.topics();
        for (int i = 0; i < topics.size(); i++) {
            FetchRequest.FetchTopic topic = topics.get(i);
            List<FetchRequest.FetchPartition> asked = topic.partitions();
            for (int j = 0; j < asked.size(); j++) {
                add(topic.topic(), topic.topicId(), asked.get(j));
            }
        }
    }

    private FetchPartition add(String topicName, Uuid topicId, FetchRequest.FetchPartition asked) {
        FetchPartition added =
                new FetchPartition(this).key(usesTopicIds ? null : topicName, topicId, asked.partition());
        added.request(asked);
        append(added);
        partitionCount++;
        return added;
    }

    /** Makes the session last, under the id. Where the client named a partition twice the later one counts. */
    void keep(int sessionId, long ownerConnectionId) {
        id = sessionId;
        epoch = nextEpoch(INITIAL_EPOCH);
        connectionId = ownerConnectionId;
        partitions = new HashMap<>();
        FetchPartition p = list.next;
        for (int left = listedCount; left > 0; left--) {
            FetchPartition following = p.next;
            FetchPartition doubled = partitions.put(p, p);
            if (doubled != null) {
                partitions.remove(p);
                partitions.put(p, p);
                drop(doubled);
            }
            p.watch();
            p = following;
        }
    }

    /** Takes what an incremental request adds, changes and forgets, and moves on to the next epoch. */
    void update(FetchRequest request, long nowMs) {
        List<FetchRequest.FetchTopic> topics = request.topics();
        for (int i = 0; i < topics.size(); i++) {
            FetchRequest.FetchTopic topic = topics.get(i);
            List<FetchRequest.FetchPartition> asked = topic.partitions();
            for (int j = 0; j < asked.size(); j++) {
                FetchPartition known = partitions.get(
                        probe.key(topic.topic(), topic.topicId(), asked.get(j).partition()));
                if (known == null) {
                    FetchPartition added = add(topic.topic(), topic.topicId(), asked.get(j));
                    partitions.put(added, added);
                    added.watch();
                } else {
                    known.request(asked.get(j));
                    append(known);
                }
            }
        }
        List<FetchRequest.ForgottenTopic> forgottenTopics = request.forgottenTopicsData();
        for (int i = 0; i < forgottenTopics.size(); i++) {
            FetchRequest.ForgottenTopic topic = forgottenTopics.get(i);
            for (int index : topic.partitions()) {
                FetchPartition known = partitions.remove(probe.key(topic.topic(), topic.topicId(), index));
                if (known != null) {
                    drop(known);
                }
            }
        }
        lastUsedMs = nowMs;
        epoch = nextEpoch(epoch);
    }

    /** What a request that names all it wants would have to name, to ask for the same as this incremental one. Changes nothing. */
    List<FetchRequest.FetchTopic> topicsWith(FetchRequest request) {
        Map<FetchPartition, FetchRequest.FetchPartition> wanted = new LinkedHashMap<>();
        partitions.values().forEach(held -> wanted.put(held, held.asRequested()));
        for (FetchRequest.FetchTopic topic : request.topics()) {
            for (FetchRequest.FetchPartition asked : topic.partitions()) {
                wanted.put(
                        new FetchPartition(this)
                                .key(usesTopicIds ? null : topic.topic(), topic.topicId(), asked.partition()),
                        asked);
            }
        }
        for (FetchRequest.ForgottenTopic topic : request.forgottenTopicsData()) {
            for (int index : topic.partitions()) {
                wanted.remove(probe.key(topic.topic(), topic.topicId(), index));
            }
        }
        List<FetchRequest.FetchTopic> topics = new ArrayList<>();
        wanted.forEach((key, asked) -> topics.add(new FetchRequest.FetchTopic()
                .topic(key.topicName() == null ? "" : key.topicName())
                .topicId(key.topicId())
                .partitions(new ArrayList<>(List.of(asked)))));
        return topics;
    }

    private void drop(FetchPartition dropped) {
        unlist(dropped);
        dropped.remove();
        partitionCount--;
    }

    /** Lets go of all partitions. */
    synchronized void close() {
        if (partitions != null) {
            partitions.values().forEach(FetchPartition::remove);
        } else {
            FetchPartition p = list.next;
            for (int left = listedCount; left > 0; left--, p = p.next) {
                p.remove();
            }
        }
        closed = true;
    }

    /** Whether the session has ended: its partitions are watched no more. */
    boolean isClosed() {
        return closed;
    }

    // The list of partitions to look at. Under the lock.

    /** The first partition to look at, if there is one. */
    FetchPartition listStart() {
        return list.next;
    }

    int listedCount() {
        return listedCount;
    }

    /** Puts a partition at the end of the list, unless it is in it. */
    void append(FetchPartition added) {
        if (!added.listed) {
            added.listed = true;
            listedCount++;
            added.previous = list.previous;
            added.next = list;
            list.previous.next = added;
            list.previous = added;
        }
    }

    void unlist(FetchPartition gone) {
        if (gone.listed) {
            gone.listed = false;
            listedCount--;
            gone.previous.next = gone.next;
            gone.next.previous = gone.previous;
        }
    }

    /** Moves a partition that was just served behind the others, so that each has its turn when an answer is full. */
    void moveToEnd(FetchPartition served) {
        unlist(served);
        append(served);
    }

    /**
     * Starts to watch all partitions of the list. One that the client named many times is watched once: a partition's waiters are
     * made for as many as there are clients.
     */
    void watchAll() {
        Set<Partition> watched = listedCount == 1 ? null : new HashSet<>();
        FetchPartition p = list.next;
        for (int left = listedCount; left > 0; left--, p = p.next) {
            if (watched == null || p.partition() == null || watched.add(p.partition())) {
                p.watch();
            }
        }
    }

    /** Puts what was flagged since the last call on the list. The flags stay up until {@link FetchPartition#clearFlag}. */
    void listFlagged() {
        FetchPartition flaggedPartition = flagged.getAndSet(null);
        while (flaggedPartition != null) {
            FetchPartition following = flaggedPartition.nextFlagged;
            flaggedPartition.nextFlagged = null;
            flaggedPartition.clearFlag();
            if (!flaggedPartition.isRemoved()) {
                append(flaggedPartition);
            }
            flaggedPartition = following;
        }
    }

    // Any thread, no lock.

    boolean hasFlagged() {
        return flagged.get() != null;
    }

    void pushFlagged(FetchPartition changed) {
        FetchPartition head;
        do {
            head = flagged.get();
            changed.nextFlagged = head;
        } while (!flagged.compareAndSet(head, changed));
    }

    PendingFetch pending() {
        return pending;
    }

    void pending(PendingFetch fetch) {
        pending = fetch;
    }

    void signalAppend(int sizeBytes) {
        PendingFetch waiting = pending;
        if (waiting != null) {
            waiting.appended(sizeBytes);
        }
    }

    void signalChange() {
        PendingFetch waiting = pending;
        if (waiting != null) {
            waiting.force();
        }
    }
}
