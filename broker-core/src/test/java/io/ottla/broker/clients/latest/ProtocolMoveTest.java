package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.junit.jupiter.api.Test;

/** A live group changes its protocol, member by member, and back, while a producer writes: no record is lost or out of order. */
class ProtocolMoveTest extends ClientTest {
    private static final int PARTITIONS = 6;
    private static final int MEMBERS = 3;

    private final String group = unique("group");
    private final ConsumptionLedger ledger = new ConsumptionLedger(PARTITIONS);
    private final AtomicBoolean writing = new AtomicBoolean(true);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Deque<Running> members = new ArrayDeque<>();

    @Override
    protected Map<String, String> brokerConfig() {
        return Map.of("group.consumer.migration.policy", "bidirectional");
    }

    /** A member that polls on a thread of its own. */
    private final class Running {
        private final AtomicBoolean staying = new AtomicBoolean(true);
        private final Future<?> end;

        Running(String topic, String protocol) {
            Map<String, Object> config = protocol.equals("classic")
                    ? Map.of("group.id", group, "group.protocol", protocol, "heartbeat.interval.ms", 100)
                    : Map.of("group.id", group, "group.protocol", protocol);
            LedgerMember member = new LedgerMember(newConsumer(config), topic, ledger);
            end = threads.submit(() -> {
                try (member) {
                    while (staying.get()) {
                        member.poll();
                    }
                }
            });
        }

        void leave() throws Exception {
            staying.set(false);
            end.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldMoveALiveGroupToTheConsumerProtocolAndBack() throws Exception {
        String topic = createTopic(PARTITIONS, Map.of());
        Producer<String, String> producer = producer(Map.of("linger.ms", 0));
        Future<?> writer = threads.submit(() -> write(producer, topic));
        try {
            for (int i = 0; i < MEMBERS; i++) {
                members.add(new Running(topic, "classic"));
            }
            awaitStable(GroupType.CLASSIC);
            replaceAll(topic, "consumer", GroupType.CONSUMER);
            replaceAll(topic, "classic", GroupType.CLASSIC);

            writing.set(false);
            writer.get(60, TimeUnit.SECONDS);
            ledger.awaitAllConsumed();
        } finally {
            writing.set(false);
            for (Running member : members) {
                member.leave();
            }
            threads.shutdownNow();
        }
    }

    /** One by one, and the group consumes all partitions between two steps. */
    private void replaceAll(String topic, String protocol, GroupType type) throws Exception {
        for (int i = 0; i < MEMBERS; i++) {
            members.removeFirst().leave();
            members.add(new Running(topic, protocol));
            ledger.awaitCaughtUp();
        }
        awaitStable(type);
    }

    private void awaitStable(GroupType type) throws Exception {
        Admin admin = admin();
        Await.until(() -> "the group is stable, of type " + type, () -> {
            ConsumerGroupDescription description =
                    get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            return description.groupState() == GroupState.STABLE
                    && description.type() == type
                    && description.members().size() == MEMBERS;
        });
        assertEquals(
                PARTITIONS,
                get(admin.describeConsumerGroups(List.of(group)).all()).get(group).members().stream()
                        .mapToInt(
                                member -> member.assignment().topicPartitions().size())
                        .sum());
    }

    private Void write(Producer<String, String> producer, String topic) throws Exception {
        while (writing.get()) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                String value = Long.toString(ledger.nextValue(partition));
                producer.send(new ProducerRecord<>(topic, partition, null, value))
                        .get(60, TimeUnit.SECONDS);
            }
        }
        return null;
    }
}
