package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.TimestampType;
import java.util.List;
import java.util.Locale;

/**
 * Makes a {@link LogConfig}: by typed setters, which take any value, or by {@link #set}, which takes Apache Kafka's names and
 * refuses what Apache Kafka refuses. Not thread-safe.
 */
public final class LogConfigBuilder {

    private static final long DAY_MS = 86_400_000L;
    private static final long WEEK_MS = 7 * DAY_MS;
    private static final int MIN_SEGMENT_BYTES = 1 << 20;
    private static final List<String> NAMES = List.of(
            "cleanup.policy",
            "compression.gzip.level",
            "compression.lz4.level",
            "compression.type",
            "compression.zstd.level",
            "delete.retention.ms",
            "file.delete.delay.ms",
            "flush.messages",
            "flush.ms",
            "index.interval.bytes",
            "internal.segment.bytes",
            "max.compaction.lag.ms",
            "max.message.bytes",
            "message.timestamp.after.max.ms",
            "message.timestamp.before.max.ms",
            "message.timestamp.type",
            "min.cleanable.dirty.ratio",
            "min.compaction.lag.ms",
            "preallocate",
            "retention.bytes",
            "retention.ms",
            "segment.bytes",
            "segment.index.bytes",
            "segment.jitter.ms",
            "segment.ms");

    int segmentBytes = 1 << 30;
    long segmentMs = WEEK_MS;
    long segmentJitterMs = 0L;
    int segmentIndexBytes = 10 << 20;
    int indexIntervalBytes = 4096;
    boolean preallocate = false;
    long flushMessages = Long.MAX_VALUE;
    long flushMs = Long.MAX_VALUE;
    long retentionBytes = -1L;
    long retentionMs = WEEK_MS;
    long fileDeleteDelayMs = 60_000L;
    int maxMessageBytes = 1_048_588;
    TimestampType messageTimestampType = TimestampType.CREATE_TIME;
    long messageTimestampBeforeMaxMs = Long.MAX_VALUE;
    long messageTimestampAfterMaxMs = 3_600_000L;
    CompressionType compressionType;
    int compressionGzipLevel = -1;
    int compressionLz4Level = 9;
    int compressionZstdLevel = 3;
    boolean cleanupDelete = true;
    boolean cleanupCompact = false;
    long deleteRetentionMs = DAY_MS;
    long minCompactionLagMs = 0L;
    long maxCompactionLagMs = Long.MAX_VALUE;
    double minCleanableDirtyRatio = 0.5;

    LogConfigBuilder() {}

    /** The names that {@link #set} knows, sorted. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * Sets one setting by its Kafka name.
     *
     * @throws ApiException INVALID_CONFIG if the name is unknown or the value is none it can have
     */
    public LogConfigBuilder set(String name, String value) {
        String trimmed = value.trim();
        if (!setSegmentSetting(name, trimmed) && !setMessageSetting(name, trimmed)) {
            throw new ApiException(ErrorCode.INVALID_CONFIG, "Unknown topic config name: " + name);
        }
        return this;
    }

    /** The settings as they are now. */
    public LogConfig build() {
        return new LogConfig(this);
    }

    /** {@code segment.bytes}. */
    public LogConfigBuilder segmentBytes(int value) {
        this.segmentBytes = value;
        return this;
    }

    /** {@code segment.ms}. */
    public LogConfigBuilder segmentMs(long value) {
        this.segmentMs = value;
        return this;
    }

    /** {@code segment.jitter.ms}. */
    public LogConfigBuilder segmentJitterMs(long value) {
        this.segmentJitterMs = value;
        return this;
    }

    /** {@code segment.index.bytes}. */
    public LogConfigBuilder segmentIndexBytes(int value) {
        this.segmentIndexBytes = value;
        return this;
    }

    /** {@code index.interval.bytes}. */
    public LogConfigBuilder indexIntervalBytes(int value) {
        this.indexIntervalBytes = value;
        return this;
    }

    /** {@code preallocate}. */
    public LogConfigBuilder preallocate(boolean value) {
        this.preallocate = value;
        return this;
    }

    /** {@code flush.messages}. */
    public LogConfigBuilder flushMessages(long value) {
        this.flushMessages = value;
        return this;
    }

    /** {@code flush.ms}. */
    public LogConfigBuilder flushMs(long value) {
        this.flushMs = value;
        return this;
    }

