package io.ottla.broker;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.config.Listener;
import io.ottla.broker.config.Loggers;
import io.ottla.broker.coordinator.CoordinatorRuntime;
import io.ottla.broker.coordinator.PartitionCoordinatorLog;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.coordinator.transaction.MarkerWriter;
import io.ottla.broker.coordinator.transaction.PartitionMarkerWriter;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.coordinator.transaction.TransactionalOffsets;
import io.ottla.broker.handler.AddOffsetsToTxnHandler;
import io.ottla.broker.handler.AddPartitionsToTxnHandler;
import io.ottla.broker.handler.AddRaftVoterHandler;
import io.ottla.broker.handler.AlterClientQuotasHandler;
import io.ottla.broker.handler.AlterConfigsHandler;
import io.ottla.broker.handler.AlterPartitionReassignmentsHandler;
import io.ottla.broker.handler.AlterReplicaLogDirsHandler;
import io.ottla.broker.handler.AlterUserScramCredentialsHandler;
import io.ottla.broker.handler.ApiVersionsHandler;
import io.ottla.broker.handler.ConsumerGroupDescribeHandler;
import io.ottla.broker.handler.ConsumerGroupHeartbeatHandler;
import io.ottla.broker.handler.CreatePartitionsHandler;
import io.ottla.broker.handler.CreateTopicsHandler;
import io.ottla.broker.handler.DeleteGroupsHandler;
import io.ottla.broker.handler.DeleteRecordsHandler;
import io.ottla.broker.handler.DeleteTopicsHandler;
import io.ottla.broker.handler.DescribeClientQuotasHandler;
import io.ottla.broker.handler.DescribeClusterHandler;
import io.ottla.broker.handler.DescribeConfigsHandler;
import io.ottla.broker.handler.DescribeGroupsHandler;
import io.ottla.broker.handler.DescribeLogDirsHandler;
import io.ottla.broker.handler.DescribeProducersHandler;
import io.ottla.broker.handler.DescribeQuorumHandler;
import io.ottla.broker.handler.DescribeTopicPartitionsHandler;
import io.ottla.broker.handler.DescribeTransactionsHandler;
import io.ottla.broker.handler.DescribeUserScramCredentialsHandler;
import io.ottla.broker.handler.ElectLeadersHandler;
import io.ottla.broker.handler.EndTxnHandler;
import io.ottla.broker.handler.FetchHandler;
import io.ottla.broker.handler.FileWork;
import io.ottla.broker.handler.FindCoordinatorHandler;
import io.ottla.broker.handler.GetTelemetrySubscriptionsHandler;
import io.ottla.broker.handler.HeartbeatHandler;
import io.ottla.broker.handler.IncrementalAlterConfigsHandler;
import io.ottla.broker.handler.InitProducerIdHandler;
import io.ottla.broker.handler.JoinGroupHandler;
import io.ottla.broker.handler.LeaveGroupHandler;
import io.ottla.broker.handler.ListConfigResourcesHandler;
import io.ottla.broker.handler.ListGroupsHandler;
import io.ottla.broker.handler.ListOffsetsHandler;
import io.ottla.broker.handler.ListPartitionReassignmentsHandler;
import io.ottla.broker.handler.ListTransactionsHandler;
import io.ottla.broker.handler.MetadataHandler;
import io.ottla.broker.handler.OffsetCommitHandler;
import io.ottla.broker.handler.OffsetDeleteHandler;
import io.ottla.broker.handler.OffsetFetchHandler;
import io.ottla.broker.handler.OffsetForLeaderEpochHandler;
import io.ottla.broker.handler.ProduceHandler;
import io.ottla.broker.handler.PushTelemetryHandler;
import io.ottla.broker.handler.RemoveRaftVoterHandler;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.handler.SyncGroupHandler;
import io.ottla.broker.handler.TxnOffsetCommitHandler;
import io.ottla.broker.handler.UnregisterBrokerHandler;
import io.ottla.broker.handler.UpdateFeaturesHandler;
import io.ottla.broker.handler.WriteTxnMarkersHandler;
import io.ottla.broker.handler.fetch.FetchEngine;
import io.ottla.broker.handler.fetch.FetchSessions;
import io.ottla.broker.handler.produce.TransactionGate;
import io.ottla.broker.handler.telemetry.ClientTelemetry;
import io.ottla.broker.handler.telemetry.TelemetrySink;
import io.ottla.broker.metadata.ClientQuotaControl;
import io.ottla.broker.metadata.ConfigControl;
import io.ottla.broker.metadata.DirectoryAssignments;
import io.ottla.broker.metadata.FeatureControl;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.MetadataUpkeep;
import io.ottla.broker.metadata.PartitionControl;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.ProducerIds;
import io.ottla.broker.metadata.ScramControl;
import io.ottla.broker.metadata.TopicControl;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicOutcome;
import io.ottla.broker.network.NetworkConfig;
import io.ottla.broker.network.SocketServer;
import io.ottla.broker.partition.BackgroundExecutor;
import io.ottla.broker.partition.BlockingExecutor;
import io.ottla.broker.partition.LogFlush;
import io.ottla.broker.partition.LogUpkeep;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.partition.ReplicaMoves;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.broker.testing.BrokerParts;
import io.ottla.broker.testing.Instruments;
import io.ottla.broker.testing.Workers;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.broker.time.WheelTimer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.storage.Clock;
import io.ottla.storage.LogDirectory;
import io.ottla.storage.StorageFiles;
import io.ottla.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root: makes the parts of a broker in the order of their dependencies, and ends them in the reverse. */
final class Broker implements AutoCloseable {

