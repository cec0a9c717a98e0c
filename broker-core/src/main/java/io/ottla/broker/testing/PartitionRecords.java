package io.ottla.broker.testing;

import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatches;
import io.ottla.storage.AbortedTransaction;
import io.ottla.storage.ActiveProducer;
import io.ottla.storage.FileRecords;
import io.ottla.storage.Log;
import io.ottla.storage.LogRead;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** Reads a partition from its start, or some later offset, to where it ended at the time of the call. For one thread. */
final class PartitionRecords implements Iterator<StoredRecord> {

    private static final int READ_SIZE_BYTES = 1 << 20;
    private static final long NO_TRANSACTION = -1L;

    private final Partition partition;
    private final Log log;
    private final long endOffset;
    private final Map<Long, Long> openSince = new HashMap<>();
    private final Deque<StoredRecord> found = new ArrayDeque<>();
    private long nextOffset;
    private List<AbortedTransaction> aborted = List.of();

    /** Whoever is given the batches of a chunk. */
    private interface BatchVisitor {
        void visit(RecordBatch batch);
    }

    private PartitionRecords(Partition partition, long startOffset, long endOffset) {
        this.partition = partition;
        this.log = partition.log();
        this.nextOffset = Math.max(startOffset, log.logStartOffset());
        this.endOffset = endOffset;
        for (ActiveProducer producer : log.producerStates().activeProducers()) {
            if (producer.currentTransactionFirstOffset() != NO_TRANSACTION) {
                openSince.put(producer.producerId(), producer.currentTransactionFirstOffset());
            }
        }
    }

    /** Everything that consumers may read, whatever has become of its transaction. */
    static PartitionRecords all(Partition partition) {
        return new PartitionRecords(partition, 0L, partition.highWatermark());
    }

    /** How many records a read_committed consumer finds between two offsets. */
    static long countCommitted(Partition partition, long startOffset, long endOffset) {
        PartitionRecords records = new PartitionRecords(partition, startOffset, endOffset);
        long[] count = {0};
        while (records.readChunk(batch -> {
            if (!batch.isControlBatch() && records.outcome(batch) != TransactionOutcome.ABORTED) {
                count[0] += batch.baseOffset() >= startOffset ? batch.recordCount() : countFrom(batch, startOffset);
            }
        })) {
            // The next chunk, until there is none.
        }
        return count[0];
    }

    /** Where records were deleted up to the middle of a batch. */
    private static int countFrom(RecordBatch batch, long startOffset) {
        int count = 0;
        for (Record record : batch.records()) {
            count += record.offset() >= startOffset ? 1 : 0;
        }
        return count;
    }

    @Override
    public boolean hasNext() {
        while (found.isEmpty()) {
            if (!readChunk(this::collect)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public StoredRecord next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return found.remove();
    }

    private void collect(RecordBatch batch) {
        TransactionOutcome outcome = batch.isControlBatch() ? TransactionOutcome.NONE : outcome(batch);
        for (Record record : batch.records()) {
            if (record.offset() >= nextOffset && record.offset() < endOffset) {
                found.add(new StoredRecord(partition.topic(), partition.index(), batch, record, outcome));
            }
        }
    }

    private TransactionOutcome outcome(RecordBatch batch) {
        if (!batch.isTransactional()) {
            return TransactionOutcome.NONE;
        }
        for (AbortedTransaction transaction : aborted) {
            if (transaction.producerId() == batch.producerId()
                    && transaction.firstOffset() <= batch.baseOffset()
                    && transaction.lastOffset() >= batch.lastOffset()) {
                return TransactionOutcome.ABORTED;
            }
        }
        Long since = openSince.get(batch.producerId());
        return since != null && batch.baseOffset() >= since ? TransactionOutcome.OPEN : TransactionOutcome.COMMITTED;
    }

    /** Reads on; false at the end. */
    private boolean readChunk(BatchVisitor visitor) {
        if (nextOffset >= endOffset) {
            return false;
        }
        ByteBuffer chunk;
        try {
            LogRead read = log.read(nextOffset, READ_SIZE_BYTES, endOffset, true);
            FileRecords records = read.records();
            try {
                chunk = ByteBuffer.allocate(records.sizeBytes());
                records.readInto(chunk);
                aborted = read.abortedTransactions();
            } finally {
                records.release();
            }
        } catch (ApiException e) {
            if (e.error() == ErrorCode.OFFSET_OUT_OF_RANGE && log.logStartOffset() > nextOffset) {
                // Retention was faster.
                nextOffset = log.logStartOffset();
                return true;
            }
            throw e;
        }
        long reached = nextOffset;
        // The last batch may be cut off; it is read again as the first of the next chunk.
        for (RecordBatch batch : RecordBatches.iterate(chunk.flip())) {
            if (batch.nextOffset() > nextOffset) {
                visitor.visit(batch);
                reached = batch.nextOffset();
            }
        }
        boolean moved = reached > nextOffset;
        nextOffset = reached;
        return moved;
    }
}
