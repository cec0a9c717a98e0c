package io.ottla.broker.coordinator;

import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.CommitCallback;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** The log of one shard, as the runtime uses it. */
public interface CoordinatorLog {

    /**
     * Appends one batch.
     *
     * @param batch the batch; its offsets are assigned in place
     * @return the offset after the last record of the batch
     * @throws io.ottla.protocol.ApiException if the batch is not in the log
     */
    long append(ByteBuffer batch);

    /**
     * Appends the marker that ends a transaction.
     *
     * @param marker the batch; its offset is assigned in place
     * @param transactionVersion the version of transactions that it belongs to
     * @return the offset after the marker
     * @throws io.ottla.protocol.ApiException if the marker is not in the log
     */
    default long appendMarker(ByteBuffer marker, short transactionVersion) {
        return append(marker);
    }

    /** The offset that the next record gets. */
    long endOffset();

    /** The largest batch that the log takes, in bytes. */
    int maxBatchSizeBytes();

    /** The size of what {@link #replay} reads, in bytes. */
    long sizeBytes();

    /** Hands over all batches of the log, in order. The batch is valid during the call only. */
    void replay(Consumer<RecordBatch> reader);

    /** Whether everything before the offset is committed under the broker's durability policy. */
    boolean isCommitted(long endOffset);

    /**
     * Calls back when everything before the offset is committed under the broker's durability policy, or cannot be any more: at
     * once if it is, else later, on any thread.
     */
    void whenCommitted(long endOffset, CommitCallback callback);
}
