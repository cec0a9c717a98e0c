package io.ottla.broker.partition;

import io.ottla.broker.metadata.PartitionImage;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.EpochEndOffset;
import io.ottla.storage.GroupCommit;
import io.ottla.storage.Log;
import io.ottla.storage.LogAppendResult;
import io.ottla.storage.LogConfig;
import io.ottla.storage.VerificationGuard;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * One partition of a topic as this broker serves it: its log, its leadership, and those who wait for it to grow.
 *
 * <p>All methods may be called on any thread.
 */
public final class Partition {

    private static final short NO_TRANSACTION_VERSION = 0;
    private static final short ALL_ACKS = -1;
    private static final int NO_EPOCH = -1;
    private static final AppendWaiter[] NO_WAITERS = new AppendWaiter[0];

    private final String topic;
    private final Uuid topicId;
    private final int index;
    private final boolean internal;
    private final Executor syncExecutor;
    private volatile Log log;
    private volatile GroupCommit commits;
    private volatile String offlineReason;
    private volatile int leader;
    private volatile int leaderEpoch;

    /** The brokers that hold the partition; asked about only where it is not led. */
    private volatile List<Integer> replicas = List.of();

    /** Those of them that are in sync. */
    private volatile List<Integer> inSync = List.of();

    /** Whether fewer replicas are in sync than whoever wants all acknowledgements asks for. */
    private volatile boolean shortOfReplicas;

    private volatile boolean deleted;

    /** Replaced as a whole, so that an append walks it without a lock. */
    private volatile AppendWaiter[] waiters = NO_WAITERS;

    /**
     * A partition that is offline until {@link #bringOnline}: it answers {@link ErrorCode#KAFKA_STORAGE_ERROR}.
     *
     * @param internal whether the topic is one of the broker's own
     * @param syncExecutor where the log is synced for those who wait for it
     */
    Partition(String topic, Uuid topicId, int index, boolean internal, Executor syncExecutor) {
        this.topic = topic;
        this.topicId = topicId;
        this.index = index;
        this.internal = internal;
        this.syncExecutor = syncExecutor;
        this.leader = PartitionImage.NO_LEADER;
    }

    /** Says why there is no log, for those who ask for it. */
    void offlineReason(String reason) {
        offlineReason = reason;
    }

    /** Gives the partition its log. Called once. */
    void bringOnline(Log opened) {
        commits = new GroupCommit(opened, syncExecutor, this::signalHighWatermarkMoved);
        log = opened;
    }

    /** The log goes on in another directory. To be called while nobody can append, neither here nor there. */
    void moveTo(Log moved) {
        log = moved;
        commits.moveTo(moved);
    }

    public String topic() {
        return topic;
    }

    public Uuid topicId() {
        return topicId;
    }

    /** The partition's number within its topic, from 0. */
    public int index() {
        return index;
    }

    /** Whether the topic is one of the broker's own ({@code __consumer_offsets} and its like). */
    public boolean isInternal() {
        return internal;
    }

    /** The id of the broker that leads the partition, -1 if none does. */
    public int leader() {
        return leader;
    }

    /** How often the leadership has changed hands. */
    public int leaderEpoch() {
        return leaderEpoch;
    }

    /** Whether a broker holds the partition, as its leader or as a follower. */
    public boolean isReplica(int brokerId) {
        return replicas.contains(brokerId);
    }

    /** The brokers whose replicas are in sync. */
    public List<Integer> inSync() {
        return inSync;
    }

    /** Whether the topic was deleted while this object was still in somebody's hands. */
    public boolean isDeleted() {
        return deleted;
    }

    /** Whether there is a log to read and write. */
    public boolean isOnline() {
        return log != null;
    }

    /**
     * The log of the partition.
     *
     * @throws ApiException {@link ErrorCode#KAFKA_STORAGE_ERROR} if it could not be opened
     */
    public Log log() {
        Log opened = log;
        if (opened == null) {
            throw new ApiException(
                    ErrorCode.KAFKA_STORAGE_ERROR, "The log of " + this + " could not be opened: " + offlineReason);
        }
        return opened;
    }

