package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.TimestampType;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * Makes a {@link LogConfig}: by typed setters, which take any value, or by {@link #set}, which takes Apache Kafka's names and
 * refuses what Apache Kafka refuses. Not thread-safe.
 */
public final class LogConfigBuilder {

    private static final long DAY_MS = 86_400_000L;
    private static final long WEEK_MS = 7 * DAY_MS;
    private static final int MIN_SEGMENT_BYTES = 1 << 20;
    private static final Map<String, BiConsumer<LogConfigBuilder, String>> SETTERS = setters();

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

    /** The names that {@link #set} knows. */
    public static Set<String> names() {
        return new TreeSet<>(SETTERS.keySet());
    }

    /**
     * Sets one setting by its Kafka name.
     *
     * @throws ApiException INVALID_CONFIG if the name is unknown or the value is none it can have
     */
    public LogConfigBuilder set(String name, String value) {
        BiConsumer<LogConfigBuilder, String> setter = SETTERS.get(name);
        if (setter == null) {
            throw new ApiException(ErrorCode.INVALID_CONFIG, "Unknown topic config name: " + name);
        }
        setter.accept(this, value.trim());
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

    private static Map<String, BiConsumer<LogConfigBuilder, String>> setters() {
        Map<String, BiConsumer<LogConfigBuilder, String>> setters = new HashMap<>();
        putSegmentSetters(setters);
        putMessageSetters(setters);
        return Map.copyOf(setters);
    }

    private static void putSegmentSetters(Map<String, BiConsumer<LogConfigBuilder, String>> to) {
        putInt(to, "segment.bytes", MIN_SEGMENT_BYTES, Integer.MAX_VALUE, LogConfigBuilder::segmentBytes);
        putInt(to, "internal.segment.bytes", 1, Integer.MAX_VALUE, LogConfigBuilder::segmentBytes);
        putLong(to, "segment.ms", 1, LogConfigBuilder::segmentMs);
        putLong(to, "segment.jitter.ms", 0, LogConfigBuilder::segmentJitterMs);
        putInt(to, "segment.index.bytes", 4, Integer.MAX_VALUE, LogConfigBuilder::segmentIndexBytes);
        putInt(to, "index.interval.bytes", 0, Integer.MAX_VALUE, LogConfigBuilder::indexIntervalBytes);
        putLong(to, "flush.messages", 1, LogConfigBuilder::flushMessages);
        putLong(to, "flush.ms", 0, LogConfigBuilder::flushMs);
        putLong(to, "retention.bytes", Long.MIN_VALUE, LogConfigBuilder::retentionBytes);
        putLong(to, "retention.ms", -1, LogConfigBuilder::retentionMs);
        putLong(to, "file.delete.delay.ms", 0, LogConfigBuilder::fileDeleteDelayMs);
        putLong(to, "delete.retention.ms", 0, LogConfigBuilder::deleteRetentionMs);
        putLong(to, "min.compaction.lag.ms", 0, LogConfigBuilder::minCompactionLagMs);
        putLong(to, "max.compaction.lag.ms", 1, LogConfigBuilder::maxCompactionLagMs);
        to.put("preallocate", (builder, value) -> builder.preallocate(parseBoolean("preallocate", value)));
        to.put("min.cleanable.dirty.ratio", LogConfigBuilder::parseDirtyRatio);
        to.put("cleanup.policy", LogConfigBuilder::parseCleanupPolicy);
    }

    private static void putMessageSetters(Map<String, BiConsumer<LogConfigBuilder, String>> to) {
        putInt(to, "max.message.bytes", 0, Integer.MAX_VALUE, LogConfigBuilder::maxMessageBytes);
        putLong(to, "message.timestamp.before.max.ms", 0, LogConfigBuilder::messageTimestampBeforeMaxMs);
        putLong(to, "message.timestamp.after.max.ms", 0, LogConfigBuilder::messageTimestampAfterMaxMs);
        putInt(to, "compression.lz4.level", 1, 17, LogConfigBuilder::compressionLz4Level);
        putInt(to, "compression.zstd.level", -131_072, 22, LogConfigBuilder::compressionZstdLevel);
        to.put("compression.gzip.level", LogConfigBuilder::parseGzipLevel);
        to.put("compression.type", LogConfigBuilder::parseCompressionType);
        to.put("message.timestamp.type", LogConfigBuilder::parseTimestampType);
    }

    private static void putInt(
            Map<String, BiConsumer<LogConfigBuilder, String>> to,
            String name,
            int min,
            int max,
            BiConsumer<LogConfigBuilder, Integer> setter) {
        to.put(name, (builder, value) -> setter.accept(builder, (int) parse(name, value, "INT", min, max)));
    }

    private static void putLong(
            Map<String, BiConsumer<LogConfigBuilder, String>> to,
            String name,
            long min,
            BiConsumer<LogConfigBuilder, Long> setter) {
        to.put(name, (builder, value) -> setter.accept(builder, parse(name, value, "LONG", min, Long.MAX_VALUE)));
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

    private static void parseDirtyRatio(LogConfigBuilder builder, String value) {
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
        builder.minCleanableDirtyRatio(ratio);
    }

    private static void parseCleanupPolicy(LogConfigBuilder builder, String value) {
        boolean delete = false;
        boolean compact = false;
        for (String policy : value.isEmpty() ? new String[0] : value.split(",", -1)) {
            switch (policy.trim()) {
                case "delete" -> delete = true;
                case "compact" -> compact = true;
                default -> throw invalid("cleanup.policy", policy.trim(), "String must be one of: compact, delete");
            }
        }
        builder.cleanupPolicy(delete, compact);
    }

    private static void parseGzipLevel(LogConfigBuilder builder, String value) {
        long level = parse("compression.gzip.level", value, "INT", Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (level != -1 && (level < 1 || level > 9)) {
            throw invalid("compression.gzip.level", value, "Value must be between 1 and 9 or equal to -1");
        }
        builder.compressionGzipLevel((int) level);
    }

    private static void parseCompressionType(LogConfigBuilder builder, String value) {
        builder.compressionType(
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

    private static void parseTimestampType(LogConfigBuilder builder, String value) {
        builder.messageTimestampType(
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
