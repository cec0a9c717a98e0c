package io.ottla.broker.handler;

import io.ottla.broker.coordinator.Gather;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.TransactionEnd;
import io.ottla.broker.coordinator.transaction.MarkerWriter;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.WriteTxnMarkersRequest;
import io.ottla.protocol.message.WriteTxnMarkersRequest.WritableTxnMarker;
import io.ottla.protocol.message.WriteTxnMarkersRequest.WritableTxnMarkerTopic;
import io.ottla.protocol.message.WriteTxnMarkersResponse;
import io.ottla.protocol.message.WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult;
import io.ottla.protocol.message.WriteTxnMarkersResponse.WritableTxnMarkerResult;
import io.ottla.protocol.message.WriteTxnMarkersResponse.WritableTxnMarkerTopicResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * WriteTxnMarkers: writes the ends of transactions into partitions. Between the brokers of a cluster it is how a coordinator ends a
 * transaction; here it serves administrators who abort one that hangs (KIP-664).
 *
 * <p>Versions: 1 is flexible, 2 says which version of transactions a marker belongs to (KIP-1228).
 */
public final class WriteTxnMarkersHandler extends RequestHandler<WriteTxnMarkersRequest> {

    private final MarkerWriter markers;

    public WriteTxnMarkersHandler(MarkerWriter markers) {
        super(ApiKey.WRITE_TXN_MARKERS);
        this.markers = markers;
    }

    @Override
    public void handle(WriteTxnMarkersRequest request, RequestContext context) {
        List<WritableTxnMarker> asked = request.markers();
        Gather<WritableTxnMarkerResult> gather = new Gather<>(
                asked.size(),
                Reply.of(
                        results -> context.respond(new WriteTxnMarkersResponse().markers(results)),
                        error -> List.of()));
        for (WritableTxnMarker marker : asked) {
            Reply<WritableTxnMarkerResult> slot = gather.slot(error -> failed(marker, error));
            markers.write(
                    new TransactionEnd(
                            marker.producerId(),
                            marker.producerEpoch(),
                            marker.coordinatorEpoch(),
                            marker.transactionResult(),
                            marker.transactionVersion()),
                    partitions(marker),
                    slot.map(errors -> result(marker, errors)));
        }
    }

    private static List<TopicPartition> partitions(WritableTxnMarker marker) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (WritableTxnMarkerTopic topic : marker.topics()) {
            for (int index : topic.partitionIndexes()) {
                partitions.add(new TopicPartition(topic.name(), index));
            }
        }
        return partitions;
    }

    private static WritableTxnMarkerResult result(WritableTxnMarker marker, Map<TopicPartition, ErrorCode> errors) {
        WritableTxnMarkerResult result = new WritableTxnMarkerResult().producerId(marker.producerId());
        for (WritableTxnMarkerTopic topic : marker.topics()) {
            WritableTxnMarkerTopicResult topicResult = new WritableTxnMarkerTopicResult().name(topic.name());
            for (int index : topic.partitionIndexes()) {
                topicResult
                        .partitions()
                        .add(new WritableTxnMarkerPartitionResult()
                                .partitionIndex(index)
                                .errorCode(errors.get(new TopicPartition(topic.name(), index))
                                        .code()));
            }
            result.topics().add(topicResult);
        }
        return result;
    }

    private static WritableTxnMarkerResult failed(WritableTxnMarker marker, ErrorCode error) {
        Map<TopicPartition, ErrorCode> errors = new HashMap<>();
        for (TopicPartition partition : partitions(marker)) {
            errors.put(partition, error);
        }
        return result(marker, errors);
    }

    @Override
    public ApiMessage errorResponse(WriteTxnMarkersRequest request, short version, ErrorCode error, String message) {
        WriteTxnMarkersResponse response = new WriteTxnMarkersResponse();
        for (WritableTxnMarker marker : request.markers()) {
            response.markers().add(failed(marker, error));
        }
        return response;
    }
}
