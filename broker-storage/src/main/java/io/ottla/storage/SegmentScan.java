package io.ottla.storage;

import io.ottla.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Reads a segment after a crash: how much of it is whole batches whose CRCs fit and whose offsets follow each other, and what lies
 * behind them. Changes no file.
 */
final class SegmentScan {

    /** Writes reach a device in no smaller pieces. */
    private static final int SECTOR_BYTES = 512;

    /** A shorter run of zeros at the edge of a sector may be part of a record. */
    private static final int MIN_HOLE_BYTES = 16;

    private static final int SEARCH_WINDOW_BYTES = 64 * 1024;
    private static final int MAGIC_AT = 16;
    private static final int LENGTH_AT = 8;

    private final LogSegment segment;
    private final LogConfig config;
    private final long gapsBelowOffset;
    private final SegmentIndexes indexes;
    private long transactionsFrom;
    private long nextOffset;
    private int validBytes;
    private String fault;
    private boolean torn;
    private boolean batchFollows;
    private boolean hole;
    private boolean wholeBatch;
    private boolean contradictsEpochs;
    private int newestLeaderEpoch = Integer.MAX_VALUE;
    private EpochDoubt epochDoubt;

    /**
     * The last batch has a leader epoch that nobody is known to have given, and that the CRC does not cover.
     *
     * @param position where the batch begins
     */
    record EpochDoubt(int epoch, long baseOffset, int position) {}

    /** @param gapsBelowOffset up to where offsets may be missing between batches */
    SegmentScan(LogSegment segment, LogConfig config, StorageFiles files, long gapsBelowOffset) {
        this.segment = segment;
        this.config = config;
        this.gapsBelowOffset = gapsBelowOffset;
        Path directory = segment.path(LogFileNames.LOG).getParent();
        this.indexes = new SegmentIndexes(files, directory, segment.baseOffset());
    }

    /** Says which leader epoch is the newest that the metadata have given. */
    SegmentScan newestLeaderEpoch(int epoch) {
        newestLeaderEpoch = epoch;
        return this;
    }

    /**
     * Scans from the last index entry at or before an offset on, and builds the indexes for what it sees.
     *
     * @param wantedOffset up to here the segment and its indexes are known to be on the device
     * @param epochs learns the epochs of the batches
     * @param epochsKnown whether the epochs were read from their file, so that the batches must agree with them
     */
    void run(long wantedOffset, LeaderEpochs epochs, boolean epochsKnown) throws IOException {
        indexes.doubtFiles();
        boolean transactionsUsable = indexes.loadTransactions();
        transactionsFrom = transactionsUsable ? Math.max(wantedOffset, segment.baseOffset()) : segment.baseOffset();
        indexes.transactions().truncateTo(transactionsFrom);
        if (indexes.loadOffsetsAndTimes(segment.sizeBytes())) {
            indexes.truncateOffsetsAndTimesTo(wantedOffset);
            if (!isLastEntryRight()) {
                indexes.clearOffsetsAndTimes();
            }
        }
        if (!TransactionIndexRepair.isRight(segment, indexes, segment.baseOffset() >= gapsBelowOffset)) {
            transactionsFrom = segment.baseOffset();
            indexes.transactions().truncateTo(transactionsFrom);
        }
        int position = indexes.resumePosition();
        nextOffset = -1L;
        validBytes = position;
        BatchCursor cursor = BatchCursor.scan(segment.file(), position, segment.sizeBytes());
        int lastEpoch = epochs.epochOf(segment.baseOffset());
        boolean indexed = position > 0;
        while (cursor.next()) {
            RecordBatch batch = cursor.wholeBatch();
            boolean contradicts = epochsKnown && epochs.contradicts(batch.partitionLeaderEpoch(), batch.baseOffset());
            if (contradicts && batch.isCrcValid()) {
                contradictsEpochs = true;
                return;
            }
            fault = faultOf(batch, lastEpoch);
            if (fault != null) {
                wholeBatch = batch.isCrcValid() && !isHeaderCutOff(batch);
                break;
            }
            nextOffset = batch.nextOffset();
            lastEpoch = Math.max(lastEpoch, batch.partitionLeaderEpoch());
            assignEpoch(batch, cursor.position(), epochs);
            if (indexed) {
                indexes.skip(batch.lastOffset(), cursor.batchSizeBytes(), batch.maxTimestampMs());
                indexed = false;
            } else {
                indexes.add(
                        batch.lastOffset(),
                        cursor.position(),
                        cursor.batchSizeBytes(),
                        batch.maxTimestampMs(),
                        config.indexIntervalBytes());
            }
            validBytes = cursor.position() + cursor.batchSizeBytes();
        }
        if (nextOffset < 0) {
            nextOffset = segment.baseOffset();
        }
        if (fault == null && cursor.fault() != null) {
            fault = cursor.fault();
            torn = cursor.isTorn();
        }
        if (fault != null) {
            lookBehind();
        }
    }