    /** The file system makes one journal entry of fsyncs that come together. */
    private static final int SYNC_THREADS = 8;

    private static final Logger LOG = LoggerFactory.getLogger(Broker.class);

    private final BrokerConfig config;
    private final Clock clock;
    private final StorageFiles files;
    private final TelemetrySink telemetrySink;
    private final Map<Integer, List<Listener>> listeners;
    private final Loggers loggers;

    /** What has been started, the last first. */
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /** The metadata, once they are open: logs ask for settings that change. */
    private volatile MetadataStore opened;

    private final Instruments instruments;
    private FetchSessions fetchSessions;
    private TopicControl topics;
    private BrokerSet brokers;
    private BrokerParts inside;

    private Broker(
            BrokerConfig config,
            Clock clock,
            StorageFiles files,
            TelemetrySink telemetrySink,
            Map<Integer, List<Listener>> listeners,
            Instruments instruments,
            Loggers loggers) {
        this.listeners = listeners;
        this.config = config;
        this.clock = clock;
        this.files = files;
        this.telemetrySink = telemetrySink;
        this.instruments = instruments;
        this.loggers = loggers;
    }

    /**
     * Starts a broker.
     *
     * @param files where the data directories are
     * @param telemetrySink where the metrics of clients go; null for nowhere, and the APIs are not offered then, as by Apache Kafka
     * @param listeners where brokers are to listen, by id, where that is not as configured: a restart takes the ports that it had
     * @param instruments what tests break the broker with and watch it with
     * @param loggers those whose levels clients may see and change
     * @throws UncheckedIOException if a port or a log directory cannot be had; the message of its cause says which and why
     */
    static Broker start(
            BrokerConfig config,
            Clock clock,
            StorageFiles files,
            TelemetrySink telemetrySink,
            Map<Integer, List<Listener>> listeners,
            Instruments instruments,
            Loggers loggers) {
        Broker broker = new Broker(config, clock, files, telemetrySink, listeners, instruments, loggers);
        try {
            broker.start();
            return broker;
        } catch (IOException e) {
            broker.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            broker.close();
            throw e;
        }
    }

