package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.TimestampType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The log of one partition: a directory of segments, appended to at the end, read anywhere.
 *
 * <p>Thread-safe. Appending and all that changes the log take its lock; reading takes none. Methods throw {@link ApiException}:
 * KAFKA_STORAGE_ERROR where the file system failed. A failed write that could be undone leaves the log usable: the next append
 * may succeed. A failed fsync, or a failed write that could not be undone, closes the log to appends until it is opened again,
 * because what the device holds is not known; reading goes on.
 *
 * <p>Appended buffers are changed in place and are the caller's again when the method returns.
 */
public final class Log implements AutoCloseable {

    private final Path directory;
    private final String name;
    private final StorageOptions options;
    private final Clock clock;
    private final ReentrantLock lock;
    private final RecordBatch view = new RecordBatch();
    private final LeaderEpochs epochs;
    private final ProducerStates producers;
    private final ProducerSnapshots snapshots;
    private final LogReader reader;
    private final LogRetention retention;
    private final LogFlusher flusher;
    private final LogRoller roller;
    private final LogHealth health;
    private final LogWriter writer;
    private volatile LogConfig config;
    private volatile boolean powerSafe;

    /** What could be read before acknowledgements began to wait for the device stays readable. */
    private volatile long readableOffset;

    private volatile LogSegment[] segments;
    private volatile long logStartOffset;
    private volatile long nextOffset;
    private volatile boolean closed;
    private volatile boolean beingCleaned;

    /** What {@link LogRecovery} found; the lock is the one the producer states were made with. */
    Log(LogRecovery found) {
        this.directory = found.directory();
        this.name = directory.getFileName().toString();
        this.options = found.options();
        this.clock = options.clock();
        this.config = found.config();
        this.powerSafe = mustBePowerSafe(config);
        this.lock = found.lock();
        this.segments = found.segments();
        this.producers = found.producers();
        this.snapshots = found.snapshots();
        this.epochs = found.epochs();
        this.logStartOffset = found.logStartOffset();
        this.nextOffset = found.nextOffset();
        this.reader = new LogReader(this);
        this.retention = new LogRetention(this);
        this.flusher = new LogFlusher(this, found.nextOffset(), found.areNamesUnsynced());
        this.roller = new LogRoller(this);
        this.health = new LogHealth(name);
        this.writer = new LogWriter(this);
    }

