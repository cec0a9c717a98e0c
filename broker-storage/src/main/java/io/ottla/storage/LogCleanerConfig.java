package io.ottla.storage;

/**
 * What compaction may use.
 *
 * @param dedupeBufferSizeBytes {@code log.cleaner.dedupe.buffer.size}: the most memory that the keys of one log take; it is taken
 *     as keys are found
 * @param loadFactor {@code log.cleaner.io.buffer.load.factor}: how full the table of keys may get, above 0 and at most 1
 * @param maxBytesPerSecond {@code log.cleaner.io.max.bytes.per.second}: how much may be read and written, on the average
 */
public record LogCleanerConfig(long dedupeBufferSizeBytes, double loadFactor, double maxBytesPerSecond) {

    /** Apache Kafka's defaults. */
    public static final LogCleanerConfig DEFAULT = new LogCleanerConfig(128L << 20, 0.9, Double.MAX_VALUE);
}
