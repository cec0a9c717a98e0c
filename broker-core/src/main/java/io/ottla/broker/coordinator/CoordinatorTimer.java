package io.ottla.broker.coordinator;

/**
 * Names a timer of a shard. A shard has at most one running timer for equal keys, so implementations have {@code equals} and
 * {@code hashCode} (records do).
 */
public interface CoordinatorTimer {}
