package io.ottla.broker.handler.produce;

import io.ottla.broker.handler.ConnectionContext;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the produce requests of a connection in order while one of them waits for the transaction coordinator, or is applied
 * on another thread: those behind it are applied after it. Costs nothing to speak of while none waits.
 *
 * <p>What is about one connection is called on that connection's event loop only.
 */
public final class ProduceTurns {

    private static final Logger LOG = LoggerFactory.getLogger(ProduceTurns.class);

    private final Map<Long, Turn> turns = new ConcurrentHashMap<>();

    private static final class Turn {
        private final Deque<Runnable> queue = new ArrayDeque<>();
        private boolean waiting;
        private boolean draining;
    }

    /** Whether a request of the connection waits; what comes now must be queued. */
    public boolean isTaken(ConnectionContext connection) {
        return !turns.isEmpty() && turns.containsKey(connection.id());
    }

    /** Has the request applied after those that wait; to be called if the turn {@link #isTaken}. */
    public void queue(ConnectionContext connection, Runnable request) {
        turns.get(connection.id()).queue.add(request);
    }

    /** A request of the connection begins to wait. */
    public void take(ConnectionContext connection) {
        turns.computeIfAbsent(connection.id(), id -> new Turn()).waiting = true;
    }

    /** The request that waited has been applied: applies those behind it, up to the next one that waits. */
    public void release(ConnectionContext connection) {
        Turn turn = turns.get(connection.id());
        turn.waiting = false;
        if (turn.draining) {
            return;
        }
        turn.draining = true;
        while (!turn.waiting && !turn.queue.isEmpty()) {
            try {
                turn.queue.poll().run();
            } catch (RuntimeException e) {
                // Those behind it have done nothing to it.
                LOG.error("A produce request of {} failed", connection, e);
            }
        }
        turn.draining = false;
        if (!turn.waiting) {
            turns.remove(connection.id());
        }
    }
}
