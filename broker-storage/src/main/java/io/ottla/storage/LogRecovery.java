package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Opens a log: finds its segments and its end and, unless it was closed cleanly, looks at what lies behind the recovery point.
 *
 * <p>After a clean stop no records are read: the end is found from the last index entry, and the indexes are believed until they
 * are used. After a crash, every batch from the recovery point on is read and checked; {@link TailVerdict} says what then follows.
 * Indexes, transaction index, leader epochs and producer states are rebuilt for what was read, and all of it is synced before the
 * log is used. Nothing is changed before the verdict, so recovery may itself die anywhere and start again.
 */
final class LogRecovery {

    /** Stands for a recovery point that no checkpoint names. */
    static final long UNKNOWN_OFFSET = -1L;

    private final Path directory;
    private final LogConfig config;
    private final StorageOptions options;
    private final StorageFiles files;
    private final boolean clean;
    private final long checkpointedRecoveryPoint;
    private final int newestLeaderEpoch;

    /** Up to here the log must reach; what was deleted on purpose need not be there. */
    private final long requiredOffset;

    private final ReentrantLock lock;
    private final ProducerStates producers;
    private final ProducerSnapshots snapshots;
    private final LeaderEpochs epochs;
    private final List<LogSegment> segments = new ArrayList<>();
    private final List<SegmentIndexes> rebuilt = new ArrayList<>();

    private final OutdatedSegments outdated;

    private final long nowMs;
    private final boolean moved;
    private long logStartOffset;
    private long nextOffset;
    private long rebuiltFromOffset = Long.MAX_VALUE;
    private boolean namesUnsynced;

    /**
     * Up to here batches may be missing because they were compacted away. Compaction writes down the recovery point before it puts
     * anything in place, so that what is missing above it was lost.
     */
    private final long gapsBelowOffset;

    /** Whether a log file is not as it was found. */
    private boolean changed;

    /**
     * What is known of a log besides its files.
     *
     * @param clean whether it was closed cleanly
     * @param recoveryPoint up to where it is known to be on the device, {@link #UNKNOWN_OFFSET} if nothing is known
     * @param startOffset where it starts, if that lies behind its first segment's base offset
     * @param cleanedOffset up to where it has been compacted, whatever its settings say now; {@link #UNKNOWN_OFFSET} if that was
     *     never begun
     * @param leaderEpoch the newest that the partition has had, as far as is known; larger if it is not
     */
    record Known(boolean clean, long recoveryPoint, long startOffset, long cleanedOffset, int leaderEpoch) {}

    /** @param moved the same log in another place, whose lock and producers it takes over; null if there is none */
    private LogRecovery(Path directory, LogConfig config, StorageOptions options, Known known, Log moved) {
        this.moved = moved != null;
        this.lock = this.moved ? moved.lock() : new ReentrantLock();
        this.directory = directory;
        this.config = config;
        this.options = options;
        this.files = options.files();
        this.clean = known.clean;
        this.checkpointedRecoveryPoint = known.recoveryPoint;
        this.newestLeaderEpoch = known.leaderEpoch;
        this.logStartOffset = known.startOffset;
        this.requiredOffset = logStartOffset >= known.recoveryPoint ? UNKNOWN_OFFSET : known.recoveryPoint;
        long compacted = config.cleanupCompact() ? known.recoveryPoint : UNKNOWN_OFFSET;
        this.gapsBelowOffset =
                known.cleanedOffset >= 0 ? Math.max(known.recoveryPoint, known.cleanedOffset) : compacted;
        this.namesUnsynced = !clean;
        this.nowMs = options.clock().timeMs();
        this.producers = this.moved
                ? moved.producerStates()
                : new ProducerStates(directory.getFileName().toString(), lock);
        this.snapshots = new ProducerSnapshots(files, directory);
        this.epochs = new LeaderEpochs(files, directory);
        this.outdated = new OutdatedSegments(files, directory);
    }

    /**
     * Opens the log in a directory that exists, or makes an empty one there.
     *
     * @throws LogDamageException if a file holds what no crash can have left
     */
    static Log open(Path directory, LogConfig config, StorageOptions options, Known known) throws IOException {
        return new LogRecovery(directory, config, options, known, null).open();
    }

    /**
     * Opens the copy of a log that goes on in its place: with its lock, which the caller holds, and its producers. Nothing of the
     * copy need be on the device.
     *
     * @param cleanedOffset as in {@link Known}
     */
    static Log openMoved(Path directory, Log source, StorageOptions options, long cleanedOffset) throws IOException {
        Known known = new Known(
                true, source.logEndOffset(), source.logStartOffset(), cleanedOffset, source.latestLeaderEpoch());
        return new LogRecovery(directory, source.config(), options, known, source).open();
    }

