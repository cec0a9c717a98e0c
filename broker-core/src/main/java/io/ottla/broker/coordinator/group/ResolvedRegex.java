package io.ottla.broker.coordinator.group;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.ConsumerGroupRegularExpressionValue;
import java.util.ArrayList;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The topics that a pattern stands for. Patterns are those of RE2, which takes linear time whatever a client sends.
 *
 * @param topics the names
 * @param version the version of the metadata that they were looked up in
 * @param timestampMs when that was, in milliseconds since the epoch
 */
record ResolvedRegex(SortedSet<String> topics, long version, long timestampMs) {

    static ResolvedRegex of(ConsumerGroupRegularExpressionValue value) {
        return new ResolvedRegex(new TreeSet<>(value.topics()), value.version(), value.timestamp());
    }

    ConsumerGroupRegularExpressionValue toValue() {
        return new ConsumerGroupRegularExpressionValue()
                .topics(new ArrayList<>(topics))
                .version(version)
                .timestamp(timestampMs);
    }

    /** Looks a pattern up that has been validated. */
    static ResolvedRegex resolve(String regex, GroupTopics topics, long nowMs) {
        Pattern pattern = Pattern.compile(regex);
        SortedSet<String> matching = new TreeSet<>();
        for (String name : topics.names()) {
            if (pattern.matches(name)) {
                matching.add(name);
            }
        }
        return new ResolvedRegex(matching, topics.version(), nowMs);
    }

    /**
     * Checks a pattern of a client.
     *
     * @throws ApiException INVALID_REGULAR_EXPRESSION
     */
    static void validate(String regex) {
        try {
            Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new ApiException(
                    ErrorCode.INVALID_REGULAR_EXPRESSION,
                    "SubscribedTopicRegex `" + regex + "` is not a valid regular expression: " + e.getDescription()
                            + ".");
        }
    }
}
