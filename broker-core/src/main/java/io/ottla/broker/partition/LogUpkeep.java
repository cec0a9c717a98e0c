package io.ottla.broker.partition;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.protocol.ApiException;
import io.ottla.storage.Log;
import io.ottla.storage.LogCleaner;
import io.ottla.storage.LogCleanerConfig;
import io.ottla.storage.LogDirectory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What logs need done from time to time: retention, compaction, and the checkpoints that shorten the next start.
 *
 * <p>The timer says when, the background executor does it. Intervals are counted from the end of one round to the start of the
 * next, on the broker's clock. For compaction and for flushing nothing wakes up as long as no topic has it.
 */
public final class LogUpkeep implements AutoCloseable, MetadataListener {

    private static final Logger LOG = LoggerFactory.getLogger(LogUpkeep.class);

    /** How often it is tried to open logs that could not be opened. */
    private static final long OPEN_RETRY_MS = 1000;

    /** How much a start after a crash may have to read: it takes well below a second. */
    private static final long MAX_UNFLUSHED_BYTES = 64L << 20;

    private final PartitionRegistry partitions;
    private final List<LogDirectory> directories;
    private final BrokerTimer timer;
    private final BackgroundExecutor executor;
    private final List<Job> jobs = new ArrayList<>();
    private final OnDemandJob flushJob;
    private final OnDemandJob openJob;
    private volatile CleanerJob cleanerJob;
    private volatile boolean flushesByItself;
    private volatile boolean started;
    private volatile ConfigResource broker = ConfigResource.allBrokers();

    /** @param syncExecutor where logs are flushed when {@code flush.ms} says so, however long the other work takes */
    public LogUpkeep(
            PartitionRegistry partitions,
            List<LogDirectory> directories,
            BrokerTimer timer,
            BackgroundExecutor executor,
            Executor syncExecutor) {
        this.partitions = partitions;
        this.directories = List.copyOf(directories);
        this.timer = timer;
        this.executor = executor;
        this.flushJob = new OnDemandJob(this::flush, this::flushDelayMs, timer, syncExecutor);
        this.openJob = new OnDemandJob(partitions::openMissing, this::openDelayMs, timer, executor);
    }

    /** Starts the rounds, the first after {@code log.initial.task.delay.ms}. */
    public void start(BrokerConfig config) {
        long initialDelayMs = config.logInitialTaskDelayMs();
        add(this::enforceRetention, initialDelayMs, config.logRetentionCheckIntervalMs());
        long producersIntervalMs = config.longValue("producer.id.expiration.check.interval.ms");
        add(this::removeExpiredProducers, producersIntervalMs, producersIntervalMs);
        add(this::checkpoint, initialDelayMs, config.logFlushOffsetCheckpointIntervalMs());
        add(this::checkpointStartOffsets, initialDelayMs, config.logFlushStartOffsetCheckpointIntervalMs());
        if (config.logFlushSchedulerIntervalMs() != Long.MAX_VALUE) {
            add(this::flush, initialDelayMs, config.logFlushSchedulerIntervalMs());
        } else {
            flushJob.replan();
        }
        openJob.plan();
        if (config.logCleanerEnable()) {
            LogCleanerConfig cleanerConfig = new LogCleanerConfig(
                    config.logCleanerDedupeBufferSize(),
                    config.logCleanerIoBufferLoadFactor(),
                    config.logCleanerIoMaxBytesPerSecond());
            cleanerJob = new CleanerJob(new LogCleaner(directories, cleanerConfig), config.logCleanerBackoffMs());
            cleanerJob.wake(cleanerJob::hasWork);
        }
        broker = ConfigResource.broker(config.nodeId());
        flushesByItself = config.logFlushSchedulerIntervalMs() == Long.MAX_VALUE;
        started = true;
    }