    private Log open() throws IOException {
        try {
            run();
            return new Log(this);
        } catch (IOException | RuntimeException e) {
            segments.forEach(LogSegment::closeFile);
            throw e;
        }
    }

    /** Makes an empty log in the place of one whose files have been emptied; makes no file that is there. */
    static Log openEmptied(Log emptied, LogConfig config, int leaderEpoch) throws IOException {
        Known known = new Known(true, 0L, 0L, UNKNOWN_OFFSET, leaderEpoch);
        LogRecovery recovery = new LogRecovery(emptied.directory(), config, emptied.options(), known, null);
        recovery.startSegment(0L);
        recovery.epochs.inPlaceOf(emptied.epochs());
        return new Log(recovery);
    }

    private void run() throws IOException {
        findSegments();
        if (segments.isEmpty()) {
            startEmpty(Math.max(0L, logStartOffset));
            return;
        }
        refuseMissingRecords();
        boolean epochsKnown = loadEpochs();
        boolean agreed = (clean && epochsKnown)
                ? findCleanEnd()
                : scan(epochsKnown ? Math.max(0L, checkpointedRecoveryPoint) : 0L, epochsKnown);
        if (!agreed) {
            StorageLog.LOG.warn(
                    "{} contradicts the batches of {}: it is ignored and will be written again",
                    LeaderEpochs.FILE_NAME,
                    directory);
            epochs.clear();
            rebuilt.clear();
            rebuiltFromOffset = Long.MAX_VALUE;
            scan(0L, false);
        }
        if (nextOffset < requiredOffset) {
            throw new LogDamageException(
                    lastSegment().path(LogFileNames.LOG),
                    lastSegment().sizeBytes(),
                    "the log ends at offset " + nextOffset + ", but it was synced up to " + checkpointedRecoveryPoint);
        }
        if (clean && checkpointedRecoveryPoint >= 0 && nextOffset > checkpointedRecoveryPoint) {
            throw new LogDamageException(
                    lastSegment().path(LogFileNames.LOG),
                    lastSegment().sizeBytes(),
                    "the log ends at offset " + nextOffset + ", but it was closed at " + checkpointedRecoveryPoint);
        }
        logStartOffset = Math.max(logStartOffset, segments.get(0).baseOffset());
        if (!clean) {
            snapshots.recoverFrom(checkpointedRecoveryPoint);
        }
        if (logStartOffset > nextOffset || isPartOfWhatIsDeletedLost()) {
            startOver();
            return;
        }
        epochs.truncateFromEnd(nextOffset);
        if (!moved) {
            replayProducers();
        }
        finish();
    }

    /** Whether there is nothing that the batches would have to tell of leader epochs. */
    private boolean loadEpochs() throws IOException {
        boolean known = epochs.load();
        if (!known && segments.size() == 1 && lastSegment().sizeBytes() == 0) {
            epochs.beginAnew();
            known = true;
        }
        return known;
    }

    /** What is not read now must be there nevertheless. Where records were compacted away, a segment may be empty. */
    private void refuseMissingRecords() throws LogDamageException {
        for (int i = 0; i + 1 < segments.size(); i++) {
            long next = segments.get(i + 1).baseOffset();
            boolean believed = clean || next <= checkpointedRecoveryPoint;
            if (segments.get(i).sizeBytes() == 0 && believed && next > gapsBelowOffset) {
                throw new LogDamageException(
                        segments.get(i).path(LogFileNames.LOG), 0, "the file is empty, but others follow");
            }
        }
    }

    /**
     * Whether a write was lost to records that have been deleted since, and no snapshot behind them is left: then what follows them was
     * not synced either, and nobody knows which of its transactions had ended before.
     */
    private boolean isPartOfWhatIsDeletedLost() throws IOException {
        long first = segments.get(0).baseOffset();
        boolean known = first <= checkpointedRecoveryPoint
                || !snapshots.offsets().subSet(first, true, nextOffset, true).isEmpty();
        if (clean || outdated.isEmpty() || known) {
            return false;
        }
        Long before = snapshots.offsets().floor(first);
        boolean lost = !outdated.isWhole(before == null ? 0L : before, first);
        if (lost) {
            StorageLog.LOG.warn(
                    "Cutting {} at offset {}, the log ends at offset {} now: not all of what was deleted before had been written",
                    directory,
                    first,
                    logStartOffset);
        }
        return lost;
    }

