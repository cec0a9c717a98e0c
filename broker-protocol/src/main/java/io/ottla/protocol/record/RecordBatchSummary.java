package io.ottla.protocol.record;

/**
 * What {@link RecordBatchValidator} found in a buffer of batches. Made once and reused; not thread-safe. If the validation
 * failed, the numbers mean nothing.
 */
public final class RecordBatchSummary {
    final RecordBatch batch = new RecordBatch();

    private int batchCount;
    private long recordCount;
    private int sizeBytes;
    private long offsetCount;
    private long maxTimestampMs;
    private boolean compressed;
    private boolean logAppendTime;
    private boolean transactional;
    private boolean control;
    private boolean idempotent;

    void clear() {
        batchCount = 0;
        recordCount = 0;
        sizeBytes = 0;
        offsetCount = 0;
        maxTimestampMs = RecordBatch.NO_TIMESTAMP_MS;
        compressed = false;
        logAppendTime = false;
        transactional = false;
        control = false;
        idempotent = false;
    }

    void add(RecordBatch added, int addedSizeBytes) {
        batchCount++;
        recordCount += added.recordCount();
        sizeBytes += addedSizeBytes;
        offsetCount += added.lastOffsetDelta() + 1L;
        maxTimestampMs = Math.max(maxTimestampMs, added.maxTimestampMs());
        compressed |= added.isCompressed();
        logAppendTime |= added.timestampType() == TimestampType.LOG_APPEND_TIME;
        transactional |= added.isTransactional();
        control |= added.isControlBatch();
        idempotent |= added.hasProducerId();
    }

    /** How many batches there are. */
    public int batchCount() {
        return batchCount;
    }

    /** How many records all batches together say they hold. */
    public long recordCount() {
        return recordCount;
    }

    /** The size of all batches; they begin at the buffer's position. */
    public int sizeBytes() {
        return sizeBytes;
    }

    /** How many offsets all batches together take; more than records if the cleaner has been at work. */
    public long offsetCount() {
        return offsetCount;
    }

    /** The largest of the batches' maximum timestamps, or {@link RecordBatch#NO_TIMESTAMP_MS}. */
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    /** Whether a batch is compressed. */
    public boolean hasCompressed() {
        return compressed;
    }

    /**
     * Whether a batch is of type LogAppendTime, which is the broker's to say. Apache Kafka refuses such a batch of a client
     * with INVALID_TIMESTAMP if the topic is of that type too or a record has no timestamp, and takes it otherwise.
     */
    public boolean hasLogAppendTime() {
        return logAppendTime;
    }

    /** Whether a batch is transactional. */
    public boolean hasTransactional() {
        return transactional;
    }

    /** Whether a batch is a control batch. */
    public boolean hasControl() {
        return control;
    }

    /** Whether a batch names an idempotent producer. */
    public boolean hasProducerId() {
        return idempotent;
    }
}
