package io.ottla.broker.handler.produce;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionAdmission;
import io.ottla.broker.coordinator.transaction.TransactionAdmission.Mode;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.broker.time.BrokerTimer;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceRequest.PartitionProduceData;
import io.ottla.protocol.message.ProduceRequest.TopicProduceData;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.Clock;
import io.ottla.storage.VerificationGuard;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets no transactional records into a log that the transaction coordinator does not know of (KIP-890): where a log has no open
 * transaction of the producer, the coordinator is asked first. From version 12 of Produce on, the question also makes the partition a
 * part of the transaction.
 *
 * <p>All methods may be called on any thread.
 */
public final class TransactionGate {

    private static final Logger LOG = LoggerFactory.getLogger(TransactionGate.class);

    static final short FIRST_VERSION_WITH_ADDING = 12;
    private static final short FIRST_VERSION_WITH_TOPIC_IDS = 13;
    private static final long NANOS_PER_MS = 1_000_000L;

    private final PartitionRegistry partitions;
    private final TransactionAdmission admission;
    private final BrokerTimer timer;
    private final Clock clock;
    private final Supplier<BrokerConfig> config;

    /**
     * A gate before all partitions of the broker.
     *
     * @param partitions the partitions
     * @param admission the coordinator
     * @param timer has it asked again
     * @param clock says for how long
     * @param config the broker's configuration as it is now
     */
    public TransactionGate(
            PartitionRegistry partitions,
            TransactionAdmission admission,
            BrokerTimer timer,
            Clock clock,
            Supplier<BrokerConfig> config) {
        this.partitions = partitions;
        this.admission = admission;
        this.timer = timer;
        this.clock = clock;
        this.config = config;
    }

    /**
     * Asks the logs.
     *
     * @param request has a transactional id
     * @param version its version
     * @param brokerId the broker that it reached
     * @return null if each log that gets transactional records has an open transaction of the producer
     * @throws ApiException INVALID_PRODUCER_ID_MAPPING if the records are of several producers
     */
    public Verification verify(ProduceRequest request, short version, int brokerId) {
        Verification verification = null;
        RecordBatch batch = new RecordBatch();
        RecordBatch first = null;
        List<TopicProduceData> topics = request.topicData();
        for (int i = 0; i < topics.size(); i++) {
            TopicProduceData topic = topics.get(i);
            List<PartitionProduceData> data = topic.partitionData();
            for (int j = 0; j < data.size(); j++) {
                PartitionProduceData records = data.get(j);
                if (!isTransactional(records.records(), batch)) {
                    continue;
                }
                Partition partition = version >= FIRST_VERSION_WITH_TOPIC_IDS
                        ? partitions.partition(topic.topicId(), records.index())
                        : partitions.partition(topic.name(), records.index());
                if (partition == null) {
                    continue;
                }
                if (first == null) {
                    first = new RecordBatch().wrap(batch.buffer(), batch.position());
                } else if (first.producerId() != batch.producerId() || first.producerEpoch() != batch.producerEpoch()) {
                    throw new ApiException(
                            ErrorCode.INVALID_PRODUCER_ID_MAPPING,
                            "Transactional records contained more than one producer ID");
                }
                if (partition.isOnline() && !partition.isInternal() && partition.leader() == brokerId) {
                    verification = verify(verification, request.transactionalId(), version, batch, partition);
                }
            }
        }
        return verification;
    }

    private static boolean isTransactional(ByteBuffer records, RecordBatch batch) {
        return records != null
                && records.remaining() >= RecordBatch.HEADER_SIZE_BYTES
                && batch.wrap(records, records.position()).magic() == RecordBatch.MAGIC
                && batch.isTransactional()
                && batch.hasProducerId();
    }

