package io.ottla.broker.handler.telemetry;

import io.ottla.protocol.Uuid;
import java.util.List;

/**
 * What one client is to push.
 *
 * @param clientInstanceId whom it is for
 * @param id changes with the rest, so that a client notices that it must ask again
 * @param pushIntervalMs how often
 * @param metrics prefixes of names, or {@code *}; nothing, where nobody wants anything
 */
public record Subscription(Uuid clientInstanceId, int id, int pushIntervalMs, List<String> metrics) {}
