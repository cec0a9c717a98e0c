package io.ottla.broker.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ottla.protocol.ApiKey;
import io.ottla.protocol.ApiMessage;
import io.ottla.protocol.message.HeartbeatRequest;
import io.ottla.protocol.message.HeartbeatResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterceptorsTest {

    private final List<String> events = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>();
    private final Interceptors interceptors = new Interceptors();
    private final RequestContext context = new TestRequestContext(ApiKey.HEARTBEAT, 4);
    private RequestInterceptor place;

    /** Writes down what it sees, and holds it all if it is told to. */
    private final class Watcher implements RequestInterceptor {

        private final String name;
        private final boolean holds;

        Watcher(String name, boolean holds) {
            this.name = name;
            this.holds = holds;
        }

        private boolean see(String event, Runnable proceed) {
            events.add(name + " " + event);
            return !holds || !held.add(proceed);
        }

        @Override
        public void opened(ConnectionContext connection) {
            events.add(name + " opened");
        }

        @Override
        public boolean beforeApply(RequestContext request, ApiMessage body, Runnable proceed) {
            return see("request", proceed);
        }

        @Override
        public boolean applied(RequestContext request, ApiMessage response, Runnable proceed) {
            return see("applied", proceed);
        }

        @Override
        public ApiMessage beforeWrite(RequestContext request, ApiMessage response) {
            events.add(name + " answer");
            return response;
        }

        @Override
        public boolean beforeFlush(ConnectionContext connection, Runnable proceed) {
            return see("flush", proceed);
        }
    }

    @Test
    void shouldTakeNoPlaceWhileThereIsNone() {
        interceptors.connect(composed -> place = composed);
        assertNull(place);
        Watcher only = new Watcher("only", false);
        interceptors.add(0, only);
        assertSame(only, place);
        interceptors.remove(only);
        assertNull(place);
        interceptors.remove(only);
        assertNull(place);
    }

    @Test
    void shouldShowRequestsByRankAndAnswersTheOtherWayRound() {
        interceptors.add(2, new Watcher("last", false));
        interceptors.add(1, new Watcher("first", false));
        interceptors.connect(composed -> place = composed);
        place.opened(context.connection());
        assertTrue(place.beforeApply(context, new HeartbeatRequest(), () -> {}));
        assertTrue(place.applied(context, new HeartbeatResponse(), () -> {}));
        place.beforeWrite(context, new HeartbeatResponse());
        assertTrue(place.beforeFlush(context.connection(), () -> {}));
        assertEquals(
                List.of(
                        "first opened",
                        "last opened",
                        "first request",
                        "last request",
                        "last applied",
                        "first applied",
                        "last answer",
                        "first answer",
                        "last flush",
                        "first flush"),
                events);
    }

    @Test
    void shouldGoOnBehindTheOneThatHeld() {
        interceptors.connect(composed -> place = composed);
        interceptors.add(1, new Watcher("first", true));
        interceptors.add(2, new Watcher("last", true));
        assertFalse(place.beforeApply(context, new HeartbeatRequest(), () -> events.add("served")));
        held.remove(0).run();
        held.remove(0).run();
        assertFalse(place.applied(context, new HeartbeatResponse(), () -> events.add("answered")));
        held.remove(0).run();
        held.remove(0).run();
        assertFalse(place.beforeFlush(context.connection(), () -> events.add("sent")));
        held.remove(0).run();
        held.remove(0).run();
        assertTrue(held.isEmpty());
        assertEquals(
                List.of(
                        "first request",
                        "last request",
                        "served",
                        "last applied",
                        "first applied",
                        "answered",
                        "last flush",
                        "first flush",
                        "sent"),
                events);
    }
}