    /** A topic that is new or has another configuration may be the first to be compacted, or to be flushed. */
    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        if (!started) {
            return;
        }
        openJob.plan();
        if (isOther(ConfigResource.allBrokers(), before, after) || isOther(broker, before, after)) {
            CleanerJob job = cleanerJob;
            if (job != null) {
                job.wake(job::hasWork);
            }
            if (flushesByItself) {
                flushJob.replan();
            }
            return;
        }
        after.forEachTopicChangeFrom(before, (old, young) -> {
            if (young != null) {
                follow(young);
            }
        });
    }

    private static boolean isOther(ConfigResource resource, MetadataImage before, MetadataImage after) {
        return !before.config(resource).equals(after.config(resource));
    }

    private void follow(TopicImage topic) {
        for (int index = 0; index < topic.partitions().size(); index++) {
            Partition partition = partitions.partition(topic.id(), index);
            if (partition != null && partition.isOnline()) {
                // The others of the topic are configured alike.
                Log log = partition.log();
                if (log.config().cleanupCompact()) {
                    wakeCleaner(() -> true);
                }
                if (flushesByItself) {
                    flushJob.planWithin(log.flushDelayMs());
                }
                return;
            }
        }
    }

    private void wakeCleaner(BooleanSupplier hasWork) {
        CleanerJob job = cleanerJob;
        if (job != null) {
            job.wake(hasWork);
        }
    }

    /** Flushes the logs of topics with {@code flush.ms} whose time has come. Runs by itself; may be called at any time. */
    public void flush() {
        for (Partition partition : partitions.all()) {
            if (partition.isOnline() && !partition.isDeleted()) {
                try {
                    partition.log().flushIfDue();
                } catch (ApiException e) {
                    LOG.warn("Flushing {} failed: {}", partition, e.getMessage());
                } catch (RuntimeException e) {
                    LOG.error("Flushing {} failed", partition, e);
                }
            }
        }
    }

    /** Until the first log is due. */
    private long flushDelayMs() {
        long delayMs = Long.MAX_VALUE;
        for (Partition partition : partitions.all()) {
            if (partition.isOnline()) {
                delayMs = Math.min(delayMs, partition.log().flushDelayMs());
            }
        }
        return delayMs;
    }

    private long openDelayMs() {
        return partitions.hasMissing() ? OPEN_RETRY_MS : Long.MAX_VALUE;
    }

    private void add(Runnable work, long initialDelayMs, long intervalMs) {
        Job job = new Job(work, intervalMs);
        jobs.add(job);
        job.schedule(initialDelayMs);
    }

    /**
     * Does at once what is due by the topics' settings, whenever its next round would be: retention, compaction, and the expiry of
     * producer ids. To be called on the background executor.
     */
    public void runDue() {
        enforceRetention();
        removeExpiredProducers();
        CleanerJob job = cleanerJob;
        if (job != null) {
            job.cleanAll();
        }
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

    /** Lets every log forget the producers that have been idle for too long. */
    private void removeExpiredProducers() {
        for (Partition partition : partitions.all()) {
            if (partition.isOnline() && !partition.isDeleted()) {
                partition.log().removeExpiredProducers();
            }
        }
    }

    /** Writes down how far logs are flushed. Syncs again what could not be synced when it was asked for. */
    public void checkpoint() {
        for (Partition partition : partitions.all()) {
            if (partition.isOnline()
                    && partition.highWatermark() < partition.log().logEndOffset()) {
                partition.requestSync();
            }
        }
        flushAbove(MAX_UNFLUSHED_BYTES);
        checkpoint(LogDirectory::checkpointRecoveryPoints);
    }

    /**
     * Flushes logs, one at a time and those first that have most to flush, until not more than so many bytes are left that a start
     * after a crash would have to read. Most of them have been written by the system before, as nothing is flushed that often.
     */
    void flushAbove(long maxUnflushedBytes) {
        Map<Partition, Long> unflushed = new HashMap<>();
        long leftBytes = 0;
        for (Partition partition : partitions.all()) {
            if (partition.isOnline() && !partition.isDeleted()) {
                long bytes = partition.log().unflushedBytes();
                unflushed.put(partition, bytes);
                leftBytes += bytes;
            }
        }
        if (leftBytes <= maxUnflushedBytes) {
            return;
        }
        List<Partition> largestFirst = new ArrayList<>(unflushed.keySet());
        largestFirst.sort(Comparator.comparing(unflushed::get, Comparator.reverseOrder()));
        for (int i = 0; i < largestFirst.size() && leftBytes > maxUnflushedBytes; i++) {
            Partition partition = largestFirst.get(i);
            try {
                partition.log().flush();
                leftBytes -= unflushed.get(partition);
            } catch (ApiException e) {
                LOG.warn("Flushing {} failed: {}", partition, e.getMessage());
            }
        }
    }

    /** Writes down where logs start. */
    public void checkpointStartOffsets() {
        checkpoint(LogDirectory::checkpointStartOffsets);
    }

    private void checkpoint(Consumer<LogDirectory> write) {
        for (LogDirectory directory : directories) {
            try {
                write.accept(directory);
            } catch (ApiException e) {
                LOG.warn("The checkpoints of {} cannot be written: {}", directory.path(), e.getMessage());
            }
        }
    }

    /** No round starts any more; a compaction that runs is stopped, another round that runs ends with the executor. */
    @Override
    public void close() {
        jobs.forEach(Job::cancel);
        flushJob.cancel();
        openJob.cancel();
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
            this.intervalMs = Math.max(1L, intervalMs);
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

        boolean hasWork() {
            return cleaner.hasCompactedLogs();
        }

        /** @param hasWork whether there are compacted topics; only asked if that matters */
        synchronized void wake(BooleanSupplier hasWork) {
            if (!awake && !cancelled && hasWork.getAsBoolean()) {
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

        /** A cleaning that leaves its log as dirty as before is not repeated for ever. */
        void cleanAll() {
            Map<Log, Long> cleaned = new HashMap<>();
            LogCleaner.Cleaning done = cleaner.cleanDirtiest();
            while (done != null
                    && !Objects.equals(cleaned.put(done.log(), done.cleanedOffset()), done.cleanedOffset())) {
                done = cleaner.cleanDirtiest();
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
