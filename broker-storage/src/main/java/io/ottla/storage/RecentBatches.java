package io.ottla.storage;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Where the last batches of the active segment lie, so that a consumer at the tail costs no system call to find its place. One
 * writer, any number of readers without locks: offset and position of a batch share one long, and a slot that was overwritten
 * while a reader looked can only hold a later batch, which the reader passes over.
 */
final class RecentBatches {

    private static final int SLOTS = 64;

    /** Made with the first batch: most of many partitions have none. Whoever has read that there is one sees it. */
    private AtomicLongArray slots;

    private volatile long added;

    void add(int relativeOffset, int position) {
        long at = added;
        if (slots == null) {
            slots = new AtomicLongArray(SLOTS);
        }
        slots.setRelease((int) (at % SLOTS), (long) relativeOffset << Integer.SIZE | position);
        added = at + 1;
    }

    /** Position of the batch that holds the offset, -1 if it is not among the last ones. The offset must have been appended. */
    int position(long relativeOffset) {
        long newest = added;
        long oldest = Math.max(0L, newest - SLOTS);
        for (long at = newest - 1; at >= oldest; at--) {
            long slot = slots.getAcquire((int) (at % SLOTS));
            if (slot >>> Integer.SIZE <= relativeOffset) {
                return (int) slot;
            }
        }
        return -1;
    }
}
