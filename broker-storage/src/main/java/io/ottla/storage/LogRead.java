package io.ottla.storage;

import java.util.List;

/**
 * What {@link Log#read} found. The bounds of the log are those of the time of the reading.
 *
 * <p>Must be ended by {@link FileRecords#release()} of its records.
 */
public final class LogRead {

    private final LogReader reader;
    private final FileRecords records;
    private final long startOffset;
    private final long endOffset;
    private final long logStartOffset;

    LogRead(LogReader reader, FileRecords records, long startOffset, long endOffset, long logStartOffset) {
        this.reader = reader;
        this.records = records;
        this.startOffset = startOffset;
        this.endOffset = endOffset;
        this.logStartOffset = logStartOffset;
    }

    /** The batches, from the one that holds the start offset on; empty if there is none yet. */
    public FileRecords records() {
        return records;
    }

    /** The offset that was asked for; the first batch may begin below it. */
    public long startOffset() {
        return startOffset;
    }

    /** The first offset of the log. */
    public long logStartOffset() {
        return logStartOffset;
    }

    /**
     * The aborted transactions that have records in what was read, in the order of their markers; for read_committed
     * consumers.
     *
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR if the index cannot be read
     */
    public List<AbortedTransaction> abortedTransactions() {
        return records.sizeBytes() == 0 ? List.of() : reader.abortedTransactions(startOffset, endOffset);
    }
}
