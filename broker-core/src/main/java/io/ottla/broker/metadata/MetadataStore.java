package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.ConfigException;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.MetadataRecord;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.AbortTransactionRecord;
import io.ottla.protocol.message.MetadataRecordType;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.Clock;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.Log;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.PartitionDirectory;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata of the cluster: a log of records in KRaft's format, and the image that they add up to. Readers take the image
 * without a lock; changes are made one after the other.
 *
 * <p>A change is one batch, so that a crash leaves all of it or nothing. Where the broker's policy is that only what is on the device
 * is safe, a change can be seen when it is; later changes build on it meanwhile.
 */
public final class MetadataStore implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MetadataStore.class);

    private final ReentrantLock lock = new ReentrantLock();
    private final MetadataLog log;
    private final Clock clock;
    private final BrokerConfig staticConfig;
    private final int leaderEpoch;
    private final Uuid directoryId;
    private final List<MetadataListener> listeners = new CopyOnWriteArrayList<>();
    private volatile MetadataImage image;

    /** With the changes that cannot be seen yet. */
    private volatile MetadataImage latest;

    /** The changes between the two, the oldest first. Guarded by the lock. */
    private final Deque<Uncommitted> uncommitted = new ArrayDeque<>();

    /** Why those changes never will be committed, null as long as they may be. Guarded by the lock. */
    private ApiException commitFailure;

    private volatile boolean hasUncommitted;
    private volatile BrokerConfig brokerConfig;

    private MetadataStore(
            MetadataLog log, Clock clock, BrokerConfig config, int leaderEpoch, Uuid directoryId, MetadataImage image) {
        this.log = log;
        this.clock = clock;
        this.staticConfig = config;
        this.leaderEpoch = leaderEpoch;
        this.directoryId = directoryId;
        this.image = image;
        this.latest = image;
        this.brokerConfig = effectiveConfig(image, config);
    }

    /** A change on its way to the device, and who waits for it. */
    private record Uncommitted(MetadataImage after, long endOffset, List<CommitCallback> waiting) {}

    /**
     * Opens the metadata in the log directory that has it, in the first if none has, and gives each directory its {@code meta.properties} if it has
     * none. An empty log is given what a new cluster starts with; any log gets a new leader epoch.
     *
     * @param directories all log directories of the broker
     * @param syncExecutor where the log is synced for those who wait for it
     * @throws ConfigException where a directory belongs to another node
     * @throws IOException where the log cannot be opened
     * @throws IllegalStateException where the log contradicts itself
     */
    public static MetadataStore open(
            List<LogDirectory> directories, Clock clock, BrokerConfig config, Executor syncExecutor)
            throws IOException {
        String clusterId = ClusterIdentity.establish(directories, config);
        LogDirectory home = home(directories);
        Log log = home.open(TopicNames.CLUSTER_METADATA, 0, Uuid.ONE, StoredMetadataLog.logConfig(config));
        return open(
                new StoredMetadataLog(log, syncExecutor, home::checkpointStartOffsets),
                clock,
                config,
                clusterId,
                home.metaProperties().directoryId());
    }

    /** Somebody may have put the directories in another order: all their logs would be strangers to new metadata. */
    private static LogDirectory home(List<LogDirectory> directories) {
        for (LogDirectory directory : directories) {
            for (PartitionDirectory found : directory.unopenedPartitions()) {
                if (found.topic().equals(TopicNames.CLUSTER_METADATA)) {
                    return directory;
                }
            }
        }
        return directories.get(0);
    }

    static MetadataStore open(MetadataLog log, Clock clock, BrokerConfig config, String clusterId, Uuid directoryId)
            throws IOException {
        Replay replay = new Replay(clusterId);
        log.read(replay);
        boolean first = log.endOffset() == 0;
        int epoch = replay.lastEpoch + 1;
        log.append(KRaftControl.openEpoch(config.nodeId(), directoryId, clock.timeMs(), first), epoch);
        MetadataStore store = new MetadataStore(log, clock, config, epoch, directoryId, replay.finish());
        if (replay.transaction != null) {
            // A crash left a transaction open; what is appended from now on must not become part of it.
            store.append(List.of(new AbortTransactionRecord().reason("The broker was restarted")));
        }
        if (store.image.features().isEmpty()) {
            store.append(ClusterRecords.bootstrap(config));
        }
        store.awaitCommitted();
        return store;
    }

    /** The metadata as of now. Never blocks. */
    public MetadataImage image() {
        return image;
    }

    /** The features that this release can serve, whatever their level in the image is; sorted by name. */
    public static List<FeatureRange> supportedFeatures() {
        return ClusterRecords.FEATURES.stream()
                .map(feature -> new FeatureRange(feature.name(), (short) feature.min(), (short) feature.max()))
                .toList();
    }

    /** The configuration of this broker, with what was changed at run time. Never blocks. */
    public BrokerConfig brokerConfig() {
        return brokerConfig;
    }

    /** The configuration that this broker was started with. */
    public BrokerConfig staticConfig() {
        return staticConfig;
    }

    /** What a broker of this run was started with; that of the first where the id is not one of theirs. */
    public BrokerConfig staticConfig(int brokerId) {
        int index = brokerId - staticConfig.nodeId();
        return index >= 0 && index < staticConfig.brokerCount() ? staticConfig.forBroker(index) : staticConfig;
    }

    /** The same with what was changed at run time. */
    public BrokerConfig brokerConfig(int brokerId) {
        return brokerId == staticConfig.nodeId() && staticConfig.brokerCount() == 1
                ? brokerConfig
                : effectiveConfig(image, staticConfig(brokerId));
    }

    /** The epoch in which this run of the broker leads the metadata log. */
    public int leaderEpoch() {
        return leaderEpoch;
    }

    /** The offset that the next record of the metadata log gets. */
    public long endOffset() {
        return log.endOffset();
    }

    /** Who keeps the metadata log, and how far it is. Never blocks. */
    public Quorum quorum() {
        long endOffset = log.endOffset();
        return new Quorum(
                image.clusterId(),
                staticConfig.nodeId(),
                directoryId,
                leaderEpoch,
                endOffset,
                hasUncommitted ? image.offset() + 1 : endOffset,
                KRaftControl.endpoint());
    }

    /** Adds a listener for changes from now on. It is not told what is there already: see {@link #image}. */
    public void addListener(MetadataListener listener) {
        listeners.add(listener);
    }

    /** Forgets a listener; a call that is already on its way may still arrive. */
    public void removeListener(MetadataListener listener) {
        listeners.remove(listener);
    }

    MetadataLog log() {
        return log;
    }

    /** The metadata with all changes that have been made, also those that may not be told yet. Never blocks. */
    MetadataImage latestImage() {
        return latest;
    }

    /** Makes a broker known, with a new epoch, and lets it serve. May block on the file system. */
    public void registerBroker(Registration registration) {
        new BrokerControl(this).register(registration);
    }

    /** Appends records as one batch, applies them, and tells the listeners. */
    public MetadataImage append(List<? extends MetadataRecord> records) {
        return update(current -> records);
    }

    /**
     * Makes a change that depends on what is: the function sees the image that its records will be applied to. What it throws
     * goes to the caller, and nothing is changed. The change may not be told to anybody before {@link #whenCommitted} says so.
     *
     * @param change from the image to the records of the change; none changes nothing
     * @return the image with the change
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR where the log cannot be written
     */
    public MetadataImage update(Function<MetadataImage, ? extends List<? extends MetadataRecord>> change) {
        lock.lock();
        try {
            MetadataImage before = latest;
            List<? extends MetadataRecord> records = change.apply(before);
            if (records.isEmpty()) {
                return before;
            }
            long offset = log.endOffset();
            long timeMs = clock.timeMs();
            MetadataDelta delta = new MetadataDelta(before);
            delta.timeMs = timeMs;
            RecordBatchBuilder batch = new RecordBatchBuilder();
            for (MetadataRecord record : records) {
                batch.append(timeMs, null, MetadataRecords.encode(record));
                delta.replay(record, offset++);
            }
            MetadataImage after = delta.build();
            log.append(batch.build(), leaderEpoch);
            latest = after;
            if (uncommitted.isEmpty() && log.isCommitted(offset)) {
                publish(before, after);
            } else {
                hasUncommitted = true;
                uncommitted.add(new Uncommitted(after, offset, new ArrayList<>()));
                log.whenCommitted(offset, this::settle);
            }
            return after;
        } finally {
            lock.unlock();
        }
    }

    /** Calls back when the changes made so far are safe and can be seen, or never will be: at once, or later on any thread. */
    public void whenCommitted(CommitCallback callback) {
        ApiException failure = null;
        if (hasUncommitted) {
            lock.lock();
            try {
                failure = commitFailure;
                if (failure == null && !uncommitted.isEmpty()) {
                    uncommitted.getLast().waiting.add(callback);
                    return;
                }
            } finally {
                lock.unlock();
            }
        }
        callback.completed(failure);
    }

    /**
     * Returns when the changes made so far are safe and can be seen. Not for event loops.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR if they never will be
     */
    public void awaitCommitted() {
        if (!hasUncommitted) {
            return;
        }
        CompletableFuture<ApiException> outcome = new CompletableFuture<>();
        whenCommitted(outcome::complete);
        ApiException failure = outcome.join();
        if (failure != null) {
            throw failure;
        }
    }

    /** The log has been synced, or could not be: lets the changes be seen that are on the device now, and tells who waits. */
    private void settle(ApiException failure) {
        List<CommitCallback> done = new ArrayList<>();
        lock.lock();
        try {
            while (!uncommitted.isEmpty() && log.isCommitted(uncommitted.getFirst().endOffset)) {
                Uncommitted first = uncommitted.removeFirst();
                publish(image, first.after);
                done.addAll(first.waiting);
            }
            hasUncommitted = !uncommitted.isEmpty();
        } finally {
            lock.unlock();
        }
        done.forEach(callback -> callback.completed(null));
        if (failure != null) {
            failUncommitted(failure);
        }
    }

    private void failUncommitted(ApiException failure) {
        List<CommitCallback> failed = new ArrayList<>();
        lock.lock();
        try {
            if (!uncommitted.isEmpty()) {
                // The log takes nothing more until it is opened again.
                commitFailure = failure;
            }
            for (Uncommitted each : uncommitted) {
                failed.addAll(each.waiting);
                each.waiting.clear();
            }
        } finally {
            lock.unlock();
        }
        failed.forEach(callback -> callback.completed(failure));
    }

    /**
     * Notes that the brokers stopped of their own accord: whoever opens the folder next need not wait for them to fall silent.
     * To be called before the log directory is closed.
     */
    @Override
    public void close() {
        listeners.clear();
        update(ClusterRecords::fenceAll);
        awaitCommitted();
    }

    private void publish(MetadataImage before, MetadataImage after) {
        image = after;
        if (changed(before, after, ConfigResource.allBrokers())
                || changed(before, after, ConfigResource.broker(staticConfig.nodeId()))) {
            brokerConfig = effectiveConfig(after, staticConfig);
            log.configure(brokerConfig);
        }
        for (MetadataListener listener : listeners) {
            try {
                listener.onChange(before, after);
            } catch (RuntimeException e) {
                // The change is made and stays; that a part of the broker cannot follow must not keep the others from
                // it.
                LOG.error("Applying the metadata of offset {} failed in {}", after.offset(), listener, e);
            }
        }
    }

    /** Configurations that were not changed are the same objects in both images. */
    private static boolean changed(MetadataImage before, MetadataImage after, ConfigResource resource) {
        return before.configs().get(resource) != after.configs().get(resource);
    }

    private BrokerConfig effectiveConfig(MetadataImage current, BrokerConfig started) {
        Map<String, String> dynamic = new HashMap<>(current.config(ConfigResource.allBrokers()));
        dynamic.putAll(current.config(ConfigResource.broker(started.nodeId())));
        try {
            return started.with(dynamic);
        } catch (ConfigException e) {
            LOG.warn("A dynamic configuration in the metadata is left aside: {}", e.getMessage());
            return brokerConfig == null ? started : brokerConfig;
        }
    }

    /** The first pass over the log: everything goes into one delta, so that each topic is built once. */
    private static final class Replay implements MetadataLog.Reader {

        private final MetadataDelta delta;
        // The records of an open metadata transaction (KIP-868), null outside of one.
        private List<MetadataRecord> transaction;
        private int lastEpoch;

        Replay(String clusterId) {
            this.delta = new MetadataDelta(clusterId);
        }

        @Override
        public void batch(RecordBatch batch) {
            lastEpoch = Math.max(lastEpoch, batch.partitionLeaderEpoch());
            if (batch.isControlBatch()) {
                return;
            }
            delta.timeMs = batch.maxTimestampMs();
            for (Record record : batch.records()) {
                accept(MetadataRecords.decode(record.value()), record.offset());
            }
        }

        @Override
        public void snapshotBatch(RecordBatch batch, MetadataSnapshot snapshot) {
            lastEpoch = Math.max(lastEpoch, snapshot.epoch());
            // Its records have offsets of their own, which nobody else knows.
            delta.offset = snapshot.endOffset() - 1;
            if (batch.isControlBatch()) {
                delta.timeMs = Math.max(delta.timeMs, MetadataSnapshot.headerTimeMs(batch));
                return;
            }
            for (Record record : batch.records()) {
                delta.replay(MetadataRecords.decode(record.value()), snapshot.endOffset() - 1);
            }
        }

        private void accept(MetadataRecord record, long offset) {
            MetadataRecordType type = record.type();
            if (type == MetadataRecordType.BEGIN_TRANSACTION_RECORD) {
                transaction = new ArrayList<>();
            } else if (type == MetadataRecordType.ABORT_TRANSACTION_RECORD) {
                transaction = null;
            } else if (type == MetadataRecordType.END_TRANSACTION_RECORD && transaction != null) {
                transaction.forEach(each -> delta.replay(each, offset));
                transaction = null;
            } else if (transaction != null) {
                transaction.add(record);
            } else {
                delta.replay(record, offset);
            }
        }

        /** The image; an unfinished transaction counts as aborted. */
        MetadataImage finish() {
            return delta.build();
        }
    }
}
