package io.ottla.broker.coordinator;

import io.ottla.broker.partition.Partition;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.FileRecords;
import io.ottla.storage.Log;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** A shard's log in a partition of the coordinator's topic. */
public final class PartitionCoordinatorLog implements CoordinatorLog {

    private static final int READ_SIZE_BYTES = 1 << 20;
    private static final short ALL_ACKS = -1;

    private final Partition partition;

    private PartitionCoordinatorLog(Partition partition) {
        this.partition = partition;
    }

    /** The logs in the broker's partitions. */
    public static CoordinatorRuntime.CoordinatorLogs in(PartitionRegistry partitions) {
        return (topic, index) -> {
            Partition partition = partitions.partition(topic, index);
            if (partition == null) {
                throw new ApiException(
                        ErrorCode.NOT_LEADER_OR_FOLLOWER, "There is no partition " + topic + "-" + index);
            }
            return new PartitionCoordinatorLog(partition);
        };
    }

    @Override
    public long append(ByteBuffer batch) {
        return partition.append(batch, AppendOrigin.COORDINATOR, ALL_ACKS).lastOffset() + 1;
    }

    @Override
    public long appendMarker(ByteBuffer marker, short transactionVersion) {
        return partition.appendMarker(marker, transactionVersion).lastOffset() + 1;
    }

    @Override
    public long endOffset() {
        return partition.log().logEndOffset();
    }

    @Override
    public int maxBatchSizeBytes() {
        return partition.log().config().maxMessageBytes();
    }

    @Override
    public long sizeBytes() {
        return partition.log().sizeBytes();
    }

    @Override
    public void replay(Consumer<RecordBatch> reader) {
        Log log = partition.log();
        long offset = log.logStartOffset();
        long endOffset = log.logEndOffset();
        ByteBuffer buffer = ByteBuffer.allocate(READ_SIZE_BYTES);
        while (offset < endOffset) {
            // Not of a log that may have gone to another directory since.
            FileRecords records = partition
                    .log()
                    .read(offset, READ_SIZE_BYTES, endOffset, true)
                    .records();
            try {
                if (buffer.capacity() < records.sizeBytes()) {
                    buffer = ByteBuffer.allocate(records.sizeBytes());
                }
                records.readInto(buffer.clear());
            } finally {
                records.release();
            }
            buffer.flip();
            long nextOffset = offset;
            // The last batch may be cut off; it is read again as the first of the next read.
            for (RecordBatch batch : RecordBatches.iterate(buffer)) {
                if (batch.nextOffset() > offset) {
                    reader.accept(batch);
                    nextOffset = batch.nextOffset();
                }
            }
            if (nextOffset == offset) {
                throw new ApiException(
                        ErrorCode.CORRUPT_MESSAGE, partition + " has no whole batch at offset " + offset);
            }
            offset = nextOffset;
        }
    }

    @Override
    public boolean isCommitted(long endOffset) {
        return partition.mayAcknowledge(endOffset);
    }

    @Override
    public void whenCommitted(long endOffset, CommitCallback callback) {
        partition.whenCommitted(endOffset, callback);
    }
}
