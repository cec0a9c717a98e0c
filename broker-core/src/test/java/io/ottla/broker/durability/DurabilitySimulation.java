package io.ottla.broker.durability;

import io.ottla.broker.config.BrokerConfig;
import io.ottla.broker.coordinator.Reply;
import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.durability.DurabilityModel.Batch;
import io.ottla.broker.durability.DurabilityModel.Change;
import io.ottla.broker.durability.DurabilityModel.Commit;
import io.ottla.broker.durability.DurabilityModel.OffsetKey;
import io.ottla.broker.durability.DurabilityModel.PartitionKey;
import io.ottla.broker.durability.DurabilityModel.Topic;
import io.ottla.broker.durability.DurabilityModel.Topics;
import io.ottla.broker.durability.DurabilityModel.Transaction;
import io.ottla.broker.metadata.ConfigChange;
import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.ConfigWish;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.broker.metadata.TopicOutcome;
import io.ottla.broker.partition.Partition;
import io.ottla.protocol.ApiException;
import io.ottla.protocol.ErrorCode;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.ottla.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import io.ottla.protocol.message.OffsetCommitRequest;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.ottla.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.ottla.protocol.record.RecordBatchBuilder;
import io.ottla.storage.AppendOrigin;
import io.ottla.storage.CommitCallback;
import io.ottla.storage.LogAppendResult;
import io.ottla.storage.LogVerifier;
import io.ottla.storage.ManualClock;
import io.ottla.storage.SimulatedFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The life of a broker, all of which follows from one seed. At many times of it a copy of its disk is taken, as a crash at that time
 * would leave it, and a broker started on that must have all that was acknowledged until then. The life goes on from one of the
 * copies, again and again.
 */
final class DurabilitySimulation {

    /** The topic of transactions, which is never deleted: two partitions for records, one for offsets. */
    static final String TRANSACTIONAL = "transactional";

    private static final int STAGES = 3;
    private static final int FORKS_PER_STAGE = 20;
    private static final int MAX_IDLE_STEPS = 2_000;
    private static final short NEWEST_COMMIT_VERSION = 10;
    private static final short ALL_ACKS = -1;
    private static final BrokerConfig PROCESS = config("process-crash-safe");
    private static final BrokerConfig POWER = config("power-safe");

    private final Random random;
    private final ManualClock clock = new ManualClock(1_700_000_000_000L);
    private final BrokerConfig config;
    private final boolean powerSafe;
    private final boolean diskFails;
    private final DurabilityModel model = new DurabilityModel();
    private final List<Fork> forks = new ArrayList<>();
    private final List<TransactionalClient> clients = new ArrayList<>();
    private SimulatedFiles files;
    private SimulatedBroker broker;
    private int crashes;
    private int serial;

    /** How many calls may have failed since the last start, so that errors are to be expected. */
    private int faults;

    /** What the device has after that is not known as long as the machine runs. */
    private boolean syncFailed;

    private String last = "";

    /** A disk after a crash, and when that was. */
    private record Fork(SimulatedFiles files, long at, String last, boolean syncFailed) {}

    DurabilitySimulation(long seed) {
        random = new Random(seed);
        powerSafe = random.nextBoolean();
        config = powerSafe ? POWER : PROCESS;
        files = new SimulatedFiles(clock, new Random(random.nextLong()));
        diskFails = random.nextInt(3) == 0;
    }

    private static BrokerConfig config(String durability) {
        return BrokerConfig.of(Map.of(
                "ottla.durability", durability,
                "num.recovery.threads.per.data.dir", "1",
                "offsets.topic.num.partitions", "2",
                "transaction.state.log.num.partitions", "1"));
    }

    static <R> Reply<R> reply(Consumer<R> onAnswer, Consumer<ErrorCode> onError) {
        return new Reply<>() {
            @Override
            public void complete(R answer) {
                onAnswer.accept(answer);
            }

            @Override
            public void fail(ErrorCode error) {
                onError.accept(error);
            }
        };
    }

    static String groupOf(String transactionalId) {
        return "group-" + transactionalId;
    }

    /** What was done last. */
    String last() {
        return last;
    }

