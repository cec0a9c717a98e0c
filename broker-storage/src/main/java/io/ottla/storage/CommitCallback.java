package io.ottla.storage;

import io.ottla.protocol.ApiException;

/** Hears, once, what became of records that had to be brought onto the device. */
@FunctionalInterface
public interface CommitCallback {

    /**
     * Called on any thread; must be short and must not block.
     *
     * @param failure null if the records may be acknowledged; else why they may never be: KAFKA_STORAGE_ERROR
     */
    void completed(ApiException failure);
}
