package io.ottla.broker.partition;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.TimerTask;
import io.ottla.protocol.ApiException;
import io.ottla.storage.Log;
import io.ottla.storage.LogDirectory;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What logs need done from time to time: retention, and the checkpoints that shorten the next start.
 *
 * <p>The timer says when, the background executor does it. Intervals are counted from the end of one round to the start of the
 * next, on the broker's clock.
 */
public final class LogUpkeep implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LogUpkeep.class);

    private final PartitionRegistry partitions;
    private final List<LogDirectory> directories;
    private final BrokerTimer timer;
    private final BackgroundExecutor executor;
    private final List<Job> jobs = new ArrayList<>();

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

    /** No round starts any more; one that runs ends with the executor. */
    @Override
    public void close() {
        jobs.forEach(Job::cancel);
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
}
