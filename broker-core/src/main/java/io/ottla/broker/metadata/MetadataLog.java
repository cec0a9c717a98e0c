package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.CommitCallback;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Where metadata is kept: a log of batches. Calls come under the lock of the store. */
interface MetadataLog {

    /**
     * Appends one batch whole or not at all.
     *
     * @return the offset of its first record
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR where it cannot be written
     */
    long append(ByteBuffer batch, int leaderEpoch);

    /** The offset that the next record gets. */
    long endOffset();

    /** Whether everything before the offset is committed under the broker's durability policy. */
    boolean isCommitted(long endOffset);

    /** Calls back when everything before the offset is committed, or cannot be any more: at once, or later on any thread. */
    void whenCommitted(long endOffset, CommitCallback callback);

    /** The broker has another configuration. */
    void configure(BrokerConfig config);

    /** Shows all batches in order; each is valid only until the next. */
    void forEachBatch(Consumer<RecordBatch> action);
}
