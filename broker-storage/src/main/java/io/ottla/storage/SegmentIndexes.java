package io.ottla.storage;

import java.io.IOException;
import java.nio.file.Path;

/** The three indexes of one segment, and the counting that decides when an entry is due. One writer, any number of readers. */
final class SegmentIndexes {

    private final Path directory;
    private final long baseOffset;
    private final String ending;
    private final OffsetIndex offsets;
    private final TimeIndex times;
    private final TransactionIndex transactions;
    private int bytesSinceEntry;
    private volatile boolean filesInDoubt;
    private volatile long maxTimestampMs = -1L;
    private volatile long maxTimestampOffset;

    SegmentIndexes(StorageFiles files, Path directory, long baseOffset) {
        this(files, directory, baseOffset, "");
    }

    /** Indexes whose files' names have another ending behind the usual one. */
    SegmentIndexes(StorageFiles files, Path directory, long baseOffset, String ending) {
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.ending = ending;
        // Asked for when there is something to read or write: of many partitions, most have nothing.
        this.offsets = new OffsetIndex(files, () -> path(LogFileNames.INDEX), baseOffset);
        this.times = new TimeIndex(files, () -> path(LogFileNames.TIME_INDEX), baseOffset);
        this.transactions = new TransactionIndex(files, () -> path(LogFileNames.TRANSACTION_INDEX));
        this.maxTimestampOffset = baseOffset;
    }

    /** Reads the files of offset and time index; false if they have to be rebuilt. */
    boolean loadOffsetsAndTimes(int logSizeBytes) throws IOException {
        boolean usable = offsets.load(logSizeBytes) && times.load();
        if (!usable) {
            clearOffsetsAndTimes();
        }
        maxTimestampMs = times.lastTimestampMs();
        maxTimestampOffset = times.lastOffset();
        return usable;
    }

    /**
     * Where in the log a walk has to begin that brings the indexes up to its end: at the last batch that has an entry. If none
     * has, the whole segment is read, and a time index, which may not have reached the device, is not believed.
     */
    int resumePosition() {
        if (offsets.count() == 0) {
            clearOffsetsAndTimes();
        }
        return offsets.lastPosition();
    }

    /**
     * After a crash: what the files hold may not be what is on the device, where one that was emptied may have its old entries.
     */
    void doubtFiles() throws IOException {
        filesInDoubt = offsets.isOnDisk();
    }

    /** Whether the files have to be synced even if they hold little. */
    boolean areFilesInDoubt() {
        return filesInDoubt;
    }

    /** The files are on the device as they are. */
    void filesSynced() {
        filesInDoubt = false;
    }

    /** Reads the transaction index's file; false if it has to be rebuilt. */
    boolean loadTransactions() throws IOException {
        return transactions.load(baseOffset);
    }

    void clearOffsetsAndTimes() {
        truncateOffsetsAndTimesTo(baseOffset);
    }

    /** Forgets what lies at or behind the offset, as if it had never been appended. */
    void truncateOffsetsAndTimesTo(long offset) {
        offsets.truncateTo(offset);
        times.truncateTo(offset);
        maxTimestampMs = times.lastTimestampMs();
        maxTimestampOffset = times.lastOffset();
        bytesSinceEntry = 0;
    }

    /** Takes note of a batch at the end of the segment. */
    void add(long lastOffset, int position, int batchSizeBytes, long batchMaxTimestampMs, int intervalBytes) {
        if (batchMaxTimestampMs > maxTimestampMs) {
            maxTimestampMs = batchMaxTimestampMs;
            maxTimestampOffset = lastOffset;
        }
        if (bytesSinceEntry > intervalBytes) {
            offsets.append(lastOffset, position);
            times.maybeAppend(maxTimestampMs, maxTimestampOffset);
            bytesSinceEntry = 0;
        }
        bytesSinceEntry += batchSizeBytes;
    }

    /** Takes note of a batch that was indexed before, or is too near to the last one that was. */
    void skip(long lastOffset, int batchSizeBytes, long batchMaxTimestampMs) {
        add(lastOffset, 0, batchSizeBytes, batchMaxTimestampMs, Integer.MAX_VALUE);
    }

    boolean isFull(int indexSizeBytes) {
        return offsets.count() >= indexSizeBytes / OffsetIndex.ENTRY_SIZE_BYTES
                || times.count() >= indexSizeBytes / TimeIndex.ENTRY_SIZE_BYTES - 1;
    }

    OffsetIndex offsets() {
        return offsets;
    }

    TimeIndex times() {
        return times;
    }

    TransactionIndex transactions() {
        return transactions;
    }

    /** The largest timestamp of the segment, -1 if none has one. */
    long maxTimestampMs() {
        return maxTimestampMs;
    }

    /** Last offset of the first batch that has the largest timestamp. */
    long maxTimestampOffset() {
        return maxTimestampOffset;
    }

    /** Brings the files up to date, the largest timestamp included; true if any changed. */
    boolean write() throws IOException {
        times.maybeAppend(maxTimestampMs, maxTimestampOffset);
        // The offset index says how far the time index reaches, so it must not get ahead of it.
        boolean changed = times.writeTail();
        changed |= offsets.writeTail();
        changed |= transactions.writeTail();
        return changed;
    }

    private Path path(String suffix) {
        return LogFileNames.path(directory, baseOffset, suffix + ending);
    }
}
