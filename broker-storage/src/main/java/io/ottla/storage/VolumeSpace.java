package io.ottla.storage;

/**
 * The room on a volume, in bytes.
 *
 * @param totalBytes all of it
 * @param usableBytes what this process may still use
 */
public record VolumeSpace(long totalBytes, long usableBytes) {}