    /** {@code retention.bytes}. */
    public LogConfigBuilder retentionBytes(long value) {
        this.retentionBytes = value;
        return this;
    }

    /** {@code retention.ms}. */
    public LogConfigBuilder retentionMs(long value) {
        this.retentionMs = value;
        return this;
    }

    /** {@code file.delete.delay.ms}. */
    public LogConfigBuilder fileDeleteDelayMs(long value) {
        this.fileDeleteDelayMs = value;
        return this;
    }

    /** {@code max.message.bytes}. */
    public LogConfigBuilder maxMessageBytes(int value) {
        this.maxMessageBytes = value;
        return this;
    }

    /** {@code message.timestamp.type}. */
    public LogConfigBuilder messageTimestampType(TimestampType value) {
        this.messageTimestampType = value;
        return this;
    }

    /** {@code message.timestamp.before.max.ms}. */
    public LogConfigBuilder messageTimestampBeforeMaxMs(long value) {
        this.messageTimestampBeforeMaxMs = value;
        return this;
    }

    /** {@code message.timestamp.after.max.ms}. */
    public LogConfigBuilder messageTimestampAfterMaxMs(long value) {
        this.messageTimestampAfterMaxMs = value;
        return this;
    }

    /** {@code compression.type}; null for {@code producer}. */
    public LogConfigBuilder compressionType(CompressionType value) {
        this.compressionType = value;
        return this;
    }

    /** {@code compression.gzip.level}. */
    public LogConfigBuilder compressionGzipLevel(int value) {
        this.compressionGzipLevel = value;
        return this;
    }

    /** {@code compression.lz4.level}. */
    public LogConfigBuilder compressionLz4Level(int value) {
        this.compressionLz4Level = value;
        return this;
    }

    /** {@code compression.zstd.level}. */
    public LogConfigBuilder compressionZstdLevel(int value) {
        this.compressionZstdLevel = value;
        return this;
    }

    /** {@code delete.retention.ms}. */
    public LogConfigBuilder deleteRetentionMs(long value) {
        this.deleteRetentionMs = value;
        return this;
    }

    /** {@code min.compaction.lag.ms}. */
    public LogConfigBuilder minCompactionLagMs(long value) {
        this.minCompactionLagMs = value;
        return this;
    }

    /** {@code max.compaction.lag.ms}. */
    public LogConfigBuilder maxCompactionLagMs(long value) {
        this.maxCompactionLagMs = value;
        return this;
    }

    /** {@code min.cleanable.dirty.ratio}. */
    public LogConfigBuilder minCleanableDirtyRatio(double value) {
        this.minCleanableDirtyRatio = value;
        return this;
    }

    /** {@code cleanup.policy}. */
    public LogConfigBuilder cleanupPolicy(boolean delete, boolean compact) {
        this.cleanupDelete = delete;
        this.cleanupCompact = compact;
        return this;
    }

