package io.ottla.storage;

/**
 * What an append did.
 *
 * @param baseOffset offset of the first record
 * @param lastOffset offset of the last record
 * @param logAppendTimeMs the time the records were stamped with, -1 if they kept their own
 * @param logStartOffset the log's first offset after the append
 * @param duplicate whether nothing was written because these very batches had been written before; the offsets are theirs
 */
public record LogAppendResult(
        long baseOffset, long lastOffset, long logAppendTimeMs, long logStartOffset, boolean duplicate) {}
