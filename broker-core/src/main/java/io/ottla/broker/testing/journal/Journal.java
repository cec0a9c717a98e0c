package io.ottla.broker.testing.journal;

import io.ottla.broker.coordinator.group.GroupEvents;
import io.ottla.broker.handler.ConnectionContext;
import io.ottla.broker.handler.Interceptors;
import io.ottla.broker.handler.RequestContext;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.protocol.ErrorCode;
import io.ottla.storage.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * The flight recorder of a broker: what happened last, for a test that asks, and for a person who looks at a test that failed.
 *
 * <p>It is off until {@link #start}, and costs nothing then. While it is on it keeps the last entries, so many as it was asked for, and costs
 * some microseconds per request. The times are those of the machine's clock, also for a broker whose clock a test moves.
 *
 * <pre>{@code
 * broker.journal().start();
 * ...
 * assertEquals(1, broker.journal().query().requests().client("billing").api(ApiKey.OFFSET_COMMIT).count());
 * System.out.print(broker.journal().timeline());
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class Journal {

    /** How many entries are kept unless somebody says otherwise. */
    public static final int DEFAULT_CAPACITY = 10_000;

    /** The journal sees requests as they come and answers as they leave: before the faults, and behind them. */
    private static final int RANK = 0;

    private static final String LINE_END = "\n";

    private final Interceptors interceptors;
    private final GroupEvents groupEvents;
    private final Clock machineClock = Clock.system();
    private final JournalInterceptor interceptor = new JournalInterceptor(this);
    private volatile Parts parts = new Parts(id -> null);
    private volatile boolean on;

    // Guarded by the deque.
    private final Deque<JournalEntry> entries = new ArrayDeque<>();
    private int capacity;
    private long lastSequence;
    private long dropped;
    private long startNanos;

    /**
     * Called by the broker.
     *
     * @param interceptors where the journal sees requests
     * @param groupEvents where it hears of groups
     */
    public Journal(Interceptors interceptors, GroupEvents groupEvents) {
        this.interceptors = interceptors;
        this.groupEvents = groupEvents;
    }

    /** Called by the broker when it starts: what knows the names of its topics. */
    public void attach(Parts brokersParts) {
        parts = brokersParts;
    }

    /** Turns the journal on, with room for {@value #DEFAULT_CAPACITY} entries. */
    public void start() {
        start(DEFAULT_CAPACITY);
    }

    /**
     * Turns the journal on, without the entries that it may have.
     *
     * @param entryCount how many entries it keeps, at least 1
     */
    public synchronized void start(int entryCount) {
        if (entryCount < 1) {
            throw new IllegalArgumentException("A journal of " + entryCount + " entries");
        }
        synchronized (entries) {
            entries.clear();
            capacity = entryCount;
            lastSequence = 0;
            dropped = 0;
            startNanos = machineClock.nanoTime();
        }
        if (!on) {
            on = true;
            interceptors.add(RANK, interceptor);
            groupEvents.listener((groupId, event) -> add(JournalEntry.Kind.GROUP, groupId + ": " + event));
        }
    }

    /** Turns the journal off. It keeps the entries that it has. */
    public synchronized void stop() {
        if (on) {
            on = false;
            interceptors.remove(interceptor);
            groupEvents.listener(null);
        }
    }

    /** Whether the journal is on. */
    public boolean isOn() {
        return on;
    }

    // Reading.

    /** The entries that it has, the oldest first. */
    public List<JournalEntry> entries() {
        synchronized (entries) {
            return List.copyOf(entries);
        }
    }

    /** How many entries have made room for later ones. */
    public long droppedCount() {
        synchronized (entries) {
            return dropped;
        }
    }

    /** A point between what has happened and what will, for {@link JournalQuery#since}. */
    public long mark() {
        synchronized (entries) {
            return lastSequence;
        }
    }

    /** All entries, to pick from. */
    public JournalQuery query() {
        return new JournalQuery(this, entry -> true);
    }

    /**
     * All entries as lines that a person reads, the oldest first: seconds since the start of the journal, a sign ({@code ->} a request,
     * {@code <-} an answer, {@code !!} a fault, {@code **} a group, {@code ++} and {@code --} a connection, {@code ~~} the clock, {@code ==} a
     * reset, {@code ##} a note), the client with the number of its connection, the API with its version, what it is about, errors, and how long
     * the answer took.
     */
    public String timeline() {
        return format(entries());
    }

    static String format(List<JournalEntry> shown) {
        StringBuilder text = new StringBuilder();
        for (JournalEntry entry : shown) {
            text.append(entry).append(LINE_END);
        }
        return text.toString();
    }

    // Writing.

    /** Makes a note: what the test is about to do, for who reads the timeline. Does nothing while the journal is off. */
    public void note(String text) {
        add(JournalEntry.Kind.NOTE, text);
    }

    /** The clock of the broker was moved. Does nothing while the journal is off. */
    public void clockMoved(String text) {
        add(JournalEntry.Kind.CLOCK, text);
    }

    /** The broker was reset, restored, killed or started anew. Does nothing while the journal is off. */
    public void stateChanged(String text) {
        add(JournalEntry.Kind.RESET, text);
    }

    /** A fault has fired. Does nothing while the journal is off. */
    public void fault(RequestContext context, String fault) {
        if (on) {
            add(JournalEntry.Kind.FAULT, call(context), fault, Map.of(), Duration.ZERO);
        }
    }

    void connection(JournalEntry.Kind kind, ConnectionContext connection) {
        if (on) {
            String text = "connection #" + connection.id() + " from "
                    + connection.remoteAddress().getHostAddress()
                    + ":" + connection.remotePort() + " on " + connection.listenerName() + ", broker "
                    + connection.brokerId();
            add(kind, text);
        }
    }

    void request(RequestContext context, String subject) {
        add(JournalEntry.Kind.REQUEST, call(context), subject, Map.of(), Duration.ZERO);
    }

    void answer(RequestContext context, String subject, Map<String, ErrorCode> errors, long latencyNanos) {
        add(JournalEntry.Kind.ANSWER, call(context), subject, errors, Duration.ofNanos(latencyNanos));
    }

    Parts parts() {
        return parts;
    }

    long nanoTime() {
        return machineClock.nanoTime();
    }

    private static JournalEntry.Call call(RequestContext context) {
        return new JournalEntry.Call(
                context.apiKey(),
                context.apiVersion(),
                context.clientId(),
                context.connection().id(),
                context.correlationId());
    }

    private void add(JournalEntry.Kind kind, String text) {
        if (on) {
            add(kind, null, text, Map.of(), Duration.ZERO);
        }
    }

    private void add(
            JournalEntry.Kind kind,
            JournalEntry.Call call,
            String subject,
            Map<String, ErrorCode> errors,
            Duration latency) {
        synchronized (entries) {
            if (entries.size() >= capacity) {
                entries.pollFirst();
                dropped++;
            }
            lastSequence++;
            Duration elapsed = Duration.ofNanos(machineClock.nanoTime() - startNanos);
            entries.addLast(new JournalEntry(lastSequence, elapsed, kind, call, subject, errors, latency));
        }
    }
}