    private void start() throws IOException {
        WheelTimer timer = started(new WheelTimer(clock, "ottla-" + config.nodeId() + "-timer"));
        BackgroundExecutor background =
                started(new BackgroundExecutor("ottla-" + config.nodeId() + "-background", timer));
        BlockingExecutor sync = started(new BlockingExecutor("ottla-" + config.nodeId() + "-sync-", SYNC_THREADS));
        StorageOptions storage = StorageOptions.of(clock, background)
                .withFiles(files)
                .withFlushPolicy(config.durability())
                .withProducerIdExpiration(this::producerIdExpirationMs);
        List<LogDirectory> directories = new ArrayList<>();
        for (String path : config.logDirs()) {
            directories.add(
                    started(LogDirectory.open(Path.of(path).toAbsolutePath().normalize(), storage)));
        }
        MetadataStore metadata = started(MetadataStore.open(directories, clock, config, sync));
        opened = metadata;
        MetadataUpkeep metadataUpkeep = started(new MetadataUpkeep(metadata, background, clock));
        topics = new TopicControl(metadata);
        started(new LogFlush(directories, () -> metadata.brokerConfig().numRecoveryThreadsPerDataDir()));
        PartitionRegistry partitions = new PartitionRegistry(directories, metadata::brokerConfig, sync);
        partitions.start(metadata.image());
        metadata.addListener(partitions);
        startMoves(partitions.moves(), metadata, background);
        // The coordinators hear of metadata after the partitions do: their logs are among them.
        CoordinatorRuntime.Environment environment = new CoordinatorRuntime.Environment(
                clock, timer, metadata, topics, PartitionCoordinatorLog.in(partitions));
        GroupCoordinator groups = started(new GroupCoordinator(config, environment, instruments.groupEvents()));
        groups.start();
        ProducerIds producerIds = new ProducerIds(metadata);
        MarkerWriter markerWriter =
                new PartitionMarkerWriter(partitions, PartitionCoordinatorLog.in(partitions), groups, clock);
        TransactionCoordinator transactions =
                started(new TransactionCoordinator(config, environment, producerIds, markerWriter));

        // Stopped behind the server and before the logs.
        BlockingExecutor heavy =
                started(new BlockingExecutor("ottla-" + config.nodeId() + "-records-", recordThreads()));
        ClientQuotas quotas = new ClientQuotas(config, clock);
        quotas.start(metadata.image());
        metadata.addListener(quotas);
        SocketServer server = started(new SocketServer(networkConfig(), clock, timer, quotas));
        brokers = new BrokerSet(
                config,
                metadata,
                server,
                directories.stream()
                        .map(directory -> directory.metaProperties().directoryId())
                        .toList(),
                listeners);
        started(brokers::close);
        brokers.start();
        // After the registration, which gives the partitions the leader epoch that the markers carry.
        transactions.start();
        List<RequestHandler<?>> handlers = new ArrayList<>();
        addMetadataHandlers(handlers, metadata, quotas, background, new FileWork(heavy));
        TransactionGate gate = new TransactionGate(partitions, transactions, timer, clock, metadata::brokerConfig);
        handlers.add(new ProduceHandler(partitions, gate, clock, heavy, quotas));
        addRecordHandlers(handlers, partitions, timer, background, heavy, quotas);
        addGroupHandlers(handlers, metadata, groups);
        addTransactionHandlers(handlers, metadata, partitions, groups, transactions, producerIds, markerWriter);
        addOperationHandlers(handlers, metadata, partitions, background);
        handlers.add(new ApiVersionsHandler(metadata, handlers));
        LogUpkeep upkeep = started(new LogUpkeep(partitions, directories, timer, background, sync));
        upkeep.start(config);
        metadataUpkeep.start();
        metadata.addListener(upkeep);
        RequestHandlers all = new RequestHandlers(handlers);
        started(instruments.attach(server::interceptor, all, timer, fetchSessions, metadata));
        server.start(all);
        List<Runnable> dueWork = List.of(upkeep::runDue, groups::expireOffsets, metadataUpkeep::runDue);
        Workers workers = new Workers(timer, background, List.of(sync, heavy), dueWork, List.of(server));
        inside = new BrokerParts(clock, workers, directories, metadata, partitions, groups, transactions);
    }

    private void startMoves(ReplicaMoves moves, MetadataStore metadata, BackgroundExecutor background) {
        started(moves.start(
                background,
                clock,
                () -> metadata.brokerConfig().replicaAlterLogDirsIoMaxBytesPerSecond(),
                new DirectoryAssignments(metadata)::assign));
    }

    private static int recordThreads() {
        return Math.max(2, Runtime.getRuntime().availableProcessors());
    }

    private long producerIdExpirationMs() {
        MetadataStore metadata = opened;
        return (metadata == null ? config : metadata.brokerConfig()).producerIdExpirationMs();
    }