    /** All records that are left had been deleted before: an empty log begins where they were deleted up to. */
    private void startOver() throws IOException {
        for (LogSegment segment : segments) {
            segment.closeFile();
            deleteSegmentFiles(segment.baseOffset());
        }
        deleteOutdated();
        segments.clear();
        rebuilt.clear();
        startEmpty(logStartOffset);
    }

    private void findSegments() throws IOException {
        NavigableSet<Long> bases = new TreeSet<>();
        List<String> others = new ArrayList<>();
        for (Path path : new SegmentSwap(files, directory).recover()) {
            String fileName = path.getFileName().toString();
            long base = LogFileNames.offset(fileName, LogFileNames.LOG);
            long snapshot = LogFileNames.offset(fileName, LogFileNames.SNAPSHOT);
            if (isLeftOver(fileName)) {
                files.deleteIfExists(path);
            } else if (base >= 0) {
                bases.add(base);
            } else if (snapshot >= 0) {
                snapshots.found(snapshot);
            } else {
                others.add(fileName);
            }
        }
        Long first = bases.floor(logStartOffset);
        if (first != null) {
            outdated.addAll(bases.headSet(first));
            bases.headSet(first).clear();
        }
        for (String fileName : others) {
            deleteOrphan(fileName, bases);
        }
        for (long base : bases) {
            segments.add(LogSegment.existing(files, directory, base, nowMs, LogRoller.jitterMs(config)));
        }
        for (int i = 0; i + 1 < segments.size(); i++) {
            long next = segments.get(i + 1).baseOffset();
            segments.get(i).expectEnd(next, next > gapsBelowOffset);
        }
    }

    /** Whether a file is what an interrupted deletion, cleaning or replacement left. */
    private static boolean isLeftOver(String fileName) {
        return fileName.endsWith(LogFileNames.DELETED)
                || fileName.endsWith(LogFileNames.CLEANED)
                || fileName.endsWith(".tmp");
    }

    /**
     * An index without its log is left of a deletion that was interrupted: at the beginning of the log or, of a recovery's, at its
     * end. Between other segments, nobody deletes one.
     */
    private void deleteOrphan(String fileName, NavigableSet<Long> bases) throws IOException {
        for (String suffix : LogFileNames.INDEX_SUFFIXES) {
            long base = LogFileNames.offset(fileName, suffix);
            if (base >= 0 && !bases.contains(base)) {
                if (bases.lower(base) != null && bases.higher(base) != null) {
                    throw new LogDamageException(
                            LogFileNames.path(directory, base, LogFileNames.LOG),
                            0,
                            "it is missing, but its index is there");
                }
                files.deleteIfExists(directory.resolve(fileName));
            }
        }
    }

    private void startEmpty(long startOffset) throws IOException {
        if (checkpointedRecoveryPoint > startOffset) {
            throw new LogDamageException(
                    directory, 0, "there is no segment, but the log was synced up to " + checkpointedRecoveryPoint);
        }
        for (long offset : List.copyOf(snapshots.offsets())) {
            snapshots.delete(offset);
        }
        startSegment(startOffset);
        epochs.beginAnew();
        if (startOffset > 0) {
            // Its end counts as synced, so what was deleted must not come back.
            files.syncDirectory(directory);
        }
    }

    private void startSegment(long startOffset) throws IOException {
        LogSegment segment = LogSegment.create(
                files, directory, startOffset, nowMs, LogRoller.jitterMs(config), LogRoller.initialSizeBytes(config));
        segments.add(segment);
        producers.mapEndOffset(startOffset);
        logStartOffset = startOffset;
        nextOffset = startOffset;
        namesUnsynced = true;
    }