    /** Returns whether the name is one of these. A switch rather than a table of lambdas: a broker makes its first builder as it starts. */
    private boolean setSegmentSetting(String name, String value) {
        switch (name) {
            case "segment.bytes" -> segmentBytes(parseInt(name, value, MIN_SEGMENT_BYTES, Integer.MAX_VALUE));
            case "internal.segment.bytes" -> segmentBytes(parseInt(name, value, 1, Integer.MAX_VALUE));
            case "segment.ms" -> segmentMs(parseLong(name, value, 1));
            case "segment.jitter.ms" -> segmentJitterMs(parseLong(name, value, 0));
            case "segment.index.bytes" -> segmentIndexBytes(parseInt(name, value, 4, Integer.MAX_VALUE));
            case "index.interval.bytes" -> indexIntervalBytes(parseInt(name, value, 0, Integer.MAX_VALUE));
            case "preallocate" -> preallocate(parseBoolean(name, value));
            case "flush.messages" -> flushMessages(parseLong(name, value, 1));
            case "flush.ms" -> flushMs(parseLong(name, value, 0));
            case "retention.bytes" -> retentionBytes(parseLong(name, value, Long.MIN_VALUE));
            case "retention.ms" -> retentionMs(parseLong(name, value, -1));
            case "file.delete.delay.ms" -> fileDeleteDelayMs(parseLong(name, value, 0));
            case "cleanup.policy" -> parseCleanupPolicy(value);
            case "delete.retention.ms" -> deleteRetentionMs(parseLong(name, value, 0));
            case "min.compaction.lag.ms" -> minCompactionLagMs(parseLong(name, value, 0));
            case "max.compaction.lag.ms" -> maxCompactionLagMs(parseLong(name, value, 1));
            case "min.cleanable.dirty.ratio" -> parseDirtyRatio(value);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Returns whether the name is one of these. */
    private boolean setMessageSetting(String name, String value) {
        switch (name) {
            case "max.message.bytes" -> maxMessageBytes(parseInt(name, value, 0, Integer.MAX_VALUE));
            case "message.timestamp.type" -> parseTimestampType(value);
            case "message.timestamp.before.max.ms" -> messageTimestampBeforeMaxMs(parseLong(name, value, 0));
            case "message.timestamp.after.max.ms" -> messageTimestampAfterMaxMs(parseLong(name, value, 0));
            case "compression.type" -> parseCompressionType(value);
            case "compression.gzip.level" -> parseGzipLevel(value);
            case "compression.lz4.level" -> compressionLz4Level(parseInt(name, value, 1, 17));
            case "compression.zstd.level" -> compressionZstdLevel(parseInt(name, value, -131_072, 22));
            default -> {
                return false;
            }
        }
        return true;
    }

    private static int parseInt(String name, String value, int min, int max) {
        return (int) parse(name, value, "INT", min, max);
    }

    private static long parseLong(String name, String value, long min) {
        return parse(name, value, "LONG", min, Long.MAX_VALUE);
    }

    private static long parse(String name, String value, String type, long min, long max) {
        long parsed;
        try {
            parsed = type.equals("INT") ? Integer.parseInt(value) : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw invalid(name, value, "Not a number of type " + type);
        }
        if (parsed < min) {
            throw invalid(name, value, "Value must be at least " + min);
        }
        if (parsed > max) {
            throw invalid(name, value, "Value must be no more than " + max);
        }
        return parsed;
    }

    private static boolean parseBoolean(String name, String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw invalid(name, value, "Expected value to be either true or false");
        };
    }

    private void parseDirtyRatio(String value) {
        double ratio;
        try {
            ratio = Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw invalid("min.cleanable.dirty.ratio", value, "Not a number of type DOUBLE");
        }
        if (!(ratio >= 0.0)) {
            throw invalid("min.cleanable.dirty.ratio", value, "Value must be at least 0");
        }
        if (ratio > 1.0) {
            throw invalid("min.cleanable.dirty.ratio", value, "Value must be no more than 1");
        }
        minCleanableDirtyRatio(ratio);
    }

    private void parseCleanupPolicy(String value) {
        boolean delete = false;
        boolean compact = false;
        for (String policy : value.isEmpty() ? new String[0] : value.split(",", -1)) {
            switch (policy.trim()) {
                case "delete" -> delete = true;
                case "compact" -> compact = true;
                default -> throw invalid("cleanup.policy", policy.trim(), "String must be one of: compact, delete");
            }
        }
        cleanupPolicy(delete, compact);
    }

    private void parseGzipLevel(String value) {
        long level = parse("compression.gzip.level", value, "INT", Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (level != -1 && (level < 1 || level > 9)) {
            throw invalid("compression.gzip.level", value, "Value must be between 1 and 9 or equal to -1");
        }
        compressionGzipLevel((int) level);
    }

    private void parseCompressionType(String value) {
        compressionType(
                switch (value) {
                    case "producer" -> null;
                    case "uncompressed" -> CompressionType.NONE;
                    case "gzip" -> CompressionType.GZIP;
                    case "snappy" -> CompressionType.SNAPPY;
                    case "lz4" -> CompressionType.LZ4;
                    case "zstd" -> CompressionType.ZSTD;
                    default ->
                        throw invalid(
                                "compression.type",
                                value,
                                "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer");
                });
    }

    private void parseTimestampType(String value) {
        messageTimestampType(
                switch (value) {
                    case "CreateTime" -> TimestampType.CREATE_TIME;
                    case "LogAppendTime" -> TimestampType.LOG_APPEND_TIME;
                    default ->
                        throw invalid(
                                "message.timestamp.type", value, "String must be one of: CreateTime, LogAppendTime");
                });
    }

    private static ApiException invalid(String name, String value, String reason) {
        return new ApiException(
                ErrorCode.INVALID_CONFIG, "Invalid value " + value + " for configuration " + name + ": " + reason);
    }
}