    /**
     * Appends batches and gives them offsets and the leader epoch, in place. When it returns, they are in the page cache; whether
     * that is enough to acknowledge them says {@link #mayAcknowledge}, see {@link GroupCommit}. Syncs nothing itself.
     *
     * @param records whole batches from position to limit, big-endian and writable; position and limit are the same afterwards
     * @param origin who appends
     * @param leaderEpoch the leader epoch to write into the batches; raised to the log's latest if it lies below
     * @param guard the leave to begin a transaction (see {@link ProducerStates#beginVerification}), null if there is none
     * @param transactionVersion of a marker: the version of transactions that it belongs to, 0 if that is not known
     * @throws ApiException and nothing was appended: CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE,
     *     INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH,
     *     INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR
     */
    public LogAppendResult append(
            ByteBuffer records,
            AppendOrigin origin,
            int leaderEpoch,
            VerificationGuard guard,
            short transactionVersion) {
        LogConfig current = config;
        ByteBuffer batches = AppendValidation.validate(records, origin, current, clock.timeMs(), name);
        lock.lock();
        try {
            return appendLocked(batches, origin, leaderEpoch, guard, transactionVersion);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether appending a client's batch takes longer than an event loop should be held up: it has to be decompressed, or is large and
     * has to be compressed, or has very many records. Looks at nothing but its header, which must be there.
     */
    public boolean isAppendLengthy(ByteBuffer records) {
        return AppendValidation.isLengthy(records, config, clock.timeMs());
    }

    /** As {@link #append(ByteBuffer, AppendOrigin, int, VerificationGuard, short)}, where nobody asks after transactions. */
    public LogAppendResult append(ByteBuffer records, AppendOrigin origin, int leaderEpoch) {
        return append(records, origin, leaderEpoch, VerificationGuard.UNCHECKED, (short) 0);
    }

    private LogAppendResult appendLocked(
            ByteBuffer records,
            AppendOrigin origin,
            int leaderEpoch,
            VerificationGuard guard,
            short transactionVersion) {
        ensureWritable();
        LogConfig current = config;
        long nowMs = clock.timeMs();
        long baseOffset = nextOffset;
        boolean stamped = current.messageTimestampType() == TimestampType.LOG_APPEND_TIME;
        LogAppendResult duplicate = checkProducers(records, origin, stamped, guard, transactionVersion);
        if (duplicate != null) {
            return duplicate;
        }
        // Epochs do not go back within a log, whatever the caller says.
        int epoch = Math.max(leaderEpoch, epochs.latestEpoch());
        long next = baseOffset;
        long maxTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
        for (int at = records.position(); at < records.limit(); at += view.sizeBytes()) {
            view.wrap(records, at).baseOffset(next).partitionLeaderEpoch(epoch);
            if (stamped) {
                view.logAppendTime(nowMs);
            }
            next = view.nextOffset();
            maxTimestampMs = Math.max(maxTimestampMs, view.maxTimestampMs());
        }
        writer.write(records, view, epoch, maxTimestampMs, next - 1, nowMs, current);
        updateProducers(records, nowMs);
        producers.mapEndOffset(next);
        nextOffset = next;
        if (!powerSafe) {
            producers.highWatermark(next);
        }
        return new LogAppendResult(baseOffset, next - 1, stamped ? nowMs : -1L, logStartOffset, false);
    }

    private LogAppendResult checkProducers(
            ByteBuffer records,
            AppendOrigin origin,
            boolean stamped,
            VerificationGuard guard,
            short transactionVersion) {
        for (int at = records.position(); at < records.limit(); at += view.sizeBytes()) {
            view.wrap(records, at);
            if (!view.hasProducerId()) {
                continue;
            }
            ProducerState state = producers.find(view.producerId());
            if (state != null && origin == AppendOrigin.CLIENT) {
                int place = reader.findDuplicate(state, view);
                if (place >= 0) {
                    long appendTimeMs = stamped ? state.timestampMsAt(place) : -1L;
                    return new LogAppendResult(
                            state.firstOffsetAt(place), state.lastOffsetAt(place), appendTimeMs, logStartOffset, true);
                }
            }
            producers.check(view, origin, guard, transactionVersion);
        }
        return null;
    }

    private void updateProducers(ByteBuffer records, long nowMs) {
        for (int at = records.position(); at < records.limit(); at += view.sizeBytes()) {
            view.wrap(records, at);
            AbortedTransaction aborted = producers.update(view, nowMs);
            if (aborted != null) {
                try {
                    activeSegment().indexes().transactions().append(aborted);
                } catch (IOException e) {
                    // The active segment's indexes are in memory.
                    throw new AssertionError(e);
                }
            }
        }
    }

    /**
     * Reads batches.
     *
     * @param startOffset the first offset wanted
     * @param maxBytes how many bytes at most
     * @param endOffsetExclusive batches from here on are not returned: the high watermark, the last stable offset or the log
     *     end offset
     * @param minOneBatch whether the first batch is returned whole even if it is larger than maxBytes
     * @return must be ended by {@link FileRecords#release()}
     * @throws ApiException OFFSET_OUT_OF_RANGE if the start offset lies before the log's start or behind its end;
     *     KAFKA_STORAGE_ERROR
     */
    public LogRead read(long startOffset, int maxBytes, long endOffsetExclusive, boolean minOneBatch) {
        return reader.read(startOffset, maxBytes, endOffsetExclusive, minOneBatch);
    }

    /**
     * The first record, by offset, whose timestamp is at or after the given one; null if there is none.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public TimestampOffset offsetForTimestamp(long timestampMs) {
        return reader.offsetForTimestamp(timestampMs);
    }

    /**
     * The first record that has the log's largest timestamp; null if the log is empty or its records have no timestamps. As in Apache
     * Kafka it may lie before the log's start, for as long as its segment is there.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public TimestampOffset maxTimestampOffset() {
        return reader.maxTimestampOffset();
    }

    /** Where a leader epoch ends in this log. */
    public EpochEndOffset endOffsetForEpoch(int epoch) {
        return epochs.endOffsetFor(epoch, nextOffset);
    }

    /** The leader epoch that the offset was written in, -1 if unknown. */
    public int leaderEpochOf(long offset) {
        return epochs.epochOf(offset);
    }

    /** The leader epoch of the newest records, -1 if there are none. */
    public int latestLeaderEpoch() {
        return epochs.latestEpoch();
    }

    /** The first offset that can be read. */
    public long logStartOffset() {
        return logStartOffset;
    }

    /** The first offset on local disk: the same, as there is no remote storage. */
    public long localLogStartOffset() {
        return logStartOffset;
    }

    /** The offset that the next record gets. */
    public long logEndOffset() {
        return nextOffset;
    }

    /** Up to where records may be read: the log's end or, with POWER_SAFE, what has been synced. */
    public long highWatermark() {
        return powerSafe ? Math.max(flusher.flushedOffset(), readableOffset) : nextOffset;
    }

    /**
     * Whether records before the offset may be acknowledged: at once, unless {@link FlushPolicy#POWER_SAFE} or
     * {@code flush.messages} sets a bound to how many may be acknowledged and not on the device.
     */
    public boolean mayAcknowledge(long endOffset) {
        long bound = powerSafe ? 1L : config.flushMessages();
        return endOffset - flusher.flushedOffset() < bound;
    }

    /** Whether {@link #mayAcknowledge} can be false of what has been appended. */
    public boolean delaysAcknowledgements() {
        return powerSafe || config.flushMessages() != Long.MAX_VALUE;
    }

    /** Whether the high watermark moves with syncing only: by the broker's policy, or because {@code flush.messages} is 1. */
    public boolean isPowerSafe() {
        return powerSafe;
    }

    /** Up to where a read_committed consumer may read: the high watermark, or where the first undecided transaction begins. */
    public long lastStableOffset() {
        // The records of an open transaction may have been deleted in part.
        return Math.max(logStartOffset, Math.min(highWatermark(), producers.firstUnstableOffset()));
    }

    public long sizeBytes() {
        long size = 0;
        for (LogSegment segment : segments) {
            size += segment.sizeBytes();
        }
        return size;
    }

    public int segmentCount() {
        return segments.length;
    }

    /** Up to where records are on the device for sure. */
    public long flushedOffset() {
        return flusher.flushedOffset();
    }

    /** How much lies above the {@link #recoveryPoint}, about: a start after a crash reads it. */
    public long unflushedBytes() {
        return flusher.unflushedBytes();
    }

    /** Up to where everything is known to be on the device; a start after a crash reads the log from here on. */
    public long recoveryPoint() {
        return flusher.recoveryPoint();
    }

    /** The producers that the log knows. */
    public ProducerStates producerStates() {
        return producers;
    }

    public LogConfig config() {
        return config;
    }

    /** Changes the settings; they hold from the next append, read or {@link #enforceRetention} on. */
    public void config(LogConfig newConfig) {
        lock.lock();
        try {
            config = newConfig;
            boolean other = mustBePowerSafe(newConfig);
            if (powerSafe != other) {
                readableOffset = highWatermark();
                powerSafe = other;
                producers.highWatermark(highWatermark());
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean mustBePowerSafe(LogConfig settings) {
        return options.flushPolicy() == FlushPolicy.POWER_SAFE || settings.flushMessages() == 1;
    }

    public Path directory() {
        return directory;
    }

    /** The topic, a dash, the partition. */
    public String name() {
        return name;
    }

    /**
     * Moves the log's start to the offset, if it lies before it. The files go with the next {@link #enforceRetention}.
     *
     * @throws ApiException OFFSET_OUT_OF_RANGE if the offset lies behind the high watermark; KAFKA_STORAGE_ERROR
     */
    public void deleteRecordsBefore(long offset) {
        retention.deleteRecordsBefore(offset);
    }

    /**
     * Deletes the segments that the settings allow to keep no longer, by time, by size, and below the log's start. May block on
     * the file system.
     *
     * @return how many segments were deleted
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public int enforceRetention() {
        return retention.enforce();
    }

    /** Forgets the producers that have been idle for too long and have no open transaction. */
    public void removeExpiredProducers() {
        producers.removeExpired(clock.timeMs(), options.producerIdExpiration().getAsLong());
    }

    /**
     * Closes the active segment and opens the next one, unless it is empty.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public void rollSegment() {
        lock.lock();
        try {
            ensureWritable();
            if (activeSegment().sizeBytes() > 0) {
                roller.roll();
            }
        } catch (IOException e) {
            throw storageError("Rolling " + name + " failed", e);
        } finally {
            lock.unlock();
        }
    }

    /** Puts an empty active segment behind the others. The caller holds the lock. */
    void addSegment(LogSegment created) {
        LogSegment[] grown = Arrays.copyOf(segments, segments.length + 1);
        grown[grown.length - 1] = created;
        segments = grown;
    }

    /**
     * Returns when the records that were appended before the call are on the device; with {@link FlushPolicy#POWER_SAFE} moves
     * the high watermark. One fsync serves all threads that wait meanwhile: a caller that waited for another's finds its records
     * synced. Does not move the recovery point.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR; after a failed fsync, the log takes no more appends
     */
    public void syncRecords() {
        flusher.syncRecords();
    }

    /**
     * Returns when all that was appended before the call is on the device, indexes and producer states included; moves the
     * recovery point. To be called from time to time, so that a start after a crash has less to read.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR; after a failed fsync, the log takes no more appends
     */
    public void flush() {
        flusher.flush();
    }

    /**
     * Flushes if the last time lies {@code flush.ms} back and something has been appended since.
     *
     * @throws ApiException as {@link #flush}
     */
    public void flushIfDue() {
        flusher.flushIfDue();
    }

    /** In how many milliseconds {@link #flushIfDue} may have something to do; Long.MAX_VALUE if {@code flush.ms} is not set. */
    public long flushDelayMs() {
        return flusher.flushDelayMs();
    }

    /** Has the files of a log that has just been made on the device, and their names. */
    void syncNewFiles() {
        flusher.syncNewFiles();
    }

    /** Closes the log to appends: what the device holds is not known. */
    ApiException fence(String what, IOException cause) {
        return health.fence(what, cause);
    }

    void ensureWritable() {
        if (closed) {
            throw new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, name + " is closed");
        }
        health.ensureNotFenced();
    }

    static ApiException storageError(String what, IOException cause) {
        return new ApiException(ErrorCode.KAFKA_STORAGE_ERROR, what + ": " + LogHealth.reason(cause), cause);
    }

    /**
     * Flushes and closes; a second call does nothing. A log that could not be flushed is closed nevertheless.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR if not all that was appended is on the device
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        try {
            flusher.trim();
            flush();
        } finally {
            abandon();
        }
    }

    /** Closes the files as they are, as if the process had died. */
    void abandon() {
        close(LogSegment::closeFile);
    }

    /** Closes the log for good; files stay open for those who still read from them. */
    void letGo() {
        close(LogSegment::release);
    }

    /** Takes no more appends: the log goes on elsewhere. All of it can still be read. */
    void retire() {
        close(segment -> {});
    }

    private void close(Consumer<LogSegment> what) {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                Arrays.stream(segments).forEach(what);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Keeps retention from taking segments away until {@link #endCleaning}; false if the log cannot be cleaned now. */
    boolean beginCleaning() {
        lock.lock();
        try {
            boolean possible = !closed && health.failure() == null && !beingCleaned;
            beingCleaned |= possible;
            return possible;
        } finally {
            lock.unlock();
        }
    }

    void endCleaning() {
        beingCleaned = false;
    }

    boolean isBeingCleaned() {
        return beingCleaned;
    }

    /** The caller holds the lock. */
    void segments(LogSegment[] others) {
        segments = others;
    }

    LogFlusher flusher() {
        return flusher;
    }

    LogRoller roller() {
        return roller;
    }

    LogHealth health() {
        return health;
    }

    LogReader reader() {
        return reader;
    }

    boolean isClosed() {
        return closed;
    }

    /** Why the log takes no appends, null if it does. */
    IOException failure() {
        return health.failure();
    }

    LogSegment activeSegment() {
        LogSegment[] current = segments;
        return current[current.length - 1];
    }

    LogSegment[] segments() {
        return segments;
    }

    /** Lets the first segments go; the log starts at the first that stays. The caller holds the lock. */
    void dropFirstSegments(int count) {
        LogSegment[] current = segments;
        LogSegment[] rest = Arrays.copyOfRange(current, count, current.length);
        logStartOffset = Math.max(logStartOffset, rest[0].baseOffset());
        segments = rest;
    }

    /** The caller holds the lock. */
    void logStartOffset(long offset) {
        logStartOffset = offset;
    }

    ReentrantLock lock() {
        return lock;
    }

    StorageOptions options() {
        return options;
    }

    /** The file system that the log lies in, for files that its owner keeps beside the segments. */
    public StorageFiles files() {
        return options.files();
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    ProducerSnapshots snapshots() {
        return snapshots;
    }
}
