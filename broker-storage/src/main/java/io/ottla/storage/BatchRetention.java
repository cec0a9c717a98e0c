package io.ottla.storage;

import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.protocol.record.RecordIterator;
import io.ottla.protocol.record.TimestampType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Decides what compaction keeps of a batch. Batches are to be shown in the order of their offsets, from the beginning of the log.
 * Not thread-safe.
 *
 * <pre>
 *   record of an aborted transaction                        goes
 *   record without a key                                    goes
 *   record behind the last offset in the key map            stays
 *   record whose key has a later offset in the key map      goes
 *   tombstone whose batch's delete horizon has passed       goes
 *   marker of a transaction with batches left               stays
 *   marker without, whose delete horizon has passed         goes
 *   every other record and marker                           stays
 * </pre>
 *
 * <p>A batch that keeps a tombstone, or a marker without data, for the first time gets a delete horizon: now and
 * {@code delete.retention.ms}. An empty batch stays where a producer's state would be read from it, and as the last of a segment, so
 * that the segment's end stays known.
 *
 * <p>Source: KIP-58, KIP-98, KIP-354, KIP-534 (the delete horizon).
 */
final class BatchRetention {

    /**
     * The batch that a producer's state comes from.
     *
     * @param lastOffset the last offset of the last batch with records; {@link ProducerState#NO_OFFSET} if it has written only a
     *     marker in this epoch
     * @param epoch the producer's epoch
     */
    record LastBatch(long lastOffset, short epoch) {
        boolean is(RecordBatch batch) {
            return lastOffset == ProducerState.NO_OFFSET
                    ? batch.isControlBatch() && batch.producerEpoch() == epoch
                    : batch.lastOffset() == lastOffset;
        }
    }

    private final CleanerKeyMap keys;
    private final long lastIndexedOffset;
    private final CleanerTransactions transactions;
    private final Map<Long, LastBatch> lastBatches;
    private final long nowMs;
    private final long newHorizonMs;

    /**
     * @param keys the last offset of every key between where the log is clean and the last indexed offset
     * @param aborted the aborted transactions of the whole walk
     * @param lastBatches by producer id
     */
    BatchRetention(
            CleanerKeyMap keys,
            long lastIndexedOffset,
            List<AbortedTransaction> aborted,
            Map<Long, LastBatch> lastBatches,
            long nowMs,
            long deleteRetentionMs) {
        this.keys = keys;
        this.lastIndexedOffset = lastIndexedOffset;
        this.transactions = new CleanerTransactions(aborted);
        this.lastBatches = lastBatches;
        this.nowMs = nowMs;
        this.newHorizonMs = deleteRetentionMs > Long.MAX_VALUE - nowMs ? Long.MAX_VALUE : nowMs + deleteRetentionMs;
    }

    /**
     * What stays of a batch.
     *
     * @param batch with all its bytes; its CRC fits
     * @param isLast whether it stays even if it is empty
     * @param keptIndex takes the aborted transactions whose markers stay
     * @return the batch itself, a smaller one, or null
     */
    ByteBuffer retain(RecordBatch batch, boolean isLast, TransactionIndex keptIndex) {
        boolean isExpired = batch.hasDeleteHorizon() && batch.deleteHorizonMs() <= nowMs;
        boolean staysEmpty = isLast || isLastOfProducer(batch);
        if (batch.isControlBatch()) {
            boolean isWithoutData = transactions.isWithoutData(batch, keptIndex);
            if (batch.recordCount() == 0 || (isWithoutData && isExpired)) {
                return staysEmpty ? RecordBatchBuilder.emptied(batch) : null;
            }
            return isWithoutData && !batch.hasDeleteHorizon()
                    ? rebuild(batch, all(batch), newHorizonMs)
                    : batch.slice();
        }
        List<Record> kept = transactions.isAborted(batch) ? List.of() : select(batch, isExpired);
        if (kept.isEmpty()) {
            return staysEmpty ? RecordBatchBuilder.emptied(batch) : null;
        }
        boolean needsHorizon = !batch.hasDeleteHorizon() && hasTombstone(kept);
        if (kept.size() == batch.recordCount() && !needsHorizon) {
            return batch.slice();
        }
        long oldHorizonMs = batch.hasDeleteHorizon() ? batch.deleteHorizonMs() : RecordBatch.NO_TIMESTAMP_MS;
        return rebuild(batch, kept, needsHorizon ? newHorizonMs : oldHorizonMs);
    }

    private boolean isLastOfProducer(RecordBatch batch) {
        if (!batch.hasProducerId()) {
            return false;
        }
        LastBatch last = lastBatches.get(batch.producerId());
        return last != null && last.is(batch);
    }

    private static boolean hasTombstone(List<Record> records) {
        for (Record record : records) {
            if (!record.hasValue()) {
                return true;
            }
        }
        return false;
    }

    private static List<Record> all(RecordBatch batch) {
        List<Record> records = new ArrayList<>(batch.recordCount());
        batch.records().forEach(records::add);
        return records;
    }

    private List<Record> select(RecordBatch batch, boolean isExpired) {
        List<Record> kept = new ArrayList<>();
        try (RecordIterator records = batch.recordIterator(RecordBatch.DEFAULT_MAX_DECOMPRESSED_SIZE_BYTES)) {
            while (records.hasNext()) {
                Record record = records.next();
                if (stays(record, isExpired)) {
                    kept.add(record);
                }
            }
        }
        return kept;
    }

    private boolean stays(Record record, boolean isExpired) {
        if (record.offset() > lastIndexedOffset) {
            return true;
        }
        return record.hasKey() && (record.hasValue() || !isExpired) && record.offset() >= keys.offset(record.key());
    }

    private static ByteBuffer rebuild(RecordBatch batch, List<Record> records, long deleteHorizonMs) {
        RecordBatchBuilder builder = new RecordBatchBuilder(batch.sizeBytes())
                .compression(batch.compressionType())
                .producer(batch.producerId(), batch.producerEpoch(), batch.baseSequence())
                .transactional(batch.isTransactional())
                .control(batch.isControlBatch())
                .baseOffset(batch.baseOffset())
                .partitionLeaderEpoch(batch.partitionLeaderEpoch());
        if (batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            builder.logAppendTime(batch.maxTimestampMs());
        }
        if (deleteHorizonMs != RecordBatch.NO_TIMESTAMP_MS) {
            builder.deleteHorizonMs(deleteHorizonMs);
        }
        records.forEach(builder::append);
        return builder.lastOffset(batch.lastOffset()).build();
    }
}