    private void addMetadataHandlers(
            List<RequestHandler<?>> handlers,
            MetadataStore metadata,
            ClientQuotas quotas,
            Executor background,
            FileWork files) {
        ConfigControl configs = new ConfigControl(metadata, loggers);
        handlers.add(new MetadataHandler(metadata, topics));
        handlers.add(new CreateTopicsHandler(metadata, topics, quotas, files));
        handlers.add(new DeleteTopicsHandler(metadata, topics, quotas, files));
        handlers.add(new CreatePartitionsHandler(topics, quotas, files));
        handlers.add(new DescribeTopicPartitionsHandler(metadata));
        handlers.add(new DescribeClusterHandler(metadata));
        handlers.add(new DescribeConfigsHandler(metadata, loggers));
        handlers.add(new IncrementalAlterConfigsHandler(configs));
        handlers.add(new AlterConfigsHandler(configs));
        handlers.add(new DescribeClientQuotasHandler(metadata));
        handlers.add(new AlterClientQuotasHandler(new ClientQuotaControl(metadata), background));
        handlers.add(new UpdateFeaturesHandler(new FeatureControl(metadata)));
        handlers.add(new ListConfigResourcesHandler(metadata));
    }

    private void addOperationHandlers(
            List<RequestHandler<?>> handlers,
            MetadataStore metadata,
            PartitionRegistry partitions,
            BackgroundExecutor background) {
        PartitionControl partitionControl = new PartitionControl(metadata);
        handlers.add(new ElectLeadersHandler(partitionControl));
        handlers.add(new AlterPartitionReassignmentsHandler(partitionControl));
        handlers.add(new ListPartitionReassignmentsHandler(metadata));
        handlers.add(new AlterReplicaLogDirsHandler(partitions, background));
        handlers.add(new DescribeQuorumHandler(metadata, clock));
        handlers.add(new AddRaftVoterHandler(metadata));
        handlers.add(new RemoveRaftVoterHandler(metadata));
        handlers.add(new UnregisterBrokerHandler(metadata));
        handlers.add(new DescribeUserScramCredentialsHandler(metadata));
        handlers.add(new AlterUserScramCredentialsHandler(new ScramControl(metadata)));
        if (telemetrySink != null) {
            ClientTelemetry telemetry = new ClientTelemetry(metadata, clock, telemetrySink);
            handlers.add(new GetTelemetrySubscriptionsHandler(telemetry));
            handlers.add(new PushTelemetryHandler(telemetry, background));
        }
    }

    private void addRecordHandlers(
            List<RequestHandler<?>> handlers,
            PartitionRegistry partitions,
            BrokerTimer timer,
            BackgroundExecutor background,
            BlockingExecutor heavy,
            ClientQuotas quotas) {
        fetchSessions = new FetchSessions(config.maxIncrementalFetchSessionCacheSlots(), clock);
        handlers.add(new FetchHandler(new FetchEngine(partitions, fetchSessions, timer, config, quotas)));
        handlers.add(new ListOffsetsHandler(partitions, heavy));
        handlers.add(new OffsetForLeaderEpochHandler(partitions));
        handlers.add(new DeleteRecordsHandler(partitions, background));
        handlers.add(new DescribeLogDirsHandler(partitions, background));
    }

    private static void addGroupHandlers(
            List<RequestHandler<?>> handlers, MetadataStore metadata, GroupCoordinator groups) {
        handlers.add(new JoinGroupHandler(groups));
        handlers.add(new SyncGroupHandler(groups));
        handlers.add(new HeartbeatHandler(groups));
        handlers.add(new LeaveGroupHandler(groups));
        handlers.add(new OffsetCommitHandler(metadata, groups));
        handlers.add(new OffsetFetchHandler(metadata, groups));
        handlers.add(new OffsetDeleteHandler(metadata, groups));
        handlers.add(new ListGroupsHandler(groups));
        handlers.add(new DescribeGroupsHandler(groups));
        handlers.add(new DeleteGroupsHandler(groups));
        handlers.add(new ConsumerGroupHeartbeatHandler(groups));
        handlers.add(new ConsumerGroupDescribeHandler(groups));
    }

