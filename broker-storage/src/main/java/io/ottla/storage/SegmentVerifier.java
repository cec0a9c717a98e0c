package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Verifies one segment: its batches, and its indexes against them. The batches are read once, in the order of the file, and the
 * entries of the indexes are walked along, so that memory does not grow with the number of batches.
 */
final class SegmentVerifier {

    private static final int MAX_FINDINGS_PER_FILE = 20;

    /** Where in the key of a control record its type is, and the type of a marker that aborts. */
    private static final int CONTROL_TYPE_AT = 2;

    private static final short ABORT = 0;

    private final LogWalk walk;
    private final StorageFiles files;
    private final Path directory;
    private final long baseOffset;
    private final Map<Path, Integer> findingCounts = new HashMap<>();
    private final Map<Long, AbortedTransaction> aborted = new HashMap<>();
    private ByteBuffer offsetIndex;
    private ByteBuffer timeIndex;
    private boolean sealed;
    private long maxTimestampMs = -1L;
    private boolean empty = true;

    /** What the segments of a log have in common while it is walked through. */
    static final class LogWalk {
        private final StorageFiles files;
        private final Path directory;
        private final boolean gapsAllowed;
        private final LeaderEpochs epochs;
        private final List<LogVerifier.Finding> findings = new ArrayList<>();

        /** Where the open transactions begin that have been seen, by producer. */
        private final Map<Long, Long> openTransactions = new HashMap<>();

        private long nextOffset = -1L;
        private long startOffset = Long.MAX_VALUE;
        private int lastEpoch = -1;

        /**
         * @param gapsAllowed whether records may have been compacted away
         * @param epochs where the leader epochs begin; null if that is not known
         */
        LogWalk(StorageFiles files, Path directory, boolean gapsAllowed, LeaderEpochs epochs) {
            this.files = files;
            this.directory = directory;
            this.gapsAllowed = gapsAllowed;
            this.epochs = epochs;
        }

        /** The offset behind the last good batch, -1 before the first segment. */
        long nextOffset() {
            return nextOffset;
        }

        List<LogVerifier.Finding> findings() {
            return findings;
        }
    }

    SegmentVerifier(LogWalk walk, long baseOffset) {
        this.walk = walk;
        this.files = walk.files;
        this.directory = walk.directory;
        this.baseOffset = baseOffset;
    }

    /**
     * Verifies the files of the segment.
     *
     * @param hasSuccessor whether later segments follow, so that the indexes must be complete
     */
    void verify(boolean hasSuccessor) throws IOException {
        sealed = hasSuccessor;
        Path log = path(LogFileNames.LOG);
        if (walk.nextOffset > baseOffset) {
            find(log, 0, "it begins below offset " + walk.nextOffset + ", where the one before ends");
        } else if (walk.nextOffset >= 0 && walk.nextOffset < baseOffset && !walk.gapsAllowed) {
            find(log, 0, "the offsets from " + walk.nextOffset + " to " + (baseOffset - 1) + " before it are missing");
        }
        walk.startOffset = Math.min(walk.startOffset, baseOffset);
        walk.nextOffset = baseOffset;
        offsetIndex = read(path(LogFileNames.INDEX), OffsetIndex.ENTRY_SIZE_BYTES);
        timeIndex = read(path(LogFileNames.TIME_INDEX), TimeIndex.ENTRY_SIZE_BYTES);
        readTransactionIndex();
        verifyOrderOfOffsets();
        verifyOrderOfTimestamps();
        verifyBatches(log);
        verifyEnds();
        if (empty && sealed && !walk.gapsAllowed) {
            find(log, 0, "it is empty, but others follow");
        }
    }

