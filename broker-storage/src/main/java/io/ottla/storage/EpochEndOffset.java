package io.ottla.storage;

/**
 * Where a leader epoch ends (KIP-101, KIP-279).
 *
 * @param leaderEpoch the largest epoch at or below the one asked for, -1 if unknown
 * @param endOffset the offset behind its last record, -1 if unknown
 */
public record EpochEndOffset(int leaderEpoch, long endOffset) {

    static final EpochEndOffset UNKNOWN = new EpochEndOffset(-1, -1L);
}
