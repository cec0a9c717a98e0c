package io.ottla.broker.coordinator.transaction;

import io.ottla.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A partition as a list: it knows the epoch of each producer, and which of them has a transaction open. */
final class SimulatedPartition {

    /** One record, or a marker where there is no work. */
    record Entry(long producerId, short producerEpoch, Object work, boolean committed) {}

    private final List<Entry> entries = new ArrayList<>();
    private int committedCount;

    /** Appends a record of a transaction and commits it. */
    boolean write(long producerId, short epoch, Object work) {
        if (epoch < epochOf(producerId)) {
            return false;
        }
        entries.add(new Entry(producerId, epoch, work, false));
        commit();
        return true;
    }

    ErrorCode mark(long producerId, short epoch, boolean committed) {
        if (epoch < epochOf(producerId)) {
            return ErrorCode.INVALID_PRODUCER_EPOCH;
        }
        entries.add(new Entry(producerId, epoch, null, committed));
        return ErrorCode.NONE;
    }

    void commit() {
        committedCount = entries.size();
    }

    void crash(Random random) {
        while (entries.size() > committedCount && random.nextBoolean()) {
            entries.remove(entries.size() - 1);
        }
        committedCount = entries.size();
    }

    private short epochOf(long producerId) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            if (entries.get(i).producerId() == producerId) {
                return entries.get(i).producerEpoch();
            }
        }
        return -1;
    }

    /** Whether a transaction of the producer with this epoch is open; one of an epoch before waits for its marker. */
    boolean isOpen(long producerId, short epoch) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry entry = entries.get(i);
            if (entry.producerId() == producerId) {
                return entry.work() != null && entry.producerEpoch() == epoch;
            }
        }
        return false;
    }

    /** The outcomes of all work that is in here, null for what is open. */
    Map<Object, List<Boolean>> outcomes() {
        Map<Object, List<Boolean>> outcomes = new LinkedHashMap<>();
        Map<Long, List<Object>> open = new HashMap<>();
        for (Entry entry : entries) {
            if (entry.work() != null) {
                open.computeIfAbsent(entry.producerId(), id -> new ArrayList<>())
                        .add(entry.work());
            } else {
                List<Object> ended = open.remove(entry.producerId());
                if (ended != null) {
                    ended.forEach(work -> outcomes.computeIfAbsent(work, one -> new ArrayList<>())
                            .add(entry.committed()));
                }
            }
        }
        open.values()
                .forEach(works -> works.forEach(work ->
                        outcomes.computeIfAbsent(work, one -> new ArrayList<>()).add(null)));
        return outcomes;
    }
}
