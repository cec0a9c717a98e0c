package io.ottla.broker.partition;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.protocol.ApiException;
import io.ottla.storage.Log;
import io.ottla.storage.LogCleaner;
import io.ottla.storage.LogCleanerConfig;
import io.ottla.storage.LogDirectory;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What logs need done from time to time: retention, compaction, and the checkpoints that shorten the next start.
 *
 * <p>The timer says when, the background executor does it. Intervals are counted from the end of one round to the start of the
 * next, on the broker's clock. For compaction nothing wakes up as long as no topic has it.
 */
public final class LogUpkeep implements AutoCloseable, MetadataListener {

    private static final Logger LOG = LoggerFactory.getLogger(LogUpkeep.class);

    private final PartitionRegistry partitions;
    private final List<LogDirectory> directories;
    private final BrokerTimer timer;
    private final BackgroundExecutor executor;
    private final List<Job> jobs = new ArrayList<>();
    private volatile CleanerJob cleanerJob;

    public LogUpkeep(
            PartitionRegistry partitions,
            List<LogDirectory> directories,
            BrokerTimer timer,
            BackgroundExecutor executor) {
        this.partitions = partitions;
        this.directories = List.copyOf(directories);
        this.timer = timer;
        this.executor = executor;
    }

    /** Starts the rounds, the first after {@code log.initial.task.delay.ms}. */
    public void start(BrokerConfig config) {
        long initialDelayMs = config.logInitialTaskDelayMs();
        add(this::enforceRetention, initialDelayMs, config.logRetentionCheckIntervalMs());
        add(this::checkpoint, initialDelayMs, config.logFlushOffsetCheckpointIntervalMs());
        if (config.logCleanerEnable()) {
            LogCleanerConfig cleanerConfig = new LogCleanerConfig(
                    config.logCleanerDedupeBufferSize(),
                    config.logCleanerIoBufferLoadFactor(),
                    config.logCleanerIoMaxBytesPerSecond());
            cleanerJob = new CleanerJob(new LogCleaner(directories, cleanerConfig), config.logCleanerBackoffMs());
            cleanerJob.wake();
        }
    }

    /** A topic that is new or has another cleanup policy may be the first to be compacted. */
    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        CleanerJob job = cleanerJob;
        if (job != null) {
            job.wake();
        }
    }

    private void add(Runnable work, long initialDelayMs, long intervalMs) {
        Job job = new Job(work, intervalMs);
        jobs.add(job);
        job.schedule(initialDelayMs);
    }

    /** Deletes the segments that the topics' retention does not ask for any more. Runs by itself; may be called at any time. */
    public void enforceRetention() {
        for (Partition partition : partitions.all()) {
            if (partition.isOnline() && !partition.isDeleted()) {
                enforceRetention(partition);
            }
        }
    }

    private static void enforceRetention(Partition partition) {
        try {
            Log log = partition.log();
            long startOffset = log.logStartOffset();
            log.enforceRetention();
            if (log.logStartOffset() != startOffset) {
                partition.signalStartMoved();
            }
        } catch (ApiException e) {
            LOG.warn("Retention of {} failed: {}", partition, e.getMessage());
        } catch (RuntimeException e) {
            // What is wrong with one log must not keep the round from the others.
            LOG.error("Retention of {} failed", partition, e);
        }
    }

    /** Writes down how far logs are flushed and where they start. */
    public void checkpoint() {
        for (LogDirectory directory : directories) {
            try {
                directory.checkpoint();
            } catch (ApiException e) {
                LOG.warn("The checkpoints of {} cannot be written: {}", directory.path(), e.getMessage());
            }
        }
    }

    /** No round starts any more; a compaction that runs is stopped, another round that runs ends with the executor. */
    @Override
    public void close() {
        jobs.forEach(Job::cancel);
        if (cleanerJob != null) {
            cleanerJob.cancel();
        }
    }

    private final class Job {
        private final Runnable work;
        private final long intervalMs;
        private TimerTask next;
        private boolean cancelled;

        Job(Runnable work, long intervalMs) {
            this.work = work;
            this.intervalMs = intervalMs;
        }

        synchronized void schedule(long delayMs) {
            if (!cancelled) {
                next = timer.schedule(() -> executor.executeUnlessClosed(this::run), delayMs);
            }
        }

        private void run() {
            try {
                work.run();
            } finally {
                schedule(intervalMs);
            }
        }

        synchronized void cancel() {
            cancelled = true;
            if (next != null) {
                next.cancel();
            }
        }
    }

    /** Compacts as long as there is something to compact, and looks again from time to time as long as there are compacted topics. */
    private final class CleanerJob {
        private final LogCleaner cleaner;
        private final long backoffMs;
        private TimerTask next;
        private boolean awake;
        private boolean cancelled;

        CleanerJob(LogCleaner cleaner, long backoffMs) {
            this.cleaner = cleaner;
            this.backoffMs = backoffMs;
        }

        synchronized void wake() {
            if (!awake && !cancelled && cleaner.hasCompactedLogs()) {
                awake = true;
                schedule(backoffMs);
            }
        }

        private void schedule(long delayMs) {
            next = timer.schedule(() -> executor.executeUnlessClosed(this::run), delayMs);
        }

        private void run() {
            long delayMs = backoffMs;
            try {
                LogCleaner.Cleaning done = cleaner.cleanDirtiest();
                if (done != null) {
                    delayMs = done.pauseMs();
                }
            } finally {
                sleep(delayMs);
            }
        }

        private synchronized void sleep(long delayMs) {
            awake = !cancelled && cleaner.hasCompactedLogs();
            if (awake) {
                schedule(delayMs);
            }
        }

        void cancel() {
            synchronized (this) {
                cancelled = true;
                if (next != null) {
                    next.cancel();
                }
            }
            // Not under the lock, which the round that is waited for needs at its end.
            cleaner.close();
        }
    }
}
