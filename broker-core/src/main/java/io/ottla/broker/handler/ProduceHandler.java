package io.ottla.broker.handler;

import io.ottla.broker.config.Listener;
import io.ottla.broker.handler.produce.ProduceTurns;
import io.ottla.broker.handler.produce.TransactionGate;
import io.ottla.broker.handler.produce.Verification;
import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.broker.partition.RejectedRecords;
import io.ottla.broker.quota.ClientQuotas;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.ProduceRequest;
import io.ottla.protocol.message.ProduceRequest.PartitionProduceData;
import io.ottla.protocol.message.ProduceRequest.TopicProduceData;
import io.ottla.protocol.message.ProduceResponse;
import io.ottla.protocol.message.ProduceResponse.BatchIndexAndErrorMessage;
import io.ottla.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.ottla.protocol.message.ProduceResponse.TopicProduceResponse;
import io.ottla.protocol.record.CompressionType;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.Clock;
import io.ottla.storage.LogAppendResult;
import io.ottla.storage.VerificationGuard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Produce: appends one record batch to each of the partitions named.
 *
 * <ul>
 *   <li>Version 3 brought record batches of magic 2 and the transactional id; older ones are advertised, as Apache Kafka
 *       does for the sake of old clients, and not served.
 *   <li>4 may answer KAFKA_STORAGE_ERROR, 5 adds the log start offset to the answer, 7 allows zstd.
 *   <li>8 adds the records at fault and a message (KIP-467), 9 is flexible, 10 can name the new leader (KIP-951).
 *   <li>11 and 12 belong to transactions (KIP-890), 13 names topics by their id (KIP-516).
 * </ul>
 *
 * <p>The records are written from the request's own bytes, offsets and leader epoch patched in place. All that happens on the event
 * loop, unless large batches have to be decompressed or compressed, or the transaction coordinator is asked: then the produce requests
 * behind this one, on the same connection, wait for it.
 */
