package io.ottla.broker.metadata;

import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;

/**
 * What became of a wish that concerned one topic.
 *
 * @param name the name of the topic as it was asked for
 * @param error NONE where it was granted
 * @param message the words for the client where it was not, else null
 * @param topic the topic after the change; null where there is none
 */
public record TopicOutcome(String name, ErrorCode error, String message, TopicImage topic) {

    static TopicOutcome granted(TopicImage topic) {
        return new TopicOutcome(topic.name(), ErrorCode.NONE, null, topic);
    }

    static TopicOutcome refused(String name, ApiException reason) {
        return new TopicOutcome(name, reason.error(), reason.getMessage(), null);
    }
}
