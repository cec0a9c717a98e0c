package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Brings a log to another data directory while it is appended to and read (KIP-113). A copy follows it there, in a directory
 * {@code <topic>-<partition>.<id>-future}; when it is near, {@link #prepare} has it on the device, and {@link #swap} copies the rest and
 * puts it in the place of the log while appends wait. Reading is never held up.
 *
 * <p>What a crash leaves says itself which log counts: as long as the copy has its own name, the old one. With the name of the log it
 * counts, as a file {@value DirectoryMoves#MARKER} in it says; the old one may be there as well then, and is deleted.
 *
 * <p>Retention and compaction leave the log alone meanwhile. Thread-safe: one thread moves, any may give up.
 */
public final class LogMove {

    /** How much is copied while appends wait: some milliseconds' worth. */
    private static final int MAX_TAIL_BYTES = 1 << 20;

    /** So much is copied before it is brought onto the device, so that nobody waits long for the rest. */
    private static final int MAX_UNSYNCED_BYTES = 32 << 20;

    /** So often the bound is doubled where the log is appended to faster than its copy can be synced. */
    private static final int MAX_DOUBLINGS = 7;

    private final Log source;
    private final LogDirectory from;
    private final LogDirectory to;
    private final StorageFiles files;
    private final Path copy;
    private int index;
    private SegmentCopy current;
    private long finishedBytes;
    private int unsyncedBytes;
    private int attempts;
    private boolean ended;

    /** What the preparation was made for, and up to where it reached; the last is -1 before. */
    private long preparedStartOffset;

    private int preparedEpoch;
    private long syncedOffset = -1L;

    private LogMove(Log source, LogDirectory from, LogDirectory to, Path copy) {
        this.source = source;
        this.from = from;
        this.to = to;
        this.files = to.options().files();
        this.copy = copy;
    }

    /**
     * Begins a move; copies nothing yet.
     *
     * @param from the directory that has the log
     * @param topicId the topic's id
     * @throws ApiException KAFKA_STORAGE_ERROR if the log takes no appends, is being compacted, or is moved already
     * @throws IOException if nothing can be made in the other directory
     */
    public static LogMove begin(Log source, LogDirectory from, LogDirectory to, Uuid topicId) throws IOException {
        source.ensureWritable();
        if (!source.beginCleaning()) {
            throw Log.storageError(
                    "Moving " + source.name() + " to " + to.path() + " cannot begin", new IOException("it is busy"));
        }
        boolean begun = false;
        try {
            // Left of a move that brought it here, it would make this log pass for the newer one of two.
            DirectoryMoves.forgetArrival(source.options().files(), source.directory());
            LogMove move = new LogMove(source, from, to, to.moves().begin(source.name(), topicId));
            begun = true;
            return move;
        } finally {
            if (!begun) {
                source.endCleaning();
            }
        }
    }

    /**
     * Copies some more.
     *
     * @param maxBytes how many bytes, about
     * @return how many it were; 0 if all has been copied for now
     * @throws LogDamageException if the log is not what was written to it
     * @throws IOException if it cannot be read, or the copy not be written; it is of no use then
     */
    public synchronized int copy(int maxBytes) throws IOException {
        int copied = 0;
        while (!ended && copied == 0) {
            // In this order: what has another behind it when it is looked at grows no more.
            LogSegment[] segments = source.segments();
            if (current == null) {
                open(segments[index]);
            }
            copied = current.copy(maxBytes);
            if (copied == 0) {
                if (index + 1 == segments.length) {
                    break;
                }
                finishSegment();
            }
        }
        unsyncedBytes += copied;
        if (unsyncedBytes > MAX_UNSYNCED_BYTES && copied > 0) {
            current.syncLog();
            unsyncedBytes = 0;
        }
        return copied;
    }

    private void open(LogSegment segment) throws IOException {
        // Of one that is sealed, this makes sure that it ends where the next begins.
        segment.indexes();
        current = new SegmentCopy(files, copy, segment, source.config().indexIntervalBytes());
    }

    private void finishSegment() throws IOException {
        current.sync();
        current.close();
        finishedBytes += current.sizeBytes();
        current = null;
        index++;
    }

    /** Whether so little is left to copy that it can be done while appends wait. */
    private boolean isNear() {
        return current != null
                && index + 1 == source.segments().length
                && current.lagBytes() <= MAX_TAIL_BYTES << Math.min(attempts, MAX_DOUBLINGS);
    }

    /**
     * Has the copy on the device as far as it has come, if it is near the end of the log, and writes down what a start has to know of
     * it. Waits for the device.
     *
     * @return whether {@link #swap} may be tried
     * @throws ApiException KAFKA_STORAGE_ERROR if the log takes no appends any more
     */
    public synchronized boolean prepare() throws IOException {
        if (ended || !isNear()) {
            return false;
        }
        long endOffset;
        List<Long> snapshots;
        source.lock().lock();
        try {
            source.ensureWritable();
            preparedStartOffset = source.logStartOffset();
            preparedEpoch = source.latestLeaderEpoch();
            endOffset = source.logEndOffset();
            source.snapshots().write(source.producerStates());
            source.roller().pruneSnapshots();
            snapshots = List.copyOf(source.snapshots().offsets());
        } finally {
            source.lock().unlock();
        }
        while (endOffset() < endOffset && copy(MAX_TAIL_BYTES) > 0) {
            // The states of producers must not be ahead of the batches.
        }
        current.sync();
        copySnapshots(snapshots);
        source.epochs().copyTo(copy);
        files.replace(copy.resolve(DirectoryMoves.MARKER), new byte[0], true);
        files.syncDirectory(copy);
        syncedOffset = current.endOffset();
        to.moves()
                .expect(
                        source.name(),
                        syncedOffset,
                        preparedStartOffset,
                        from.moves().cleanedOffset(source.name()));
        attempts++;
        return true;
    }

    private void copySnapshots(List<Long> offsets) throws IOException {
        for (long offset : offsets) {
            Path target = LogFileNames.path(copy, offset, LogFileNames.SNAPSHOT);
            if (!files.exists(target)) {
                try {
                    files.replace(target, files.readAll(source.snapshots().path(offset)), true);
                } catch (NoSuchFileException e) {
                    StorageLog.LOG.debug("{} is not needed any more", target, e);
                }
            }
        }
    }

    /**
     * Copies the rest and puts the copy in the place of the log, while appends wait.
     *
     * @param inPlace gets the log in its new place, before anybody can append again
     * @return false if more has come meanwhile than is to be copied so: the move goes on
     * @throws ApiException KAFKA_STORAGE_ERROR
     * @throws IOException if that failed; the log is as it was, or takes no more appends
     */
    public synchronized boolean swap(Consumer<Log> inPlace) throws IOException {
        if (ended || syncedOffset < 0) {
            return false;
        }
        Log moved;
        source.lock().lock();
        try {
            source.ensureWritable();
            boolean asPrepared = source.logStartOffset() == preparedStartOffset
                    && source.latestLeaderEpoch() == preparedEpoch
                    && isNear();
            if (!asPrepared) {
                return false;
            }
            moved = putInPlace();
            source.retire();
            inPlace.accept(moved);
        } finally {
            source.lock().unlock();
        }
        ended = true;
        to.moves().arrived(moved);
        leave(moved);
        return true;
    }

    private Log putInPlace() throws IOException {
        while (current.copy(Integer.MAX_VALUE) > 0) {
            // Nobody appends.
        }
        current.writeIndexes();
        long flushedOffset = syncedOffset;
        boolean synced = source.isPowerSafe() && source.highWatermark() > syncedOffset;
        if (synced || source.flushedOffset() > syncedOffset) {
            // More has been promised than the copy has on the device.
            current.syncLog();
            flushedOffset = current.endOffset();
        }
        current.close();
        Path place = to.path().resolve(source.name());
        try {
            files.rename(copy, place);
            Log moved = LogRecovery.openMoved(
                    place, source, to.options(), from.moves().cleanedOffset(source.name()));
            moved.flusher().reachedDevice(flushedOffset, syncedOffset);
            return moved;
        } catch (IOException | RuntimeException e) {
            undo(place, e);
            throw e;
        }
    }

    /** With the name of the log, the copy would take the place of what is appended to the log from now on. */
    private void undo(Path place, Exception cause) {
        try {
            if (files.isDirectory(place)) {
                files.rename(place, copy);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
            StorageLog.LOG.error(source.fence("Undoing a move of " + source.name() + " to " + place + " failed", e)
                    .getMessage());
        }
    }

    /** Takes the old log away when the new one has its name on the device; if that fails, the next start does it. */
    private void leave(Log moved) {
        try {
            moved.syncNewFiles();
            from.moves().departed(source, true);
            DirectoryMoves.forgetArrival(files, moved.directory());
        } catch (IOException | ApiException e) {
            from.moves().departed(source);
            StorageLog.LOG.warn(
                    "{} has been moved to {}, but {} stays until the next start: {}",
                    source.name(),
                    to.path(),
                    source.directory(),
                    e.getMessage());
        }
    }

    /** Ends the move and takes the copy away, unless it has taken the place of the log. */
    public synchronized void giveUp() {
        if (end()) {
            to.moves().discard(copy);
        }
    }

    /** Ends the move for now: what has been copied says to the next start where the log was going to. */
    public synchronized void interrupt() {
        end();
    }

    private boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                StorageLog.LOG.warn("Closing {} failed", copy, e);
            }
        }
        to.moves().expectNoMore(source.name());
        source.endCleaning();
        return true;
    }

    /** Where the log is going to. */
    public LogDirectory target() {
        return to;
    }

    /** How much of it is there. */
    public synchronized long sizeBytes() {
        return finishedBytes + (current == null ? 0 : current.sizeBytes());
    }

    /** Up to where it has been copied. */
    public synchronized long endOffset() {
        if (current != null) {
            return current.endOffset();
        }
        LogSegment[] segments = source.segments();
        return segments[Math.min(index, segments.length - 1)].baseOffset();
    }

    /** By how many offsets the copy is behind. */
    public long offsetLag() {
        return Math.max(0L, source.logEndOffset() - endOffset());
    }
}
