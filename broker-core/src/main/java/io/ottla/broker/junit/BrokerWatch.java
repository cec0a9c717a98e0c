package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import io.ottla.broker.testing.fault.Fault;
import io.ottla.broker.testing.journal.JournalEntry;
import java.util.List;

/** Watches what happens on brokers while tests run: the journal is on, and faults must have fired. */
final class BrokerWatch {

    private static final int MAX_SHOWN_ENTRIES = 200;

    private BrokerWatch() {}

    /** A test begins; one among others goes on with the journal of those. */
    static void begin(EmbeddedBroker broker, boolean amongOthers) {
        if (!amongOthers || !broker.journal().isOn()) {
            broker.journal().start();
        }
    }

    /** What a test is to fail with that armed faults in vain, or null. */
    static AssertionError neverFired(EmbeddedBroker broker) {
        try {
            broker.faults().assertAllFired();
            return null;
        } catch (AssertionError e) {
            return e;
        }
    }

    /** All tests have ended that the faults were for. Before their clients are closed, which would wait for answers that were lost. */
    static void end(EmbeddedBroker broker) {
        broker.faults().clear();
    }

    /** Says what happened on the broker, and what it holds. All at once: tests may run at the same time. */
    static void print(EmbeddedBroker broker, String test) {
        List<JournalEntry> entries = broker.journal().query().withoutRoutine().list();
        int first = Math.max(0, entries.size() - MAX_SHOWN_ENTRIES);
        long left = first + broker.journal().droppedCount();
        int routine = broker.journal().entries().size() - entries.size();
        StringBuilder text = new StringBuilder();
        text.append("=== Ottla during ").append(test).append(": what happened on the broker\n");
        if (left > 0) {
            text.append("(").append(left).append(" earlier entries are left out)\n");
        }
        if (routine > 0) {
            text.append("(")
                    .append(routine)
                    .append(" entries are left out of handshakes, heartbeats and fetches that brought nothing)\n");
        }
        entries.subList(first, entries.size())
                .forEach(entry -> text.append(entry).append('\n'));
        List<Fault> faults = broker.faults().all();
        if (!faults.isEmpty()) {
            text.append("=== Faults\n");
        }
        for (Fault fault : faults) {
            text.append(fault).append(": matched ").append(fault.matched());
            text.append(", fired ").append(fault.fired()).append('\n');
        }
        text.append("=== What it holds\n");
        text.append(broker.isRunning() ? broker.overview().toString() : "It does not run.\n");
        text.append("===");
        System.err.println(text);
    }
}
