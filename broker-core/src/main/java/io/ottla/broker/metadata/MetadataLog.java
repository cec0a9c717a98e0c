package io.ottla.broker.metadata;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.CommitCallback;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where metadata is kept: a log of batches, and snapshots that stand for its beginning. Calls come under the lock of the store. */
interface MetadataLog {

    /** Takes what the log has, in order. */
    interface Reader {

        /** A batch that follows what was read before; valid during the call. */
        void batch(RecordBatch batch);

        /**
         * The next batch of a snapshot, which comes before all others.
         *
         * @param batch valid during the call
         * @param snapshot what it belongs to
         */
        void snapshotBatch(RecordBatch batch, MetadataSnapshot snapshot);
    }

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

    /**
     * Shows the latest snapshot, if there is one, and all batches behind it.
     *
     * @throws IOException naming the file, where a snapshot is needed and damaged
     */
    void read(Reader reader) throws IOException;

    /** How many bytes of batches the latest snapshot does not stand for. Any thread. */
    long bytesBehindSnapshot();

    /** Up to where the latest snapshot reaches, exclusive; 0 if there is none. Any thread. */
    long snapshotEndOffset();

    /**
     * Writes a snapshot; when the method returns, it will be found after a power failure. One thread at a time, not under the lock of the
     * store, and may block for long.
     *
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR where the log cannot be synced
     */
    void writeSnapshot(MetadataImage image) throws IOException;

    /**
     * Removes the oldest snapshots and what of the log lies before the first that stays, as far as their age and size ask for it.
     * The latest snapshot always stays. Called as {@link #writeSnapshot}.
     *
     * @throws io.ottla.protocol.ApiException KAFKA_STORAGE_ERROR
     */
    void clean(BrokerConfig config, long nowMs) throws IOException;
}
