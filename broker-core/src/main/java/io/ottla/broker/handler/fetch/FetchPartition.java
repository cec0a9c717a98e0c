package io.ottla.broker.handler.fetch;

import io.ottla.broker.partition.AppendWaiter;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.storage.LogRead;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One partition within a fetch session: what the client asks of it, what it was last told, and whether something may have
 * happened since.
 *
 * <p>All fields belong to the session and are touched under its lock, except the flag and the link of the stack of flagged
 * partitions, through which appending threads report without a lock. Equal by topic and index, so that it can be looked up.
 */
final class FetchPartition implements AppendWaiter {

    /** Stands for an offset that a client was not told. */
    static final long NOT_SENT = Long.MIN_VALUE;

    private static final long UNKNOWN_OFFSET = -1L;

    private final FetchSession session;
    private Uuid topicId;
    private String topicName;
    private int index;

    private int currentLeaderEpoch;
    private int lastFetchedEpoch;
    private long fetchOffset;
    private int maxBytes;

    private long sentHighWatermark = NOT_SENT;
    private long sentLogStartOffset = NOT_SENT;

    private Partition partition;
    private boolean watching;
    private boolean removed;

    /** Place in the session's list of partitions to look at. */
    FetchPartition previous;

    FetchPartition next;
    boolean listed;

    /** Whether the partition is on the stack of those that had something happen. */
    private final AtomicBoolean flagged = new AtomicBoolean();

    FetchPartition nextFlagged;

    private final Outcome outcome = new Outcome();

    /** What the last reading found; offsets are -1 where it failed. */
    static final class Outcome {
        ErrorCode error = ErrorCode.NONE;
        boolean unknown;
        LogRead read;
        int sizeBytes;
        long highWatermark;
        long lastStableOffset;
        long logStartOffset;
        long readableEndOffset;
        /** The broker to be asked instead, -1 for none. */
        int preferredReplica;

        int divergingEpoch;
        long divergingEndOffset;

        void clear() {
            error = ErrorCode.NONE;
            unknown = false;
            read = null;
            sizeBytes = 0;
            highWatermark = UNKNOWN_OFFSET;
            lastStableOffset = UNKNOWN_OFFSET;
            logStartOffset = UNKNOWN_OFFSET;
            readableEndOffset = UNKNOWN_OFFSET;
            preferredReplica = -1;
            divergingEpoch = -1;
            divergingEndOffset = UNKNOWN_OFFSET;
        }

        /** Whether there is something else to tell than records. */
        boolean redirects() {
            return preferredReplica >= 0;
        }

        boolean diverges() {
            return divergingEndOffset >= 0;
        }
    }

    FetchPartition(FetchSession session) {
        this.session = session;
    }

    FetchPartition key(String name, Uuid id, int partitionIndex) {
        topicName = name;
        topicId = id;
        index = partitionIndex;
        return this;
    }

    void request(FetchRequest.FetchPartition request) {
        currentLeaderEpoch = request.currentLeaderEpoch();
        lastFetchedEpoch = request.lastFetchedEpoch();
        fetchOffset = request.fetchOffset();
        maxBytes = Math.max(0, request.partitionMaxBytes());
    }

    /** What the client asked of this partition last. */
    FetchRequest.FetchPartition asRequested() {
        return new FetchRequest.FetchPartition()
                .partition(index)
                .currentLeaderEpoch(currentLeaderEpoch)
                .lastFetchedEpoch(lastFetchedEpoch)
                .fetchOffset(fetchOffset)
                .partitionMaxBytes(maxBytes);
    }

    String topicName() {
        return topicName;
    }

    Uuid topicId() {
        return topicId;
    }

    int index() {
        return index;
    }

    int currentLeaderEpoch() {
        return currentLeaderEpoch;
    }

    int lastFetchedEpoch() {
        return lastFetchedEpoch;
    }

    long fetchOffset() {
        return fetchOffset;
    }

    int maxBytes() {
        return maxBytes;
    }

    Outcome outcome() {
        return outcome;
    }

    /** The partition as it was last resolved, or null. */
    Partition partition() {
        return partition;
    }

    boolean isRemoved() {
        return removed;
    }

    /**
     * Finds the partition again if it was deleted or never there.
     *
     * @return NONE, UNKNOWN_TOPIC_ID for an id that never had a name, UNKNOWN_TOPIC_OR_PARTITION, or INCONSISTENT_TOPIC_ID
     *     if a topic of another id has taken the name
     */
    ErrorCode resolve(PartitionRegistry partitions) {
        if (partition != null && !partition.isDeleted()) {
            return ErrorCode.NONE;
        }
        if (watching && partition != null) {
            partition.removeWaiter(this);
        }
        partition =
                session.usesTopicIds() ? partitions.partition(topicId, index) : partitions.partition(topicName, index);
        if (partition == null) {
            return whyUnknown(partitions);
        }
        topicName = partition.topic();
        if (watching) {
            partition.addWaiter(this);
        }
        return ErrorCode.NONE;
    }

    private ErrorCode whyUnknown(PartitionRegistry partitions) {
        if (!session.usesTopicIds()) {
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        if (topicName == null) {
            topicName = partitions.topicName(topicId);
            return topicName == null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        return partitions.partition(topicName, index) == null
                ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                : ErrorCode.INCONSISTENT_TOPIC_ID;
    }

    /** Hears of appends from now on, until {@link #unwatch}. */
    void watch() {
        if (!watching) {
            watching = true;
            if (partition != null) {
                partition.addWaiter(this);
            }
        }
    }

    void unwatch() {
        if (watching && partition != null) {
            partition.removeWaiter(this);
        }
        watching = false;
    }

    void remove() {
        removed = true;
        unwatch();
    }

    /** From here on a change puts the partition on the session's stack again. */
    void clearFlag() {
        flagged.set(false);
    }

    @Override
    public void appended(Partition source, int sizeBytes) {
        flag();
        session.signalAppend(sizeBytes);
    }

    @Override
    public void startMoved(Partition source) {
        flag();
    }

    @Override
    public void leadershipChanged(Partition source) {
        flag();
        session.signalChange();
    }

    private void flag() {
        if (!flagged.get() && flagged.compareAndSet(false, true)) {
            session.pushFlagged(this);
        }
    }

    /** Whether the client must hear of this partition although it has heard of it before (KIP-227). */
    boolean hasNews() {
        return outcome.sizeBytes > 0
                || outcome.error != ErrorCode.NONE
                || outcome.diverges()
                || outcome.redirects()
                || outcome.highWatermark != sentHighWatermark
                || outcome.logStartOffset != sentLogStartOffset;
    }

    /** Whether the next fetch would find the same nothing, unless the partition is flagged before. */
    boolean isAtRest() {
        return !hasNews() && fetchOffset >= outcome.readableEndOffset;
    }

    /** Notes what the client is told now. */
    void sent() {
        sentHighWatermark = outcome.error == ErrorCode.NONE ? outcome.highWatermark : UNKNOWN_OFFSET;
        sentLogStartOffset = outcome.logStartOffset;
    }

    @Override
    public int hashCode() {
        return 31 * index + (session.usesTopicIds() ? topicId.hashCode() : topicName.hashCode());
    }

    @Override
    public boolean equals(Object other) {
        if (this == other) {
            return true;
        }
        return other instanceof FetchPartition that
                && index == that.index
                && (session.usesTopicIds() ? topicId.equals(that.topicId) : Objects.equals(topicName, that.topicName));
    }
}
