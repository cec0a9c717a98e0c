package io.ottla.broker.coordinator;

import java.util.function.Consumer;

/**
 * The state machine of a coordinator for one partition of its log. All calls come one after another, on changing threads; the
 * runtime orders them, so implementations need no synchronization.
 *
 * <p>State that must survive a restart is changed by the replay methods alone; they serve live traffic (through
 * {@link CoordinatorOutput#append}) and recovery alike, and must not depend on time or on anything but the state and the record.
 */
public interface CoordinatorShard {

    /**
     * Applies a record.
     *
     * @param record the record
     * @param offset where it is in the log
     * @param producerId the producer whose transaction the record belongs to, or
     *     {@link io.ottla.protocol.record.RecordBatch#NO_PRODUCER_ID}
     */
    void replay(CoordinatorRecord record, long offset, long producerId);

    /**
     * Applies the end of a transaction.
     *
     * @param producerId the producer whose transaction ended
     * @param committed true for a commit, false for an abort
     */
    void replayEndTransaction(long producerId, boolean committed);

    /** The log has been replayed and requests are about to come: the place to start timers. */
    void onLoaded(CoordinatorOutput out);

    /** A timer has expired. */
    void onTimer(CoordinatorTimer timer, CoordinatorOutput out);

    /** Hands over every reply that waits in the shard; called once, before the shard is dropped. */
    void drainReplies(Consumer<Reply<?>> taker);
}
