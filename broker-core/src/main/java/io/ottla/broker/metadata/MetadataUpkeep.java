package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.ApiException;
import io.ottla.storage.Clock;
import io.ottla.storage.StorageScheduler;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the metadata log short: writes a snapshot when {@code metadata.log.max.record.bytes.between.snapshots} or
 * {@code metadata.log.max.snapshot.interval.ms} ask for one, and removes what {@code metadata.max.retention.bytes} and
 * {@code metadata.max.retention.ms} do not ask to keep (KIP-630).
 *
 * <p>The work is done in the background on one image, at most once at a time; changes go on meanwhile. Nothing happens in a cluster whose
 * metadata rests. Thread-safe.
 */
public final class MetadataUpkeep implements MetadataListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MetadataUpkeep.class);

    private static final long RETRY_DELAY_MS = 60_000;

    private final MetadataStore store;
    private final MetadataLog log;
    private final StorageScheduler background;
    private final Clock clock;
    private final AtomicBoolean planned = new AtomicBoolean();
    private boolean working;
    private boolean closed;
    private volatile long lastSnapshotMs;

    /** After a failure: when it is tried again. */
    private volatile long retryMs = Long.MIN_VALUE;

    /** @param background where the work is done */
    public MetadataUpkeep(MetadataStore store, StorageScheduler background, Clock clock) {
        this.store = store;
        this.log = store.log();
        this.background = background;
        this.clock = clock;
        this.lastSnapshotMs = clock.timeMs();
    }

    /** Begins to look after the log: whenever the metadata changes, and every {@code log.retention.check.interval.ms}. */
    public void start() {
        store.addListener(this);
        plan();
        onChange(store.image(), store.image());
    }

    private void plan() {
        background.schedule(
                () -> {
                    if (work()) {
                        plan();
                    }
                },
                store.brokerConfig().logRetentionCheckIntervalMs());
    }

    @Override
    public void onChange(MetadataImage before, MetadataImage after) {
        if (isSnapshotDue(after) && !planned.getAndSet(true)) {
            background.schedule(
                    () -> {
                        planned.set(false);
                        work();
                    },
                    0L);
        }
    }

    private boolean isSnapshotDue(MetadataImage image) {
        if (image.offset() < log.snapshotEndOffset()) {
            return false;
        }
        long nowMs = clock.timeMs();
        if (nowMs < retryMs) {
            return false;
        }
        BrokerConfig config = store.brokerConfig();
        if (log.bytesBehindSnapshot() >= config.longValue("metadata.log.max.record.bytes.between.snapshots")) {
            return true;
        }
        long intervalMs = config.longValue("metadata.log.max.snapshot.interval.ms");
        return intervalMs > 0 && nowMs - lastSnapshotMs >= intervalMs;
    }

    /** Does at once what is due, whenever the next round would be. To be called in the background. */
    public void runDue() {
        work();
    }

    /** One round, unless another runs; false if there will be no more. */
    private boolean work() {
        synchronized (this) {
            if (working || closed) {
                return !closed;
            }
            working = true;
        }
        try {
            MetadataImage image = store.image();
            if (isSnapshotDue(image)) {
                log.writeSnapshot(image);
                lastSnapshotMs = clock.timeMs();
            }
            log.clean(store.brokerConfig(), clock.timeMs());
        } catch (IOException | ApiException e) {
            retryMs = clock.timeMs() + RETRY_DELAY_MS;
            LOG.error("The metadata log cannot be shortened, it will be tried again: {}", e.getMessage());
        } finally {
            synchronized (this) {
                working = false;
                notifyAll();
            }
        }
        return true;
    }

    /** Waits for the work that goes on, if any; there will be no more. To be called before the log is closed. */
    @Override
    public synchronized void close() {
        closed = true;
        boolean interrupted = false;
        while (working) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
