package io.ottla.broker.partition;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.config.TopicConfigs;
import io.ottla.broker.metadata.BrokerImage;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataListener;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import io.ottla.storage.InterruptedMoves;
import io.ottla.storage.Log;
import io.ottla.storage.LogConfig;
import io.ottla.storage.LogDamageException;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.PartitionDirectory;
import io.ottla.storage.VolumeSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions that this broker hosts, kept in step with the metadata: a topic that appears there gets its logs, a changed
 * topic config reaches its logs, and a topic that goes takes its logs along.
 *
 * <p>Lookups may come from any thread and allocate nothing. Changes come from the metadata store, one after the other.
 */
public final class PartitionRegistry implements MetadataListener {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionRegistry.class);

    private final List<LogDirectory> directories;
    private final Supplier<BrokerConfig> brokerConfig;
    private final Executor syncExecutor;
    private final ReplicaMoves moves;

    /** Where logs were found at the start that have not been opened, by the name of their own directory. */
    private final Map<String, LogDirectory> foundDirectories = new HashMap<>();

    /** Why logs could not be opened at the start. */
    private final Map<String, Exception> openFailures = new ConcurrentHashMap<>();

    private final Map<String, HostedTopic> topicsByName = new ConcurrentHashMap<>();
    private final Map<Uuid, HostedTopic> topicsById = new ConcurrentHashMap<>();

    /** Partitions whose logs could not be opened, though nothing says that they are damaged. */
    private final Set<Partition> unopened = ConcurrentHashMap.newKeySet();

    /** The broker's configuration that the topics' was last derived from. */
    private BrokerConfig appliedConfig;

    /** What was last applied; null before the start. */
    private volatile MetadataImage appliedImage;

    /** One topic as it was last seen in the metadata. */
    private static final class HostedTopic {
        private final TopicImage image;
        private final Map<String, String> config;

        /** Partition i is at index i. */
        private final Partition[] partitions;

        HostedTopic(TopicImage image, Map<String, String> config, Partition[] partitions) {
            this.image = image;
            this.config = config;
            this.partitions = partitions;
        }
    }

    /**
     * @param directories where logs live; a new log goes where the fewest are
     * @param brokerConfig the broker's own configuration as it is now, for the defaults of topics
     * @param syncExecutor where logs are synced for those who wait for it
     */
    public PartitionRegistry(
            List<LogDirectory> directories, Supplier<BrokerConfig> brokerConfig, Executor syncExecutor) {
        this.directories = List.copyOf(directories);
        this.brokerConfig = brokerConfig;
        this.syncExecutor = syncExecutor;
        this.moves = new ReplicaMoves(this, this.directories, InterruptedMoves.settle(this.directories));
        for (LogDirectory directory : directories) {
            for (PartitionDirectory found : directory.unopenedPartitions()) {
                foundDirectories.put(found.topic() + "-" + found.partition(), directory);
            }
        }
    }

    /**
     * Opens the logs of all topics at the start of the broker. A log that the metadata does not know is set aside, as Apache Kafka
     * does: it may be that of a topic whose deletion a crash cut short, or the metadata may be the wrong one.
     */
    public void start(MetadataImage image) {
        start(image, brokerConfig.get().numRecoveryThreadsPerDataDir() * directories.size());
    }

    /**
     * As {@link #start(MetadataImage)}.
     *
     * @param threads how many open logs, the caller's included
     */
    public void start(MetadataImage image, int threads) {
        for (LogDirectory directory : directories) {
            for (PartitionDirectory found : directory.unopenedPartitions()) {
                if (isStray(directory, found, image.topic(found.topic()))) {
                    Path aside = directory.setAside(found.topic(), found.partition());
                    LOG.warn(
                            "There is no topic of the log {}-{} (topic id {}); it is set aside as {}",
                            found.topic(),
                            found.partition(),
                            found.topicId(),
                            aside);
                    foundDirectories.remove(found.topic() + "-" + found.partition());
                }
            }
        }
        InterruptedMoves.doubles(directories).forEach((name, doubt) -> openFailures.put(name, doubt));
        openFound(image, threads);
        onChange(image, image);
        openFailures.clear();
    }

    /** Also where the files do not say whose they are, and the topic's own lie in another directory. */
    private boolean isStray(LogDirectory directory, PartitionDirectory found, TopicImage topic) {
        if (topic == null || topic.partition(found.partition()) == null) {
            return true;
        }
        if (!found.topicId().equals(Uuid.ZERO)) {
            return !found.topicId().equals(topic.id());
        }
        return directories.stream()
                .filter(other -> other != directory)
                .flatMap(other -> other.unopenedPartitions().stream())
                .anyMatch(other -> other.topic().equals(found.topic())
                        && other.partition() == found.partition()
                        && other.topicId().equals(topic.id()));
    }

    /** Opens what is there on several threads; {@link #onChange} then finds the logs open. */
    private void openFound(MetadataImage image, int threads) {
        BrokerConfig config = brokerConfig.get();
        List<Runnable> openings = new ArrayList<>();
        Map<String, LogConfig> logConfigs = new HashMap<>();
        for (LogDirectory directory : directories) {
            for (PartitionDirectory found : directory.unopenedPartitions()) {
                TopicImage topic = image.topic(found.topic());
                boolean isDouble = openFailures.containsKey(found.topic() + "-" + found.partition());
                if (topic != null && topic.partition(found.partition()) != null && !isDouble) {
                    LogConfig logConfig = logConfigs.computeIfAbsent(
                            topic.name(), name -> TopicConfigs.logConfig(image.topicConfig(name), config));
                    openings.add(() -> openFound(directory, found, topic, logConfig));
                }
            }
        }
        LogThreads.forEach(openings, threads, "ottla-log-recovery", Runnable::run);
    }

    private void openFound(LogDirectory directory, PartitionDirectory found, TopicImage topic, LogConfig logConfig) {
        try {
            directory.open(
                    topic.name(),
                    found.partition(),
                    topic.id(),
                    logConfig,
                    topic.partition(found.partition()).leaderEpoch());
        } catch (IOException | RuntimeException e) {
            openFailures.put(found.topic() + "-" + found.partition(), e);
        }
    }

    /** The partition of a topic by its name, or null if there is none. */
    public Partition partition(String topic, int index) {
        return partition(topicsByName.get(topic), index);
    }

    /** The partition of a topic by its id, or null if there is none. */
    public Partition partition(Uuid topicId, int index) {
        return partition(topicsById.get(topicId), index);
    }

    private static Partition partition(HostedTopic topic, int index) {
        return topic == null || index < 0 || index >= topic.partitions.length ? null : topic.partitions[index];
    }

    /** The name of the topic with the id, or null if there is none. */
    public String topicName(Uuid topicId) {
        HostedTopic topic = topicsById.get(topicId);
        return topic == null ? null : topic.image.name();
    }

    /** The partitions of a topic by its name, in their order; empty if there is no such topic. */
    public List<Partition> partitions(String topic) {
        HostedTopic hosted = topicsByName.get(topic);
        return hosted == null ? List.of() : List.of(hosted.partitions);
    }

    /** Where clients of a listener find a broker, null if they do not. */
    public Listener endpoint(int brokerId, String listenerName) {
        MetadataImage image = appliedImage;
        BrokerImage broker = image == null ? null : image.broker(brokerId);
        return broker == null || broker.fenced() ? null : broker.endpoint(listenerName);
    }

    /** The rack of a broker, null if it has none. */
    public String rack(int brokerId) {
        BrokerImage broker = appliedImage.broker(brokerId);
        return broker == null ? null : broker.rack();
    }

    /** All partitions, in no order. */
    public Collection<Partition> all() {
        List<Partition> all = new ArrayList<>();
        for (HostedTopic topic : topicsById.values()) {
            all.addAll(Arrays.asList(topic.partitions));
        }
        return all;
    }

    /** The partitions that are on their way from one log directory to another. */
    public ReplicaMoves moves() {
        return moves;
    }

    /** The directories of the logs, as configured in {@code log.dirs}. */
    public List<Path> logDirectories() {
        return directories.stream().map(LogDirectory::path).toList();
    }

    /**
     * How much room the volume of a log directory has. May block on the file system.
     *
     * @throws IOException where that cannot be told
     */
    public VolumeSpace space(Path logDirectory) throws IOException {
        for (LogDirectory directory : directories) {
            if (directory.path().equals(logDirectory)) {
                return directory.space();
            }
        }
        throw new IOException(logDirectory + " is none of the log directories");
    }

    /**
     * Writes down where the logs of these partitions start, so that a crash does not bring deleted records back.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public void checkpoint(Collection<Partition> moved) {
        Set<LogDirectory> touched = new HashSet<>();
        for (Partition partition : moved) {
            touched.add(directoryOf(partition.log()));
        }
        touched.forEach(LogDirectory::checkpoint);
    }

    @Override
    public synchronized void onChange(MetadataImage before, MetadataImage after) {
        BrokerConfig config = brokerConfig.get();
        boolean otherDefaults = config != appliedConfig;
        MetadataImage known = appliedImage;
        appliedConfig = config;
        appliedImage = after;
        if (known == null) {
            after.topics().forEach(topic -> follow(topic, after, false));
            return;
        }
        // Those that go first: a new topic may have the name of one of them.
        List<TopicImage> changed = new ArrayList<>();
        after.forEachTopicChangeFrom(known, (old, young) -> {
            if (young != null) {
                changed.add(young);
            } else if (topicsById.containsKey(old.id())) {
                delete(topicsById.get(old.id()));
            }
        });
        (otherDefaults ? after.topics() : changed).forEach(topic -> follow(topic, after, otherDefaults));
    }

    private void follow(TopicImage topic, MetadataImage after, boolean otherDefaults) {
        HostedTopic hosted = topicsById.get(topic.id());
        Map<String, String> topicConfig = after.topicConfig(topic.name());
        boolean otherConfig = hosted == null || otherDefaults || !hosted.config.equals(topicConfig);
        if (otherConfig || !hosted.image.equals(topic)) {
            host(hosted, topic, topicConfig, otherConfig);
        }
    }

    private void host(HostedTopic before, TopicImage topic, Map<String, String> topicConfig, boolean otherConfig) {
        LogConfig logConfig = TopicConfigs.logConfig(topicConfig, appliedConfig);
        int minInSyncReplicas = TopicConfigs.minInSyncReplicas(topicConfig, appliedConfig);
        List<PartitionImage> images = topic.partitions();
        Partition[] partitions = new Partition[images.size()];
        for (PartitionImage image : images) {
            int index = image.partition();
            Partition known = before != null && index < before.partitions.length ? before.partitions[index] : null;
            if (known == null) {
                partitions[index] = opened(topic, image, minInSyncReplicas, logConfig);
            } else {
                partitions[index] = known;
                known.follow(image, minInSyncReplicas);
                if (known.isOnline() && otherConfig) {
                    boolean delayed = known.delaysAcknowledgements();
                    known.configure(logConfig);
                    if (delayed) {
                        // Another policy may let more be read or acknowledged.
                        known.requestSync();
                    }
                }
            }
        }
        HostedTopic hosted = new HostedTopic(topic, Map.copyOf(topicConfig), partitions);
        topicsById.put(topic.id(), hosted);
        topicsByName.put(topic.name(), hosted);
    }

    private Partition opened(TopicImage topic, PartitionImage image, int minInSyncReplicas, LogConfig logConfig) {
        Partition partition =
                new Partition(topic.name(), topic.id(), image.partition(), topic.isInternal(), syncExecutor);
        partition.follow(image, minInSyncReplicas);
        open(partition, logConfig);
        return partition;
    }

    private void open(Partition partition, LogConfig logConfig) {
        Exception failure = openFailures.remove(partition.toString());
        if (failure == null) {
            try {
                partition.bringOnline(openLog(partition, logConfig));
            } catch (IOException | ApiException e) {
                failure = e;
            }
        }
        if (failure != null) {
            partition.offlineReason(failure.getMessage());
        }
        if (failure instanceof LogDamageException) {
            LOG.error("The log of {} cannot be opened, the partition is offline: {}", partition, failure.getMessage());
        } else if (failure != null) {
            LOG.error(
                    "The log of {} cannot be opened, the partition is offline until it can: {}",
                    partition,
                    failure.getMessage());
            LOG.debug("What failed for {}", partition, failure);
            unopened.add(partition);
        }
    }

    private Log openLog(Partition partition, LogConfig logConfig) throws IOException {
        Log opened = directoryFor(partition)
                .open(partition.topic(), partition.index(), partition.topicId(), logConfig, partition.leaderEpoch());
        foundDirectories.remove(partition.toString());
        moves.satisfied(partition.toString());
        return opened;
    }

    /**
     * Tries again to open logs that could not be opened for a reason that may have gone: no room, or too many open files. Logs that
     * are damaged stay as they are. May block.
     */
    public synchronized void openMissing() {
        for (Partition partition : List.copyOf(unopened)) {
            HostedTopic topic = topicsById.get(partition.topicId());
            if (partition.isDeleted() || topic == null) {
                unopened.remove(partition);
                continue;
            }
            try {
                partition.bringOnline(openLog(partition, TopicConfigs.logConfig(topic.config, brokerConfig.get())));
                unopened.remove(partition);
                LOG.info("The log of {} could be opened now, the partition is online", partition);
            } catch (IOException | ApiException e) {
                LOG.debug("The log of {} still cannot be opened", partition, e);
            }
        }
    }

    /** Whether there is something for {@link #openMissing} to do. */
    boolean hasMissing() {
        return !unopened.isEmpty();
    }

    /** The directory that has the log, or the one for it to be made in. */
    private LogDirectory directoryFor(Partition partition) {
        LogDirectory emptiest = directories.get(0);
        if (directories.size() == 1) {
            return emptiest;
        }
        LogDirectory found = foundDirectories.get(partition.toString());
        if (found != null) {
            return found;
        }
        LogDirectory preferred = moves.preferred(partition.toString());
        for (LogDirectory directory : directories) {
            if (directory.log(partition.topic(), partition.index()) != null) {
                return directory;
            }
            if (directory.logs().size() < emptiest.logs().size()) {
                emptiest = directory;
            }
        }
        return preferred != null ? preferred : emptiest;
    }

    /**
     * Gives a topic empty logs in the place of those it has, if that can be done without making files. What holds one of its partitions is
     * told that it was deleted.
     *
     * @return false if the topic has to be deleted and made anew; it is good for nothing else then
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public synchronized boolean renew(String name) {
        HostedTopic hosted = topicsByName.get(name);
        if (hosted == null || !Arrays.stream(hosted.partitions).allMatch(Partition::isOnline)) {
            return false;
        }
        Uuid id = hosted.image.id();
        int minInSyncReplicas = TopicConfigs.minInSyncReplicas(hosted.config, appliedConfig);
        Partition[] renewed = hosted.partitions.clone();
        Set<LogDirectory> checkpointed = new HashSet<>();
        for (Partition partition : hosted.partitions) {
            if (partition.log().logEndOffset() == 0) {
                continue; // as new
            }
            partition.markDeleted();
            moves.cancel(partition);
            LogConfig logConfig = partition.log().config();
            LogDirectory directory = directoryOf(partition.log());
            if (directory.isCheckpointed(name, partition.index())) {
                checkpointed.add(directory);
            }
            foundDirectories.put(partition.toString(), directory);
            PartitionImage image = hosted.image.partition(partition.index());
            if (!directory.empty(name, partition.index(), id, logConfig, image.leaderEpoch())) {
                return false;
            }
            renewed[partition.index()] = opened(hosted.image, image, minInSyncReplicas, logConfig);
        }
        HostedTopic now = new HostedTopic(hosted.image, hosted.config, renewed);
        topicsById.put(id, now);
        topicsByName.put(name, now);
        // The empty logs must not be measured by what the full ones had.
        checkpointed.forEach(LogDirectory::checkpoint);
        return true;
    }

    /** Has what is left of deleted topics go now, in the background. */
    public void hastenDeletion() {
        directories.forEach(LogDirectory::hastenDeletion);
    }

    private void delete(HostedTopic topic) {
        topicsById.remove(topic.image.id(), topic);
        topicsByName.remove(topic.image.name(), topic);
        for (Partition partition : topic.partitions) {
            partition.markDeleted();
            moves.cancel(partition);
            // One that two directories have is deleted from both.
            for (LogDirectory directory : directories) {
                try {
                    directory.delete(partition.topic(), partition.index());
                } catch (ApiException e) {
                    LOG.error("The log of the deleted partition {} cannot be taken away", partition, e);
                }
            }
            foundDirectories.remove(partition.topic() + "-" + partition.index());
            unopened.remove(partition);
        }
        LOG.info("Deleted topic {} with {} partitions", topic.image.name(), topic.partitions.length);
    }

    LogDirectory directoryOf(Log log) {
        for (LogDirectory directory : directories) {
            if (directory.path().equals(log.directory().getParent())) {
                return directory;
            }
        }
        throw new IllegalStateException(log.directory() + " is in none of the log directories");
    }
}
