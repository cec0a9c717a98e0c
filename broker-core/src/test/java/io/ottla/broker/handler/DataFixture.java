package io.ottla.broker.handler;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.fetch.FetchEngine;
import io.ottla.broker.handler.fetch.FetchSessions;
import io.ottla.broker.handler.produce.TransactionGate;
import io.ottla.broker.metadata.DirectoryAssignments;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.ProducerIds;
import io.ottla.broker.metadata.Registration;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.BlockingExecutor;
import io.ottla.broker.partition.LogUpkeep;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.ManualClock;
import io.ottla.storage.StorageFiles;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/** The parts of a broker that have to do with records, in a directory of their own, with time and without a network. */
public final class DataFixture implements AutoCloseable {

    /** How many fetch sessions there may be. */
    public static final int SESSION_SLOTS = 3;

    private static final int BROKER_ID = 1;

    private final Path path;
    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private final TestTimer timer = new TestTimer();
    private final BackgroundExecutor executor = new BackgroundExecutor("test-background", timer);
    private final BlockingExecutor sync = new BlockingExecutor("test-sync-", 2);
    private final LogDirectory directory;
    private final List<LogDirectory> directories = new ArrayList<>();
    private final MetadataStore metadata;
    private final TopicControl topics;
    private final PartitionRegistry partitions;
    private final LogUpkeep upkeep;
    private final ClientQuotas quotas;
    private final FetchSessions sessions;
    private final ProduceHandler produceHandler;
    private final FetchHandler fetchHandler;
    private final TestAdmission admission = new TestAdmission();

    public DataFixture() {
        this(temporaryDirectory(), Map.of());
    }

    /** @param settings of the broker; more data directories, if {@code log.dirs} names others than the path */
    public DataFixture(Path path, Map<String, String> settings) {
        this(path, settings, StorageFiles.system(), null);
    }

    /**
     * @param settings of the broker
     * @param files the file system
     * @param syncExecutor where logs are synced and large batches are appended; null for threads as in the broker, and for at once
     */
    public DataFixture(Path path, Map<String, String> settings, StorageFiles files, Executor syncExecutor) {
        this.path = path;
        Executor syncs = syncExecutor == null ? sync : syncExecutor;
        BrokerConfig config = BrokerConfig.of(settings);
        try {
            StorageOptions options = StorageOptions.of(clock, executor).withFiles(files);
            options = options.withFlushPolicy(config.durability());
            directory = LogDirectory.open(path, options);
            directories.add(directory);
            if (config.isSet("log.dirs")) {
                for (String other : config.logDirs()) {
                    if (!other.equals(path.toString())) {
                        directories.add(LogDirectory.open(Path.of(other), options));
                    }
                }
            }
            metadata = MetadataStore.open(directories, clock, config, syncs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        topics = new TopicControl(metadata);
        partitions = new PartitionRegistry(directories, metadata::brokerConfig, syncs);
        partitions.start(metadata.image());
        metadata.addListener(partitions);
        partitions
                .moves()
                .start(
                        executor,
                        clock,
                        () -> metadata.brokerConfig().replicaAlterLogDirsIoMaxBytesPerSecond(),
                        new DirectoryAssignments(metadata)::assign);
        metadata.registerBroker(new Registration(
                BROKER_ID,
                null,
                List.of(new Listener("PLAINTEXT", "PLAINTEXT", "localhost", 9092)),
                List.of(new Uuid(1, 1))));
        upkeep = new LogUpkeep(partitions, directories, timer, executor, executor);
        quotas = new ClientQuotas(config, clock);
        metadata.addListener(quotas);
        sessions = new FetchSessions(SESSION_SLOTS, clock);
        produceHandler = new ProduceHandler(
                partitions,
                new TransactionGate(partitions, admission, timer, clock, metadata::brokerConfig),
                clock,
                syncExecutor == null ? Runnable::run : syncExecutor,
                quotas);
        fetchHandler = new FetchHandler(new FetchEngine(partitions, sessions, timer, config, quotas));
    }

    /** A fresh directory. */
    public static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("ottla-data-test");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One batch of records with keys {@code k0...}, values {@code v0...} and timestamps a second apart. */
    public static ByteBuffer batch(int count) {
        RecordBatchBuilder builder = new RecordBatchBuilder();
        for (int i = 0; i < count; i++) {
            builder.append(1_600_000_000_000L + i * 1000L, new byte[] {'k', (byte) ('0' + i)}, new byte[] {
                'v', (byte) ('0' + i)
            });
        }
        return builder.build();
    }

    public static ByteBuffer concat(ByteBuffer first, ByteBuffer second) {
        return ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first.duplicate())
                .put(second.duplicate())
                .flip();
    }

    public Uuid createTopic(String name, int partitionCount) {
        return createTopic(name, partitionCount, Map.of());
    }

    public Uuid createTopic(String name, int partitionCount, Map<String, String> configs) {
        return topics.create(name, partitionCount, configs).id();
    }

    public void ensureTopic(String name) {
        topics.ensureTopic(name);
    }

    public void deleteTopic(String name) {
        topics.delete(metadata.image().topic(name).id());
    }

    /** Appends one batch as a producer does. */
    public void append(String topic, int index, int count) {
        partition(topic, index).append(batch(count), AppendOrigin.CLIENT, (short) 1);
    }

    public Partition partition(String topic, int index) {
        return partitions.partition(topic, index);
    }

    /** Has the handler serve the request on a new connection and waits for the answer. */
    public <Q extends ApiMessage, R extends ApiMessage> R send(
            RequestHandler<Q> handler, Q request, int version, Class<R> responseType) {
        TestRequestContext context = new TestRequestContext(handler.apiKey(), version);
        handler.handle(request, context);
        return context.response(responseType);
    }

    public int brokerId() {
        return BROKER_ID;
    }

    public Path path() {
        return path;
    }

    public LogDirectory directory() {
        return directory;
    }

    /** The one of the path first. */
    public List<LogDirectory> directories() {
        return directories;
    }

    public ManualClock clock() {
        return clock;
    }

    public TestTimer timer() {
        return timer;
    }

    public MetadataStore metadata() {
        return metadata;
    }

    public TopicControl topics() {
        return topics;
    }

    public PartitionRegistry partitions() {
        return partitions;
    }

    public BackgroundExecutor executor() {
        return executor;
    }

    public LogUpkeep upkeep() {
        return upkeep;
    }

    public ClientQuotas quotas() {
        return quotas;
    }

    public FetchSessions sessions() {
        return sessions;
    }

    public ProducerIds producerIds() {
        return new ProducerIds(metadata);
    }

    /** Whom produce requests ask before they begin a transaction. */
    public TestAdmission admission() {
        return admission;
    }

    public ProduceHandler produceHandler() {
        return produceHandler;
    }

    public FetchHandler fetchHandler() {
        return fetchHandler;
    }

    /** Leaves the files as they are at this moment. */
    public void crash() {
        upkeep.close();
        partitions.moves().close();
        directories.forEach(LogDirectory::abandon);
        sync.close();
        executor.close();
    }

    /** Stops, and leaves the files. */
    public void stop() {
        upkeep.close();
        partitions.moves().close();
        directories.forEach(LogDirectory::close);
        sync.close();
        executor.close();
    }

    @Override
    public void close() {
        stop();
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