    private void verifyBatches(Path path) throws IOException {
        try (StorageFile file = files.openForReading(path)) {
            long sizeBytes = file.sizeBytes();
            if (sizeBytes > Integer.MAX_VALUE) {
                find(path, Integer.MAX_VALUE, sizeBytes + " bytes are too many");
            }
            BatchCursor cursor = BatchCursor.scan(file, 0, (int) Math.min(Integer.MAX_VALUE, sizeBytes));
            while (cursor.next()) {
                RecordBatch batch = cursor.wholeBatch();
                empty = false;
                int position = cursor.position();
                verifyHeader(path, position, batch);
                if (!batch.isCrcValid()) {
                    find(path, position, "the CRC of the batch at offset " + batch.baseOffset() + " does not fit");
                } else {
                    verifyRecords(path, position, batch);
                }
                walk.nextOffset = batch.nextOffset();
                maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestampMs());
                passOffsets(batch.lastOffset(), position);
                passTimestamps(batch.lastOffset());
            }
            if (cursor.fault() != null) {
                find(path, cursor.position(), cursor.fault());
            }
        }
    }

    /** Whether a batch at the offset would have been seen: it is not compacted away, and not of a segment that was deleted. */
    private boolean isMissing(long offset) {
        return !walk.gapsAllowed && offset >= walk.startOffset;
    }

    private void verifyHeader(Path path, int position, RecordBatch batch) {
        long expected = walk.nextOffset;
        if (batch.baseOffset() < expected || (batch.baseOffset() > expected && !walk.gapsAllowed)) {
            find(path, position, "offset " + batch.baseOffset() + " where " + expected + " is next");
        }
        int epoch = batch.partitionLeaderEpoch();
        if (epoch < walk.lastEpoch) {
            find(path, position, "leader epoch " + epoch + " after " + walk.lastEpoch);
        }
        // Below the log's start, nothing is known.
        int known = walk.epochs == null ? -1 : walk.epochs.epochOf(batch.baseOffset());
        if (known >= 0 && known != epoch) {
            find(path, position, "leader epoch " + epoch + ", but " + LeaderEpochs.FILE_NAME + " says " + known);
        }
        walk.lastEpoch = Math.max(walk.lastEpoch, epoch);
    }

    private void verifyRecords(Path path, int position, RecordBatch batch) {
        long last = batch.baseOffset() - 1;
        int count = 0;
        short controlType = -1;
        try {
            for (Record record : batch.records()) {
                if (record.offset() <= last || record.offset() > batch.lastOffset()) {
                    find(path, position, "a record has offset " + record.offset() + " in " + batch);
                }
                last = record.offset();
                count++;
                ByteBuffer key = record.key();
                if (batch.isControlBatch() && key != null && key.remaining() >= CONTROL_TYPE_AT + Short.BYTES) {
                    controlType = key.getShort(key.position() + CONTROL_TYPE_AT);
                }
            }
        } catch (ApiException e) {
            find(path, position, e.getMessage());
            return;
        }
        if (count != batch.recordCount()) {
            find(path, position, "there are " + count + " records in " + batch);
        }
        if (batch.isControlBatch()) {
            passMarker(path, position, batch, controlType);
        } else if (batch.isTransactional() && count > 0) {
            walk.openTransactions.putIfAbsent(batch.producerId(), batch.baseOffset());
        }
    }

    /** A marker that aborts has its entry in the index; compaction may have taken the beginning of its transaction away. */
    private void passMarker(Path path, int position, RecordBatch batch, short controlType) {
        Long first = batch.isTransactional() ? walk.openTransactions.remove(batch.producerId()) : null;
        AbortedTransaction entry = controlType == ABORT ? aborted.remove(batch.lastOffset()) : null;
        if (entry == null) {
            if (controlType == ABORT && first != null && sealed) {
                find(path, position, "the transaction that is aborted here is not in the transaction index");
            }
        } else if (entry.producerId() != batch.producerId()
                || (first != null
                        && (entry.firstOffset() > first
                                || (entry.firstOffset() < first && isMissing(entry.firstOffset()))))) {
            find(
                    path(LogFileNames.TRANSACTION_INDEX),
                    0,
                    entry + " is not the transaction of producer " + batch.producerId() + " from offset " + first
                            + " on that is aborted at position " + position + " of the log");
        }
    }

    private void readTransactionIndex() throws IOException {
        Path path = path(LogFileNames.TRANSACTION_INDEX);
        ByteBuffer index = read(path, TransactionIndex.ENTRY_SIZE_BYTES);
        long lastMarker = -1L;
        long lastStable = -1L;
        while (index.hasRemaining()) {
            int at = index.position();
            short version = index.getShort();
            AbortedTransaction entry =
                    new AbortedTransaction(index.getLong(), index.getLong(), index.getLong(), index.getLong());
            if (version != 0
                    || entry.firstOffset() > entry.lastOffset()
                    || entry.lastOffset() <= lastMarker
                    || entry.lastStableOffset() > entry.lastOffset() + 1
                    || entry.lastStableOffset() < lastStable) {
                find(path, at, entry + " (version " + version + ") cannot be");
            }
            lastMarker = entry.lastOffset();
            lastStable = entry.lastStableOffset();
            aborted.put(entry.lastOffset(), entry);
        }
    }

    private void verifyOrderOfOffsets() {
        long last = -1L;
        for (int at = 0; at < offsetIndex.limit(); at += OffsetIndex.ENTRY_SIZE_BYTES) {
            if (offsetIndex.getInt(at) <= last) {
                find(path(LogFileNames.INDEX), at, "offset " + offsetAt(offsetIndex, at) + " is out of order");
            }
            last = offsetIndex.getInt(at);
        }
    }

    private void verifyOrderOfTimestamps() {
        long lastMs = -1L;
        for (int at = 0; at < timeIndex.limit(); at += TimeIndex.ENTRY_SIZE_BYTES) {
            if (timeIndex.getLong(at) <= lastMs) {
                find(path(LogFileNames.TIME_INDEX), at, "timestamp " + timeIndex.getLong(at) + " is out of order");
            }
            lastMs = timeIndex.getLong(at);
        }
    }

    private long offsetAt(ByteBuffer index, int at) {
        return baseOffset + index.getInt(at);
    }

    /** Takes the index entries that the batch ends or lies behind. */
    private void passOffsets(long lastOffset, int position) {
        while (offsetIndex.hasRemaining() && offsetAt(offsetIndex, offsetIndex.position()) <= lastOffset) {
            int at = offsetIndex.position();
            if (offsetAt(offsetIndex, at) != lastOffset || offsetIndex.getInt(at + Integer.BYTES) != position) {
                findOffsetEntry(at);
            }
            offsetIndex.position(at + OffsetIndex.ENTRY_SIZE_BYTES);
        }
    }

    private void findOffsetEntry(int at) {
        find(
                path(LogFileNames.INDEX),
                at,
                "no batch at position " + offsetIndex.getInt(at + Integer.BYTES) + " ends with offset "
                        + offsetAt(offsetIndex, at));
    }

    private void passTimestamps(long lastOffset) {
        while (timeIndex.hasRemaining() && offsetAt(timeIndex, timeIndex.position() + Long.BYTES) <= lastOffset) {
            int at = timeIndex.position();
            if (offsetAt(timeIndex, at + Long.BYTES) != lastOffset || timeIndex.getLong(at) != maxTimestampMs) {
                findTimeEntry(at);
            }
            timeIndex.position(at + TimeIndex.ENTRY_SIZE_BYTES);
        }
    }

    private void findTimeEntry(int at) {
        find(
                path(LogFileNames.TIME_INDEX),
                at,
                "no batch with timestamp " + timeIndex.getLong(at) + " ends with offset "
                        + offsetAt(timeIndex, at + Long.BYTES));
    }

    /** What the indexes have behind the log's end, and the time index lacks at it. */
    private void verifyEnds() {
        for (int at = offsetIndex.position(); at < offsetIndex.limit(); at += OffsetIndex.ENTRY_SIZE_BYTES) {
            findOffsetEntry(at);
        }
        for (int at = timeIndex.position(); at < timeIndex.limit(); at += TimeIndex.ENTRY_SIZE_BYTES) {
            findTimeEntry(at);
        }
        int size = timeIndex.limit();
        long lastMs = size == 0 ? -1L : timeIndex.getLong(size - TimeIndex.ENTRY_SIZE_BYTES);
        if (sealed && lastMs != maxTimestampMs) {
            find(path(LogFileNames.TIME_INDEX), size, "the largest timestamp is " + maxTimestampMs + ", not " + lastMs);
        }
        for (AbortedTransaction entry : aborted.values()) {
            find(path(LogFileNames.TRANSACTION_INDEX), 0, "there is no marker in the log for " + entry);
        }
    }

    /** The entries of an index; zeros behind them, as Apache Kafka has there until it closes a segment, are one finding. */
    private ByteBuffer read(Path path, int entrySizeBytes) throws IOException {
        if (!files.exists(path)) {
            return ByteBuffer.allocate(0);
        }
        byte[] bytes = files.readAll(path);
        if (bytes.length % entrySizeBytes != 0) {
            find(path, bytes.length, "the size is no multiple of " + entrySizeBytes);
        }
        int used = bytes.length;
        while (used > 0 && bytes[used - 1] == 0) {
            used--;
        }
        int entries = (used + entrySizeBytes - 1) / entrySizeBytes;
        if (bytes.length - entries * entrySizeBytes >= entrySizeBytes) {
            find(path, (long) entries * entrySizeBytes, "the rest of the file is zeros");
        }
        return ByteBuffer.wrap(bytes, 0, Math.min(entries, bytes.length / entrySizeBytes) * entrySizeBytes);
    }

    private Path path(String suffix) {
        return LogFileNames.path(directory, baseOffset, suffix);
    }

    /** One file that is wrong everywhere must not hide the others. */
    private void find(Path file, long position, String what) {
        int count = findingCounts.merge(file, 1, Integer::sum);
        if (count <= MAX_FINDINGS_PER_FILE) {
            walk.findings.add(new LogVerifier.Finding(file, position, what));
        } else if (count == MAX_FINDINGS_PER_FILE + 1) {
            walk.findings.add(new LogVerifier.Finding(file, position, "there is more, which is not listed"));
        }
    }
}
