package io.ottla.broker.metadata;

import io.ottla.protocol.message.ProducerIdsRecord;
import java.util.List;

/** Gives out producer ids, each once for ever: blocks of them are reserved in the metadata log. Thread-safe. */
public final class ProducerIds {

    /** How many ids one record reserves; what is left of a block is lost when the broker stops. */
    private static final long BLOCK_SIZE = 1000;

    private final MetadataStore store;
    private long next;
    private long blockEnd;

    public ProducerIds(MetadataStore store) {
        this.store = store;
    }

    /**
     * A producer id that was never given out before.
     *
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR where no new block can be reserved
     */
    public synchronized long next() {
        if (next == blockEnd) {
            reserve();
        }
        return next++;
    }

    private void reserve() {
        int brokerId = store.staticConfig().nodeId();
        MetadataImage after = store.update(image -> {
            BrokerImage broker = image.broker(brokerId);
            return List.of(new ProducerIdsRecord()
                    .brokerId(brokerId)
                    .brokerEpoch(broker == null ? -1 : broker.epoch())
                    .nextProducerId(image.nextProducerId() + BLOCK_SIZE));
        });
        blockEnd = after.nextProducerId();
        next = blockEnd - BLOCK_SIZE;
    }
}
