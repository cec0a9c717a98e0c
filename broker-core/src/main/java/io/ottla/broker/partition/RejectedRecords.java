package io.ottla.broker.partition;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import io.ottla.storage.LogConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Says which records of a batch that a log refused are at fault, in the words of Apache Kafka (KIP-467).
 *
 * @param errors the records at fault, in order; empty if the fault is not with single records
 * @param message for all of them together
 */
public record RejectedRecords(List<RecordError> errors, String message) {

    private static final int SHOWN_ERRORS = 3;

    /** A compressed batch may hold any number of records: the answer to it must not grow with them. */
    private static final int MAX_LISTED_ERRORS = 10_000;

    /**
     * One record at fault.
     *
     * @param batchIndex its index within the batch
     * @param message what is wrong with it
     */
    public record RecordError(int batchIndex, String message) {

        @Override
        public String toString() {
            return "RecordError(batchIndex=" + batchIndex + ", message='" + message + "')";
        }
    }

    /**
     * Looks for the records that the refusal is about; lists no more than {@value #MAX_LISTED_ERRORS} of them.
     *
     * @param batch the refused batch, from position to limit
     * @param partition that refused it
     * @param refusal INVALID_RECORD or INVALID_TIMESTAMP, as the log threw it
     * @param nowMs the broker's time
     */
    public static RejectedRecords of(ByteBuffer batch, Partition partition, ApiException refusal, long nowMs) {
        LogConfig config = partition.log().config();
        boolean byTime = refusal.error() == ErrorCode.INVALID_TIMESTAMP;
        List<RecordError> errors = new ArrayList<>();
        int faults = 0;
        try {
            int index = 0;
            for (Record record : new RecordBatch().wrap(batch, batch.position()).records()) {
                String fault = byTime ? timestampFault(record, config, nowMs) : keyFault(record, config, partition);
                if (fault != null) {
                    faults++;
                    if (errors.size() < MAX_LISTED_ERRORS) {
                        errors.add(new RecordError(index, fault));
                    }
                }
                index++;
            }
        } catch (ApiException e) {
            errors.clear();
        }
        if (errors.isEmpty()) {
            return new RejectedRecords(errors, refusal.getMessage());
        }
        return new RejectedRecords(
                errors,
                byTime
                        ? "One or more records have been rejected due to invalid timestamp"
                        : "One or more records have been rejected due to " + faults
                                + " record errors in total, and only showing the first three errors at most: "
                                + errors.subList(0, Math.min(errors.size(), SHOWN_ERRORS)));
    }

    private static String keyFault(Record record, LogConfig config, Partition partition) {
        return config.cleanupCompact() && record.key() == null
                ? "Compacted topic cannot accept message without key in topic partition " + partition
                : null;
    }

    private static String timestampFault(Record record, LogConfig config, long nowMs) {
        long earliestMs = nowMs - config.messageTimestampBeforeMaxMs();
        long latestMs = nowMs + Math.min(config.messageTimestampAfterMaxMs(), Long.MAX_VALUE - nowMs);
        long timestampMs = record.timestampMs();
        if (timestampMs == RecordBatch.NO_TIMESTAMP_MS || (timestampMs >= earliestMs && timestampMs <= latestMs)) {
            return null;
        }
        return "Timestamp " + timestampMs + " of message with offset " + record.offset()
                + " is out of range. The timestamp should be within [" + earliestMs + ", " + latestMs + "]";
    }
}
