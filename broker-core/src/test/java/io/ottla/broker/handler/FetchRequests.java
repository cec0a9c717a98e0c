package io.ottla.broker.handler;

import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.protocol.message.FetchResponse;
import java.util.ArrayList;
import java.util.List;

/** Builds fetch requests and reads their answers. */
final class FetchRequests {

    static final int LARGE = 1 << 20;

    private FetchRequests() {}

    /** A request without a session, for what is there now. */
    static FetchRequest fetch() {
        return session(0, -1);
    }

    static FetchRequest session(int id, int epoch) {
        return new FetchRequest()
                .replicaId(-1)
                .maxWaitMs(0)
                .minBytes(1)
                .maxBytes(LARGE)
                .sessionId(id)
                .sessionEpoch(epoch);
    }

    static FetchRequest.FetchPartition partition(int index, long offset) {
        return partition(index, offset, LARGE);
    }

    static FetchRequest.FetchPartition partition(int index, long offset, int maxBytes) {
        return new FetchRequest.FetchPartition()
                .partition(index)
                .fetchOffset(offset)
                .partitionMaxBytes(maxBytes);
    }

    static FetchRequest.FetchTopic topic(String name, Uuid id, FetchRequest.FetchPartition... partitions) {
        return new FetchRequest.FetchTopic().topic(name).topicId(id).partitions(new ArrayList<>(List.of(partitions)));
    }

    static FetchRequest.ForgottenTopic forget(String name, Uuid id, Integer... partitions) {
        return new FetchRequest.ForgottenTopic().topic(name).topicId(id).partitions(List.of(partitions));
    }

    static List<FetchResponse.PartitionData> partitions(FetchResponse response) {
        List<FetchResponse.PartitionData> all = new ArrayList<>();
        response.responses().forEach(topic -> all.addAll(topic.partitions()));
        return all;
    }

    /** The indexes of the partitions answered, in order. */
    static List<Integer> indexes(FetchResponse response) {
        return partitions(response).stream()
                .map(FetchResponse.PartitionData::partitionIndex)
                .toList();
    }

    static FetchResponse.PartitionData only(FetchResponse response) {
        List<FetchResponse.PartitionData> all = partitions(response);
        if (all.size() != 1) {
            throw new AssertionError("expected one partition: " + response);
        }
        return all.get(0);
    }
}