    /**
     * Finds the end of a log that was closed cleanly: from the last index entry on, by the batches' headers.
     *
     * @return false if the leader epochs cannot be right
     */
    private boolean findCleanEnd() throws IOException {
        LogSegment last = lastSegment();
        SegmentIndexes indexes = new SegmentIndexes(files, directory, last.baseOffset());
        if (!indexes.loadTransactions() || !indexes.loadOffsetsAndTimes(last.sizeBytes())) {
            return scan(last.baseOffset(), true);
        }
        nextOffset = last.baseOffset();
        long foundTimestampMs = indexes.maxTimestampMs();
        long foundTimestampOffset = indexes.maxTimestampOffset();
        int from = indexes.resumePosition();
        BatchCursor cursor = BatchCursor.lookup(last.file(), from, last.sizeBytes());
        while (cursor.next()) {
            RecordBatch batch = cursor.batch();
            boolean indexed = from > 0 && cursor.position() == from;
            if (indexed && batch.lastOffset() != indexes.offsets().lastOffset()) {
                // One of the two is wrong; what is read from the beginning tells which.
                return scan(last.baseOffset(), true);
            }
            // The last segment has never been compacted: no offset is missing in it.
            if (batch.baseOffset() != nextOffset && !indexed) {
                throw new LogDamageException(
                        last.path(LogFileNames.LOG),
                        cursor.position(),
                        "offset " + batch.baseOffset() + " where offset " + nextOffset + " must be");
            }
            int epoch = batch.partitionLeaderEpoch();
            if (epochs.contradicts(epoch, batch.baseOffset())) {
                return false;
            }
            if (epoch > epochs.latestEpoch() && !epochs.isEmpty()) {
                throw new LogDamageException(
                        last.path(LogFileNames.LOG),
                        cursor.position(),
                        "leader epoch " + epoch + ", but the log was closed in epoch " + epochs.latestEpoch());
            }
            nextOffset = batch.nextOffset();
            indexes.skip(batch.lastOffset(), cursor.batchSizeBytes(), batch.maxTimestampMs());
        }
        cursor.throwIfFaulty(last.path(LogFileNames.LOG));
        if (!TransactionIndexRepair.isRight(last, indexes, true)) {
            return scan(last.baseOffset(), true);
        }
        last.endOffset(nextOffset);
        if (indexes.maxTimestampMs() != foundTimestampMs || indexes.maxTimestampOffset() != foundTimestampOffset) {
            // The time index of a short segment is not synced at a stop, and was lost with the power; others may
            // believe it.
            indexes.write();
        }
        rebuilt.add(indexes);
        return true;
    }

    private LogSegment lastSegment() {
        return segments.get(segments.size() - 1);
    }

    /**
     * Reads and checks all batches from the segment on that holds the offset.
     *
     * @return false, and nothing has been changed, if the leader epochs cannot be right that were read from their file
     */
    private boolean scan(long fromOffset, boolean epochsKnown) throws IOException {
        // Also the one that ends there: its time index may not be on the device if it was the active one when it was
        // flushed.
        int first = LogReader.floor(segments.toArray(LogSegment[]::new), Math.max(0L, fromOffset - 1));
        for (int i = first; i < segments.size(); i++) {
            LogSegment segment = segments.get(i);
            // The last segment has never been compacted.
            boolean last = i + 1 == segments.size();
            SegmentScan scan = new SegmentScan(segment, config, files, last ? UNKNOWN_OFFSET : gapsBelowOffset)
                    .newestLeaderEpoch(newestLeaderEpoch);
            scan.run(i == first ? fromOffset : segment.baseOffset(), epochs, epochsKnown);
            if (scan.contradictsEpochs()) {
                return false;
            }
            rebuiltFromOffset = Math.min(rebuiltFromOffset, scan.transactionsFrom());
            rebuilt.add(scan.indexes());
            nextOffset = scan.nextOffset();
            boolean gapFollows = i + 1 < segments.size()
                    && segments.get(i + 1).baseOffset() > gapsBelowOffset
                    && scan.nextOffset() != segments.get(i + 1).baseOffset();
            boolean overlaps = i + 1 < segments.size()
                    && scan.nextOffset() > segments.get(i + 1).baseOffset();
            TailVerdict verdict = TailVerdict.of(scan, dataFollows(i), gapFollows || overlaps);
            if (verdict.isCut() && (clean || scan.nextOffset() < requiredOffset)) {
                throw new LogDamageException(
                        segment.path(LogFileNames.LOG),
                        scan.validBytes(),
                        (scan.fault() == null ? "batches are missing" : scan.fault())
                                + (clean
                                        ? ", but the log was closed cleanly"
                                        : ", but it was synced up to offset " + checkpointedRecoveryPoint));
            }
            verdict.report(scan, segment);
            if (verdict.isCut()) {
                changed = true;
                segment.truncate(scan.validBytes(), scan.nextOffset());
                dropSegmentsBehind(i);
            }
            segment.scannedTo(scan.nextOffset());
            if (scan.epochDoubt() != null) {
                decide(scan.epochDoubt(), segment, dataFollows(i));
            }
        }
        return true;
    }