    /** Lives; returns how often it has crashed. */
    int run() throws IOException {
        for (Path path : SimulatedBroker.PATHS) {
            files.createDirectories(path);
        }
        files.syncDirectory(Path.of("/"));
        files.syncDirectory(Path.of("/sim"));
        broker = new SimulatedBroker(files, clock, config);
        for (int stage = 0; stage < STAGES; stage++) {
            clients.clear();
            clients.add(new TransactionalClient("x0", this, model, random));
            clients.add(new TransactionalClient("x1", this, model, random));
            live();
            if (faults > 0) {
                repair();
            }
            if (forks.isEmpty()) {
                return crashes;
            }
            int chosen = random.nextInt(forks.size());
            for (int i = 0; i < forks.size(); i++) {
                if (i != chosen) {
                    recover(forks.get(i), false);
                }
            }
            Fork next = forks.get(chosen);
            forks.clear();
            recover(next, true);
            if (files != next.files) {
                // Nobody knows what of it is left.
                return crashes;
            }
        }
        last = "close";
        broker.close();
        verify(files);
        return crashes;
    }

    /** Until it has crashed often enough, or so much has failed that nothing is written any more. */
    private void live() {
        int idleSteps = 0;
        while (forks.size() < FORKS_PER_STAGE && idleSteps < MAX_IDLE_STEPS) {
            files.forkAfter(random.nextInt(1 << (1 + random.nextInt(6))), this::forked);
            int before = forks.size();
            for (idleSteps = 0; forks.size() == before && idleSteps < MAX_IDLE_STEPS; idleSteps++) {
                stepOnFailingDisk();
            }
        }
    }

    private void forked(SimulatedFiles fork) {
        forks.add(new Fork(fork, model.now(), last, syncFailed));
    }

    private void recover(Fork fork, boolean goesOn) throws IOException {
        last = "crash in '" + fork.last + "'";
        boolean mayLosePower = powerSafe ? random.nextBoolean() : !goesOn && random.nextInt(6) == 0;
        boolean losesPower = fork.syncFailed || mayLosePower;
        boolean everLost = losesPower;
        SimulatedBroker recovered = null;
        while (recovered == null) {
            fork.files.restart(losesPower);
            if (random.nextInt(3) == 0) {
                fork.files.crashAfter(random.nextInt(60));
            }
            crashes++;
            try {
                recovered = new SimulatedBroker(fork.files, clock, config);
                fork.files.crashNever();
            } catch (SimulatedFiles.Crash e) {
                losesPower = losesPower && random.nextBoolean();
            }
        }
        // High watermarks of what was lost, or of topics of the same names before, are still in their checkpoint.
        recovered.checkpoint();
        if (everLost && !powerSafe && diskFails && hasClosedLog(recovered)) {
            // A write that ended in its middle, was tried again and went with the power may look like damage.
            return;
        }
        verify(fork.files);
        if (everLost && !powerSafe) {
            model.checkWeakly(recovered, fork.at);
            return;
        }
        model.checkStrictly(recovered, fork.at);
        if (random.nextInt(4) == 0) {
            last = "clean stop after " + last;
            recovered.close();
            verify(fork.files);
            fork.files.restart(powerSafe && random.nextBoolean());
            recovered = new SimulatedBroker(fork.files, clock, config);
            model.checkStrictly(recovered, fork.at);
        }
        if (goesOn) {
            faults = 0;
            syncFailed = false;
            files = fork.files;
            broker = recovered;
            model.adopt(recovered, fork.at);
        }
    }

    private static boolean hasClosedLog(SimulatedBroker broker) {
        return broker.partitions.all().stream().anyMatch(partition -> !partition.isOnline());
    }

    private static void verify(SimulatedFiles files) throws IOException {
        for (Path path : SimulatedBroker.PATHS) {
            List<LogVerifier.Finding> findings = files.verify(path);
            DurabilityModel.require(findings.isEmpty(), "The verifier finds " + findings);
        }
    }

    SimulatedBroker broker() {
        return broker;
    }

    private CommitCallback acknowledges(Change change) {
        return failure -> {
            if (failure == null) {
                model.acknowledged(change);
            } else {
                expected(failure);
            }
        };
    }

    /** Fails unless the disk has failed, and that is what is said. */
    void expected(ApiException failure) {
        if (faults == 0 || failure.error() != ErrorCode.KAFKA_STORAGE_ERROR) {
            throw new AssertionError(failure);
        }
    }

    boolean hasFaults() {
        return faults > 0;
    }

    private void stepOnFailingDisk() {
        if (diskFails && random.nextInt(50) == 0) {
            breakDisk();
        }
        try {
            step();
        } catch (ApiException e) {
            expected(e);
        }
    }

    private void breakDisk() {
        last = "break disk";
        switch (random.nextInt(4)) {
            case 0 -> {
                files.failWrites(1);
                faults++;
            }
            case 1 -> {
                files.failSyncs(1);
                syncFailed = true;
                faults++;
            }
            case 2 -> {
                files.roomBytes(random.nextInt(2000));
                faults++;
            }
            default -> {
                files.roomBytes(Long.MAX_VALUE);
                broker.partitions.openMissing();
            }
        }
    }