    /** Only of the last batch: those behind a doubtful one have a leader epoch that is not smaller, so both are believed. */
    private void assignEpoch(RecordBatch batch, int position, LeaderEpochs epochs) {
        if (epochDoubt != null) {
            epochs.assign(epochDoubt.epoch, epochDoubt.baseOffset);
            epochDoubt = null;
        }
        int epoch = batch.partitionLeaderEpoch();
        if (epoch > newestLeaderEpoch && epoch > epochs.latestEpoch()) {
            epochDoubt = new EpochDoubt(epoch, batch.baseOffset(), position);
        } else {
            epochs.assign(epoch, batch.baseOffset());
        }
    }

    /** An offset index has no CRC, and neither has the offset in a batch: they must agree. */
    private boolean isLastEntryRight() throws IOException {
        if (indexes.offsets().count() == 0) {
            return true;
        }
        BatchCursor cursor =
                BatchCursor.lookup(segment.file(), indexes.offsets().lastPosition(), segment.sizeBytes());
        return cursor.next() && cursor.batch().lastOffset() == indexes.offsets().lastOffset();
    }

    /** Whether the batch begins with what a sector was before a write to it was lost: then its CRC may fit all the same. */
    private boolean isHeaderCutOff(RecordBatch batch) {
        int inSector = SECTOR_BYTES - validBytes % SECTOR_BYTES;
        if (inSector > MAGIC_AT) {
            return false;
        }
        for (int i = 0; i < inSector; i++) {
            if (batch.buffer().get(batch.position() + i) != 0) {
                return false;
            }
        }
        return true;
    }

    private String faultOf(RecordBatch batch, int lastEpoch) {
        long baseOffset = batch.baseOffset();
        long expected = nextOffset < 0 ? segment.baseOffset() : nextOffset;
        boolean first = nextOffset < 0 && validBytes > 0;
        if (!batch.isCrcValid()) {
            return "the CRC of the batch at offset " + baseOffset + " does not fit";
        }
        if (baseOffset < expected || (baseOffset > expected && !first && baseOffset > gapsBelowOffset)) {
            return "offset " + baseOffset + " where offset " + expected + " must be";
        }
        if (batch.lastOffset() - segment.baseOffset() > Integer.MAX_VALUE) {
            return "offset " + batch.lastOffset() + " is too far from the segment's base offset";
        }
        if (batch.partitionLeaderEpoch() < lastEpoch) {
            return "leader epoch " + batch.partitionLeaderEpoch() + " after leader epoch " + lastEpoch;
        }
        return null;
    }

    /** Looks for a whole batch behind the fault, and for zeros where a write may have been lost. */
    private void lookBehind() throws IOException {
        int size = segment.sizeBytes();
        int position = validBytes;
        int end = size;
        ByteBuffer window = ByteBuffer.allocate(SEARCH_WINDOW_BYTES);
        while (position < size) {
            read(window, position, size);
            int last = window.limit() - RecordBatch.HEADER_SIZE_BYTES;
            int found = -1;
            for (int i = position == validBytes ? 1 : 0; i <= last && found < 0; i++) {
                if (looksLikeBatch(window, i, position, size) && isBatch(position + i, size)) {
                    found = position + i;
                }
            }
            if (found >= 0) {
                batchFollows = true;
                end = found;
                break;
            }
            if (position + window.limit() >= size) {
                break;
            }
            position += Math.max(1, last + 1);
        }
        hole = hasHole(validBytes, end);
    }

