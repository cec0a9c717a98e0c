package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ProducerIdsRecord;
import java.util.List;

/** Gives out producer ids, each once for ever: blocks of them are reserved in the metadata log. Thread-safe. */
public final class ProducerIds {

    /** How many ids one record reserves; what is left of a block is lost when the broker stops. */
    private static final long BLOCK_SIZE = 1000;

    private final MetadataStore store;
    private long next;
    private long blockEnd;

    /** Whether the block that ids are taken from is safe: a power failure must not let an id be given out twice. */
    private boolean committed;

    public ProducerIds(MetadataStore store) {
        this.store = store;
    }

    /**
     * A producer id that was never given out before.
     *
     * @throws ApiException KAFKA_STORAGE_ERROR where no new block can be reserved; COORDINATOR_LOAD_IN_PROGRESS, which clients
     *     repeat, while it is on its way to the device
     */
    public synchronized long next() {
        if (next == blockEnd) {
            reserve();
        }
        if (!committed) {
            throw new ApiException(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, "Producer ids are being reserved");
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
        committed = false;
        store.whenCommitted(this::reserved);
    }

    private synchronized void reserved(ApiException failure) {
        committed = failure == null;
        if (failure != null) {
            // The next one who asks tries another block.
            next = blockEnd;
        }
    }
}