    /** There is room again and nothing fails any more: what was acknowledged is there, and all but a few logs take more. */
    private void repair() {
        last = "repair disk";
        files.roomBytes(Long.MAX_VALUE);
        files.failWrites(0);
        files.failSyncs(0);
        broker.partitions.openMissing();
        broker.settle();
        model.checkLive(broker);
        int failed = 0;
        for (Partition partition : broker.partitions.all()) {
            try {
                partition.log().rollSegment();
            } catch (ApiException e) {
                expected(e);
                failed++;
            }
        }
        DurabilityModel.require(failed <= faults, failed + " logs are closed for " + faults + " faults");
    }

    private void step() {
        int kind = random.nextInt(100);
        if (!model.latestTopics().containsKey(TRANSACTIONAL)) {
            create(TRANSACTIONAL, 3);
        } else if (kind < 8) {
            create("topic" + random.nextInt(3), 1 + random.nextInt(2));
        } else if (kind < 11) {
            delete();
        } else if (kind < 17) {
            alter();
        } else if (kind < 36) {
            append();
        } else if (kind < 50) {
            commit();
        } else if (kind < 54) {
            takeProducerId();
        } else if (kind < 88) {
            last = "transaction";
            clients.get(random.nextInt(clients.size())).step();
        } else if (kind < 91) {
            last = "checkpoint";
            broker.checkpoint();
        } else if (kind < 93) {
            last = "compact";
            broker.compact(random);
        } else if (kind < 94) {
            last = "move";
            broker.move(random);
        } else if (kind < 97) {
            last = "background";
            broker.runBackground();
        } else {
            last = "advance";
            broker.advance(random.nextInt(200));
        }
        last = "sync";
        broker.runSyncs(random.nextInt(5));
    }

    private void changeTopics(String what, Map<String, Topic> after, Runnable change) {
        last = what;
        Topics state = new Topics(model.tick(), after);
        model.topics.add(state);
        try {
            change.run();
        } catch (ApiException e) {
            model.refusedTopics();
            throw e;
        }
        broker.metadata.whenCommitted(acknowledges(state));
    }

    private Map<String, Topic> topicsWithout(String name) {
        Map<String, Topic> after = new TreeMap<>(model.latestTopics());
        after.remove(name);
        return after;
    }

    private void create(String name, int partitions) {
        if (model.latestTopics().containsKey(name)) {
            return;
        }
        Map<String, String> configs = new TreeMap<>();
        if (random.nextBoolean()) {
            configs.put("max.message.bytes", Integer.toString(2000 + random.nextInt(1000)));
        }
        CreatableTopic topic =
                new CreatableTopic().name(name).numPartitions(partitions).replicationFactor((short) -1);
        configs.forEach((key, value) ->
                topic.configs().add(new CreatableTopicConfig().name(key).value(value)));
        Map<String, Topic> after = topicsWithout(name);
        after.put(name, new Topic(null, partitions, configs));
        changeTopics("create " + name, after, () -> {
            TopicOutcome outcome =
                    broker.topics.createAll(List.of(topic), false).get(0);
            DurabilityModel.require(outcome.error() == ErrorCode.NONE, "not created: " + outcome);
            after.put(name, new Topic(outcome.topic().id(), partitions, configs));
        });
    }

    private String anyTopic() {
        List<String> names = new ArrayList<>(model.latestTopics().keySet());
        names.remove(TRANSACTIONAL);
        return names.isEmpty() ? null : names.get(random.nextInt(names.size()));
    }

    private void delete() {
        String name = anyTopic();
        if (name != null) {
            Topic topic = model.latestTopics().get(name);
            changeTopics("delete " + name, topicsWithout(name), () -> broker.topics.delete(topic.id()));
        }
    }

