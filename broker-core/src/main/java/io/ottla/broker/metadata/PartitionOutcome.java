package io.ottla.broker.metadata;

import io.ottla.protocol.ErrorCode;

/**
 * What became of a wish for one partition.
 *
 * @param partition the index within its topic
 * @param error NONE if it was granted
 * @param message why not; null if there is nothing to say
 */
public record PartitionOutcome(int partition, ErrorCode error, String message) {}
