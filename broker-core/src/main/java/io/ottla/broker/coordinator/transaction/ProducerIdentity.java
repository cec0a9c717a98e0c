package io.ottla.broker.coordinator.transaction;

import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.record.RecordBatch;

/**
 * The answer to a producer that asked who it is from now on.
 *
 * @param error NONE, or why there is no answer
 * @param producerId the producer id, -1 for none
 * @param producerEpoch the epoch, -1 for none
 */
public record ProducerIdentity(ErrorCode error, long producerId, short producerEpoch) {

    static ProducerIdentity of(long producerId, short producerEpoch) {
        return new ProducerIdentity(ErrorCode.NONE, producerId, producerEpoch);
    }

    /** An error, with neither id nor epoch. */
    public static ProducerIdentity failed(ErrorCode error) {
        return new ProducerIdentity(error, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH);
    }

    /** Success, with neither id nor epoch: what a client of the old protocol gets. */
    static ProducerIdentity unchanged() {
        return failed(ErrorCode.NONE);
    }
}