    private void alter() {
        String name = anyTopic();
        if (name == null) {
            return;
        }
        Topic topic = model.latestTopics().get(name);
        Map<String, String> configs = new TreeMap<>(topic.configs());
        String key = random.nextBoolean() ? "max.message.bytes" : "retention.bytes";
        String value = random.nextInt(4) == 0 ? null : Integer.toString(2000 + random.nextInt(1000));
        byte operation = value == null ? ConfigChange.DELETE : ConfigChange.SET;
        if (value == null) {
            configs.remove(key);
        } else {
            configs.put(key, value);
        }
        Map<String, Topic> after = topicsWithout(name);
        after.put(name, new Topic(topic.id(), topic.partitions(), configs));
        changeTopics("alter " + name, after, () -> {
            ConfigWish wish =
                    new ConfigWish(ConfigResource.topic(name), List.of(new ConfigChange(key, operation, value)), false);
            ErrorCode error = broker.configs.alter(List.of(wish), false).get(0).error();
            DurabilityModel.require(error == ErrorCode.NONE, "not altered: " + error);
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Appends one record; what it becomes part of, and who waits for it, is up to the caller. */
    Batch append(TopicImage topic, int partition, Batch batch, CommitCallback callback) {
        RecordBatchBuilder builder = new RecordBatchBuilder().transactional(batch.transaction != null);
        if (batch.producerId >= 0) {
            builder.producer(batch.producerId, batch.producerEpoch, batch.sequence);
        }
        ByteBuffer records =
                builder.append(clock.timeMs(), bytes("key"), bytes(batch.value)).build();
        Partition target = broker.partitions.partition(topic.id(), partition);
        List<Batch> all =
                model.batches.computeIfAbsent(new PartitionKey(topic.id(), partition), k -> new ArrayList<>());
        batch.offset = target.log().logEndOffset();
        all.add(batch);
        try {
            LogAppendResult result = target.append(records, AppendOrigin.CLIENT, ALL_ACKS);
            DurabilityModel.require(
                    result.baseOffset() == batch.offset && !result.duplicate(), "appended as " + result);
            target.whenCommitted(result.lastOffset() + 1, callback);
        } catch (ApiException e) {
            batch.refused = true;
            throw e;
        }
        return batch;
    }

    Batch newBatch() {
        return new Batch(model.tick(), "value-" + serial++ + "-".repeat(random.nextInt(100)));
    }

    private TopicImage anyVisible() {
        MetadataImage image = broker.metadata.image();
        List<TopicImage> visible = image.topics().stream()
                .filter(topic -> topic.name().startsWith("topic"))
                .sorted((one, other) -> one.name().compareTo(other.name()))
                .toList();
        return visible.isEmpty() ? null : visible.get(random.nextInt(visible.size()));
    }

    private void append() {
        TopicImage topic = anyVisible();
        if (topic != null) {
            last = "append to " + topic.name();
            Batch batch = newBatch();
            append(topic, random.nextInt(topic.partitions().size()), batch, failure -> {
                boolean gone = !topic.equals(broker.metadata.image().topic(topic.id()));
                if (failure == null) {
                    model.acknowledged(batch);
                } else if (!gone) {
                    expected(failure);
                }
            });
        }
    }

    private void commit() {
        TopicImage topic = anyVisible();
        if (topic == null) {
            return;
        }
        String group = "group" + random.nextInt(2);
        int partition = random.nextInt(topic.partitions().size());
        last = "commit of " + group + " for " + topic.name();
        Commit commit = new Commit(model.tick(), serial++);
        OffsetCommitRequestTopic part =
                new OffsetCommitRequestTopic().name(topic.name()).topicId(topic.id());
        part.partitions()
                .add(new OffsetCommitRequestPartition()
                        .partitionIndex(partition)
                        .committedOffset(commit.offset));
        OffsetCommitRequest request = new OffsetCommitRequest().groupId(group).generationIdOrMemberEpoch(-1);
        request.topics().add(part);
        List<Commit> history =
                model.commits.computeIfAbsent(new OffsetKey(group, topic.id(), partition), k -> new ArrayList<>());
        history.add(commit);
        broker.groups.commitOffsets(
                broker.brokerId,
                request,
                NEWEST_COMMIT_VERSION,
                reply(
                        answer -> {
                            short error =
                                    answer.topics().get(0).partitions().get(0).errorCode();
                            DurabilityModel.require(error == 0 || faults > 0, "commit answered with " + error);
                            if (error == 0) {
                                model.acknowledged(commit);
                            }
                        },
                        error -> {
                            if (faults == 0) {
                                history.remove(commit);
                            }
                        }));
    }

    private void takeProducerId() {
        last = "producer id";
        try {
            model.given("", broker.producerIds.next(), (short) 0);
        } catch (ApiException e) {
            if (e.error() != ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
                expected(e);
            }
        }
    }

    static long nextProducerId(SimulatedBroker broker) {
        try {
            return broker.producerIds.next();
        } catch (ApiException e) {
            broker.settle();
            return broker.producerIds.next();
        }
    }

    /** The topic of transactions if it can be seen, else null. */
    TopicImage transactional() {
        return broker.metadata.image().topic(TRANSACTIONAL);
    }

    /** A transaction that begins now. */
    Transaction newTransaction(String id) {
        Transaction transaction = new Transaction(serial++);
        model.transactions.computeIfAbsent(id, k -> new ArrayList<>()).add(transaction);
        return transaction;
    }

    static String offsetsTopic() {
        return GroupCoordinator.OFFSETS_TOPIC;
    }
}
