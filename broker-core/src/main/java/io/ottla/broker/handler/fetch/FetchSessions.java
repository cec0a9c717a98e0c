package io.ottla.broker.handler.fetch;

import io.ottla.broker.handler.ConnectionContext;
import io.ottla.protocol.message.FetchRequest;
import io.ottla.storage.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The fetch sessions of a broker (KIP-227), and which connection has what under way.
 *
 * <p>There are at most {@code max.incremental.fetch.session.cache.slots}. A new session takes the place of one that was not used
 * for two minutes, or of one that is older than that and not larger; if there is neither, the client gets no session. A
 * session ends with the connection that made it: its client starts a new one when it connects again.
 *
 * <p>May be used on any thread.
 */
public final class FetchSessions {

    private static final long MIN_EVICTION_AGE_MS = 120_000;

    private final int maxSessions;
    private final Clock clock;
    private final Map<Integer, FetchSession> sessions = new ConcurrentHashMap<>();
    private final Map<Long, ConnectionFetches> connections = new ConcurrentHashMap<>();

    public FetchSessions(int maxSessions, Clock clock) {
        this.maxSessions = maxSessions;
        this.clock = clock;
    }

    /** What a connection has of fetches. */
    private static final class ConnectionFetches {
        private final Set<FetchSession> sessions = new HashSet<>();
        private final Set<PendingFetch> pending = new HashSet<>();
        private boolean closed;
    }

    /** How many sessions there are. */
    public int size() {
        return sessions.size();
    }

    /** How many partitions all sessions hold together. */
    public long partitionCount() {
        long count = 0;
        for (FetchSession session : sessions.values()) {
            count += session.partitionCount();
        }
        return count;
    }

    /** All that a request asks for: what it names, and what its session has besides if it goes on with one. */
    public List<FetchRequest.FetchTopic> topics(FetchRequest request) {
        FetchSession session = request.sessionEpoch() > FetchSession.INITIAL_EPOCH ? find(request.sessionId()) : null;
        if (session == null) {
            return request.topics();
        }
        synchronized (session) {
            return session.topicsWith(request);
        }
    }

    FetchSession find(int sessionId) {
        return sessions.get(sessionId);
    }

    long timeMs() {
        return clock.timeMs();
    }

    /**
     * Makes the session last beyond its first request, if there is a place for it. Called under the session's lock.
     *
     * @return whether it has an id now
     */
    boolean keep(FetchSession session, ConnectionContext connection) {
        FetchSession victim = null;
        synchronized (sessions) {
            if (sessions.size() >= maxSessions) {
                victim = victim(session.partitionCount(), clock.timeMs());
                if (victim == null) {
                    return false;
                }
                sessions.remove(victim.id());
            }
            session.keep(unusedId(), connection.id());
            sessions.put(session.id(), session);
        }
        if (victim != null) {
            forget(victim);
        }
        ConnectionFetches owner = connection(connection);
        boolean tooLate;
        synchronized (owner) {
            owner.sessions.add(session);
            tooLate = owner.closed;
        }
        if (tooLate) {
            remove(session);
        }
        return true;
    }

    private int unusedId() {
        while (true) {
            int id = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
            if (!sessions.containsKey(id)) {
                return id;
            }
        }
    }

    private FetchSession victim(int newPartitionCount, long nowMs) {
        FetchSession stalest = null;
        FetchSession smallest = null;
        for (FetchSession session : sessions.values()) {
            if (stalest == null || session.lastUsedMs() < stalest.lastUsedMs()) {
                stalest = session;
            }
            if (nowMs - session.createdMs() > MIN_EVICTION_AGE_MS
                    && session.partitionCount() <= newPartitionCount
                    && (smallest == null || session.partitionCount() < smallest.partitionCount())) {
                smallest = session;
            }
        }
        boolean stale = stalest != null && nowMs - stalest.lastUsedMs() > MIN_EVICTION_AGE_MS;
        return stale ? stalest : smallest;
    }

    /** Ends a session. */
    void remove(FetchSession session) {
        synchronized (sessions) {
            sessions.remove(session.id(), session);
        }
        forget(session);
    }

    private void forget(FetchSession session) {
        ConnectionFetches owner = connections.get(session.connectionId());
        if (owner != null) {
            synchronized (owner) {
                owner.sessions.remove(session);
            }
        }
        session.close();
        PendingFetch waiting = session.pending();
        if (waiting != null) {
            // What it waits for cannot reach it any more, and what its client asked for since is answered behind it.
            waiting.force();
        }
    }

    /** Notes a fetch that waits, so that it ends with its connection. */
    void startWaiting(ConnectionContext connection, PendingFetch fetch) {
        ConnectionFetches owner = connection(connection);
        boolean tooLate;
        synchronized (owner) {
            owner.pending.add(fetch);
            tooLate = owner.closed;
        }
        if (tooLate) {
            fetch.cancel();
        }
    }

    /** Forgets a fetch that waits no more. */
    void stopWaiting(ConnectionContext connection, PendingFetch fetch) {
        ConnectionFetches owner = connections.get(connection.id());
        if (owner != null) {
            synchronized (owner) {
                owner.pending.remove(fetch);
            }
        }
    }

    private ConnectionFetches connection(ConnectionContext connection) {
        ConnectionFetches known = connections.get(connection.id());
        if (known != null) {
            return known;
        }
        ConnectionFetches added = new ConnectionFetches();
        ConnectionFetches other = connections.putIfAbsent(connection.id(), added);
        if (other != null) {
            return other;
        }
        // Runs at once if the connection is closed already: hence the mark that closed() leaves.
        connection.onClose(() -> closed(connection.id()));
        return added;
    }

    private void closed(long connectionId) {
        ConnectionFetches owner = connections.remove(connectionId);
        if (owner == null) {
            return;
        }
        Set<PendingFetch> waiting;
        Set<FetchSession> orphans;
        synchronized (owner) {
            owner.closed = true;
            waiting = Set.copyOf(owner.pending);
            orphans = Set.copyOf(owner.sessions);
        }
        waiting.forEach(PendingFetch::cancel);
        orphans.forEach(this::remove);
    }
}
