package io.ottla.broker.testing.journal;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ErrorCode;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One thing that happened on a broker.
 *
 * <pre>{@code
 * for (JournalEntry answer : broker.journal().query().answers().withErrors().list()) {
 *     System.out.println(answer.call().clientId() + " was told " + answer.errors() + " after " + answer.latency());
 * }
 * }</pre>
 *
 * @param sequence counts all entries of a journal, from 1
 * @param elapsed since the journal was turned on, by the clock of the machine
 * @param kind what kind of thing it is
 * @param call the request; null for what is not about one
 * @param subject what it is about: of a request its topics, partitions, groups and transactional ids, of an answer to Produce the offsets and of
 *     one to Fetch the bytes of each partition, of anything else a text; may be empty
 * @param errors of an answer, by what they are about: a topic or partition, or the empty string for the whole answer
 * @param latency of an answer, from when its request was read to when it was written; zero for anything else
 */
public record JournalEntry(
        long sequence,
        Duration elapsed,
        Kind kind,
        Call call,
        String subject,
        Map<String, ErrorCode> errors,
        Duration latency) {

    private static final double NANOS_PER_SECOND = 1e9;
    private static final double NANOS_PER_MS = 1e6;

    /** What kinds of things happen. */
    public enum Kind {
        /** A client has connected. */
        CONNECTED("++"),
        /** A connection is closed. */
        DISCONNECTED("--"),
        /** A request was read. */
        REQUEST("->"),
        /** An answer was written. */
        ANSWER("<-"),
        /** A fault fired. */
        FAULT("!!"),
        /** A group changed its state or its members. */
        GROUP("**"),
        /** The clock of the broker was moved. */
        CLOCK("~~"),
        /** The broker was reset, restored or started anew. */
        RESET("=="),
        /** Somebody made a note. */
        NOTE("##");

        private final String sign;

        Kind(String sign) {
            this.sign = sign;
        }
    }

    /**
     * A request as its header has it.
     *
     * @param apiKey the API
     * @param apiVersion the version of the request
     * @param clientId the client id, or the empty string
     * @param connectionId the connection that it came in on
     * @param correlationId what the client tells its answer by
     */
    public record Call(ApiKey apiKey, int apiVersion, String clientId, long connectionId, int correlationId) {

        @Override
        public String toString() {
            return (clientId.isEmpty() ? "(no client id)" : clientId) + " #" + connectionId + " " + apiKey + " v"
                    + apiVersion;
        }
    }

    /** Whether an answer carries an error. */
    public boolean hasError() {
        return !errors.isEmpty();
    }

    /** The line of the timeline: when, a sign of the kind, who and what. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(
                String.format(Locale.ROOT, "%9.4f s  %s  ", elapsed.toNanos() / NANOS_PER_SECOND, kind.sign));
        if (call != null) {
            line.append(call);
        }
        if (!subject.isEmpty()) {
            line.append(call == null ? "" : "  ").append(subject);
        }
        if (kind == Kind.ANSWER) {
            if (hasError()) {
                line.append("  ")
                        .append(errors.entrySet().stream()
                                .map(error -> error.getKey().isEmpty()
                                        ? error.getValue().name()
                                        : error.getKey() + " " + error.getValue())
                                .collect(Collectors.joining(", ")));
            }
            line.append(String.format(Locale.ROOT, "  (%.1f ms)", latency.toNanos() / NANOS_PER_MS));
        }
        return line.toString();
    }
}
