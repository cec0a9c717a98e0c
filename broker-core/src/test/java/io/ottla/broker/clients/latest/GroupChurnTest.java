package io.ottla.broker.clients.latest;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ottla.broker.clients.Await;
import io.ottla.broker.clients.ClientTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Consumers that join, leave and vanish while producers write: each record is consumed at least once and in order, and no
 * partition is left alone. {@code -Dchurn.seconds} says for how long.
 */
class GroupChurnTest extends ClientTest {
    private static final Duration CHURN = Duration.ofSeconds(Long.getLong("churn.seconds", 2));
    private static final int PARTITIONS = 50;
    private static final int MEMBERS = 20;
    private static final int WRITERS = 2;

    private final ConsumptionLedger ledger = new ConsumptionLedger(PARTITIONS);
    private final AtomicBoolean churning = new AtomicBoolean(true);
    private final AtomicInteger lives = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Members that vanish are missed soon. */
    @Override
    protected Map<String, String> brokerConfig() {
        return Map.of(
                "group.min.session.timeout.ms", "500",
                "group.consumer.min.session.timeout.ms", "500",
                "group.consumer.session.timeout.ms", "3000",
                "group.consumer.heartbeat.interval.ms", "200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void shouldConsumeEachRecordInOrderWhileMembersComeAndGo(String protocol) throws Exception {
        String topic = createTopic(PARTITIONS, Map.of());
        Map<String, Object> config = new HashMap<>(Map.of("group.id", unique("group"), "group.protocol", protocol));
        if (protocol.equals("classic")) {
            config.putAll(Map.of("session.timeout.ms", 1500, "heartbeat.interval.ms", 200));
        }
        try {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                int writer = i;
                Producer<String, String> producer = producer(Map.of("linger.ms", 0));
                writers.add(threads.submit(() -> write(producer, topic, writer)));
            }
            List<Future<?>> members = new ArrayList<>();
            for (int i = 0; i < MEMBERS; i++) {
                int slot = i;
                members.add(threads.submit(() -> comeAndGo(slot, topic, config)));
            }
            assertFalse(over.await(CHURN.toMillis(), TimeUnit.MILLISECONDS));
            Await.until(() -> "only " + lives + " lives", () -> lives.get() > 2 * MEMBERS);
            churning.set(false);
            for (Future<?> writer : writers) {
                writer.get(60, TimeUnit.SECONDS);
            }
            ledger.awaitAllConsumed();
            over.countDown();
            for (Future<?> member : members) {
                member.get(60, TimeUnit.SECONDS);
            }
        } finally {
            over.countDown();
            threads.shutdownNow();
        }
    }

    /** Every writer has its own partitions. */
    private Void write(Producer<String, String> producer, String topic, int writer) throws Exception {
        while (churning.get()) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int partition = writer; partition < PARTITIONS; partition += WRITERS) {
                String value = Long.toString(ledger.nextValue(partition));
                sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
            }
            for (Future<RecordMetadata> each : sent) {
                each.get(60, TimeUnit.SECONDS);
            }
        }
        return null;
    }

    /** One member after the other; the last one stays until all is consumed. */
    private void comeAndGo(int slot, String topic, Map<String, Object> config) {
        for (int life = 0; over.getCount() > 0; life++) {
            lives.incrementAndGet();
            LedgerMember member = new LedgerMember(newConsumer(config), topic, ledger);
            try {
                int polls = 5 + (slot * 7 + life * 11) % 25;
                while (over.getCount() > 0 && (polls-- > 0 || !churning.get())) {
                    member.poll();
                }
            } catch (UnknownMemberIdException | StaleMemberEpochException e) {
                // On a busy machine it was silent for longer than its session: an application would start anew, too.
            } catch (RuntimeException e) {
                ledger.violation(e.toString());
            }
            if ((slot + life) % 3 == 0 && churning.get()) {
                member.vanish();
            } else {
                member.close();
            }
        }
    }
}
