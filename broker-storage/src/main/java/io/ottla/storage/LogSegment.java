package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A run of a log's batches: one {@code .log} file and its indexes.
 *
 * <p>The last segment of a log is active: it is appended to by one thread at a time (the log's lock) and has its indexes in
 * memory. The others are sealed: they never change, and their files and indexes are opened on first use. Reading needs no lock.
 *
 * <p>The file stays open until the log lets the segment go and every reader has released it.
 */
final class LogSegment {

    private static final long UNKNOWN = Long.MIN_VALUE;

    /** Where in a batch its leader epoch is: behind base offset and length. */
    private static final int LEADER_EPOCH_AT = 12;

    private static final long UNSIGNED_INT_MASK = 0xffffffffL;

    private final StorageFiles files;
    private final Path directory;
    private final long baseOffset;
    private final long createdMs;
    private final long rollJitterMs;
    private final AtomicInteger references = new AtomicInteger(1);
    private volatile StorageFile file;

    /** How far the segment reaches: end offset, relative to the base offset, in the upper half, size in the lower. */
    private volatile long end;

    private volatile SegmentIndexes indexes;
    private volatile SoftReference<SegmentIndexes> idleIndexes = new SoftReference<>(null);
    private volatile RecentBatches recent;
    private volatile long maxTimestampMs = UNKNOWN;
    private volatile boolean logUnsynced;
    private volatile boolean indexesUnsynced;

    /** Whether the file is longer than the segment; the log's lock. */
    private boolean preallocated;

    private long firstTimestampMs = UNKNOWN;

    /** What is known of where the batches end that were found on disk, until it has been checked. */
    private EndCheck endCheck = EndCheck.NONE;

    private boolean damageReported;

    /** How the end of a segment compares with where the next one begins. */
    enum EndCheck {
        /** It has been looked at. */
        NONE,
        /** Records before the end may have been compacted away. */
        NOT_BEYOND,
        /** The last batch ends where the next segment begins. */
        EXACT
    }

    private LogSegment(StorageFiles files, Path directory, long baseOffset, long createdMs, long rollJitterMs) {
        this.files = files;
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.createdMs = createdMs;
        this.rollJitterMs = rollJitterMs;
    }

    /**
     * Makes an empty active segment.
     *
     * @param initialSizeBytes the size of its file, 0 for one that grows with what is appended
     */
    static LogSegment create(
            StorageFiles files,
            Path directory,
            long baseOffset,
            long createdMs,
            long rollJitterMs,
            int initialSizeBytes)
            throws IOException {
        LogSegment segment = new LogSegment(files, directory, baseOffset, createdMs, rollJitterMs);
        segment.file = files.openForWriting(segment.path(LogFileNames.LOG));
        try {
            segment.file.truncate(0);
            if (initialSizeBytes > 0) {
                segment.preallocated = true;
                segment.file.extend(initialSizeBytes);
            }
        } catch (IOException | RuntimeException e) {
            segment.discard();
            throw e;
        }
        segment.indexes = new SegmentIndexes(files, directory, baseOffset);
        segment.recent = new RecentBatches();
        return segment;
    }

    /** A segment whose log file exists; sealed until {@link #activate}. */
    static LogSegment existing(StorageFiles files, Path directory, long baseOffset, long openedMs, long rollJitterMs)
            throws IOException {
        LogSegment segment = new LogSegment(files, directory, baseOffset, openedMs, rollJitterMs);
        long size = files.sizeBytes(segment.path(LogFileNames.LOG));
        if (size > Integer.MAX_VALUE) {
            throw new LogDamageException(
                    segment.path(LogFileNames.LOG), Integer.MAX_VALUE, size + " bytes are too many");
        }
        segment.end = UNSIGNED_INT_MASK << Integer.SIZE | size;
        return segment;
    }

    /** Makes the segment the one that is appended to. Its indexes must have been brought up to its end. */
    void activate(SegmentIndexes upToDate) {
        recent = new RecentBatches();
        indexes = upToDate;
    }

    /** Ends the life as active segment: brings the files up to date. When it throws, nothing has changed. */
    void seal() throws IOException {
        writeIndexes();
        trim();
        SegmentIndexes last = indexes;
        maxTimestampMs = last.maxTimestampMs();
        idleIndexes = new SoftReference<>(last);
        indexes = null;
        recent = null;
    }

    /** Brings the index files up to date. */
    void writeIndexes() throws IOException {
        SegmentIndexes current = indexes;
        if (current != null && current.write()) {
            indexesUnsynced = true;
        }
    }

    /**
     * Appends batches whose offsets are final, with one write. When it throws, some of the bytes may lie behind the end:
     * {@link #cutToSize}.
     *
     * @param records the batches, from position to limit; the position is the same afterwards
     * @param view a view to read them with
     */
    void append(ByteBuffer records, RecordBatch view, int indexIntervalBytes) throws IOException {
        int start = sizeBytes();
        int from = records.position();
        int limit = records.limit();
        try {
            file().write(records, start);
        } finally {
            records.position(from);
        }
        // After the write: a sync that ran meanwhile must not pass for one of these bytes.
        logUnsynced = true;
        SegmentIndexes current = indexes;
        RecentBatches last = recent;
        int at = from;
        while (at < limit) {
            view.wrap(records, at);
            int batchSizeBytes = view.sizeBytes();
            int position = start + at - from;
            current.add(view.lastOffset(), position, batchSizeBytes, view.maxTimestampMs(), indexIntervalBytes);
            last.add((int) (view.baseOffset() - baseOffset), position);
            if (position == 0) {
                firstTimestampMs = view.maxTimestampMs();
            }
            at += batchSizeBytes;
        }
        end(view.nextOffset(), start + limit - from);
    }

    private void end(long endOffset, int sizeBytes) {
        end = Math.min(endOffset - baseOffset, UNSIGNED_INT_MASK) << Integer.SIZE | sizeBytes;
    }

    /** Tells a segment that was found on disk where its offsets end. */
    void endOffset(long endOffset) {
        end(endOffset, sizeBytes());
    }

    /**
     * Tells a sealed segment that was found on disk, and not read, where its offsets end: on its first use, before a byte of it is
     * served, it looks at the batches behind the last index entry whether that is so. One that has become shorter would pass for
     * whole otherwise, and a reader would go on with the next segment.
     */
    void expectEnd(long endOffset, boolean exact) {
        end(endOffset, sizeBytes());
        endCheck = exact ? EndCheck.EXACT : EndCheck.NOT_BEYOND;
    }

    /** Tells a segment that has been read to its end where its offsets end. */
    void scannedTo(long endOffset) {
        end(endOffset, sizeBytes());
        endCheck = EndCheck.NONE;
    }

    /** Removes what a failed append left behind the end. */
    void cutToSize() throws IOException {
        file().truncate(sizeBytes());
        preallocated = false;
        // Were it back after a power failure, what a later segment holds would follow a torn batch.
        logUnsynced = true;
    }

    /** Takes from the file what was preallocated and not used; false if there is nothing of that. */
    boolean trim() throws IOException {
        boolean longer = preallocated;
        if (longer) {
            cutToSize();
            logUnsynced = true;
        }
        return longer;
    }

    /** Takes an empty segment away again that has become part of no log. */
    void discard() {
        closeFile();
        try {
            files.deleteIfExists(path(LogFileNames.LOG));
        } catch (IOException e) {
            // The next segment of this name begins with cutting it to nothing.
            StorageLog.LOG.warn("Deleting {} failed: {}", path(LogFileNames.LOG), LogHealth.reason(e));
        }
    }

    /** Writes another leader epoch into a batch. */
    void leaderEpoch(int position, int epoch) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).putInt(epoch).flip();
        file().write(bytes, position + (long) LEADER_EPOCH_AT);
        logUnsynced = true;
    }

    /** Cuts the log file; indexes must be brought in line by the caller. */
    void truncate(int newSizeBytes, long endOffset) throws IOException {
        file().truncate(newSizeBytes);
        end(endOffset, newSizeBytes);
        logUnsynced = true;
    }

    /** Whether the segment should be rolled before the batches are appended. Caller holds the log's lock. */
    boolean isFull(int recordsSizeBytes, long recordsMaxTimestampMs, long lastOffset, long nowMs, LogConfig config)
            throws IOException {
        int size = sizeBytes();
        if (size == 0) {
            return lastOffset - baseOffset > Integer.MAX_VALUE;
        }
        long firstMs = firstTimestampMs();
        long waitedMs = firstMs >= 0 ? recordsMaxTimestampMs - firstMs : nowMs - createdMs;
        return size > config.segmentBytes() - recordsSizeBytes
                || waitedMs > config.maxSegmentMs() - rollJitterMs
                || indexes.isFull(config.segmentIndexBytes())
                || lastOffset - baseOffset > Integer.MAX_VALUE;
    }

    /**
     * Finds the batch that holds an offset or, if the cleaner took it away, the next.
     *
     * @return the batch's position in the upper half and its size, 0 if not known, in the lower; -1 if all batches end below
     */
    long locate(long offset) throws IOException {
        int scanEnd = sizeBytes();
        RecentBatches last = recent;
        if (last != null) {
            int position = last.position(offset - baseOffset);
            if (position >= 0) {
                return (long) position << Integer.SIZE;
            }
        }
        int from = indexes().offsets().floorPosition(offset);
        while (true) {
            BatchCursor cursor = BatchCursor.lookup(file(), from, scanEnd);
            boolean tooFar = false;
            while (!tooFar && cursor.next()) {
                tooFar = cursor.position() == from && from > 0 && cursor.batch().baseOffset() > offset;
                if (!tooFar && cursor.batch().lastOffset() >= offset) {
                    return (long) cursor.position() << Integer.SIZE | cursor.batchSizeBytes();
                }
            }
            if (from == 0 || (!tooFar && cursor.fault() == null)) {
                cursor.throwIfFaulty(path(LogFileNames.LOG));
                return -1L;
            }
            // The entry may lie: what is wanted may be before it, or it may point into the middle of a batch.
            from = 0;
        }
    }

    /** Size of the batch at the position. */
    int batchSizeBytesAt(int position) throws IOException {
        BatchCursor cursor = BatchCursor.lookup(file(), position, sizeBytes());
        if (!cursor.next()) {
            cursor.throwIfFaulty(path(LogFileNames.LOG));
            throw new LogDamageException(path(LogFileNames.LOG), position, "no batch where one must be");
        }
        return cursor.batchSizeBytes();
    }

    /** The segment's largest timestamp, -1 if it has none. */
    long maxTimestampMs() throws IOException {
        SegmentIndexes current = indexes;
        if (current != null) {
            return current.maxTimestampMs();
        }
        if (maxTimestampMs == UNKNOWN) {
            long last = TimeIndex.lastTimestampMs(files, path(LogFileNames.TIME_INDEX));
            maxTimestampMs = last >= 0 ? last : indexes().maxTimestampMs();
        }
        return maxTimestampMs;
    }

    /** The largest timestamp or, where records have none, when the file was last written. */
    long ageMarkMs() throws IOException {
        long largest = maxTimestampMs();
        return largest >= 0 ? largest : files.lastModifiedMs(path(LogFileNames.LOG));
    }

    private long firstTimestampMs() throws IOException {
        if (firstTimestampMs == UNKNOWN) {
            BatchCursor cursor = BatchCursor.lookup(file(), 0, sizeBytes());
            firstTimestampMs = cursor.next() ? cursor.batch().maxTimestampMs() : -1L;
        }
        return firstTimestampMs;
    }

    /** The indexes; those of a sealed segment are read, or rebuilt, on first use and dropped when memory is short. */
    SegmentIndexes indexes() throws IOException {
        SegmentIndexes current = indexes;
        if (current == null) {
            current = idleIndexes.get();
        }
        return current != null ? current : loadIndexes();
    }

    private synchronized SegmentIndexes loadIndexes() throws IOException {
        SegmentIndexes loaded = indexes != null ? indexes : idleIndexes.get();
        if (loaded != null) {
            return loaded;
        }
        try {
            loaded = readIndexes();
        } catch (LogDamageException e) {
            if (!damageReported) {
                damageReported = true;
                StorageLog.LOG.error("This segment cannot be read: {}", e.getMessage());
            }
            throw e;
        }
        maxTimestampMs = loaded.maxTimestampMs();
        idleIndexes = new SoftReference<>(loaded);
        return loaded;
    }

    private SegmentIndexes readIndexes() throws IOException {
        SegmentIndexes loaded = new SegmentIndexes(files, directory, baseOffset);
        boolean transactionsUsable = loaded.loadTransactions();
        boolean usable = loaded.loadOffsetsAndTimes(sizeBytes());
        if (!usable || (loaded.maxTimestampMs() < 0 && sizeBytes() > 0)) {
            rebuild(loaded);
        }
        if (endCheck != EndCheck.NONE && sizeBytes() > 0) {
            checkEnd(loaded);
        }
        boolean gapless = endCheck == EndCheck.EXACT;
        if (!transactionsUsable || !TransactionIndexRepair.isRight(this, loaded, gapless)) {
            StorageLog.LOG.warn("{} is damaged: it is made anew", path(LogFileNames.TRANSACTION_INDEX));
            new TransactionIndexRepair(files, directory).rebuild(this, loaded.transactions(), gapless);
            loaded.write();
            indexesUnsynced = true;
        }
        endCheck = EndCheck.NONE;
        return loaded;
    }

    private void checkEnd(SegmentIndexes loaded) throws IOException {
        int from = loaded.offsets().lastPosition();
        BatchCursor cursor = BatchCursor.scan(file(), from, Math.min(sizeBytes(), from + BatchCursor.TAIL_BYTES))
                .upTo(sizeBytes());
        long nextOffset = -1L;
        while (cursor.next()) {
            nextOffset = cursor.batch().nextOffset();
        }
        cursor.throwIfFaulty(path(LogFileNames.LOG));
        long expected = baseOffset + (end >>> Integer.SIZE);
        if (nextOffset > expected || (nextOffset != expected && endCheck == EndCheck.EXACT)) {
            throw new LogDamageException(
                    path(LogFileNames.LOG),
                    sizeBytes(),
                    "it ends at offset " + nextOffset + ", but the next segment begins at " + expected);
        }
    }

    /** Has all of a sealed segment that is opened by name, before its names go to another segment. */
    synchronized void pin() throws IOException {
        file();
        indexes = indexes();
    }

    /** Timestamp of the first batch of a sealed segment, -1 if it has none. */
    long firstBatchTimestampMs() throws IOException {
        BatchCursor cursor = BatchCursor.lookup(file(), 0, sizeBytes());
        return cursor.next() ? cursor.batch().maxTimestampMs() : -1L;
    }

    /** Makes offset and time index of a sealed segment anew from the headers of its batches. */
    private void rebuild(SegmentIndexes target) throws IOException {
        target.clearOffsetsAndTimes();
        BatchCursor cursor = BatchCursor.scan(file(), 0, sizeBytes());
        while (cursor.next()) {
            RecordBatch batch = cursor.batch();
            target.add(
                    batch.lastOffset(),
                    cursor.position(),
                    cursor.batchSizeBytes(),
                    batch.maxTimestampMs(),
                    LogConfig.DEFAULT.indexIntervalBytes());
        }
        cursor.throwIfFaulty(path(LogFileNames.LOG));
        target.write();
        indexesUnsynced = true;
    }

    /**
     * Has the index files on the device as they are. Those of an active segment without an entry in the offset index need not be
     * there: a start reads the headers of all its batches.
     */
    void syncIndexes() throws IOException {
        SegmentIndexes active = recent == null ? null : indexes;
        boolean needed = active == null
                || active.areFilesInDoubt()
                || active.offsets().count() > 0
                || active.transactions().count() > 0;
        if (indexesUnsynced && needed) {
            indexesUnsynced = false;
            try {
                IndexFiles.sync(files, path(LogFileNames.INDEX));
                IndexFiles.sync(files, path(LogFileNames.TIME_INDEX));
                IndexFiles.sync(files, path(LogFileNames.TRANSACTION_INDEX));
                if (active != null) {
                    active.filesSynced();
                }
            } catch (OpenFailedException e) {
                indexesUnsynced = true;
                throw e;
            }
        }
    }

    /** Has the batches on the device, but not the indexes. */
    void syncLog() throws IOException {
        if (logUnsynced) {
            StorageFile open = fileForSync();
            logUnsynced = false;
            open.sync();
        }
    }

    /** Whether batches, or their removal, are not on the device. */
    boolean isLogUnsynced() {
        return logUnsynced;
    }

    private StorageFile fileForSync() throws IOException {
        try {
            return file();
        } catch (IOException e) {
            throw new OpenFailedException(e);
        }
    }

    StorageFile file() throws IOException {
        StorageFile open = file;
        return open != null ? open : openFile();
    }

    private synchronized StorageFile openFile() throws IOException {
        if (references.get() <= 0) {
            throw new IOException(path(LogFileNames.LOG) + " is closed");
        }
        if (file == null) {
            file = files.openExisting(path(LogFileNames.LOG));
        }
        return file;
    }

    /** Keeps the file open for a reader; false if the log has let the segment go already. */
    boolean tryRetain() {
        int count = references.get();
        while (count > 0) {
            if (references.compareAndSet(count, count + 1)) {
                return true;
            }
            count = references.get();
        }
        return false;
    }

    /** Ends one use of the file; the last one closes it. */
    void release() {
        int count = references.decrementAndGet();
        if (count < 0) {
            throw new IllegalStateException(path(LogFileNames.LOG) + " was released too often");
        }
        if (count == 0) {
            closeFile();
        }
    }

    /** Closes the file, whoever reads. */
    synchronized void closeFile() {
        StorageFile open = file;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // Nothing is lost by it: what had to be on the device was synced before.
                StorageLog.LOG.warn("Closing {} failed", path(LogFileNames.LOG), e);
            }
        }
    }

    Path path(String suffix) {
        return LogFileNames.path(directory, baseOffset, suffix);
    }

    long baseOffset() {
        return baseOffset;
    }

    int sizeBytes() {
        return (int) end;
    }

    /**
     * Where the batches lie that end below an offset.
     *
     * @return the position behind the last of them; the size of the segment if all do
     */
    int endPosition(long endOffset) throws IOException {
        long reached = end;
        if (endOffset - baseOffset >= reached >>> Integer.SIZE) {
            return (int) reached;
        }
        long located = locate(endOffset);
        return located < 0 ? (int) reached : (int) (located >>> Integer.SIZE);
    }

    /**
     * Makes the indexes known that recovery has brought in line with the log. Even where it had nothing to write, their files may
     * not be on the device: a crash may have killed who wrote them before they were synced.
     */
    void adopt(SegmentIndexes upToDate, boolean recordsUnsynced) {
        maxTimestampMs = upToDate.maxTimestampMs();
        idleIndexes = new SoftReference<>(upToDate);
        logUnsynced = recordsUnsynced;
        indexesUnsynced = true;
    }

    long createdMs() {
        return createdMs;
    }

    @Override
    public String toString() {
        return path(LogFileNames.LOG) + " (" + sizeBytes() + " bytes)";
    }
}