    private Verification verify(
            Verification soFar, String transactionalId, short version, RecordBatch batch, Partition partition) {
        boolean adds = version >= FIRST_VERSION_WITH_ADDING;
        boolean unchecked = !adds && !config.get().booleanValue("transaction.partition.verification.enable");
        Verification verification = soFar;
        ErrorCode refusal = ErrorCode.NONE;
        VerificationGuard guard = null;
        if (!unchecked) {
            try {
                guard = partition
                        .log()
                        .producerStates()
                        .beginVerification(
                                batch.producerId(), batch.producerEpoch(), batch.baseSequence(), adds, clock.timeMs());
            } catch (ApiException e) {
                refusal = e.error();
            }
            if (guard == null && refusal == ErrorCode.NONE) {
                return soFar;
            }
        }
        if (verification == null) {
            verification =
                    new Verification(version, transactionalId, batch.producerId(), batch.producerEpoch(), unchecked);
        }
        if (guard != null) {
            verification.ask(partition, guard);
        } else if (!unchecked) {
            verification.refuse(partition, refusal);
        }
        return verification;
    }

    /**
     * Asks the coordinator. A transaction of before that is still being ended is waited for, for a short while: a client would wait for
     * longer.
     *
     * @param request what is verified
     * @param version its version
     * @param brokerId the broker that it reached
     * @param verification what the logs said
     * @param then gets the outcome, on any thread
     */
    public void ask(
            ProduceRequest request,
            short version,
            int brokerId,
            Verification verification,
            Consumer<Verification> then) {
        ask(new Asking(request, version, brokerId, clock.nanoTime(), then, new AtomicBoolean()), verification);
    }

    private record Asking(
            ProduceRequest request,
            short version,
            int brokerId,
            long sinceNanos,
            Consumer<Verification> then,
            AtomicBoolean ended) {

        void end(Verification outcome) {
            if (ended.compareAndSet(false, true)) {
                then.accept(outcome);
            }
        }

        /** Whatever goes wrong: a connection waits for the outcome. */
        void fail(Verification verification, RuntimeException failure) {
            LOG.error("Could not verify a transaction of {}", verification.transactionalId(), failure);
            verification.answered(sameForAll(verification.asked(), ErrorCode.UNKNOWN_SERVER_ERROR));
            end(verification);
        }
    }

    private void ask(Asking asking, Verification verification) {
        Mode mode = asking.version >= FIRST_VERSION_WITH_ADDING ? Mode.ADD : Mode.VERIFY;
        try {
            admission.admit(
                    verification.transactionalId(),
                    verification.producerId(),
                    verification.producerEpoch(),
                    verification.asked(),
                    mode,
                    Reply.of(
                            answers -> answered(asking, verification, answers),
                            error -> sameForAll(verification.asked(), error)));
        } catch (RuntimeException e) {
            asking.fail(verification, e);
        }
    }

    private void answered(Asking asking, Verification verification, Map<TopicPartition, ErrorCode> answers) {
        if (asking.version >= FIRST_VERSION_WITH_ADDING
                && answers.containsValue(ErrorCode.CONCURRENT_TRANSACTIONS)
                && mayAskAgain(asking)) {
            timer.schedule(
                    () -> askAgain(asking, verification),
                    config.get().longValue("add.partitions.to.txn.retry.backoff.ms"));
            return;
        }
        verification.answered(answers);
        asking.end(verification);
    }

    private boolean mayAskAgain(Asking asking) {
        long limitMs = config.get().longValue("add.partitions.to.txn.retry.backoff.max.ms");
        return (clock.nanoTime() - asking.sinceNanos) / NANOS_PER_MS < limitMs;
    }

    /** The marker that was waited for has taken the guards away, or not; the logs are asked again as well. */
    private void askAgain(Asking asking, Verification before) {
        Verification now;
        try {
            now = verify(asking.request, asking.version, asking.brokerId);
        } catch (RuntimeException e) {
            asking.fail(before, e);
            return;
        }
        if (now == null || !now.mustAsk()) {
            asking.end(now == null ? before : now);
        } else {
            ask(asking, now);
        }
    }

    private static Map<TopicPartition, ErrorCode> sameForAll(List<TopicPartition> partitions, ErrorCode error) {
        Map<TopicPartition, ErrorCode> answers = new HashMap<>();
        for (TopicPartition partition : partitions) {
            answers.put(partition, error);
        }
        return answers;
    }
}
