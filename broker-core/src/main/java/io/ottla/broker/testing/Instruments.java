package io.ottla.broker.testing;

import io.ottla.broker.coordinator.group.GroupEvents;
import io.ottla.broker.handler.Interceptors;
import io.ottla.broker.handler.RequestHandlers;
import io.ottla.broker.handler.RequestInterceptor;
import io.ottla.broker.handler.fetch.FetchSessions;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.testing.fault.FaultHost;
import io.ottla.broker.testing.fault.Faults;
import io.ottla.broker.testing.journal.Journal;
import io.ottla.broker.testing.parts.Parts;
import io.ottla.broker.time.BrokerTimer;
import java.util.function.Consumer;

/**
 * What tests break a broker with and watch it with. They outlive a restart of the broker, with which they are connected anew; a broker whose
 * faults and journal nobody asks for has none. Thread-safe.
 */
public final class Instruments {

    private final Interceptors interceptors = new Interceptors();
    private final GroupEvents groupEvents = new GroupEvents();
    private Host host;
    private Journal journal;
    private Faults faults;

    private record Host(
            RequestHandlers handlers, BrokerTimer timer, FetchSessions fetchSessions, MetadataStore metadata) {

        Parts parts() {
            return new Parts(id -> {
                TopicImage topic = metadata.image().topic(id);
                return topic == null ? null : topic.name();
            });
        }
    }

    /** The faults. */
    public synchronized Faults faults() {
        if (faults == null) {
            faults = new Faults(interceptors, journal());
            connect();
        }
        return faults;
    }

    /** The flight recorder. */
    public synchronized Journal journal() {
        if (journal == null) {
            journal = new Journal(interceptors, groupEvents);
            connect();
        }
        return journal;
    }

    /** Where the group coordinator tells what happens to groups. */
    public GroupEvents groupEvents() {
        return groupEvents;
    }

    /**
     * Puts the instruments to work in a broker, before it serves the first request.
     *
     * @param place where the broker takes its interceptor
     * @param handlers of the broker
     * @param timer of the broker
     * @param fetchSessions of the broker
     * @param metadata know the names of topics
     * @return is closed when the broker is about to stop, before its server
     */
    public synchronized AutoCloseable attach(
            Consumer<RequestInterceptor> place,
            RequestHandlers handlers,
            BrokerTimer timer,
            FetchSessions fetchSessions,
            MetadataStore metadata) {
        host = new Host(handlers, timer, fetchSessions, metadata);
        connect();
        interceptors.connect(place);
        return this::detach;
    }

    private void connect() {
        if (host != null && journal != null) {
            journal.attach(host.parts());
        }
        if (host != null && faults != null) {
            faults.attach(new FaultHost(host.handlers, host.timer, host.fetchSessions, host.parts()));
        }
    }

    private synchronized void detach() {
        if (faults != null) {
            faults.detach();
        }
        host = null;
    }

    /** The clock of the broker was moved, stopped or let go. */
    public synchronized void clockMoved(String now) {
        if (journal != null) {
            journal.clockMoved(now);
        }
    }

    /** The broker was reset, restored, killed or started anew. */
    public synchronized void stateChanged(String what) {
        if (journal != null) {
            journal.stateChanged(what);
        }
    }

    /** The broker is closed for good; its journal may still be read. */
    public synchronized void close() {
        if (journal != null) {
            journal.stop();
        }
    }

    /**
     * Disarms and forgets all faults.
     *
     * @throws AssertionError if faults are strict and one never fired; they are cleared all the same
     */
    public synchronized void clearFaults() {
        if (faults != null) {
            try {
                assertAllFiredIfStrict();
            } finally {
                faults.clear();
            }
        }
    }

    /**
     * Fails if faults are strict and one of them never fired.
     *
     * @throws AssertionError that names them
     */
    public synchronized void assertAllFiredIfStrict() {
        if (faults != null && faults.isStrict()) {
            faults.assertAllFired();
        }
    }
}
