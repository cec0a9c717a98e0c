package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.PartitionChangeRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * Says in the metadata in which log directory the broker has a partition (KIP-858). Ottla finds its logs without; Apache Kafka, started
 * on the same folders, takes a copy in the assigned directory for the log itself, whole or not.
 */
public final class DirectoryAssignments {

    private final MetadataStore store;

    public DirectoryAssignments(MetadataStore store) {
        this.store = store;
    }

    /**
     * Returns when the metadata say so. Does nothing if they do already, or the partition is gone. May block.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR
     */
    public void assign(Uuid topicId, int partition, Uuid directoryId) {
        int brokerId = store.staticConfig().nodeId();
        store.update(image -> {
            TopicImage topic = image.topic(topicId);
            PartitionImage before = topic == null ? null : topic.partition(partition);
            int place = before == null ? -1 : before.replicas().indexOf(brokerId);
            if (place < 0) {
                return List.of();
            }
            List<Uuid> directories = new ArrayList<>(before.details().directories());
            while (directories.size() < before.replicas().size()) {
                directories.add(Uuid.ZERO);
            }
            if (directories.set(place, directoryId).equals(directoryId)) {
                return List.of();
            }
            return List.of(new PartitionChangeRecord()
                    .topicId(topicId)
                    .partitionId(partition)
                    .directories(directories));
        });
        store.awaitCommitted();
    }
}
