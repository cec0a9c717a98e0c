package io.ottla.storage;

/**
 * A record's place in time and log.
 *
 * @param timestampMs its timestamp
 * @param offset its offset
 * @param leaderEpoch the leader epoch it was written in, -1 if unknown
 */
public record TimestampOffset(long timestampMs, long offset, int leaderEpoch) {}
