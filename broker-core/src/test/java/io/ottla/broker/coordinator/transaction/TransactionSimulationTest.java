package io.ottla.broker.coordinator.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.ottla.broker.coordinator.CoordinatorRecord;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.partition.TopicPartition;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.EndTxnRequest;
import io.ottla.protocol.message.InitProducerIdRequest;
import io.ottla.protocol.message.TransactionLogKey;
import io.ottla.protocol.message.TransactionLogValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Random producers of both generations of the protocol, without network or disk. They commit, abort, take too long, fall silent, are
 * fenced and go on as if they were not; the coordinator dies between any two records, answers or markers, markers cannot be written,
 * the feature level changes. Each record names the transaction that its producer believed it to be in, and where these come to have
 * an outcome is looked at after every step.
 */
class TransactionSimulationTest {

    private static final int RUNS = Integer.getInteger("ottla.simulation.runs", 500);
    private static final int STEPS = 150;
    private static final int TIMEOUT_MS = 10_000;

    @Test
    void shouldGiveEachTransactionOneOutcomeWhateverHappens() {
        for (int seed = 0; seed < RUNS; seed++) {
            try {
                new Simulation(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    /** What a producer wants to happen as a whole. */
    private static final class Work {
        private final String name;

        /** Where its records were acknowledged. */
        private final Set<TopicPartition> acknowledged = new HashSet<>();

        /** What the producer was told of its end, null for nothing. */
        private Boolean outcome;

        private boolean commitAsked;

        private Work(String name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** One instance of an application. Whoever comes after it with the same id does not stop it. */
    private static final class Producer {
        private final String transactionalId;
        private final int version;
        private final Set<TopicPartition> added = new HashSet<>();
        private long producerId = -1;
        private short epoch = -1;
        private boolean started;
        private boolean waiting;
        private Boolean ending;
        private Work work;

        private Producer(String transactionalId, int version) {
            this.transactionalId = transactionalId;
            this.version = version;
        }
    }

    private static final class Simulation {
        private final Random random;
        private final Map<TopicPartition, SimulatedPartition> partitions = new LinkedHashMap<>();
        private final List<TopicPartition> names = List.of(
                new TopicPartition("a", 0),
                new TopicPartition("a", 1),
                new TopicPartition("b", 0),
                new TopicPartition("__consumer_offsets", 0));
        private final List<Work> works = new ArrayList<>();
        private final List<Producer> producers = new ArrayList<>();
        private final SimulatedCoordinator coordinator;

        private Simulation(int seed) {
            random = new Random(seed);
            names.forEach(name -> partitions.put(name, new SimulatedPartition()));
            coordinator = new SimulatedCoordinator(random, partitions);
        }

        private void run() {
            if (random.nextBoolean()) {
                seedLastEpochs();
            }
            coordinator.load();
            coordinator.dangers(random.nextInt(3) == 0 ? 0 : 20 + random.nextInt(100), random.nextInt(3) * 8);
            for (int step = 0; step < STEPS; step++) {
                guarded(this::step);
                check(false);
            }
            settle();
        }

        /** An id whose epochs are nearly used up. */
        private void seedLastEpochs() {
            coordinator.seed(new CoordinatorRecord(
                    new TransactionLogKey().transactionalId("id0"),
                    new TransactionLogValue()
                            .producerId(1_000_000)
                            .producerEpoch((short) (Short.MAX_VALUE - 1 - random.nextInt(6)))
                            .transactionTimeoutMs(TIMEOUT_MS)
                            .transactionStatus(TransactionState.EMPTY.id())
                            .transactionPartitions(null)
                            .transactionStartTimestampMs(-1)
                            .transactionLastUpdateTimestampMs(coordinator.nowMs()),
                    (short) 1));
        }

        private void guarded(Runnable action) {
            try {
                action.run();
            } catch (SimulatedCoordinator.Crash e) {
                recover();
            }
        }

        /** The process comes back; while it does, it may die again. */
        private void recover() {
            coordinator.crash();
            // Nobody gets an answer any more: all ask again.
            producers.forEach(producer -> producer.waiting = false);
            guarded(coordinator::load);
        }

        private void step() {
            int dice = random.nextInt(100);
            if (dice < 6 || producers.isEmpty()) {
                producers.add(new Producer("id" + random.nextInt(3), random.nextInt(3) == 0 ? 0 : 2));
            } else if (dice < 9) {
                coordinator.advance(random.nextInt(TIMEOUT_MS + 2_000));
            } else if (dice < 10) {
                coordinator.advance(random.nextInt(250_000));
            } else if (dice < 11) {
                coordinator.transactionVersion = random.nextInt(3);
            } else if (dice < 13) {
                producers.remove(random.nextInt(producers.size()));
            } else if (dice < 14) {
                throw new SimulatedCoordinator.Crash();
            } else if (dice < 20) {
                coordinator.advance(random.nextInt(50));
            } else {
                act(producers.get(random.nextInt(producers.size())));
            }
        }

        private void act(Producer producer) {
            if (producer.waiting) {
                return;
            }
            if (!producer.started) {
                init(producer);
            } else if (producer.ending != null) {
                end(producer, producer.ending);
            } else if (random.nextInt(4) > 0) {
                write(producer, names.get(random.nextInt(names.size())));
            } else if (producer.work != null) {
                end(producer, random.nextInt(3) > 0);
            } else if (random.nextInt(5) == 0) {
                init(producer);
            }
        }

        private void init(Producer producer) {
            // With its identity, the producer goes on after an error; without, it is new.
            boolean named = producer.started && random.nextBoolean();
            InitProducerIdRequest request = new InitProducerIdRequest()
                    .transactionalId(producer.transactionalId)
                    .transactionTimeoutMs(TIMEOUT_MS)
                    .producerId(named ? producer.producerId : -1)
                    .producerEpoch(named ? producer.epoch : -1);
            Reply<ProducerIdentity> reply = answer(producer, identity -> {
                if (identity.error() == ErrorCode.NONE) {
                    producer.started = true;
                    forget(producer);
                    become(producer, identity);
                } else {
                    onError(producer, identity.error());
                }
            });
            coordinator.run(() -> coordinator.shard().init().init(request, reply, coordinator), reply);
        }

        private static void become(Producer producer, ProducerIdentity identity) {
            assertNotEquals(Short.MAX_VALUE, identity.producerEpoch(), "an epoch that is kept for fencing");
            producer.producerId = identity.producerId();
            producer.epoch = identity.producerEpoch();
        }

        private static void forget(Producer producer) {
            producer.work = null;
            producer.ending = null;
            producer.added.clear();
        }

        private <R> Reply<R> answer(Producer producer, Consumer<R> consumer) {
            producer.waiting = true;
            return new Reply<>() {
                @Override
                public void complete(R result) {
                    if (producer.waiting) {
                        producer.waiting = false;
                        consumer.accept(result);
                    }
                }

                @Override
                public void fail(ErrorCode error) {
                    producer.waiting = false;
                }
            };
        }

        private void write(Producer producer, TopicPartition target) {
            if (producer.work == null) {
                producer.work = new Work(producer.transactionalId + "/" + works.size());
                works.add(producer.work);
            }
            PartitionAdding.Request request = new PartitionAdding.Request(
                    producer.transactionalId, producer.producerId, producer.epoch, List.of(target));
            SimulatedPartition partition = partitions.get(target);
            boolean mustAdd = producer.version >= 2
                    ? !partition.isOpen(producer.producerId, producer.epoch)
                    : !producer.added.contains(target);
            if (!mustAdd) {
                append(producer, target, request);
                return;
            }
            Work work = producer.work;
            Reply<ErrorCode> reply = answer(producer, error -> {
                if (error != ErrorCode.NONE) {
                    onError(producer, error);
                } else if (producer.work == work) {
                    producer.added.add(target);
                    append(producer, target, request);
                }
            });
            coordinator.run(
                    () -> coordinator.shard().adding().add(request, (short) producer.version, reply, coordinator),
                    reply);
        }

        private void append(Producer producer, TopicPartition target, PartitionAdding.Request request) {
            SimulatedPartition partition = partitions.get(target);
            if (producer.version < 2 && !partition.isOpen(producer.producerId, producer.epoch)) {
                ErrorCode error = coordinator.shard().adding().verify(request).get(target);
                if (error != ErrorCode.NONE) {
                    onError(producer, error);
                    return;
                }
            }
            if (partition.write(producer.producerId, producer.epoch, producer.work)) {
                producer.work.acknowledged.add(target);
            } else {
                onError(producer, ErrorCode.INVALID_PRODUCER_EPOCH);
            }
        }

        private void end(Producer producer, boolean committed) {
            EndTxnRequest request = new EndTxnRequest()
                    .transactionalId(producer.transactionalId)
                    .producerId(producer.producerId)
                    .producerEpoch(producer.epoch)
                    .committed(committed);
            producer.ending = committed;
            Work work = producer.work;
            if (work != null) {
                work.commitAsked |= committed;
            }
            Reply<ProducerIdentity> reply = answer(producer, identity -> {
                if (identity.error() == ErrorCode.NONE) {
                    if (work != null && (committed || !work.acknowledged.isEmpty())) {
                        work.outcome = committed;
                    }
                    forget(producer);
                    if (producer.version >= 2) {
                        become(producer, identity);
                    }
                } else {
                    onError(producer, identity.error());
                }
            });
            coordinator.run(
                    () -> coordinator.shard().ending().end(request, producer.version >= 2, reply, coordinator), reply);
        }

        private void onError(Producer producer, ErrorCode error) {
            switch (error) {
                case CONCURRENT_TRANSACTIONS -> {
                    // Asks again.
                }
                case PRODUCER_FENCED, INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING -> {
                    // Some applications do not believe it.
                    if (random.nextInt(3) > 0) {
                        producers.remove(producer);
                    } else {
                        producer.ending = null;
                    }
                }
                case TRANSACTION_ABORTABLE -> {
                    if (producer.added.isEmpty()) {
                        forget(producer);
                    } else {
                        producer.ending = false;
                    }
                }
                case INVALID_TXN_STATE -> {
                    // Aborted for it, or nothing was in it.
                    if (random.nextBoolean()) {
                        producers.remove(producer);
                    } else {
                        producer.started = false;
                        forget(producer);
                    }
                }
                default -> throw new AssertionError("unexpected: " + error);
            }
        }

        private void check(boolean quiet) {
            Map<Object, Boolean> outcomes = new HashMap<>();
            Map<Object, Set<TopicPartition>> found = new HashMap<>();
            partitions.forEach((name, partition) -> partition.outcomes().forEach((work, ends) -> {
                found.computeIfAbsent(work, one -> new HashSet<>()).add(name);
                for (Boolean end : ends) {
                    if (quiet) {
                        assertNotNull(end, () -> work + " is open in " + name);
                    }
                    if (end != null) {
                        Boolean other = outcomes.putIfAbsent(work, end);
                        assertFalse(
                                other != null && !other.equals(end), () -> work + " has two outcomes, one in " + name);
                    }
                }
            }));
            for (Work work : works) {
                Boolean seen = outcomes.get(work);
                if (work.outcome != null && seen != null) {
                    assertEquals(work.outcome, seen, () -> work + " was acknowledged otherwise");
                }
                assertFalse(seen != null && seen && !work.commitAsked, () -> work + " was never to be committed");
                assertEquals(
                        Set.of(),
                        without(work.acknowledged, found.getOrDefault(work, Set.of())),
                        () -> "records of " + work + " are lost");
                if (quiet && work.outcome != null && !work.acknowledged.isEmpty()) {
                    assertEquals(work.outcome, seen, () -> work + " came to nothing");
                }
            }
            TransactionShard replayed = coordinator.newShard();
            coordinator.replayInto(replayed);
            assertEquals(snapshot(coordinator.shard()), snapshot(replayed));
        }

        private static Set<TopicPartition> without(Set<TopicPartition> some, Set<TopicPartition> others) {
            Set<TopicPartition> rest = new HashSet<>(some);
            rest.removeAll(others);
            return rest;
        }

        private static Map<String, String> snapshot(TransactionShard shard) {
            Map<String, String> snapshot = new TreeMap<>();
            for (Transaction transaction : shard.states().all()) {
                snapshot.put(
                        transaction.transactionalId(),
                        transaction
                                .next(transaction.state(), transaction.lastUpdateMs())
                                .toString());
            }
            return snapshot;
        }

        /** No more dangers, and nobody does anything: what is open is aborted in time, what is decided gets its markers. */
        private void settle() {
            coordinator.dangers(0, 0);
            for (Producer producer : List.copyOf(producers)) {
                if (random.nextBoolean() && producer.ending != null && !producer.waiting) {
                    end(producer, producer.ending);
                }
            }
            coordinator.advance(TIMEOUT_MS + 5_000);
            check(true);
            for (Transaction transaction : coordinator.shard().states().all()) {
                assertEquals(true, transaction.state().isExpirable(), transaction.transactionalId());
            }
            coordinator.advance(1_000_000);
            assertEquals(0, coordinator.shard().states().all().size());
        }
    }
}
