package io.ottla.broker.coordinator.transaction;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.CoordinatorRuntime;
import io.ottla.broker.coordinator.Gather;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.ProducerIds;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicNames;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeTransactionsResponse;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.ListTransactionsRequest;
import io.ottla.protocol.message.ListTransactionsResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transaction coordinator (KIP-98, KIP-890): the producers of transactional ids and the state of their transactions, kept in
 * {@code __transaction_state}.
 *
 * <p>All methods may be called on any thread and do not block. Each answers through its reply, at once or later, on any thread; a
 * reply fails as a whole with COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR and other errors of the coordinator itself. Error codes are
 * those of the newest version of an API. The broker id is that of the broker that was asked, which must lead the partition of the id.
 */
public final class TransactionCoordinator implements TransactionAdmission, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(TransactionCoordinator.class);
    private static final String FEATURE = "transaction.version";
    private static final int NO_EPOCH = -1;

    private final TransactionConfig config;
    private final MetadataStore metadata;
    private final MarkerWriter markerWriter;
    private final CoordinatorRuntime<TransactionShard> runtime;

    /**
     * A coordinator that serves nothing until {@link #start}.
     *
     * @param brokerConfig the broker's settings
     * @param environment the rest of the broker
     * @param producerIds where producer ids come from
     * @param markerWriter ends transactions on the partitions
     */
    public TransactionCoordinator(
            BrokerConfig brokerConfig,
            CoordinatorRuntime.Environment environment,
            ProducerIds producerIds,
            MarkerWriter markerWriter) {
        this.config = TransactionConfig.of(brokerConfig);
        this.metadata = environment.metadata();
        this.markerWriter = markerWriter;
        Reply<MarkerRound> markers = new Markers();
        this.runtime = new CoordinatorRuntime<>(
                TopicNames.TRANSACTION_STATE,
                new TransactionRecordFormat(),
                () -> new TransactionShard(config, this::transactionVersion, producerIds::next, markers),
                environment);
    }

    /** The feature level that tells clients which protocol of transactions to speak; 2 is that of KIP-890. */
    private int transactionVersion() {
        return metadata.image().features().getOrDefault(FEATURE, (short) 0);
    }

    /** Loads what is in the log and completes what was prepared; to be called when partitions and groups can take markers. */
    public void start() {
        runtime.start();
    }

    /** Answers all who wait, and those who still come, with NOT_COORDINATOR. */
    @Override
    public void close() {
        runtime.close();
    }

    /**
     * The partition of {@code __transaction_state} that holds a transactional id; makes the topic if need be.
     *
     * @throws ApiException if the topic cannot be made
     */
    public int partitionFor(String transactionalId) {
        return runtime.partitionFor(transactionalId);
    }

    /**
     * The broker that coordinates a transactional id, -1 if none does now; makes the topic if need be.
     *
     * @throws ApiException if the topic cannot be made
     */
    public int leaderFor(String transactionalId) {
        return runtime.leaderFor(transactionalId);
    }

    /**
     * Handles InitProducerId of a producer with a transactional id. A transaction that is open is aborted first; the answer comes when
     * its markers are written.
     */
    public void initProducerId(int brokerId, InitProducerIdRequest request, Reply<ProducerIdentity> reply) {
        ErrorCode error = ErrorCode.NONE;
        if (request.transactionalId().isEmpty()) {
            error = ErrorCode.INVALID_REQUEST;
        } else if (request.transactionTimeoutMs() <= 0 || request.transactionTimeoutMs() > config.maxTimeoutMs()) {
            error = ErrorCode.INVALID_TRANSACTION_TIMEOUT;
        }
        if (error != ErrorCode.NONE) {
            reply.fail(error);
            return;
        }
        runtime.execute(
                brokerId,
                request.transactionalId(),
                (shard, out) -> shard.init().init(request, reply, out),
                reply);
    }

    /** Whether a broker is the one to be asked about a transactional id. Does not make the topic. */
    public boolean isCoordinator(int brokerId, String transactionalId) {
        return runtime.isCoordinator(brokerId, transactionalId);
    }

    /**
     * Adds partitions to a producer's transaction, which starts with the first.
     *
     * @param bumpsEpochs whether the client is of transaction version 2
     * @param reply gets one answer for all partitions
     */
    public void addPartitions(
            int brokerId,
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            boolean bumpsEpochs,
            Reply<ErrorCode> reply) {
        if (transactionalId.isEmpty()) {
            reply.fail(ErrorCode.INVALID_REQUEST);
            return;
        }
        PartitionAdding.Request request =
                new PartitionAdding.Request(transactionalId, producerId, producerEpoch, partitions);
        short clientVersion = bumpsEpochs ? TransactionStates.EPOCH_BUMP_VERSION : 0;
        runtime.execute(
                brokerId,
                transactionalId,
                (shard, out) -> shard.adding().add(request, clientVersion, reply, out),
                reply);
    }

    /**
     * Says whether partitions are a part of a producer's transaction.
     *
     * @param reply gets one answer for each partition
     */
    public void verifyPartitions(
            int brokerId,
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            Reply<Map<TopicPartition, ErrorCode>> reply) {
        if (transactionalId.isEmpty()) {
            reply.fail(ErrorCode.INVALID_REQUEST);
            return;
        }
        PartitionAdding.Request request =
                new PartitionAdding.Request(transactionalId, producerId, producerEpoch, partitions);
        runtime.execute(
                brokerId, transactionalId, (shard, out) -> shard.adding().verify(request), reply);
    }

    /** Finds the coordinator by itself, whichever broker that is: brokers ask on behalf of their partitions. */
    @Override
    public void admit(
            String transactionalId,
            long producerId,
            short producerEpoch,
            List<TopicPartition> partitions,
            Mode mode,
            Reply<Map<TopicPartition, ErrorCode>> reply) {
        if (transactionalId.isEmpty()) {
            reply.fail(ErrorCode.INVALID_REQUEST);
            return;
        }
        PartitionAdding.Request request =
                new PartitionAdding.Request(transactionalId, producerId, producerEpoch, partitions);
        if (mode == Mode.ADD) {
            Reply<ErrorCode> one = reply.map(error -> forEach(partitions, error));
            runtime.execute(
                    transactionalId,
                    (shard, out) -> shard.adding().add(request, TransactionStates.EPOCH_BUMP_VERSION, one, out),
                    one);
        } else {
            runtime.execute(transactionalId, (shard, out) -> shard.adding().verify(request), reply);
        }
    }

    private static Map<TopicPartition, ErrorCode> forEach(List<TopicPartition> partitions, ErrorCode error) {
        Map<TopicPartition, ErrorCode> answers = new HashMap<>();
        for (TopicPartition partition : partitions) {
            answers.put(partition, error);
        }
        return answers;
    }

    /**
     * Handles EndTxn. The answer comes when the outcome is committed; the markers follow without further ado.
     *
     * @param bumpsEpochs whether the client is of transaction version 2
     */
    public void endTransaction(
            int brokerId, EndTxnRequest request, boolean bumpsEpochs, Reply<ProducerIdentity> reply) {
        if (request.transactionalId().isEmpty()) {
            reply.fail(ErrorCode.INVALID_REQUEST);
            return;
        }
        runtime.execute(
                brokerId,
                request.transactionalId(),
                (shard, out) -> shard.ending().end(request, bumpsEpochs, reply, out),
                reply);
    }

    /** Handles DescribeTransactions: the ids in the order of the request. */
    public void describeTransactions(
            int brokerId,
            List<String> transactionalIds,
            Reply<List<DescribeTransactionsResponse.TransactionState>> reply) {
        Gather<DescribeTransactionsResponse.TransactionState> gather = new Gather<>(transactionalIds.size(), reply);
        for (String transactionalId : transactionalIds) {
            Reply<DescribeTransactionsResponse.TransactionState> slot =
                    gather.slot(error -> new DescribeTransactionsResponse.TransactionState()
                            .transactionalId(transactionalId)
                            .errorCode(error.code()));
            if (transactionalId.isEmpty()) {
                slot.fail(ErrorCode.INVALID_REQUEST);
            } else {
                runtime.execute(
                        brokerId,
                        transactionalId,
                        (shard, out) -> shard.queries().describe(transactionalId),
                        slot);
            }
        }
    }

    /** Handles ListTransactions. Fails with INVALID_REGULAR_EXPRESSION if there is a pattern and it is none of RE2. */
    public void listTransactions(int brokerId, ListTransactionsRequest request, Reply<ListTransactionsResponse> reply) {
        List<String> unknown = request.stateFilters().stream()
                .filter(label -> TransactionState.forLabel(label) == null)
                .toList();
        String regex = request.transactionalIdPattern();
        Pattern pattern;
        try {
            pattern = regex == null || regex.isEmpty() ? null : Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            reply.fail(ErrorCode.INVALID_REGULAR_EXPRESSION);
            return;
        }
        runtime.executeOnAll(
                brokerId,
                (shard, out) -> shard.queries().list(request, pattern, out.nowMs()),
                reply.map((List<List<ListTransactionsResponse.TransactionState>> parts) -> {
                    List<ListTransactionsResponse.TransactionState> all = new ArrayList<>();
                    parts.forEach(all::addAll);
                    return new ListTransactionsResponse()
                            .unknownStateFilters(unknown)
                            .transactionStates(all);
                }));
    }

    /** The leader epoch of the partition that holds an id: a coordinator that was replaced is told from its successor by it. */
    private int coordinatorEpoch(String transactionalId) {
        TopicImage topic = metadata.image().topic(TopicNames.TRANSACTION_STATE);
        PartitionImage partition = topic == null ? null : topic.partition(partitionFor(transactionalId));
        return partition == null ? NO_EPOCH : partition.leaderEpoch();
    }

    /** Gets rounds when what they follow from is committed. */
    private final class Markers implements Reply<MarkerRound> {

        @Override
        public void complete(MarkerRound round) {
            if (round.isCancelled()) {
                return;
            }
            Reply<Map<TopicPartition, ErrorCode>> results =
                    Reply.of(result -> written(round, result), error -> Map.of());
            try {
                TransactionEnd end = new TransactionEnd(
                        round.producerId(),
                        round.producerEpoch(),
                        coordinatorEpoch(round.transactionalId()),
                        round.isCommitted(),
                        round.transactionVersion());
                markerWriter.write(end, round.partitions(), results);
            } catch (RuntimeException e) {
                // Whatever it is, the markers have to be written: there will be another round.
                log.error("Could not write the markers of {}", round.transactionalId(), e);
                results.complete(Map.of());
            }
        }

        private void written(MarkerRound round, Map<TopicPartition, ErrorCode> results) {
            runtime.execute(
                    round.transactionalId(),
                    (shard, out) -> {
                        shard.ending().onMarkers(round, confirmed(results), out);
                        return true;
                    },
                    Reply.of(done -> {}, error -> true));
        }

        /** A partition may be out of reach and yet be there: its marker must not be forgone. */
        private Map<TopicPartition, ErrorCode> confirmed(Map<TopicPartition, ErrorCode> results) {
            if (!results.containsValue(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)) {
                return results;
            }
            MetadataImage image = metadata.image();
            Map<TopicPartition, ErrorCode> confirmed = new HashMap<>(results);
            confirmed.entrySet().removeIf(entry -> {
                TopicImage topic = image.topic(entry.getKey().topic());
                return entry.getValue() == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                        && topic != null
                        && topic.partition(entry.getKey().partition()) != null;
            });
            return confirmed;
        }

        /** The outcome did not get into the log. The shard starts over from what is there. */
        @Override
        public void fail(ErrorCode error) {}
    }
}
