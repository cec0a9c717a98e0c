package io.ottla.broker.metadata;

/**
 * A feature and the levels of it that this release can serve (KIP-584).
 *
 * @param name its name, such as {@code metadata.version}
 * @param min the lowest level
 * @param max the highest level
 */
public record FeatureRange(String name, short min, short max) {}
