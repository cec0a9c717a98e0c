package io.ottla.storage;

import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.TimestampType;

/**
 * The settings of one log, by the names and with the defaults of Apache Kafka's topic configs. Immutable.
 *
 * <p>Settings that speak of replicas or remote storage are not here: a log knows of neither.
 */
public final class LogConfig {

    /** Apache Kafka's defaults. */
    public static final LogConfig DEFAULT = builder().build();

    private final int segmentBytes;
    private final long segmentMs;
    private final long segmentJitterMs;
    private final int segmentIndexBytes;
    private final int indexIntervalBytes;
    private final boolean preallocate;
    private final long flushMessages;
    private final long flushMs;
    private final long retentionBytes;
    private final long retentionMs;
    private final long fileDeleteDelayMs;
    private final int maxMessageBytes;
    private final TimestampType messageTimestampType;
    private final long messageTimestampBeforeMaxMs;
    private final long messageTimestampAfterMaxMs;
    private final CompressionType compressionType;
    private final int compressionGzipLevel;
    private final int compressionLz4Level;
    private final int compressionZstdLevel;
    private final boolean cleanupDelete;
    private final boolean cleanupCompact;
    private final long deleteRetentionMs;
    private final long minCompactionLagMs;
    private final long maxCompactionLagMs;
    private final double minCleanableDirtyRatio;

    LogConfig(LogConfigBuilder from) {
        this.segmentBytes = from.segmentBytes;
        this.segmentMs = from.segmentMs;
        this.segmentJitterMs = from.segmentJitterMs;
        this.segmentIndexBytes = from.segmentIndexBytes;
        this.indexIntervalBytes = from.indexIntervalBytes;
        this.preallocate = from.preallocate;
        this.flushMessages = from.flushMessages;
        this.flushMs = from.flushMs;
        this.retentionBytes = from.retentionBytes;
        this.retentionMs = from.retentionMs;
        this.fileDeleteDelayMs = from.fileDeleteDelayMs;
        this.maxMessageBytes = from.maxMessageBytes;
        this.messageTimestampType = from.messageTimestampType;
        this.messageTimestampBeforeMaxMs = from.messageTimestampBeforeMaxMs;
        this.messageTimestampAfterMaxMs = from.messageTimestampAfterMaxMs;
        this.compressionType = from.compressionType;
        this.compressionGzipLevel = from.compressionGzipLevel;
        this.compressionLz4Level = from.compressionLz4Level;
        this.compressionZstdLevel = from.compressionZstdLevel;
        this.cleanupDelete = from.cleanupDelete;
        this.cleanupCompact = from.cleanupCompact;
        this.deleteRetentionMs = from.deleteRetentionMs;
        this.minCompactionLagMs = from.minCompactionLagMs;
        this.maxCompactionLagMs = from.maxCompactionLagMs;
        this.minCleanableDirtyRatio = from.minCleanableDirtyRatio;
    }

    /** A builder with Apache Kafka's defaults. */
    public static LogConfigBuilder builder() {
        return new LogConfigBuilder();
    }

    /** {@code segment.bytes}: a segment that would grow above this is rolled. */
    public int segmentBytes() {
        return segmentBytes;
    }

    /** {@code segment.ms}: a segment whose first batch is older than the new one by this is rolled. */
    public long segmentMs() {
        return segmentMs;
    }

    /** After which time a segment is rolled: with compaction, at {@code max.compaction.lag.ms} at the latest. */
    long maxSegmentMs() {
        return cleanupCompact && maxCompactionLagMs > 0 ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs;
    }

    /** {@code segment.jitter.ms}: up to this is taken from segment.ms, so that not all logs roll at once. */
    public long segmentJitterMs() {
        return segmentJitterMs;
    }

    /** {@code segment.index.bytes}: how large an index may become before the segment is rolled. */
    public int segmentIndexBytes() {
        return segmentIndexBytes;
    }

    /** {@code index.interval.bytes}: how much log lies between two index entries. */
    public int indexIntervalBytes() {
        return indexIntervalBytes;
    }

    /** {@code preallocate}. */
    public boolean preallocate() {
        return preallocate;
    }

