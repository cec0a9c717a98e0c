package io.ottla.broker.testing.journal;

import io.ottla.protocol.ApiKey;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Picks entries of a {@link Journal}, all conditions together, and reads them as they are at the time of the call.
 *
 * <pre>{@code
 * long commits = journal.query().requests().client("billing").api(ApiKey.OFFSET_COMMIT).count();
 * }</pre>
 *
 * <p>Immutable: each method returns a query of its own. Thread-safe.
 */
public final class JournalQuery {

    private final Journal journal;
    private final Predicate<JournalEntry> conditions;

    JournalQuery(Journal journal, Predicate<JournalEntry> conditions) {
        this.journal = journal;
        this.conditions = conditions;
    }

    /** Entries of these kinds. */
    public JournalQuery kind(JournalEntry.Kind first, JournalEntry.Kind... more) {
        Set<JournalEntry.Kind> kinds = EnumSet.of(first, more);
        return where(entry -> kinds.contains(entry.kind()));
    }

    /** Requests as they came in; those of one journal entry each, whatever became of them. */
    public JournalQuery requests() {
        return kind(JournalEntry.Kind.REQUEST);
    }

    /** Answers as they left. */
    public JournalQuery answers() {
        return kind(JournalEntry.Kind.ANSWER);
    }

    /** What is about requests of these APIs. */
    public JournalQuery api(ApiKey first, ApiKey... more) {
        Set<ApiKey> keys = EnumSet.of(first, more);
        return where(entry -> entry.call() != null && keys.contains(entry.call().apiKey()));
    }

    /** What is about requests of a client. */
    public JournalQuery client(String clientId) {
        return where(entry -> entry.call() != null && entry.call().clientId().equals(clientId));
    }

    /** What is about one connection. */
    public JournalQuery connection(long connectionId) {
        return where(entry -> entry.call() != null && entry.call().connectionId() == connectionId);
    }

    /** What names a topic, a partition ({@code orders-0}), a group, a transactional id or a member. */
    public JournalQuery about(String name) {
        Pattern word = Pattern.compile("(^|[\\s,:])" + Pattern.quote(name) + "(-\\d+)?($|[\\s,:])");
        return where(entry -> word.matcher(entry.subject()).find()
                || entry.errors().keySet().stream()
                        .anyMatch(subject -> word.matcher(subject).find()));
    }

    /** Answers that carry an error. */
    public JournalQuery withErrors() {
        return where(JournalEntry::hasError);
    }

    /** What happened after a {@linkplain Journal#mark() mark}. */
    public JournalQuery since(long mark) {
        return where(entry -> entry.sequence() > mark);
    }

    /** What fulfils a condition. */
    public JournalQuery where(Predicate<? super JournalEntry> condition) {
        return new JournalQuery(journal, conditions.and(condition));
    }

    /**
     * Leaves out what clients do all the time and what tells nothing: requests and answers of handshakes, heartbeats and fetches that brought
     * nothing. Those that failed, that a fault had to do with, or that have no answer stay.
     */
    public JournalQuery withoutRoutine() {
        Set<CallKey> routine = new HashSet<>();
        List<JournalEntry> all = journal.entries();
        for (JournalEntry entry : all) {
            if (entry.kind() == JournalEntry.Kind.ANSWER && !entry.hasError() && isRoutine(entry)) {
                routine.add(CallKey.of(entry));
            }
        }
        for (JournalEntry entry : all) {
            if (entry.kind() == JournalEntry.Kind.FAULT && entry.call() != null) {
                routine.remove(CallKey.of(entry));
            }
        }
        return where(entry -> entry.call() == null || !routine.contains(CallKey.of(entry)));
    }

    private static boolean isRoutine(JournalEntry answer) {
        return switch (answer.call().apiKey()) {
            case API_VERSIONS, HEARTBEAT, CONSUMER_GROUP_HEARTBEAT -> true;
            case FETCH -> answer.subject().equals(AnswerContent.NOTHING);
            default -> false;
        };
    }

    /** Tells a request and what belongs to it. */
    private record CallKey(long connectionId, int correlationId, ApiKey apiKey) {

        static CallKey of(JournalEntry entry) {
            JournalEntry.Call call = entry.call();
            return new CallKey(call.connectionId(), call.correlationId(), call.apiKey());
        }
    }

    /** The entries, the oldest first. */
    public List<JournalEntry> list() {
        return journal.entries().stream().filter(conditions).toList();
    }

    /** How many entries there are. */
    public long count() {
        return journal.entries().stream().filter(conditions).count();
    }

    /** How often which client sent which request: client ids in their order, of those entries that are about requests. */
    public Map<String, Map<ApiKey, Long>> countByClient() {
        Map<String, Map<ApiKey, Long>> counts = new TreeMap<>();
        for (JournalEntry entry : requests().list()) {
            counts.computeIfAbsent(entry.call().clientId(), client -> new EnumMap<>(ApiKey.class))
                    .merge(entry.call().apiKey(), 1L, Long::sum);
        }
        return Collections.unmodifiableMap(counts);
    }

    /** The entries as lines that a person reads, the oldest first. */
    public String timeline() {
        return Journal.format(list());
    }
}