public final class ProduceHandler extends RequestHandler<ProduceRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(ProduceHandler.class);

    private static final short ACKS_NONE = 0;
    private static final short ACKS_LEADER = 1;
    private static final short ACKS_ALL = -1;
    private static final short FIRST_VERSION_WITH_STORAGE_ERROR = 4;
    private static final short FIRST_VERSION_WITH_ZSTD = 7;
    private static final short FIRST_VERSION_WITH_LEADER_HINT = 10;
    private static final short FIRST_VERSION_WITH_TOPIC_IDS = 13;

    /** The only client that may write to internal topics by itself, as in Apache Kafka. */
    private static final String ADMIN_CLIENT_ID = "__admin_client";

    private static final long NO_OFFSET = -1L;

    /** Where every version of the format has its length and its magic, in bytes from the start of the batch. */
    private static final int LENGTH_AT = 8;

    private static final int MAGIC_AT = 16;
    private static final int MIN_OLD_LENGTH_BYTES = 14;

    /** Decompressing this much takes some 10 us; some ms where somebody made the most of the codec. */
    private static final int MAX_BRIEF_SIZE_BYTES = 2048;

    private final PartitionRegistry partitions;
    private final TransactionGate gate;
    private final Clock clock;
    private final Executor executor;
    private final ClientQuotas quotas;
    private final ProduceTurns turns = new ProduceTurns();

    /**
     * @param partitions the partitions
     * @param gate asked about transactional records
     * @param clock says which timestamps are out of range
     * @param executor where records are appended that would hold up an event loop for too long
     * @param quotas what clients may produce
     */
    public ProduceHandler(
            PartitionRegistry partitions, TransactionGate gate, Clock clock, Executor executor, ClientQuotas quotas) {
        super(ApiKey.PRODUCE);
        this.executor = executor;
        this.partitions = partitions;
        this.gate = gate;
        this.clock = clock;
        this.quotas = quotas;
    }

    @Override
    public void handle(ProduceRequest request, RequestContext context) {
        if (turns.isTaken(context.connection())) {
            turns.queue(context.connection(), () -> guarded(request, context, () -> serve(request, context)));
        } else {
            serve(request, context);
        }
    }

    private void serve(ProduceRequest request, RequestContext context) {
        Verification verification = null;
        if (request.transactionalId() != null) {
            verification = gate.verify(
                    request, context.apiVersion(), context.connection().brokerId());
        } else if (hasTransactionalRecords(request)) {
            finish(request, context, failures(request, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, null), true);
            return;
        }
        if (verification != null && verification.mustAsk()) {
            ask(request, context, verification);
        } else if (isLengthy(request, context.apiVersion())) {
            turns.take(context.connection());
            appendElsewhere(request, context, verification);
        } else {
            append(request, context, verification);
        }
    }

    /** Whether records have to be taken apart, or compressed another way, that are so large that the event loop should not do it. */
    private boolean isLengthy(ProduceRequest request, short version) {
        List<TopicProduceData> topics = request.topicData();
        for (int i = 0; i < topics.size(); i++) {
            List<PartitionProduceData> data = topics.get(i).partitionData();
            for (int j = 0; j < data.size(); j++) {
                ByteBuffer records = data.get(j).records();
                if (records != null && records.remaining() > MAX_BRIEF_SIZE_BYTES) {
                    Partition partition = partition(topics.get(i), data.get(j), version);
                    if (partition != null
                            && partition.isOnline()
                            && partition.log().isAppendLengthy(records)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** Appends on another thread; the request has its connection's turn. */
    private void appendElsewhere(ProduceRequest request, RequestContext context, Verification verification) {
        try {
            executor.execute(() -> {
                try {
                    guarded(request, context, () -> append(request, context, verification));
                } finally {
                    context.execute(() -> turns.release(context.connection()));
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("A produce request of client {} came after the end", context.clientId());
            finish(request, context, failures(request, ErrorCode.KAFKA_STORAGE_ERROR, null), true);
            turns.release(context.connection());
        }
    }

    /** Appends when the transaction coordinator has answered; at once, if it does so at once. */
    private void ask(ProduceRequest request, RequestContext context, Verification verification) {
        turns.take(context.connection());
        gate.ask(
                request,
                context.apiVersion(),
                context.connection().brokerId(),
                verification,
                answered -> context.execute(() -> {
                    if (isLengthy(request, context.apiVersion())) {
                        appendElsewhere(request, context, answered);
                        return;
                    }
                    try {
                        guarded(request, context, () -> append(request, context, answered));
                    } finally {
                        turns.release(context.connection());
                    }
                }));
    }

    /** Does what the connection does for requests that are not put off: no request is left without an answer. */
    private void guarded(ProduceRequest request, RequestContext context, Runnable action) {
        try {
            action.run();
        } catch (ApiException e) {
            finish(request, context, failures(request, e.error(), e.getMessage()), true);
        } catch (RuntimeException e) {
            LOG.error("Failed to serve a produce request of client {}", context.clientId(), e);
            finish(request, context, failures(request, ErrorCode.UNKNOWN_SERVER_ERROR, null), true);
        }
    }

    private void append(ProduceRequest request, RequestContext context, Verification verification) {
        List<TopicProduceData> topics = request.topicData();
        List<TopicProduceResponse> answers = new ArrayList<>(topics.size());
        PendingProduce pending = null;
        boolean failed = false;
        for (int i = 0; i < topics.size(); i++) {
            TopicProduceData topic = topics.get(i);
            List<PartitionProduceData> data = topic.partitionData();
            List<PartitionProduceResponse> partitionAnswers = new ArrayList<>(data.size());
            for (int j = 0; j < data.size(); j++) {
                Partition partition = partition(topic, data.get(j), context.apiVersion());
                PartitionProduceResponse answer = partition == null
                        ? failure(data.get(j).index(), unknown(context.apiVersion(), topic.topicId()))
                        : produce(request, partition, data.get(j), context, verification);
                if (answer.errorCode() != ErrorCode.NONE.code()) {
                    failed = true;
                } else if (request.acks() != ACKS_NONE && partition.delaysAcknowledgements()) {
                    pending = pending == null ? new PendingProduce(context) : pending;
                    pending.add(partition, endOffset(answer, data.get(j)), answer);
                }
                partitionAnswers.add(answer);
            }
            answers.add(new TopicProduceResponse()
                    .name(topic.name())
                    .topicId(topic.topicId())
                    .partitionResponses(partitionAnswers));
        }
        ProduceResponse response = new ProduceResponse().responses(answers);
        if (failed && context.apiVersion() >= FIRST_VERSION_WITH_LEADER_HINT) {
            addEndpoints(response, context);
        }
        if (quotas.limitsProduce()) {
            context.throttle(
                    quotas.recordProduce(context.connection().userName(), context.clientId(), context.sizeBytes()));
        }
        if (pending != null) {
            pending.respondWhenSafe(response);
        } else {
            finish(request, context, response, failed);
        }
    }

    private Partition partition(TopicProduceData topic, PartitionProduceData data, short version) {
        return version >= FIRST_VERSION_WITH_TOPIC_IDS
                ? partitions.partition(topic.topicId(), data.index())
                : partitions.partition(topic.name(), data.index());
    }

    /** The offset behind the records that the answer speaks of. */
    private static long endOffset(PartitionProduceResponse answer, PartitionProduceData data) {
        RecordBatch batch =
                new RecordBatch().wrap(data.records(), data.records().position());
        return answer.baseOffset() + batch.lastOffsetDelta() + 1;
    }

    /** With acks=0 nobody waits for an answer: all that can be told is a failure, by hanging up. */
    private static void finish(ProduceRequest request, RequestContext context, ApiMessage response, boolean failed) {
        if (request.acks() != ACKS_NONE) {
            context.respond(response);
        } else if (failed) {
            LOG.info(
                    "Closing the connection of client {}: its produce request with acks=0 failed, correlation id {}",
                    context.clientId(),
                    context.correlationId());
            context.disconnect();
        } else {
            context.complete();
        }
    }

    private PartitionProduceResponse produce(
            ProduceRequest request,
            Partition partition,
            PartitionProduceData data,
            RequestContext context,
            Verification verification) {
        short version = context.apiVersion();
        ByteBuffer batch;
        try {
            batch = checkedBatch(data.records(), version);
        } catch (ApiException e) {
            PartitionProduceResponse answer = failure(data.index(), e.error());
            return e.error() == ErrorCode.CORRUPT_MESSAGE ? answer.errorMessage(e.getMessage()) : answer;
        }
        short acks = request.acks();
        if (acks != ACKS_ALL && acks != ACKS_LEADER && acks != ACKS_NONE) {
            return failure(data.index(), ErrorCode.INVALID_REQUIRED_ACKS);
        }
        if (partition.isInternal() && !ADMIN_CLIENT_ID.equals(context.clientId())) {
            return failure(data.index(), ErrorCode.INVALID_TOPIC_EXCEPTION);
        }
        if (partition.leader() != context.connection().brokerId()) {
            return notLeader(partition, version);
        }
        VerificationGuard guard = null;
        if (verification != null) {
            Verification.Refusal refusal = verification.refusal(partition);
            if (refusal != null) {
                return failure(data.index(), refusal.error()).errorMessage(refusal.message());
            }
            guard = verification.guard(partition);
        }
        return append(partition, batch, acks, guard, version);
    }

    private PartitionProduceResponse append(
            Partition partition, ByteBuffer batch, short acks, VerificationGuard guard, short version) {
        try {
            LogAppendResult result = partition.append(batch, acks, guard);
            return new PartitionProduceResponse()
                    .index(partition.index())
                    .baseOffset(result.baseOffset())
                    .logAppendTimeMs(result.logAppendTimeMs())
                    .logStartOffset(result.logStartOffset());
        } catch (ApiException e) {
            return e.error() == ErrorCode.KAFKA_STORAGE_ERROR
                    ? failure(partition.index(), storageError(e.error(), version))
                            .errorMessage(e.getMessage())
                    : appendFailure(partition, batch, e);
        } catch (RuntimeException e) {
            LOG.error("Appending to {} failed", partition, e);
            return failure(partition.index(), ErrorCode.UNKNOWN_SERVER_ERROR);
        }
    }

    private ErrorCode unknown(short version, Uuid topicId) {
        return version >= FIRST_VERSION_WITH_TOPIC_IDS && partitions.topicName(topicId) == null
                ? ErrorCode.UNKNOWN_TOPIC_ID
                : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    /**
     * Finds the one batch that a partition's records may hold; the log checks its inside. Bytes behind it that are no batch are
     * left out.
     */
    private static ByteBuffer checkedBatch(ByteBuffer records, short version) {
        if (records == null || isOfOldFormat(records)) {
            throw new ApiException(ErrorCode.INVALID_RECORD);
        }
        int sizeBytes = RecordBatches.sizeBytesAt(records, records.position());
        if (sizeBytes == RecordBatches.TORN) {
            throw new ApiException(ErrorCode.INVALID_RECORD);
        }
        if (version < FIRST_VERSION_WITH_ZSTD
                && new RecordBatch().wrap(records, records.position()).compressionType() == CompressionType.ZSTD) {
            throw new ApiException(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
        }
        int end = records.position() + sizeBytes;
        if (end == records.limit()) {
            return records;
        }
        if (RecordBatches.sizeBytesAt(records, end) != RecordBatches.TORN) {
            throw new ApiException(ErrorCode.INVALID_RECORD);
        }
        return records.duplicate().limit(end);
    }

    private static boolean isOfOldFormat(ByteBuffer records) {
        int start = records.position();
        if (records.remaining() <= MAGIC_AT || records.getInt(start + LENGTH_AT) < MIN_OLD_LENGTH_BYTES) {
            return false;
        }
        byte magic = records.get(start + MAGIC_AT);
        return magic >= 0 && magic < RecordBatch.MAGIC;
    }

    private static boolean hasTransactionalRecords(ProduceRequest request) {
        List<TopicProduceData> topics = request.topicData();
        for (int i = 0; i < topics.size(); i++) {
            List<PartitionProduceData> data = topics.get(i).partitionData();
            for (int j = 0; j < data.size(); j++) {
                ByteBuffer records = data.get(j).records();
                if (records != null && RecordBatches.isTransactionalAt(records, records.position())) {
                    return true;
                }
            }
        }
        return false;
    }

    private static PartitionProduceResponse failure(int index, ErrorCode error) {
        return fail(new PartitionProduceResponse().index(index), error);
    }

    /** Clients of version 3 do not know the error of a log that cannot be written; they are to ask again, too. */
    static ErrorCode storageError(ErrorCode error, short version) {
        return error == ErrorCode.KAFKA_STORAGE_ERROR && version < FIRST_VERSION_WITH_STORAGE_ERROR
                ? ErrorCode.NOT_LEADER_OR_FOLLOWER
                : error;
    }

    /** Makes a failure of an answer. */
    static PartitionProduceResponse fail(PartitionProduceResponse answer, ErrorCode error) {
        return answer.errorCode(error.code())
                .baseOffset(NO_OFFSET)
                .logAppendTimeMs(RecordBatch.NO_TIMESTAMP_MS)
                .logStartOffset(NO_OFFSET);
    }

    /** Says where the leaders are that the client should have asked (KIP-951). */
    private void addEndpoints(ProduceResponse response, RequestContext context) {
        Set<Integer> leaders = new HashSet<>();
        for (TopicProduceResponse topic : response.responses()) {
            for (PartitionProduceResponse answer : topic.partitionResponses()) {
                int leader = answer.currentLeader().leaderId();
                Listener endpoint = leader >= 0 && leaders.add(leader)
                        ? partitions.endpoint(leader, context.connection().listenerName())
                        : null;
                if (endpoint != null) {
                    response.nodeEndpoints()
                            .add(new ProduceResponse.NodeEndpoint()
                                    .nodeId(leader)
                                    .host(endpoint.host())
                                    .port(endpoint.port())
                                    .rack(partitions.rack(leader)));
                }
            }
        }
    }

    private static PartitionProduceResponse notLeader(Partition partition, short version) {
        PartitionProduceResponse answer = failure(partition.index(), ErrorCode.NOT_LEADER_OR_FOLLOWER);
        if (version >= FIRST_VERSION_WITH_LEADER_HINT) {
            answer.currentLeader().leaderId(partition.leader()).leaderEpoch(partition.leaderEpoch());
        }
        return answer;
    }

    /**
     * The answer to an append that failed. What the log says of the records or of the producer comes with the log start offset
     * (KIP-360); which records are at fault is told too (KIP-467).
     */
    private PartitionProduceResponse appendFailure(Partition partition, ByteBuffer batch, ApiException e) {
        PartitionProduceResponse answer = failure(partition.index(), e.error());
        switch (e.error()) {
            case OUT_OF_ORDER_SEQUENCE_NUMBER,
                    INVALID_PRODUCER_EPOCH,
                    INVALID_TXN_STATE,
                    UNKNOWN_PRODUCER_ID,
                    NOT_ENOUGH_REPLICAS,
                    DUPLICATE_SEQUENCE_NUMBER ->
                answer.logStartOffset(partition.log().logStartOffset());
            case INVALID_RECORD, INVALID_TIMESTAMP -> {
                RejectedRecords rejected = RejectedRecords.of(batch, partition, e, clock.timeMs());
                for (RejectedRecords.RecordError error : rejected.errors()) {
                    answer.recordErrors()
                            .add(new BatchIndexAndErrorMessage()
                                    .batchIndex(error.batchIndex())
                                    .batchIndexErrorMessage(error.message()));
                }
                answer.logStartOffset(partition.log().logStartOffset()).errorMessage(rejected.message());
            }
            default -> LOG.debug("Appending to {} failed: {}", partition, e.getMessage());
        }
        return answer;
    }

    /** With acks=0 there is no answer, whatever happened: the client would take it for that to its next request. */
    @Override
    public ProduceResponse errorResponse(ProduceRequest request, short version, ErrorCode error, String message) {
        return request.acks() == ACKS_NONE ? null : failures(request, error, message);
    }

    private static ProduceResponse failures(ProduceRequest request, ErrorCode error, String message) {
        List<TopicProduceResponse> answers = new ArrayList<>(request.topicData().size());
        for (TopicProduceData topic : request.topicData()) {
            List<PartitionProduceResponse> partitionAnswers =
                    new ArrayList<>(topic.partitionData().size());
            for (PartitionProduceData data : topic.partitionData()) {
                partitionAnswers.add(failure(data.index(), error).errorMessage(message));
            }
            answers.add(new TopicProduceResponse()
                    .name(topic.name())
                    .topicId(topic.topicId())
                    .partitionResponses(partitionAnswers));
        }
        return new ProduceResponse().responses(answers);
    }
}
