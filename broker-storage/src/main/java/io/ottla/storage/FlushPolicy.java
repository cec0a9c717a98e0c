package io.ottla.storage;

/** What an acknowledged record survives. */
public enum FlushPolicy {
    /** The record is in the page cache: it survives the death of the process, not that of the machine. As Apache Kafka. */
    PROCESS_CRASH_SAFE,

    /**
     * The record is on the device: the high watermark ends where the last {@link Log#flush()} ended, and the broker
     * acknowledges below the high watermark only.
     */
    POWER_SAFE
}
