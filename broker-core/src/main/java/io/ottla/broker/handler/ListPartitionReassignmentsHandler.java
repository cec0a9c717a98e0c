package io.ottla.broker.handler;

import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.PartitionImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ListPartitionReassignmentsRequest;
import io.ottla.protocol.message.ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics;
import io.ottla.protocol.message.ListPartitionReassignmentsResponse;
import io.ottla.protocol.message.ListPartitionReassignmentsResponse.OngoingPartitionReassignment;
import io.ottla.protocol.message.ListPartitionReassignmentsResponse.OngoingTopicReassignment;
import java.util.List;
import java.util.Objects;

/**
 * Says which partitions are on their way to other brokers (KIP-455). Only the metadata of an Apache Kafka cluster can have such; here reassignments are
 * done when they are answered.
 *
 * @see <a href="https://kafka.apache.org/protocol.html#The_Messages_ListPartitionReassignments">ListPartitionReassignments</a>
 */
public final class ListPartitionReassignmentsHandler extends RequestHandler<ListPartitionReassignmentsRequest> {

    private final MetadataStore store;

    public ListPartitionReassignmentsHandler(MetadataStore store) {
        super(ApiKey.LIST_PARTITION_REASSIGNMENTS);
        this.store = store;
    }

    @Override
    public void handle(ListPartitionReassignmentsRequest request, RequestContext context) {
        MetadataImage image = store.image();
        ListPartitionReassignmentsResponse response = new ListPartitionReassignmentsResponse().errorMessage(null);
        if (request.topics() == null) {
            image.topics().forEach(topic -> add(topic, topic.partitions(), response));
        } else {
            for (ListPartitionReassignmentsTopics asked : request.topics()) {
                TopicImage topic = image.topic(asked.name());
                if (topic != null) {
                    List<PartitionImage> partitions = asked.partitionIndexes().stream()
                            .map(topic::partition)
                            .filter(Objects::nonNull)
                            .toList();
                    add(topic, partitions, response);
                }
            }
        }
        context.respond(response);
    }

    private static void add(
            TopicImage topic, List<PartitionImage> partitions, ListPartitionReassignmentsResponse response) {
        OngoingTopicReassignment ongoing = new OngoingTopicReassignment().name(topic.name());
        for (PartitionImage partition : partitions) {
            if (partition.isReassigning()) {
                ongoing.partitions()
                        .add(new OngoingPartitionReassignment()
                                .partitionIndex(partition.partition())
                                .replicas(partition.replicas())
                                .addingReplicas(partition.details().addingReplicas())
                                .removingReplicas(partition.details().removingReplicas()));
            }
        }
        if (!ongoing.partitions().isEmpty()) {
            response.topics().add(ongoing);
        }
    }

    @Override
    public ListPartitionReassignmentsResponse errorResponse(
            ListPartitionReassignmentsRequest request, short version, ErrorCode error, String message) {
        return new ListPartitionReassignmentsResponse().errorCode(error.code()).errorMessage(message);
    }
}
