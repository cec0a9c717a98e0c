package io.ottla.broker.handler;

import io.ottla.broker.metadata.PartitionControl;
import io.ottla.broker.metadata.PartitionOutcome;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ElectLeadersRequest;
import io.ottla.protocol.message.ElectLeadersRequest.TopicPartitions;
import io.ottla.protocol.message.ElectLeadersResponse;
import io.ottla.protocol.message.ElectLeadersResponse.ReplicaElectionResult;
import java.util.List;

/**
 * Makes preferred replicas leaders again, or any replica where there is no leader (KIP-460).
 *
 * <p>Version 0 elects preferred replicas only; version 1 adds the type of election and an error for all. Where the client names no partitions, only
 * those are answered where something was to be done.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_ElectLeaders">ElectLeaders</a>
 */
public final class ElectLeadersHandler extends RequestHandler<ElectLeadersRequest> {

    private static final byte PREFERRED = 0;
    private static final byte UNCLEAN = 1;

    private final PartitionControl partitions;

    public ElectLeadersHandler(PartitionControl partitions) {
        super(ApiKey.ELECT_LEADERS);
        this.partitions = partitions;
    }

    @Override
    public void handle(ElectLeadersRequest request, RequestContext context) {
        if (request.electionType() != PREFERRED && request.electionType() != UNCLEAN) {
            throw new ApiException(ErrorCode.INVALID_REQUEST, "Unknown election type " + request.electionType());
        }
        boolean unclean = request.electionType() == UNCLEAN;
        ElectLeadersResponse response = new ElectLeadersResponse();
        if (request.topicPartitions() == null) {
            partitions.electAll(unclean).forEach((topic, outcomes) -> response.replicaElectionResults()
                    .add(result(topic, outcomes)));
        } else {
            List<String> topics = request.topicPartitions().stream()
                    .map(TopicPartitions::topic)
                    .toList();
            List<List<PartitionOutcome>> outcomes = partitions.elect(
                    unclean,
                    topics,
                    request.topicPartitions().stream()
                            .map(TopicPartitions::partitions)
                            .toList());
            for (int i = 0; i < topics.size(); i++) {
                response.replicaElectionResults().add(result(topics.get(i), outcomes.get(i)));
            }
        }
        CommittedAnswer.send(partitions::whenCommitted, this, request, context, response);
    }

    private static ReplicaElectionResult result(String topic, List<PartitionOutcome> outcomes) {
        ReplicaElectionResult result = new ReplicaElectionResult().topic(topic);
        for (PartitionOutcome outcome : outcomes) {
            result.partitionResult()
                    .add(new ElectLeadersResponse.PartitionResult()
                            .partitionId(outcome.partition())
                            .errorCode(outcome.error().code())
                            .errorMessage(outcome.message()));
        }
        return result;
    }

    @Override
    public ElectLeadersResponse errorResponse(
            ElectLeadersRequest request, short version, ErrorCode error, String message) {
        ElectLeadersResponse response = new ElectLeadersResponse().errorCode(error.code());
        if (request.topicPartitions() != null) {
            for (TopicPartitions topic : request.topicPartitions()) {
                List<PartitionOutcome> outcomes = topic.partitions().stream()
                        .map(partition -> new PartitionOutcome(partition, error, message))
                        .toList();
                response.replicaElectionResults().add(result(topic.topic(), outcomes));
            }
        }
        return response;
    }
}
