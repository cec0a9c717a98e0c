package io.ottla.broker.durability;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.coordinator.CoordinatorLog;
import io.ottla.broker.coordinator.CoordinatorRuntime;
import io.ottla.broker.coordinator.PartitionCoordinatorLog;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.coordinator.transaction.PartitionMarkerWriter;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.handler.TestTimer;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.DirectoryAssignments;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.ProducerIds;
import io.ottla.broker.metadata.Registration;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.partition.LogFlush;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.Uuid;
import io.ottla.storage.LogCleaner;
import io.ottla.storage.LogCleanerConfig;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.SimulatedFiles;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * All that a broker keeps, put together as {@link io.ottla.broker.EmbeddedBroker}'s is, without a network, over simulated files. One
 * thread runs everything; what a broker does in the background is done when it is asked for.
 */
final class SimulatedBroker {

    /** Two data directories, between which logs move. */
    static final List<Path> PATHS = List.of(Path.of("/sim/data"), Path.of("/sim/other"));

    final int brokerId;
    final MetadataStore metadata;
    final TopicControl topics;
    final ConfigControl configs;
    final PartitionRegistry partitions;
    final GroupCoordinator groups;
    final ProducerIds producerIds;
    final TransactionCoordinator transactions;
    private final List<LogDirectory> directories = new ArrayList<>();
    private final LogCleaner cleaner;
    private final ManualClock clock;
    private final TestTimer timer = new TestTimer();
    private final Deque<Runnable> background = new ArrayDeque<>();
    private final Deque<Runnable> syncs = new ArrayDeque<>();

    /** Whether whoever asks for a sync also waits for it. */
    private boolean waiting = true;

    private long moveBytesPerSecond = Long.MAX_VALUE;

    /** Starts on whatever is there. */
    SimulatedBroker(SimulatedFiles files, ManualClock clock, BrokerConfig config) throws IOException {
        this.clock = clock;
        brokerId = config.nodeId();
        StorageOptions options =
                StorageOptions.of(clock, this::schedule).withFiles(files).withFlushPolicy(config.durability());
        for (Path path : PATHS) {
            directories.add(LogDirectory.open(path, options));
        }
        metadata = MetadataStore.open(directories, clock, config, this::sync);
        topics = new TopicControl(metadata);
        configs = new ConfigControl(metadata);
        partitions = new PartitionRegistry(directories, metadata::brokerConfig, this::sync);
        partitions.start(metadata.image(), 1);
        metadata.addListener(partitions);
        partitions.moves().start(this::schedule, clock, () -> moveBytesPerSecond, this::assign);
        CoordinatorRuntime.Environment environment = new CoordinatorRuntime.Environment(
                clock, timer, metadata, topics, PartitionCoordinatorLog.in(partitions));
        groups = new GroupCoordinator(config, environment);
        groups.start();
        producerIds = new ProducerIds(metadata);
        transactions = new TransactionCoordinator(
                config,
                environment,
                producerIds,
                new PartitionMarkerWriter(partitions, PartitionCoordinatorLog.in(partitions), groups, clock));
        metadata.registerBroker(new Registration(
                config.nodeId(),
                null,
                List.of(new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 9092)),
                directories.stream()
                        .map(directory -> directory.metaProperties().directoryId())
                        .toList()));
        transactions.start();
        cleaner = new LogCleaner(directories, LogCleanerConfig.DEFAULT);
        waiting = false;
    }

    private void schedule(Runnable task, long delayMs) {
        background.add(task);
    }

    private void assign(Uuid topicId, int partition, Uuid directoryId) {
        runSyncs(Integer.MAX_VALUE);
        boolean before = waiting;
        waiting = true;
        try {
            new DirectoryAssignments(metadata).assign(topicId, partition, directoryId);
        } finally {
            waiting = before;
        }
    }

    private void sync(Runnable task) {
        if (waiting) {
            task.run();
        } else {
            syncs.add(task);
        }
    }

    /** Does some of what waits for the device. */
    void runSyncs(int count) {
        for (int i = 0; i < count && !syncs.isEmpty(); i++) {
            syncs.poll().run();
        }
    }

    /** Does what the background has to do, however long it would have waited. */
    void runBackground() {
        for (int count = background.size(); count > 0; count--) {
            background.poll().run();
        }
    }

    void advance(long ms) {
        clock.advance(Duration.ofMillis(ms));
        timer.advance(ms);
    }

    /** Does all that there is to do now. */
    void settle() {
        do {
            runSyncs(Integer.MAX_VALUE);
            timer.advance(0);
        } while (!syncs.isEmpty());
    }

    void checkpoint() {
        directories.forEach(LogDirectory::checkpoint);
    }

    /** Has any log moved to any directory, some of it at a time or all at once. */
    void move(Random random) {
        moveBytesPerSecond = random.nextBoolean() ? Long.MAX_VALUE : 200 + random.nextInt(2_000);
        List<Partition> all = partitions.all().stream()
                .sorted(Comparator.comparing(Partition::toString))
                .toList();
        Partition partition = all.get(random.nextInt(all.size()));
        Path target = PATHS.get(random.nextInt(PATHS.size()));
        partitions.moves().alter(partition.topic(), partition.index(), target.toString(), brokerId);
    }

    /** Has the logs of the coordinators, or what of them is not new, compacted. */
    void compact(Random random) {
        partitions.all().stream()
                .filter(Partition::isInternal)
                .sorted(Comparator.comparing(Partition::toString))
                .filter(partition -> random.nextBoolean())
                .forEach(partition -> partition.log().rollSegment());
        cleaner.cleanDirtiest();
    }

    CoordinatorLog log(String topic, int partition) {
        return PartitionCoordinatorLog.in(partitions).log(topic, partition);
    }

    /** Stops as a broker does. */
    void close() {
        settle();
        waiting = true;
        partitions.moves().close();
        transactions.close();
        groups.close();
        new LogFlush(directories, () -> 1).close();
        metadata.close();
        directories.forEach(LogDirectory::close);
    }
}
