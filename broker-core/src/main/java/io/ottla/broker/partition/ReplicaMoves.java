package io.ottla.broker.partition;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.storage.Clock;
import io.ottla.storage.InterruptedMoves;
import io.ottla.storage.Log;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.LogMove;
import io.ottla.storage.StorageScheduler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings logs from one directory of {@code log.dirs} to another while they are used (KIP-113), and remembers where partitions are wanted
 * that are not there yet.
 *
 * <p>The background executor copies, some of the first log at a time; whatever else it has to do comes in between. Thread-safe;
 * {@link #alter} and {@link #moveOf} are for that executor, others may wait there for a step to end.
 */
public final class ReplicaMoves implements AutoCloseable {

    /** Says for others where a partition is. */
    @FunctionalInterface
    public interface Assignments {

        /**
         * Returns when it is said. May block.
         *
         * @throws ApiException if it cannot be
         */
        void assign(Uuid topicId, int partition, Uuid directoryId);
    }

    private static final Logger LOG = LoggerFactory.getLogger(ReplicaMoves.class);

    /** What is copied in one go: some milliseconds' worth. */
    private static final int STEP_BYTES = 1 << 20;

    /** So many wishes are remembered: anybody can make them. */
    private static final int MAX_PREFERENCES = 10_000;

    private final PartitionRegistry partitions;
    private final List<LogDirectory> directories;
    private final Map<String, LogDirectory> preferences = new ConcurrentHashMap<>();

    /** In the order in which they are served. Guarded by this. */
    private final Map<Partition, LogMove> moves = new LinkedHashMap<>();

    private List<InterruptedMoves.Unfinished> unfinished;
    private StorageScheduler executor;
    private MoveThrottle throttle;
    private Assignments assignments = (topicId, partition, directoryId) -> {};
    private boolean awake;
    private boolean closed;

    /**
     * Moves nothing before {@link #start}.
     *
     * @param unfinished what an earlier process has left undone
     */
    ReplicaMoves(
            PartitionRegistry partitions,
            List<LogDirectory> directories,
            List<InterruptedMoves.Unfinished> unfinished) {
        this.partitions = partitions;
        this.directories = directories;
        this.unfinished = unfinished;
    }

    /**
     * Goes on with what an earlier process has left undone, and from now on with what it is told to.
     *
     * @param executor where logs are copied
     * @param bytesPerSecond how fast, for all together; Long.MAX_VALUE for as fast as it goes
     * @param assignments is told where a partition is before there is a copy elsewhere, and when it has moved
     * @return this, to be closed before the log directories are
     */
    public synchronized ReplicaMoves start(
            StorageScheduler executor, Clock clock, LongSupplier bytesPerSecond, Assignments assignments) {
        this.executor = executor;
        this.assignments = assignments;
        this.throttle = new MoveThrottle(clock, bytesPerSecond);
        if (!unfinished.isEmpty()) {
            List<InterruptedMoves.Unfinished> again = unfinished;
            unfinished = List.of();
            executor.schedule(() -> again.forEach(this::resume), 0L);
        }
        if (!moves.isEmpty()) {
            wake();
        }
        return this;
    }

    /** From the beginning: what a crash has left of the copy is not worth a doubt. */
    private void resume(InterruptedMoves.Unfinished move) {
        Partition partition =
                partitions.partition(move.log().topicId(), move.log().partition());
        if (partition != null && partition.isOnline()) {
            begin(partition, move.target());
        }
    }

    /**
     * Wants a partition in a directory. One that is on its way to another one stays where it is, or goes to this one. One that there is
     * not will be made there.
     *
     * @param path one of the {@code log.dirs}, absolute
     * @param brokerId the broker that was asked
     * @return {@link ErrorCode#NONE} if it is there or has been begun to be moved there
     */
    public ErrorCode alter(String topic, int index, String path, int brokerId) {
        LogDirectory target = directory(path);
        if (target == null) {
            return ErrorCode.LOG_DIR_NOT_FOUND;
        }
        Partition partition = partitions.partition(topic, index);
        if (partition == null) {
            prefer(topic + "-" + index, target);
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        if (!partition.isReplica(brokerId)) {
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        if (!partition.isOnline()) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        LogMove present = moveOf(partition);
        if (present != null && isSame(present.target(), target)) {
            return ErrorCode.NONE;
        }
        cancel(partition);
        return isSame(partitions.directoryOf(partition.log()), target) ? ErrorCode.NONE : begin(partition, target);
    }

    private LogDirectory directory(String path) {
        for (LogDirectory directory : directories) {
            if (directory.path().toAbsolutePath().toString().equals(path)) {
                return directory;
            }
        }
        return null;
    }

    @SuppressWarnings("ReferenceEquality") // there is one object for each
    private static boolean isSame(LogDirectory one, LogDirectory other) {
        return one == other;
    }

    private void prefer(String partition, LogDirectory directory) {
        if (directories.size() > 1 && (preferences.size() < MAX_PREFERENCES || preferences.containsKey(partition))) {
            preferences.put(partition, directory);
        }
    }

    /** The directory where the log of a partition is to be made; null if nobody has said so. */
    LogDirectory preferred(String partition) {
        return preferences.get(partition);
    }

    /** The partition has its log. */
    void satisfied(String partition) {
        preferences.remove(partition);
    }

    private ErrorCode begin(Partition partition, LogDirectory target) {
        Log log = partition.log();
        LogDirectory present = partitions.directoryOf(log);
        LogMove move = null;
        try {
            assign(partition, present);
            move = LogMove.begin(log, present, target, partition.topicId());
        } catch (IOException | ApiException e) {
            LOG.error("{} cannot be moved to {}: {}", partition, target.path(), e.getMessage());
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        boolean taken;
        synchronized (this) {
            taken = !closed && !partition.isDeleted();
            if (taken) {
                moves.put(partition, move);
                wake();
            }
        }
        if (!taken) {
            move.giveUp();
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        LOG.info("Moving {} from {} to {}", partition, log.directory().getParent(), target.path());
        return ErrorCode.NONE;
    }

    private void assign(Partition partition, LogDirectory directory) {
        assignments.assign(
                partition.topicId(),
                partition.index(),
                directory.metaProperties().directoryId());
    }

    /** The move of a partition; null if it is not on its way. */
    public synchronized LogMove moveOf(Partition partition) {
        return moves.get(partition);
    }

    /** Leaves a partition where it is. When this returns, its log is in one place and stays there. */
    void cancel(Partition partition) {
        LogMove move;
        synchronized (this) {
            move = moves.remove(partition);
        }
        if (move != null) {
            move.giveUp();
        }
    }

    private synchronized void wake() {
        if (!awake && !closed && executor != null) {
            awake = true;
            executor.schedule(this::run, 0L);
        }
    }

    private void run() {
        long delayMs = 0;
        try {
            delayMs = step();
        } finally {
            synchronized (this) {
                awake = !closed && !moves.isEmpty();
                if (awake) {
                    executor.schedule(this::run, delayMs);
                }
            }
        }
    }

    /** Does some of what there is to do; returns for how many milliseconds to wait before the next step. */
    private long step() {
        Map.Entry<Partition, LogMove> first;
        synchronized (this) {
            if (closed || moves.isEmpty()) {
                return 0;
            }
            first = moves.entrySet().iterator().next();
            first = Map.entry(first.getKey(), first.getValue());
        }
        int allowedBytes = throttle.allowedBytes(STEP_BYTES);
        if (allowedBytes == 0) {
            return throttle.waitMs();
        }
        Partition partition = first.getKey();
        LogMove move = first.getValue();
        boolean ended = true;
        try {
            ended = advance(partition, move, allowedBytes);
        } catch (IOException | ApiException e) {
            if (!partition.isDeleted()) {
                LOG.error("Moving {} to {} failed: {}", partition, move.target().path(), e.getMessage());
            }
        } finally {
            if (ended) {
                end(partition, move);
            }
        }
        return 0;
    }

    private boolean advance(Partition partition, LogMove move, int allowedBytes) throws IOException {
        long beforeBytes = move.sizeBytes();
        boolean ended = false;
        if (move.copy(allowedBytes) == 0 && move.prepare()) {
            ended = move.swap(partition::moveTo);
            if (ended) {
                arrived(partition, move.target());
            } else {
                toTheEnd(partition, move);
            }
        }
        throttle.copied(move.sizeBytes() - beforeBytes);
        return ended;
    }

    private void arrived(Partition partition, LogDirectory directory) {
        LOG.info("Moved {} to {}", partition, directory.path());
        try {
            assign(partition, directory);
        } catch (ApiException e) {
            LOG.warn("The metadata do not say that {} is in {}: {}", partition, directory.path(), e.getMessage());
        }
    }

    /** One that has been overtaken by who appends does not keep the others waiting. */
    private synchronized void toTheEnd(Partition partition, LogMove move) {
        if (moves.remove(partition, move)) {
            moves.put(partition, move);
        }
    }

    private void end(Partition partition, LogMove move) {
        synchronized (this) {
            moves.remove(partition, move);
        }
        // Has no effect on one that has come to its end.
        move.giveUp();
    }

    /** Stops all moves; the next start goes on with them. */
    @Override
    public void close() {
        List<LogMove> left;
        synchronized (this) {
            closed = true;
            left = new ArrayList<>(moves.values());
            moves.clear();
        }
        left.forEach(LogMove::interrupt);
    }
}
