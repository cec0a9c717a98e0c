package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What the members of a group have consumed of partitions in which each record's value is its offset. Members commit what
 * they have consumed and nothing else, so no record may ever come before all those in front of it have come to somebody.
 * Thread-safe.
 */
final class ConsumptionLedger {
    private final AtomicLongArray written;
    private final AtomicLongArray consumed;
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();

    ConsumptionLedger(int partitions) {
        written = new AtomicLongArray(partitions);
        consumed = new AtomicLongArray(partitions);
    }

    int partitions() {
        return written.length();
    }

    /** The value of the next record to write to a partition. */
    long nextValue(int partition) {
        return written.getAndIncrement(partition);
    }

    void onRecord(ConsumerRecord<String, String> record) {
        if (!record.value().equals(Long.toString(record.offset()))) {
            violation("the value " + record.value() + " is at " + place(record));
        }
        long before = consumed.getAndUpdate(record.partition(), end -> Math.max(end, record.offset() + 1));
        if (record.offset() > before) {
            violation("nobody had " + before + " when " + place(record) + " came");
        }
    }

    static String place(ConsumerRecord<String, String> record) {
        return record.partition() + "@" + record.offset();
    }

    void violation(String text) {
        violations.add(text);
    }

    /** Waits until every record has come to somebody; fails if one does not, or if a rule was broken. */
    void awaitAllConsumed() throws Exception {
        awaitConsumed(copyOfWritten());
    }

    /** Waits until all that is written by now has come to somebody, but for the last of each partition: it may be on its way. */
    void awaitCaughtUp() throws Exception {
        awaitConsumed(Arrays.stream(copyOfWritten()).map(end -> end - 1).toArray());
    }

    private long[] copyOfWritten() {
        return IntStream.range(0, partitions()).mapToLong(written::get).toArray();
    }

    private void awaitConsumed(long[] ends) throws Exception {
        Await.until(() -> "consumed " + consumed + " of " + Arrays.toString(ends), () -> {
            assertEquals(List.of(), List.copyOf(violations));
            return IntStream.range(0, ends.length).allMatch(partition -> consumed.get(partition) >= ends[partition]);
        });
    }
}