    private void addTransactionHandlers(
            List<RequestHandler<?>> handlers,
            MetadataStore metadata,
            PartitionRegistry partitions,
            GroupCoordinator groups,
            TransactionCoordinator transactions,
            ProducerIds producerIds,
            MarkerWriter markerWriter) {
        handlers.add(new FindCoordinatorHandler(
                metadata,
                Map.of(
                        FindCoordinatorHandler.GROUP,
                        groups::leaderFor,
                        FindCoordinatorHandler.TRANSACTION,
                        transactions::leaderFor)));
        handlers.add(new InitProducerIdHandler(producerIds, transactions));
        handlers.add(new AddPartitionsToTxnHandler(metadata, transactions));
        handlers.add(new AddOffsetsToTxnHandler(groups, transactions));
        handlers.add(new EndTxnHandler(transactions));
        handlers.add(new DescribeTransactionsHandler(transactions));
        handlers.add(new ListTransactionsHandler(transactions));
        handlers.add(new TxnOffsetCommitHandler(
                metadata, new TransactionalOffsets(groups, transactions, partitions, clock, metadata::brokerConfig)));
        handlers.add(new DescribeProducersHandler(partitions));
        handlers.add(new WriteTxnMarkersHandler(markerWriter));
    }

    /**
     * Creates topics, those that are not there yet.
     *
     * @throws ApiException for the first that cannot be created
     */
    void createTopics(List<CreatableTopic> wanted) {
        for (TopicOutcome outcome : topics.createAll(wanted, false)) {
            if (outcome.error() != ErrorCode.NONE && outcome.error() != ErrorCode.TOPIC_ALREADY_EXISTS) {
                throw new ApiException(outcome.error(), outcome.message());
            }
        }
        opened.awaitCommitted();
    }

    /** What tests look into. */
    BrokerParts inside() {
        return inside;
    }

    private <T extends AutoCloseable> T started(T part) {
        parts.push(part);
        return part;
    }

    private NetworkConfig networkConfig() {
        int threads = config.isSet("num.network.threads")
                ? config.numNetworkThreads()
                : NetworkConfig.defaultThreads(Runtime.getRuntime().availableProcessors(), config.numNetworkThreads());
        return new NetworkConfig(
                config.nodeId(),
                config.listeners(),
                threads,
                config.socketRequestMaxBytes(),
                config.connectionsMaxIdleMs(),
                config.socketListenBacklogSize(),
                // The system adapts its own default to the connection; a fixed size, as Apache Kafka's default, stops
                // that.
                config.isSet("socket.send.buffer.bytes") ? config.socketSendBufferBytes() : -1,
                config.isSet("socket.receive.buffer.bytes") ? config.socketReceiveBufferBytes() : -1);
    }

    /** The brokers that clients see. */
    BrokerSet brokers() {
        return brokers;
    }

    /** The end points that clients are told, with their ports. */
    List<Listener> advertised() {
        return brokers.advertised();
    }

    /** Where clients connect first: the address of every listener, with commas in between. */
    String bootstrapServers() {
        return advertised().stream().map(Listener::address).collect(Collectors.joining(","));
    }

    /** The id of the broker that leads a partition, -1 if none does or there is no such partition. */
    int leader(String topicName, int index) {
        TopicImage topic = opened.image().topic(topicName);
        PartitionImage partition = topic == null ? null : topic.partition(index);
        return partition == null ? PartitionImage.NO_LEADER : partition.leader();
    }

    BrokerConfig config() {
        return config;
    }

    /** Stops everything; what fails to stop is logged and does not keep the rest from it. */
    @Override
    public void close() {
        for (AutoCloseable part = parts.poll(); part != null; part = parts.poll()) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.error("Failed to stop {}", part, e);
            }
        }
    }

    /** Ends everything as {@code kill -9} does: nobody is answered, nothing is flushed, and nothing says that the stop was clean. */
    void kill() {
        abandon(false);
    }

    /** Ends everything whose data nobody needs: requests in flight are answered, nothing is flushed. */
    void discard() {
        abandon(true);
    }

    private void abandon(boolean answer) {
        for (AutoCloseable part = parts.poll(); part != null; part = parts.poll()) {
            try {
                abandon(part, answer);
            } catch (Exception e) {
                LOG.error("Failed to end {}", part, e);
            }
        }
    }

    private static void abandon(AutoCloseable part, boolean answer) throws Exception {
        if (part instanceof SocketServer server && !answer) {
            server.abort();
        } else if (part instanceof LogDirectory directory) {
            directory.abandon();
        } else if (!(part instanceof LogFlush) && !(part instanceof MetadataStore)) {
            part.close();
        }
    }
}
