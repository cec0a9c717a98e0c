package io.ottla.storage;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Ends a log's active segment and begins the next. A roll that fails, for want of room or file descriptors, changes nothing. */
final class LogRoller {

    private final Log log;

    LogRoller(Log log) {
        this.log = log;
    }

    /** Makes the next segment. The caller holds the log's lock. */
    LogSegment roll() throws IOException {
        LogSegment old = log.activeSegment();
        LogConfig config = log.config();
        log.snapshots().write(log.producerStates());
        old.writeIndexes();
        // The recovery point may follow, and what is below it is not read again to learn them.
        log.epochs().writeIfChanged();
        LogSegment created = LogSegment.create(
                log.options().files(),
                log.directory(),
                log.logEndOffset(),
                log.options().clock().timeMs(),
                jitterMs(config),
                initialSizeBytes(config));
        try {
            old.seal();
        } catch (IOException | RuntimeException e) {
            created.discard();
            throw e;
        }
        log.flusher().segmentAdded();
        log.addSegment(created);
        try {
            pruneSnapshots();
        } catch (IOException e) {
            StorageLog.LOG.warn("Deleting old snapshots of {} failed: {}", log.name(), LogHealth.reason(e));
        }
        log.options().scheduler().schedule(log.flusher()::flushSealed, 0L);
        return created;
    }

    /** How large the file of a new segment is made: with {@code preallocate} as large as it may become. */
    static int initialSizeBytes(LogConfig config) {
        return config.preallocate() ? config.segmentBytes() : 0;
    }

    static long jitterMs(LogConfig config) {
        long bound = Math.min(config.segmentJitterMs(), config.segmentMs());
        return bound <= 0 ? 0L : ThreadLocalRandom.current().nextLong(bound);
    }

    /** Keeps the snapshots at the segments' beginnings and the newest one. */
    void pruneSnapshots() throws IOException {
        LogSegment[] current = log.segments();
        ProducerSnapshots snapshots = log.snapshots();
        for (long offset : List.copyOf(snapshots.offsets())) {
            boolean atSegment = current[LogReader.floor(current, offset)].baseOffset() == offset;
            if (!atSegment && offset != snapshots.offsets().last()) {
                snapshots.delete(offset);
            }
        }
    }
}
