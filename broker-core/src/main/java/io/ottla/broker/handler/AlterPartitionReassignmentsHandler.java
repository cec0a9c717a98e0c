package io.ottla.broker.handler;

import io.ottla.broker.metadata.PartitionControl;
import io.ottla.broker.metadata.PartitionOutcome;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.AlterPartitionReassignmentsRequest;
import io.ottla.protocol.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import io.ottla.protocol.message.AlterPartitionReassignmentsResponse;
import io.ottla.protocol.message.AlterPartitionReassignmentsResponse.ReassignablePartitionResponse;
import io.ottla.protocol.message.AlterPartitionReassignmentsResponse.ReassignableTopicResponse;
import java.util.List;

/**
 * Changes which brokers hold a partition, or cancels such a change (KIP-455). Version 1 can forbid that the number of replicas changes.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_AlterPartitionReassignments">AlterPartitionReassignments</a>
 */
public final class AlterPartitionReassignmentsHandler extends RequestHandler<AlterPartitionReassignmentsRequest> {

    private final PartitionControl partitions;

    public AlterPartitionReassignmentsHandler(PartitionControl partitions) {
        super(ApiKey.ALTER_PARTITION_REASSIGNMENTS);
        this.partitions = partitions;
    }

    @Override
    public void handle(AlterPartitionReassignmentsRequest request, RequestContext context) {
        List<List<PartitionOutcome>> outcomes =
                partitions.reassign(request.topics(), request.allowReplicationFactorChange());
        AlterPartitionReassignmentsResponse response = new AlterPartitionReassignmentsResponse()
                .allowReplicationFactorChange(request.allowReplicationFactorChange());
        if (!outcomes.isEmpty()) {
            response.errorMessage(null);
        }
        for (int i = 0; i < outcomes.size(); i++) {
            ReassignableTopicResponse topic =
                    new ReassignableTopicResponse().name(request.topics().get(i).name());
            for (PartitionOutcome outcome : outcomes.get(i)) {
                topic.partitions()
                        .add(new ReassignablePartitionResponse()
                                .partitionIndex(outcome.partition())
                                .errorCode(outcome.error().code())
                                .errorMessage(outcome.message()));
            }
            response.responses().add(topic);
        }
        CommittedAnswer.send(partitions::whenCommitted, this, request, context, response);
    }

    @Override
    public AlterPartitionReassignmentsResponse errorResponse(
            AlterPartitionReassignmentsRequest request, short version, ErrorCode error, String message) {
        AlterPartitionReassignmentsResponse response = new AlterPartitionReassignmentsResponse()
                .errorCode(error.code())
                .errorMessage(message);
        for (ReassignableTopic topic : request.topics()) {
            ReassignableTopicResponse answer = new ReassignableTopicResponse().name(topic.name());
            topic.partitions().forEach(partition -> answer.partitions()
                    .add(new ReassignablePartitionResponse()
                            .partitionIndex(partition.partitionIndex())
                            .errorCode(error.code())
                            .errorMessage(message)));
            response.responses().add(answer);
        }
        return response;
    }
}
