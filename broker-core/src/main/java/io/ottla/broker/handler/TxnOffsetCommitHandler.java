package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionalOffsets;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.TxnOffsetCommitRequest;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition;
import io.ottla.protocol.message.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic;
import io.ottla.protocol.message.TxnOffsetCommitResponse;
import io.ottla.protocol.message.TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition;
import io.ottla.protocol.message.TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * TxnOffsetCommit: a group's positions as a part of a transaction; they show when it is committed (KIP-98).
 *
 * <p>Versions: 2 adds leader epochs, 3 is flexible and says which member of the group commits (KIP-447), 4 knows TRANSACTION_ABORTABLE,
 * 5 needs no AddOffsetsToTxn before it (KIP-890).
 */
public final class TxnOffsetCommitHandler extends RequestHandler<TxnOffsetCommitRequest> {

    /** Clients of older versions do not try again after COORDINATOR_LOAD_IN_PROGRESS. */
    private static final short FIRST_VERSION_WITH_LOADING = 2;

    private final MetadataStore metadata;
    private final TransactionalOffsets offsets;

    public TxnOffsetCommitHandler(MetadataStore metadata, TransactionalOffsets offsets) {
        super(ApiKey.TXN_OFFSET_COMMIT);
        this.metadata = metadata;
        this.offsets = offsets;
    }

    @Override
    public void handle(TxnOffsetCommitRequest request, RequestContext context) {
        List<TxnOffsetCommitResponseTopic> refused = new ArrayList<>(0);
        List<TxnOffsetCommitRequestTopic> accepted = accept(request.topics(), refused);
        if (accepted.isEmpty()) {
            context.respond(new TxnOffsetCommitResponse().topics(refused));
            return;
        }
        TxnOffsetCommitRequest forCoordinator = new TxnOffsetCommitRequest()
                .transactionalId(request.transactionalId())
                .groupId(request.groupId())
                .producerId(request.producerId())
                .producerEpoch(request.producerEpoch())
                .generationId(request.generationId())
                .memberId(request.memberId())
                .groupInstanceId(request.groupInstanceId())
                .topics(accepted);
        short version = context.apiVersion();
        offsets.commit(
                context.connection().brokerId(),
                forCoordinator,
                version,
                Reply.of(
                        response -> context.respond(merge(response, refused)),
                        error -> failed(accepted, forVersion(error, version))));
    }

    private static ErrorCode forVersion(ErrorCode error, short version) {
        return error == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS && version < FIRST_VERSION_WITH_LOADING
                ? ErrorCode.COORDINATOR_NOT_AVAILABLE
                : error;
    }

    private List<TxnOffsetCommitRequestTopic> accept(
            List<TxnOffsetCommitRequestTopic> topics, List<TxnOffsetCommitResponseTopic> refused) {
        MetadataImage image = metadata.image();
        List<TxnOffsetCommitRequestTopic> accepted = new ArrayList<>(topics.size());
        for (TxnOffsetCommitRequestTopic topic : topics) {
            TopicImage known = image.topic(topic.name());
            TxnOffsetCommitRequestTopic there = new TxnOffsetCommitRequestTopic().name(topic.name());
            TxnOffsetCommitRequestTopic missing = new TxnOffsetCommitRequestTopic().name(topic.name());
            for (TxnOffsetCommitRequestPartition partition : topic.partitions()) {
                boolean exists = known != null && known.partition(partition.partitionIndex()) != null;
                (exists ? there : missing).partitions().add(partition);
            }
            if (!missing.partitions().isEmpty()) {
                refused.add(failed(missing, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
            }
            if (!there.partitions().isEmpty()) {
                accepted.add(there);
            }
        }
        return accepted;
    }

    /** What was refused comes first, as in Apache Kafka. */
    private static TxnOffsetCommitResponse merge(
            TxnOffsetCommitResponse response, List<TxnOffsetCommitResponseTopic> refused) {
        if (refused.isEmpty()) {
            return response;
        }
        Map<String, TxnOffsetCommitResponseTopic> refusedByName = new HashMap<>();
        refused.forEach(topic -> refusedByName.put(topic.name(), topic));
        List<TxnOffsetCommitResponseTopic> merged = new ArrayList<>(refused);
        for (TxnOffsetCommitResponseTopic topic : response.topics()) {
            TxnOffsetCommitResponseTopic present = refusedByName.get(topic.name());
            if (present == null) {
                merged.add(topic);
            } else {
                present.partitions().addAll(topic.partitions());
            }
        }
        return response.topics(merged);
    }

    private static TxnOffsetCommitResponse failed(List<TxnOffsetCommitRequestTopic> topics, ErrorCode error) {
        TxnOffsetCommitResponse response = new TxnOffsetCommitResponse();
        topics.forEach(topic -> response.topics().add(failed(topic, error)));
        return response;
    }

    private static TxnOffsetCommitResponseTopic failed(TxnOffsetCommitRequestTopic topic, ErrorCode error) {
        TxnOffsetCommitResponseTopic result = new TxnOffsetCommitResponseTopic().name(topic.name());
        for (TxnOffsetCommitRequestPartition partition : topic.partitions()) {
            result.partitions()
                    .add(new TxnOffsetCommitResponsePartition()
                            .partitionIndex(partition.partitionIndex())
                            .errorCode(error.code()));
        }
        return result;
    }

    @Override
    public TxnOffsetCommitResponse errorResponse(
            TxnOffsetCommitRequest request, short version, ErrorCode error, String message) {
        return failed(request.topics(), forVersion(error, version));
    }
}
