package io.ottla.storage;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Compacts logs whose {@code cleanup.policy} says so: of all records with the same key the last one stays. Cleans one log at a time,
 * the one with the largest share of dirty bytes first, and remembers in {@code cleaner-offset-checkpoint} how far it got.
 *
 * <p>Thread-safe. It has no thread and no timer of its own: whoever owns it calls {@link #cleanDirtiest} from time to time, on a
 * thread that may be kept busy.
 */
public final class LogCleaner implements AutoCloseable {

    private static final double MS_PER_SECOND = 1000.0;

    /**
     * What one cleaning did.
     *
     * @param log the log that was cleaned
     * @param cleanedOffset up to where no key is there twice any more
     * @param bytesMoved how much was read and written
     * @param pauseMs how long to wait before the next cleaning, for the limit of bytes per second to hold
     */
    public record Cleaning(Log log, long cleanedOffset, long bytesMoved, long pauseMs) {}

    private final List<LogDirectory> directories;
    private final LogCleanerConfig config;
    private final ReentrantLock running = new ReentrantLock();

    /** Logs that turned out to be damaged: they are left alone until they are opened again. */
    private final Set<Log> damaged = Collections.newSetFromMap(new WeakHashMap<>());

    private volatile boolean closed;

    public LogCleaner(List<LogDirectory> directories, LogCleanerConfig config) {
        this.directories = List.copyOf(directories);
        this.config = config;
    }

    /** Whether there is any log to be compacted, now or later. */
    public boolean hasCompactedLogs() {
        for (LogDirectory directory : directories) {
            for (Log log : directory.logs()) {
                if (log.config().cleanupCompact()) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Cleans the dirtiest log, if one is due by its settings. A log that cannot be cleaned is logged, and the next one is tried.
     *
     * @return what was done; null if no log is due
     */
    public Cleaning cleanDirtiest() {
        running.lock();
        try {
            for (CleanableLog candidate : dueLogs()) {
                Cleaning done = closed ? null : clean(candidate);
                if (done != null) {
                    return done;
                }
            }
            return null;
        } finally {
            running.unlock();
        }
    }

    private List<CleanableLog> dueLogs() {
        List<CleanableLog> due = new ArrayList<>();
        for (LogDirectory directory : directories) {
            for (Log log : directory.logs()) {
                if (log.config().cleanupCompact() && !damaged.contains(log) && !log.isClosed()) {
                    try {
                        CleanableLog candidate = new CleanableLog(
                                directory, log, log.options().clock().timeMs());
                        if (candidate.isDue()) {
                            due.add(candidate);
                        }
                    } catch (IOException e) {
                        StorageLog.LOG.warn("Looking for what to compact in {} failed", log.name(), e);
                    }
                }
            }
        }
        due.sort(Comparator.comparingDouble(CleanableLog::dirtyRatio).reversed());
        return due;
    }

    private Cleaning clean(CleanableLog target) {
        Log log = target.log();
        if (!log.beginCleaning()) {
            return null;
        }
        try {
            long beganMs = log.options().clock().timeMs();
            LogCleaning cleaning = new LogCleaning(target, config, () -> closed);
            long cleanedOffset = cleaning.run();
            target.directory().cleaned(log, cleanedOffset);
            long tookMs = log.options().clock().timeMs() - beganMs;
            StorageLog.LOG.info(
                    "Compacted {} up to offset {} in {} ms, {} bytes are left of it",
                    log.name(),
                    cleanedOffset,
                    tookMs,
                    cleaning.bytesWritten());
            double wantedMs = cleaning.bytesMoved() / config.maxBytesPerSecond() * MS_PER_SECOND;
            return new Cleaning(log, cleanedOffset, cleaning.bytesMoved(), Math.max(0L, (long) wantedMs - tookMs));
        } catch (LogCleaning.StoppedException e) {
            StorageLog.LOG.debug("Compacting {} was stopped", log.name());
        } catch (LogDamageException e) {
            leaveAlone(log, e);
        } catch (ApiException e) {
            if (e.error() == ErrorCode.CORRUPT_MESSAGE) {
                leaveAlone(log, e);
            } else {
                StorageLog.LOG.warn("Compacting {} failed, it is tried again later", log.name(), e);
            }
        } catch (IOException e) {
            if (!log.isClosed()) {
                StorageLog.LOG.warn("Compacting {} failed, it is tried again later", log.name(), e);
            }
        } finally {
            log.endCleaning();
        }
        return null;
    }

    private void leaveAlone(Log log, Exception damage) {
        damaged.add(log);
        StorageLog.LOG.error("{} is damaged and is not compacted any more: {}", log.name(), damage.getMessage());
    }

    /** Stops a cleaning that runs, and returns when it has ended; there is no other afterwards. */
    @Override
    public void close() {
        closed = true;
        running.lock();
        try {
            damaged.clear();
        } finally {
            running.unlock();
        }
    }
}
