package io.ottla.broker.coordinator;

/**
 * What a step of a shard may ask for, and the time it runs at. It is valid for the length of the step only.
 *
 * <p>A shard does no I/O and reads no clock: with an implementation of this interface that collects into lists, a whole coordinator
 * runs in memory.
 */
public interface CoordinatorOutput {

    /** The time of the step, in milliseconds since the epoch. */
    long nowMs();

    /**
     * Appends a record to the shard's log. The record is replayed into the shard before this returns, so what lasts changes in one
     * place only, for live traffic and for recovery. The step's answers are held back until the record is committed; should it not
     * get into the log, they are replaced by an error and the shard is loaded anew.
     */
    void append(CoordinatorRecord record);

    /** Answers a request: this step's own, or one that an earlier step kept. Sent when all records appended so far are committed. */
    <R> void reply(Reply<R> reply, R answer);

    /**
     * Starts a timer, replacing a running one of the same key: after {@code delayMs} milliseconds {@link CoordinatorShard#onTimer}
     * is called. A delay of 0 fires as soon as the steps under way have ended.
     */
    void schedule(CoordinatorTimer timer, long delayMs);

    /** Stops a timer; nothing happens if it is not running. */
    void cancel(CoordinatorTimer timer);
}
