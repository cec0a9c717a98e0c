package io.ottla.broker.handler;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.DescribeProducersRequest;
import io.ottla.protocol.message.DescribeProducersRequest.TopicRequest;
import io.ottla.protocol.message.DescribeProducersResponse;
import io.ottla.protocol.message.DescribeProducersResponse.PartitionResponse;
import io.ottla.protocol.message.DescribeProducersResponse.ProducerState;
import io.ottla.protocol.message.DescribeProducersResponse.TopicResponse;
import io.ottla.storage.ActiveProducer;

/** DescribeProducers: which idempotent and transactional producers a partition knows (KIP-664). One version. */
public final class DescribeProducersHandler extends RequestHandler<DescribeProducersRequest> {

    private final PartitionRegistry partitions;

    public DescribeProducersHandler(PartitionRegistry partitions) {
        super(ApiKey.DESCRIBE_PRODUCERS);
        this.partitions = partitions;
    }

    @Override
    public void handle(DescribeProducersRequest request, RequestContext context) {
        DescribeProducersResponse response = new DescribeProducersResponse();
        for (TopicRequest topic : request.topics()) {
            TopicResponse result = new TopicResponse().name(topic.name());
            for (int index : topic.partitionIndexes()) {
                result.partitions()
                        .add(describe(
                                partitions.partition(topic.name(), index),
                                partitions.partition(topic.name(), 0) != null,
                                index,
                                context.connection().brokerId()));
            }
            response.topics().add(result);
        }
        context.respond(response);
    }

    private static PartitionResponse describe(Partition partition, boolean topicExists, int index, int brokerId) {
        if (partition == null) {
            PartitionResponse unknown = failed(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            return topicExists ? unknown : unknown.errorMessage(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.message());
        }
        if (!partition.isReplica(brokerId)) {
            return failed(index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
        }
        PartitionResponse result = new PartitionResponse().partitionIndex(index);
        try {
            for (ActiveProducer producer : partition.log().producerStates().activeProducers()) {
                result.activeProducers()
                        .add(new ProducerState()
                                .producerId(producer.producerId())
                                .producerEpoch(producer.producerEpoch())
                                .lastSequence(producer.lastSequence())
                                .lastTimestamp(producer.lastTimestampMs())
                                .coordinatorEpoch(producer.coordinatorEpoch())
                                .currentTxnStartOffset(producer.currentTransactionFirstOffset()));
            }
        } catch (ApiException e) {
            return failed(index, e.error());
        }
        return result;
    }

    private static PartitionResponse failed(int index, ErrorCode error) {
        return new PartitionResponse().partitionIndex(index).errorCode(error.code());
    }

    @Override
    public DescribeProducersResponse errorResponse(
            DescribeProducersRequest request, short version, ErrorCode error, String message) {
        DescribeProducersResponse response = new DescribeProducersResponse();
        for (TopicRequest topic : request.topics()) {
            TopicResponse result = new TopicResponse().name(topic.name());
            for (int index : topic.partitionIndexes()) {
                result.partitions().add(failed(index, error));
            }
            response.topics().add(result);
        }
        return response;
    }
}
