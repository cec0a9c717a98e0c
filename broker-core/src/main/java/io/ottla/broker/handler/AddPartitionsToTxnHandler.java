package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Gather;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AddPartitionsToTxnRequest;
import io.ottla.protocol.message.AddPartitionsToTxnRequest.AddPartitionsToTxnTopic;
import io.ottla.protocol.message.AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction;
import io.ottla.protocol.message.AddPartitionsToTxnResponse;
import io.ottla.protocol.message.AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult;
import io.ottla.protocol.message.AddPartitionsToTxnResponse.AddPartitionsToTxnResult;
import io.ottla.protocol.message.AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * AddPartitionsToTxn: makes partitions a part of a producer's transaction (KIP-98). If one of them cannot be added, none is.
 *
 * <p>Versions: 2 may answer PRODUCER_FENCED, 3 is flexible, 4 is what brokers ask each other: several transactions at once, to add or
 * only to verify, 5 may answer TRANSACTION_ABORTABLE (KIP-890).
 */
public final class AddPartitionsToTxnHandler extends RequestHandler<AddPartitionsToTxnRequest> {

    private static final short FENCED_VERSION = 2;
    private static final short BATCH_VERSION = 4;

    private final MetadataStore metadata;
    private final TransactionCoordinator coordinator;

    public AddPartitionsToTxnHandler(MetadataStore metadata, TransactionCoordinator coordinator) {
        super(ApiKey.ADD_PARTITIONS_TO_TXN);
        this.metadata = metadata;
        this.coordinator = coordinator;
    }

    @Override
    public void handle(AddPartitionsToTxnRequest request, RequestContext context) {
        short version = context.apiVersion();
        List<AddPartitionsToTxnTransaction> transactions = transactions(request, version);
        Reply<List<AddPartitionsToTxnResult>> reply =
                Reply.of(results -> context.respond(response(results, version)), error -> List.of());
        Gather<AddPartitionsToTxnResult> gather = new Gather<>(transactions.size(), reply);
        for (AddPartitionsToTxnTransaction transaction : transactions) {
            handle(transaction, context, gather.slot(error -> result(transaction, partition -> error)));
        }
    }

    private void handle(
            AddPartitionsToTxnTransaction transaction, RequestContext context, Reply<AddPartitionsToTxnResult> reply) {
        short version = context.apiVersion();
        int brokerId = context.connection().brokerId();
        MetadataImage image = metadata.image();
        List<TopicPartition> partitions = new ArrayList<>();
        boolean allKnown = true;
        for (AddPartitionsToTxnTopic topic : transaction.topics()) {
            for (int index : topic.partitions()) {
                TopicPartition partition = new TopicPartition(topic.name(), index);
                partitions.add(partition);
                allKnown &= isKnown(image, partition);
            }
        }
        if (!allKnown) {
            reply.complete(result(
                    transaction,
                    partition -> isKnown(image, partition)
                            ? ErrorCode.OPERATION_NOT_ATTEMPTED
                            : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
        } else if (transaction.verifyOnly()) {
            coordinator.verifyPartitions(
                    brokerId,
                    transaction.transactionalId(),
                    transaction.producerId(),
                    transaction.producerEpoch(),
                    partitions,
                    reply.map(answers -> result(transaction, answers::get)));
        } else {
            coordinator.addPartitions(
                    brokerId,
                    transaction.transactionalId(),
                    transaction.producerId(),
                    transaction.producerEpoch(),
                    partitions,
                    version >= BATCH_VERSION,
                    reply.map(error -> result(transaction, partition -> known(error, version))));
        }
    }

    private static boolean isKnown(MetadataImage image, TopicPartition partition) {
        TopicImage topic = image.topic(partition.topic());
        return topic != null && topic.partition(partition.partition()) != null;
    }

    private static ErrorCode known(ErrorCode error, short version) {
        return error == ErrorCode.PRODUCER_FENCED && version < FENCED_VERSION
                ? ErrorCode.INVALID_PRODUCER_EPOCH
                : error;
    }

    private static List<AddPartitionsToTxnTransaction> transactions(AddPartitionsToTxnRequest request, short version) {
        if (version >= BATCH_VERSION) {
            return request.transactions();
        }
        return List.of(new AddPartitionsToTxnTransaction()
                .transactionalId(request.v3AndBelowTransactionalId())
                .producerId(request.v3AndBelowProducerId())
                .producerEpoch(request.v3AndBelowProducerEpoch())
                .topics(request.v3AndBelowTopics()));
    }

    private static AddPartitionsToTxnResult result(
            AddPartitionsToTxnTransaction transaction, Function<TopicPartition, ErrorCode> errors) {
        AddPartitionsToTxnResult result = new AddPartitionsToTxnResult().transactionalId(transaction.transactionalId());
        for (AddPartitionsToTxnTopic topic : transaction.topics()) {
            AddPartitionsToTxnTopicResult ofTopic = new AddPartitionsToTxnTopicResult().name(topic.name());
            for (int index : topic.partitions()) {
                ofTopic.resultsByPartition()
                        .add(new AddPartitionsToTxnPartitionResult()
                                .partitionIndex(index)
                                .partitionErrorCode(errors.apply(new TopicPartition(topic.name(), index))
                                        .code()));
            }
            result.topicResults().add(ofTopic);
        }
        return result;
    }

    private static AddPartitionsToTxnResponse response(List<AddPartitionsToTxnResult> results, short version) {
        AddPartitionsToTxnResponse response = new AddPartitionsToTxnResponse();
        if (version >= BATCH_VERSION) {
            return response.resultsByTransaction(results);
        }
        return response.resultsByTopicV3AndBelow(results.get(0).topicResults());
    }

    @Override
    public ApiMessage errorResponse(AddPartitionsToTxnRequest request, short version, ErrorCode error, String message) {
        if (version >= BATCH_VERSION) {
            return new AddPartitionsToTxnResponse().errorCode(error.code());
        }
        return response(
                transactions(request, version).stream()
                        .map(transaction -> result(transaction, partition -> known(error, version)))
                        .toList(),
                version);
    }
}