    /** {@code flush.messages}: the log is synced when this many records are not. */
    public long flushMessages() {
        return flushMessages;
    }

    /** {@code flush.ms}: the log is synced when its oldest record that is not has waited this long. */
    public long flushMs() {
        return flushMs;
    }

    /** {@code retention.bytes}, -1 for no limit. */
    public long retentionBytes() {
        return retentionBytes;
    }

    /** {@code retention.ms}, -1 for no limit. */
    public long retentionMs() {
        return retentionMs;
    }

    /** {@code file.delete.delay.ms}: how long a deleted segment's files stay under another name. */
    public long fileDeleteDelayMs() {
        return fileDeleteDelayMs;
    }

    /** {@code max.message.bytes}: the largest batch a client may append. */
    public int maxMessageBytes() {
        return maxMessageBytes;
    }

    /** {@code message.timestamp.type}. */
    public TimestampType messageTimestampType() {
        return messageTimestampType;
    }

    /** {@code message.timestamp.before.max.ms}: how old a client's timestamp may be. */
    public long messageTimestampBeforeMaxMs() {
        return messageTimestampBeforeMaxMs;
    }

    /** {@code message.timestamp.after.max.ms}: how far ahead a client's timestamp may be. */
    public long messageTimestampAfterMaxMs() {
        return messageTimestampAfterMaxMs;
    }

    /** {@code compression.type}; null for {@code producer}: batches are kept as they come. */
    public CompressionType compressionType() {
        return compressionType;
    }

    /** The level that {@code compression.<type>.level} sets for that type. */
    public int compressionLevel(CompressionType type) {
        return switch (type) {
            case GZIP -> compressionGzipLevel;
            case LZ4 -> compressionLz4Level;
            case ZSTD -> compressionZstdLevel;
            case NONE, SNAPPY -> 0;
        };
    }

    /** Whether {@code cleanup.policy} has {@code delete}. */
    public boolean cleanupDelete() {
        return cleanupDelete;
    }

    /** Whether {@code cleanup.policy} has {@code compact}. */
    public boolean cleanupCompact() {
        return cleanupCompact;
    }

    /** {@code delete.retention.ms}: how long a tombstone stays. */
    public long deleteRetentionMs() {
        return deleteRetentionMs;
    }

    /** {@code min.compaction.lag.ms}. */
    public long minCompactionLagMs() {
        return minCompactionLagMs;
    }

    /** {@code max.compaction.lag.ms}. */
    public long maxCompactionLagMs() {
        return maxCompactionLagMs;
    }

    /** {@code min.cleanable.dirty.ratio}. */
    public double minCleanableDirtyRatio() {
        return minCleanableDirtyRatio;
    }

    /** A builder that starts from these settings. */
    public LogConfigBuilder toBuilder() {
        LogConfigBuilder builder = new LogConfigBuilder()
                .segmentBytes(segmentBytes)
                .segmentMs(segmentMs)
                .segmentJitterMs(segmentJitterMs)
                .segmentIndexBytes(segmentIndexBytes)
                .indexIntervalBytes(indexIntervalBytes)
                .preallocate(preallocate)
                .flushMessages(flushMessages)
                .flushMs(flushMs)
                .retentionBytes(retentionBytes)
                .retentionMs(retentionMs)
                .fileDeleteDelayMs(fileDeleteDelayMs)
                .maxMessageBytes(maxMessageBytes);
        return builder.messageTimestampType(messageTimestampType)
                .messageTimestampBeforeMaxMs(messageTimestampBeforeMaxMs)
                .messageTimestampAfterMaxMs(messageTimestampAfterMaxMs)
                .compressionType(compressionType)
                .compressionGzipLevel(compressionGzipLevel)
                .compressionLz4Level(compressionLz4Level)
                .compressionZstdLevel(compressionZstdLevel)
                .cleanupPolicy(cleanupDelete, cleanupCompact)
                .deleteRetentionMs(deleteRetentionMs)
                .minCompactionLagMs(minCompactionLagMs)
                .maxCompactionLagMs(maxCompactionLagMs)
                .minCleanableDirtyRatio(minCleanableDirtyRatio);
    }
}
