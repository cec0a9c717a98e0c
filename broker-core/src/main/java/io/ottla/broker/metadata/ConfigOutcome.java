package io.ottla.broker.metadata;

import io.ottla.protocol.ErrorCode;

/**
 * What became of one {@link ConfigWish}.
 *
 * @param error NONE where it was granted
 * @param message the words for the client where it was not, else null
 */
public record ConfigOutcome(ErrorCode error, String message) {

    static final ConfigOutcome GRANTED = new ConfigOutcome(ErrorCode.NONE, null);
}
