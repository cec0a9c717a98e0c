package io.ottla.broker.clients.latest;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/** A member of a group that enters what it consumes in a ledger, commits it, and sees that no record is left out or out of order. */
final class LedgerMember implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(50);

    private final Consumer<String, String> consumer;
    private final ConsumptionLedger ledger;
    private final Map<Integer, Long> nextOffsets = new HashMap<>();

    LedgerMember(Consumer<String, String> consumer, String topic, ConsumptionLedger ledger) {
        this.consumer = consumer;
        this.ledger = ledger;
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                forget(partitions);
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                forget(partitions);
            }
        });
    }

    /** Who gets a partition begins at what is committed. */
    private void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> nextOffsets.remove(partition.partition()));
    }

    int assignedCount() {
        return consumer.assignment().size();
    }

    void poll() {
        boolean any = false;
        for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
            any = true;
            Long expected = nextOffsets.put(record.partition(), record.offset() + 1);
            if (expected != null && expected != record.offset()) {
                ledger.violation(ConsumptionLedger.place(record) + " follows " + (expected - 1));
            }
            ledger.onRecord(record);
        }
        if (any) {
            commit();
        }
    }

    private void commit() {
        try {
            consumer.commitSync();
        } catch (CommitFailedException | RebalanceInProgressException e) {
            // The partitions are another's by now, who begins where the last commit was.
        }
    }

    /** Ends without a word, so that the group has to find out. */
    void vanish() {
        consumer.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.REMAIN_IN_GROUP)
                .withTimeout(Duration.ZERO));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
