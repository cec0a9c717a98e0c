package io.ottla.storage;

import java.io.IOException;
import java.util.Arrays;

/**
 * How much of a compacted log there is to clean, at one moment.
 *
 * <pre>
 *   log start     first dirty offset      uncleanable from      log end
 *   |   clean     |   dirty               |  later segments,    |
 *                                         |  the active one     |
 * </pre>
 *
 * <p>Only whole segments below the last stable offset are cleaned, so every transaction in them is decided; never the active one,
 * and none whose records are younger than {@code min.compaction.lag.ms}.
 */
final class CleanableLog {

    private final LogDirectory directory;
    private final Log log;
    private final LogSegment[] segments;
    private final long firstDirtyOffset;
    private final long uncleanableOffset;
    private long cleanBytes;
    private long dirtyBytes;
    private boolean overdue;

    CleanableLog(LogDirectory directory, Log log, long nowMs) throws IOException {
        this.directory = directory;
        this.log = log;
        LogConfig config = log.config();
        long boundOffset = log.lastStableOffset();
        long startOffset = log.logStartOffset();
        long cleanedOffset = directory.cleanedOffset(log.name());
        boolean usable = cleanedOffset >= startOffset && cleanedOffset <= log.logEndOffset();
        this.firstDirtyOffset = usable ? cleanedOffset : startOffset;
        LogSegment[] all = log.segments();
        int count = 0;
        while (count + 1 < all.length && all[count + 1].baseOffset() <= boundOffset) {
            boolean isDirty = all[count + 1].baseOffset() > firstDirtyOffset;
            if (isDirty && isYoung(all[count], config, nowMs)) {
                break;
            }
            add(all[count], isDirty, config, nowMs);
            count++;
        }
        this.segments = Arrays.copyOf(all, count);
        this.uncleanableOffset = all[count].baseOffset();
    }

    private static boolean isYoung(LogSegment segment, LogConfig config, long nowMs) throws IOException {
        return config.minCompactionLagMs() > 0 && segment.maxTimestampMs() > nowMs - config.minCompactionLagMs();
    }

    private void add(LogSegment segment, boolean isDirty, LogConfig config, long nowMs) throws IOException {
        if (!isDirty) {
            cleanBytes += segment.sizeBytes();
            return;
        }
        dirtyBytes += segment.sizeBytes();
        if (config.maxCompactionLagMs() < Long.MAX_VALUE && !overdue) {
            long firstMs = segment.firstBatchTimestampMs();
            overdue = firstMs > 0 && nowMs - firstMs > config.maxCompactionLagMs();
        }
    }

    /** Whether the settings ask for a cleaning now. */
    boolean isDue() {
        return dirtyBytes > 0 && (overdue || dirtyRatio() > log.config().minCleanableDirtyRatio());
    }

    /** The share of the cleanable bytes that is dirty, 0 to 1. */
    double dirtyRatio() {
        return dirtyBytes == 0 ? 0 : (double) dirtyBytes / (cleanBytes + dirtyBytes);
    }

    LogDirectory directory() {
        return directory;
    }

    Log log() {
        return log;
    }

    /** The segments that may be cleaned, from the first of the log on. */
    LogSegment[] segments() {
        return segments;
    }

    /** Where a segment of them ends: the base offset of the next. */
    long endOffset(int segment) {
        return segment + 1 < segments.length ? segments[segment + 1].baseOffset() : uncleanableOffset;
    }

    /** Below this, no key is there twice. */
    long firstDirtyOffset() {
        return firstDirtyOffset;
    }

    /** Base offset of the first segment that must stay as it is. */
    long uncleanableOffset() {
        return uncleanableOffset;
    }
}
