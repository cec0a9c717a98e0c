package io.ottla.broker.metadata;

import java.util.List;

/**
 * What a client wants changed of one resource.
 *
 * @param resource the resource
 * @param changes the steps, each for another key
 * @param replaceAll whether keys that are not named go back to their defaults (AlterConfigs)
 */
public record ConfigWish(ConfigResource resource, List<ConfigChange> changes, boolean replaceAll) {}