    /** The offset behind the last record that consumers may read. */
    public long highWatermark() {
        return log().highWatermark();
    }

    /**
     * Whether a broker may answer for this partition, and whether the client believes in the same leader epoch (KIP-320): the one place
     * where that is found out.
     *
     * @param brokerId the broker that was asked
     * @param epoch the client's leader epoch, -1 if it has none
     * @param leaderOnly whether a follower may not answer
     * @return {@link ErrorCode#NONE}, {@link ErrorCode#NOT_LEADER_OR_FOLLOWER}, {@link ErrorCode#FENCED_LEADER_EPOCH} or
     *     {@link ErrorCode#UNKNOWN_LEADER_EPOCH}
     */
    public ErrorCode check(int brokerId, int epoch, boolean leaderOnly) {
        boolean leads = leader == brokerId;
        if (!leads && !isReplica(brokerId)) {
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        int current = leaderEpoch;
        if (epoch != NO_EPOCH && epoch != current) {
            return epoch < current ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
        }
        return leads || !leaderOnly ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    }

    /**
     * Where a leader epoch ends in this partition. The current epoch ends at the end of the log, whether or not it has
     * written anything yet.
     */
    public EpochEndOffset endOffsetForEpoch(int epoch) {
        return epoch == leaderEpoch ? new EpochEndOffset(epoch, log().logEndOffset()) : log().endOffsetForEpoch(epoch);
    }

    /** The leader epoch that wrote the record at the offset, or will write it; -1 if that is not known. */
    public int leaderEpochAt(long offset) {
        return offset >= log().logEndOffset() ? leaderEpoch : log().leaderEpochOf(offset);
    }

    /**
     * Appends record batches and wakes who waits for them. Before the records are acknowledged, {@link #whenCommitted} must have
     * said that they may be.
     *
     * @param records whole batches between position and limit; offsets and leader epoch are patched in place
     * @param origin who writes
     * @param requiredAcks 0, 1 or -1. There is one log, so all of them wait for the same; -1 asks for enough replicas in sync.
     * @throws ApiException as {@link Log#append} does; {@link ErrorCode#NOT_ENOUGH_REPLICAS}
     */
    public LogAppendResult append(ByteBuffer records, AppendOrigin origin, short requiredAcks) {
        requireReplicas(requiredAcks);
        return append(records, origin, VerificationGuard.UNCHECKED, NO_TRANSACTION_VERSION);
    }

    /**
     * Appends the record batch of a producer and wakes who waits for it.
     *
     * @param guard the leave to begin a transaction with it, null if there is none
     * @throws ApiException as {@link Log#append} does; {@link ErrorCode#NOT_ENOUGH_REPLICAS}
     */
    public LogAppendResult append(ByteBuffer records, short requiredAcks, VerificationGuard guard) {
        requireReplicas(requiredAcks);
        return append(records, AppendOrigin.CLIENT, guard, NO_TRANSACTION_VERSION);
    }

    /**
     * Appends the marker that ends a transaction, and wakes who waits for it.
     *
     * @param transactionVersion the version of transactions that the marker belongs to
     * @throws ApiException as {@link Log#append} does; {@link ErrorCode#NOT_ENOUGH_REPLICAS}
     */
    public LogAppendResult appendMarker(ByteBuffer marker, short transactionVersion) {
        requireReplicas(ALL_ACKS);
        return append(marker, AppendOrigin.COORDINATOR, null, transactionVersion);
    }

    private void requireReplicas(short requiredAcks) {
        if (requiredAcks == ALL_ACKS && shortOfReplicas) {
            throw new ApiException(
                    ErrorCode.NOT_ENOUGH_REPLICAS, "There are fewer replicas of " + this + " in sync than required");
        }
    }

    private LogAppendResult append(
            ByteBuffer records, AppendOrigin origin, VerificationGuard guard, short transactionVersion) {
        int sizeBytes = records.remaining();
        Log target = log();
        LogAppendResult result;
        try {
            result = target.append(records, origin, leaderEpoch, guard, transactionVersion);
        } catch (ApiException e) {
            if (e.error() == ErrorCode.KAFKA_STORAGE_ERROR && hasLeft(target)) {
                return append(records, origin, guard, transactionVersion);
            }
            throw e;
        }
        if (!target.mayAcknowledge(result.lastOffset() + 1)) {
            commits.request();
            if (target.isPowerSafe()) {
                // Nobody can read them yet.
                return result;
            }
        }
        AppendWaiter[] toWake = waiters;
        if (toWake.length != 0 && !result.duplicate()) {
            for (AppendWaiter waiter : toWake) {
                waiter.appended(this, sizeBytes);
            }
        }
        return result;
    }

    /** Whether the log has gone to another directory. */
    @SuppressWarnings("ReferenceEquality") // the same log in another place is another one
    private boolean hasLeft(Log place) {
        return log != place;
    }

    /** Changes the settings of the log. */
    void configure(LogConfig config) {
        Log place;
        do {
            place = log();
            place.config(config);
        } while (hasLeft(place));
    }

    /**
     * Whether the records before an offset may be acknowledged under the durability policy of the partition. Always true where the
     * policy is that a record in the page cache is safe.
     */
    public boolean mayAcknowledge(long endOffset) {
        return log().mayAcknowledge(endOffset);
    }

    /** Whether {@link #mayAcknowledge} can be false of what has been appended. */
    public boolean delaysAcknowledgements() {
        return log().delaysAcknowledgements();
    }

    /** Calls back when the records before the offset may be acknowledged, or never may: at once, or later on any thread. */
    public void whenCommitted(long endOffset, CommitCallback callback) {
        log();
        commits.whenCommitted(endOffset, callback);
    }

    /** Has what has been appended synced soon, and the waiters told of a high watermark that moved without them. */
    void requestSync() {
        if (log != null) {
            commits.request();
        }
    }

    /** How much has become readable is not known: whoever counts bytes has to look. */
    private void signalHighWatermarkMoved() {
        for (AppendWaiter waiter : waiters) {
            waiter.appended(this, AppendWaiter.UNKNOWN_SIZE_BYTES);
        }
    }

    /** Makes the waiter hear of what happens from now on. What happened before it must look for itself, afterwards. */
    public synchronized void addWaiter(AppendWaiter waiter) {
        AppendWaiter[] grown = Arrays.copyOf(waiters, waiters.length + 1);
        grown[grown.length - 1] = waiter;
        waiters = grown;
    }

    /** Takes the waiter out, if it is there; a call that is already on its way may still arrive. */
    public synchronized void removeWaiter(AppendWaiter waiter) {
        AppendWaiter[] before = waiters;
        for (int i = 0; i < before.length; i++) {
            if (before[i] == waiter) {
                waiters = without(before, i);
                return;
            }
        }
    }

    /** How many wait, for tests and for the curious. */
    public int waiterCount() {
        return waiters.length;
    }

    private static AppendWaiter[] without(AppendWaiter[] before, int index) {
        if (before.length == 1) {
            return NO_WAITERS;
        }
        AppendWaiter[] after = Arrays.copyOf(before, before.length - 1);
        System.arraycopy(before, index + 1, after, index, after.length - index);
        return after;
    }

    /** Tells the waiters that the log start offset moved. */
    public void signalStartMoved() {
        for (AppendWaiter waiter : waiters) {
            waiter.startMoved(this);
        }
    }

    /** Takes over what the metadata says. As in Apache Kafka, a partition never needs more replicas in sync than it has. */
    void follow(PartitionImage image, int minInSyncReplicas) {
        replicas = image.replicas();
        inSync = image.isr();
        shortOfReplicas = image.isr().size()
                < Math.min(minInSyncReplicas, image.replicas().size());
        if (leader != image.leader() || leaderEpoch != image.leaderEpoch()) {
            leader = image.leader();
            leaderEpoch = image.leaderEpoch();
            signalLeadershipChanged();
        }
    }

    void markDeleted() {
        deleted = true;
        signalLeadershipChanged();
    }

    private void signalLeadershipChanged() {
        for (AppendWaiter waiter : waiters) {
            waiter.leadershipChanged(this);
        }
    }

    @Override
    public String toString() {
        return topic + "-" + index;
    }
}
