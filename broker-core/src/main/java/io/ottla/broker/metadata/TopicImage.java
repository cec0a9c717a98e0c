package io.ottla.broker.metadata;

import io.ottla.protocol.Uuid;
import java.util.List;

/**
 * One topic, as the metadata has it.
 *
 * @param name the name
 * @param id the id, which no other topic ever has
 * @param partitions the partitions, by index
 */
public record TopicImage(String name, Uuid id, List<PartitionImage> partitions) {

    /** Whether the topic belongs to the broker itself. */
    public boolean isInternal() {
        return TopicNames.isInternal(name);
    }

    /** The partition at an index, null if there is none. */
    public PartitionImage partition(int index) {
        return index >= 0 && index < partitions.size() ? partitions.get(index) : null;
    }
}