    private void read(ByteBuffer window, int position, int size) throws IOException {
        window.clear().limit(Math.min(window.capacity(), size - position));
        while (window.hasRemaining()) {
            if (segment.file().read(window, position + (long) window.position()) < 0) {
                break;
            }
        }
        window.flip();
    }

    private boolean looksLikeBatch(ByteBuffer window, int at, int windowPosition, int size) {
        if (window.get(at + MAGIC_AT) != RecordBatch.MAGIC) {
            return false;
        }
        int length = window.getInt(at + LENGTH_AT);
        long baseOffset = window.getLong(at);
        return length >= RecordBatch.HEADER_SIZE_BYTES - RecordBatch.OVERHEAD_SIZE_BYTES
                && windowPosition + (long) at + RecordBatch.OVERHEAD_SIZE_BYTES + length <= size
                && baseOffset >= nextOffset
                && baseOffset - segment.baseOffset() <= Integer.MAX_VALUE;
    }

    private boolean isBatch(int position, int size) throws IOException {
        BatchCursor cursor = BatchCursor.scan(segment.file(), position, size);
        return cursor.next() && cursor.wholeBatch().isCrcValid();
    }

    private boolean hasHole(int from, int end) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(SECTOR_BYTES);
        int position = from;
        while (position < end) {
            int next = (int) Math.min(end, (position / SECTOR_BYTES + 1L) * SECTOR_BYTES);
            sector.clear().limit(next - position);
            while (sector.hasRemaining()) {
                if (segment.file().read(sector, position + (long) sector.position()) < 0) {
                    break;
                }
            }
            sector.flip();
            // At the beginning of a batch, also its offset alone or what there is of it: zeros are none that can be
            // there.
            int offsetBits = 8 * Math.min(sector.limit(), Long.BYTES);
            boolean offsetLost = position == validBytes && nextOffset >>> (Long.SIZE - offsetBits) != 0;
            boolean longEnough = offsetLost || sector.limit() >= MIN_HOLE_BYTES || next - position == end - from;
            if (longEnough && isZero(sector)) {
                return true;
            }
            position = next;
        }
        return false;
    }

    private static boolean isZero(ByteBuffer bytes) {
        for (int i = 0; i < bytes.limit(); i++) {
            if (bytes.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    SegmentIndexes indexes() {
        return indexes;
    }

    /** Aborted transactions whose markers lie below this are in the index; the others have to be added. */
    long transactionsFrom() {
        return transactionsFrom;
    }

    /** The offset behind the last good batch. */
    long nextOffset() {
        return nextOffset;
    }

    /** Where the good batches end, in bytes. */
    int validBytes() {
        return validBytes;
    }

    /** What is wrong behind them, null if nothing. */
    String fault() {
        return fault;
    }

    /** Whether the fault is that the file ends within a batch. */
    boolean isTorn() {
        return torn;
    }

    /** Whether the fault is that of a batch whose CRC fits: no write that did not end leaves that. */
    boolean isWholeBatch() {
        return wholeBatch;
    }

    /** Whether a batch has another leader epoch than the file says that was given. */
    boolean contradictsEpochs() {
        return contradictsEpochs;
    }

    /** The last good batch if its leader epoch is doubtful, and then not among those that were learned; else null. */
    EpochDoubt epochDoubt() {
        return epochDoubt;
    }

    /** Whether a whole batch with a fitting CRC and a later offset lies behind the fault. */
    boolean batchFollows() {
        return batchFollows;
    }

    /** Whether between the good batches and the next good one, or the end, there is a sector of zeros. */
    boolean hasHole() {
        return hole;
    }
}
