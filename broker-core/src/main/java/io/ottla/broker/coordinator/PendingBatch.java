package io.ottla.broker.coordinator;

import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.protocol.record.RecordBatchBuilder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The records that steps have asked for and that are not in the log yet. Owned by the thread that works on the shard. */
final class PendingBatch {

    /** An upper bound of what a record takes in a batch beside key and value: lengths, deltas, attributes, header count. */
    private static final int RECORD_OVERHEAD_SIZE_BYTES = 32;

    private final CoordinatorRecordFormat format;
    private final CoordinatorLog log;
    private final List<Entry> entries = new ArrayList<>();
    private long producerId = RecordBatch.NO_PRODUCER_ID;
    private short producerEpoch = RecordBatch.NO_PRODUCER_EPOCH;

    private record Entry(ByteBuffer key, ByteBuffer value, long timestampMs) {

        int maxSizeBytes() {
            return RECORD_OVERHEAD_SIZE_BYTES + key.remaining() + (value == null ? 0 : value.remaining());
        }
    }

    PendingBatch(CoordinatorRecordFormat format, CoordinatorLog log) {
        this.format = format;
        this.log = log;
    }

    /** Whether records of this producer may be added without an append in between. */
    boolean isOf(long otherProducerId, short otherProducerEpoch) {
        return entries.isEmpty() || (producerId == otherProducerId && producerEpoch == otherProducerEpoch);
    }

    /** Says whose records come next. */
    void producer(long nextProducerId, short nextProducerEpoch) {
        producerId = nextProducerId;
        producerEpoch = nextProducerEpoch;
    }

    long producerId() {
        return producerId;
    }

    int recordCount() {
        return entries.size();
    }

    /** Adds a record and gives the offset that it will have. */
    long add(CoordinatorRecord record, long timestampMs) {
        long offset = log.endOffset() + entries.size();
        entries.add(new Entry(format.keyBytes(record), format.valueBytes(record), timestampMs));
        return offset;
    }

    /** Forgets all records after the first {@code recordCount}. */
    void truncate(int recordCount) {
        entries.subList(recordCount, entries.size()).clear();
    }

    /** Appends all records, in as few batches as the log's largest batch allows. */
    void append() {
        int first = 0;
        while (first < entries.size()) {
            int sizeBytes = RecordBatch.HEADER_SIZE_BYTES + entries.get(first).maxSizeBytes();
            int end = first + 1;
            while (end < entries.size() && sizeBytes + entries.get(end).maxSizeBytes() <= log.maxBatchSizeBytes()) {
                sizeBytes += entries.get(end).maxSizeBytes();
                end++;
            }
            log.append(build(entries.subList(first, end)));
            first = end;
        }
        entries.clear();
    }

    private ByteBuffer build(List<Entry> records) {
        RecordBatchBuilder builder = new RecordBatchBuilder();
        if (producerId != RecordBatch.NO_PRODUCER_ID) {
            builder.producer(producerId, producerEpoch, RecordBatch.NO_SEQUENCE).transactional(true);
        }
        for (Entry entry : records) {
            builder.append(entry.timestampMs(), entry.key(), entry.value());
        }
        return builder.build();
    }

    /** Appends the marker of a transaction's end. */
    void appendTransactionEnd(TransactionEnd end, long timestampMs) {
        log.appendMarker(
                ControlRecords.endTransaction(
                        end.committed() ? ControlRecordType.COMMIT : ControlRecordType.ABORT,
                        timestampMs,
                        end.producerId(),
                        end.producerEpoch(),
                        end.coordinatorEpoch()),
                end.transactionVersion());
    }
}
