package io.ottla.broker.partition;

/**
 * Hears of what happens to a partition: long polls wait with it, fetch sessions learn with it which of their partitions
 * have something new.
 *
 * <p>The calls come on the thread that changed the partition, after the change can be seen by readers, and with no lock of
 * the log held. They must be short and must not block; work belongs on the waiter's own thread.
 */
public interface AppendWaiter {

    /** Stands for a number of bytes that is not known; so large that nobody who waits for bytes goes on waiting. */
    int UNKNOWN_SIZE_BYTES = Integer.MAX_VALUE;

    /**
     * Records can be read that could not before: they were appended or, where only what is on the device is read, synced.
     *
     * @param partition the partition that grew
     * @param sizeBytes by how many bytes, or {@link #UNKNOWN_SIZE_BYTES}
     */
    void appended(Partition partition, int sizeBytes);

    /** The log start offset moved: records were deleted. */
    void startMoved(Partition partition);

    /** The partition has another leader or leader epoch, or was deleted. */
    void leadershipChanged(Partition partition);
}
