package io.ottla.broker.control;

import io.ottla.broker.testing.BrokerSnapshot;
import io.ottla.broker.testing.BrokerWaits;
import io.ottla.broker.testing.journal.Journal;
import io.ottla.broker.testing.journal.JournalEntry;
import io.ottla.broker.testing.journal.JournalQuery;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The broker as a whole: {@code /}, {@code /reset}, {@code /restart}, {@code /kill}, {@code /snapshots}, {@code /clock}, {@code /waits}, {@code /journal}. */
final class StateCalls {

    private static final long DEFAULT_WAIT_MS = 10_000;
    private static final double NANOS_PER_MS = 1e6;

    private final ControlledBroker broker;

    // Guarded by this.
    private final Map<Long, BrokerSnapshot> snapshots = new TreeMap<>();
    private long lastSnapshotId;

    StateCalls(ControlledBroker broker) {
        this.broker = broker;
    }

    Answer overview() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("running", broker.isRunning());
        json.put("bootstrapServers", broker.bootstrapServers());
        json.put("time", broker.clock().now());
        return Answer.ok(json);
    }

    /** One without fields. */
    Answer action(Call call, Runnable action) {
        if (!call.is("POST", call.path().get(0))) {
            throw call.unknown();
        }
        call.fields().end();
        action.run();
        return Answer.done();
    }

    synchronized Answer snapshots(Call call) {
        if (call.is("GET", "snapshots")) {
            return Answer.ok(snapshots.keySet().stream().map(String::valueOf).toList());
        }
        if (call.is("POST", "snapshots")) {
            call.fields().end();
            lastSnapshotId++;
            snapshots.put(lastSnapshotId, broker.snapshot());
            return Answer.created(Map.of("id", Long.toString(lastSnapshotId)));
        }
        if (call.is("POST", "snapshots", "*", "restore")) {
            broker.restore(snapshots.get(snapshotId(call)));
            return Answer.done();
        }
        if (call.is("DELETE", "snapshots", "*")) {
            snapshots.remove(snapshotId(call)).close();
            return Answer.done();
        }
        throw call.unknown();
    }

    private long snapshotId(Call call) {
        String text = call.path().get(1);
        for (Long id : snapshots.keySet()) {
            if (id.toString().equals(text)) {
                return id;
            }
        }
        throw ControlException.notFound("There is no snapshot " + text);
    }

    Answer clock(Call call) {
        if (call.is("POST", "clock", "advance")) {
            Fields fields = call.fields();
            Duration duration = duration(fields);
            fields.end();
            broker.clock().advance(duration);
        } else if (call.is("POST", "clock", "stop")) {
            broker.clock().stop();
        } else if (call.is("POST", "clock", "resume")) {
            broker.clock().resume();
        } else if (!call.is("GET", "clock")) {
            throw call.unknown();
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("time", broker.clock().now());
        json.put("timeMs", broker.clock().timeMs());
        json.put("running", broker.clock().isRunning());
        return Answer.ok(json);
    }

    private static Duration duration(Fields fields) {
        if (!fields.has("duration")) {
            return Duration.ofMillis(fields.number("ms"));
        }
        try {
            return Duration.parse(fields.text("duration"));
        } catch (DateTimeParseException e) {
            throw ControlException.badRequest("Not a duration, such as P7D or PT90S: " + fields.text("duration"));
        }
    }

    Answer waits(Call call) {
        if (!call.is("POST", "waits")) {
            throw call.unknown();
        }
        Fields fields = call.fields();
        BrokerWaits waits = broker.await().atMost(Duration.ofMillis(fields.numberOr("atMostMs", DEFAULT_WAIT_MS)));
        String what = fields.text("for");
        Runnable wait =
                switch (what) {
                    case "groupStable" -> groupStable(waits, fields);
                    case "groupEmpty" -> {
                        String group = fields.text("group");
                        yield () -> waits.groupEmpty(group);
                    }
                    case "noLag" -> noLag(waits, fields);
                    case "committed" -> committed(waits, fields);
                    case "records" -> {
                        String topic = fields.text("topic");
                        long count = fields.number("count");
                        yield () -> waits.records(topic, count);
                    }
                    case "transactionEnded" -> {
                        String id = fields.text("transactionalId");
                        yield () -> waits.transactionEnded(id);
                    }
                    case "idle" -> waits::idle;
                    default -> throw ControlException.badRequest("Unknown wait: " + what);
                };
        fields.end();
        wait.run();
        return Answer.done();
    }

    private static Runnable groupStable(BrokerWaits waits, Fields fields) {
        String group = fields.text("group");
        int members = fields.intOr("members", -1);
        return () -> {
            if (members < 0) {
                waits.groupStable(group);
            } else {
                waits.groupStable(group, members);
            }
        };
    }

    private static Runnable noLag(BrokerWaits waits, Fields fields) {
        String group = fields.text("group");
        String topic = fields.textOr("topic", null);
        return () -> {
            if (topic == null) {
                waits.noLag(group);
            } else {
                waits.noLag(group, topic);
            }
        };
    }

    private static Runnable committed(BrokerWaits waits, Fields fields) {
        String group = fields.text("group");
        String topic = fields.text("topic");
        int partition = fields.intOr("partition", 0);
        long offset = fields.number("offset");
        return () -> waits.committed(group, topic, partition, offset);
    }

    Answer journal(Call call) {
        Journal journal = broker.journal();
        if (call.is("GET", "journal")) {
            List<Object> entries = new ArrayList<>();
            query(call.query()).list().forEach(entry -> entries.add(json(entry)));
            return Answer.ok(entries);
        }
        if (call.is("GET", "journal", "timeline")) {
            return Answer.text(query(call.query()).timeline());
        }
        if (call.is("POST", "journal", "start")) {
            Fields fields = call.fields();
            int capacity = fields.intOr("capacity", Journal.DEFAULT_CAPACITY);
            fields.end();
            journal.start(capacity);
            return Answer.done();
        }
        if (call.is("POST", "journal", "stop")) {
            journal.stop();
            return Answer.done();
        }
        throw call.unknown();
    }

    private JournalQuery query(Fields query) {
        JournalQuery picked = broker.journal().query().since(query.numberOr("since", 0L));
        if (query.has("client")) {
            picked = picked.client(query.text("client"));
        }
        if (query.has("api")) {
            picked = picked.api(FaultCalls.apiKey(query.text("api")));
        }
        if (query.has("about")) {
            picked = picked.about(query.text("about"));
        }
        if (query.has("kind")) {
            String kind = query.text("kind");
            picked = picked.where(entry -> entry.kind().name().equalsIgnoreCase(kind));
        }
        query.end();
        return picked;
    }

    private static Map<String, Object> json(JournalEntry entry) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("sequence", entry.sequence());
        json.put("elapsedMs", entry.elapsed().toNanos() / NANOS_PER_MS);
        json.put("kind", entry.kind());
        if (entry.call() != null) {
            json.put("api", entry.call().apiKey());
            json.put("version", entry.call().apiVersion());
            json.put("client", entry.call().clientId());
            json.put("connection", entry.call().connectionId());
        }
        json.put("about", entry.subject());
        if (entry.hasError()) {
            json.put("errors", entry.errors());
        }
        if (entry.kind() == JournalEntry.Kind.ANSWER) {
            json.put("latencyMs", entry.latency().toNanos() / NANOS_PER_MS);
        }
        return json;
    }
}