    /**
     * The file of the leader epochs is written before the first batch of a new one, but for the first of all, which the metadata know. So a
     * leader epoch that neither the file nor the metadata know was given to nobody, or both lost it with the power: either way the last
     * one that is known takes its place.
     */
    private void decide(SegmentScan.EpochDoubt doubt, LogSegment segment, boolean batchesFollow) throws IOException {
        if (batchesFollow) {
            epochs.assign(doubt.epoch(), doubt.baseOffset());
            return;
        }
        int known = epochs.isEmpty() ? newestLeaderEpoch : epochs.latestEpoch();
        String what = "leader epoch " + doubt.epoch() + ", but the newest is " + known;
        if (clean) {
            throw new LogDamageException(segment.path(LogFileNames.LOG), doubt.position(), what);
        }
        StorageLog.LOG.warn(
                "The last batch of {}, at position {}, has {}: this is written into it",
                segment.path(LogFileNames.LOG),
                doubt.position(),
                what);
        segment.leaderEpoch(doubt.position(), known);
        epochs.assign(known, doubt.baseOffset());
        changed = true;
    }

    private boolean dataFollows(int index) {
        for (int i = index + 1; i < segments.size(); i++) {
            if (segments.get(i).sizeBytes() > 0) {
                return true;
            }
        }
        return false;
    }

    private void dropSegmentsBehind(int index) throws IOException {
        while (segments.size() > index + 1) {
            LogSegment dropped = segments.remove(segments.size() - 1);
            dropped.closeFile();
            deleteSegmentFiles(dropped.baseOffset());
        }
    }

    private void deleteSegmentFiles(long baseOffset) throws IOException {
        files.deleteIfExists(LogFileNames.path(directory, baseOffset, LogFileNames.LOG));
        files.deleteIfExists(LogFileNames.path(directory, baseOffset, LogFileNames.INDEX));
        files.deleteIfExists(LogFileNames.path(directory, baseOffset, LogFileNames.TIME_INDEX));
        files.deleteIfExists(LogFileNames.path(directory, baseOffset, LogFileNames.TRANSACTION_INDEX));
    }

    /** Brings the producer states from the newest snapshot to the end of the log. */
    private void replayProducers() throws IOException {
        new ProducerRecovery(this, segments, rebuilt, rebuiltFromOffset, nowMs).run(outdated, nextOffset);
    }

    private void deleteOutdated() throws IOException {
        for (long base : outdated.baseOffsets()) {
            deleteSegmentFiles(base);
        }
        snapshots.deleteBefore(segments.get(0).baseOffset());
    }

    private SegmentIndexes rebuiltIndexes(int segment) {
        int unread = segments.size() - rebuilt.size();
        return segment < unread ? null : rebuilt.get(segment - unread);
    }

    /** Makes the last segment the active one, and has on the device what recovery wrote or found unsynced. */
    private void finish() throws IOException {
        boolean epochsWritten = epochs.writeIfChanged();
        boolean scanned = rebuiltFromOffset != Long.MAX_VALUE;
        boolean recordsUnsynced = scanned && (changed || nextOffset > Math.max(0L, checkpointedRecoveryPoint));
        boolean written = epochsWritten;
        for (int i = segments.size() - rebuilt.size(); i < segments.size(); i++) {
            SegmentIndexes indexes = rebuiltIndexes(i);
            written |= scanned && indexes.write();
            // An earlier start may have cut the file and died: what it cut must not come back behind a clean stop.
            segments.get(i).adopt(indexes, recordsUnsynced || !clean || moved);
            if (i == segments.size() - 1) {
                segments.get(i).activate(indexes);
            }
        }
        if (scanned && (written || recordsUnsynced)) {
            // After all writing: what the first sync brings to the device besides, the others need not wait for.
            for (LogSegment segment : segments.subList(segments.size() - rebuilt.size(), segments.size())) {
                segment.syncLog();
                segment.syncIndexes();
            }
            epochs.syncIfWritten();
            // Without it, nobody would know after a power failure whose the records are.
            IndexFiles.sync(files, directory.resolve(PartitionMetadataFile.FILE_NAME));
            files.syncDirectory(directory);
            files.syncDirectory(directory.getParent());
            namesUnsynced = false;
        }
        deleteOutdated();
    }

    Path directory() {
        return directory;
    }

    LogConfig config() {
        return config;
    }

    StorageOptions options() {
        return options;
    }

    ReentrantLock lock() {
        return lock;
    }

    LogSegment[] segments() {
        return segments.toArray(LogSegment[]::new);
    }

    ProducerStates producers() {
        return producers;
    }

    ProducerSnapshots snapshots() {
        return snapshots;
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    long logStartOffset() {
        return logStartOffset;
    }

    long nextOffset() {
        return nextOffset;
    }

    /** Whether the names of the directory and of what is in it may not be on the device. */
    boolean areNamesUnsynced() {
        return namesUnsynced;
    }
}
