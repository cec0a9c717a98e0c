package io.ottla.broker.durability;

import io.ottla.broker.metadata.ConfigResource;
import io.ottla.broker.metadata.MetadataImage;
import io.ottla.broker.metadata.TopicImage;
import io.ottla.protocol.Uuid;
import io.ottla.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.ottla.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.ottla.protocol.record.ControlRecordType;
import io.ottla.protocol.record.ControlRecords;
import io.ottla.protocol.record.Record;
import io.ottla.protocol.record.RecordBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What a broker was asked for and what it has acknowledged, each with the time at which it was: so that what a crash at any time must
 * have left can be told later. Time is a count of what has happened.
 */
final class DurabilityModel {

    static final long NEVER = Long.MAX_VALUE;
    static final long NO_OFFSET = -1L;

    /** Something that was asked for. */
    static class Change {
        final long askedAt;
        long acknowledgedAt = NEVER;

        Change(long askedAt) {
            this.askedAt = askedAt;
        }
    }

    /** One topic as the metadata describe it. */
    record Topic(Uuid id, int partitions, Map<String, String> configs) {}

    /** All topics after a change of them. */
    static final class Topics extends Change {
        final Map<String, Topic> byName;

        Topics(long askedAt, Map<String, Topic> byName) {
            super(askedAt);
            this.byName = byName;
        }
    }

    /** One batch of one record. */
    static final class Batch extends Change {
        final String value;
        long producerId = RecordBatch.NO_PRODUCER_ID;
        short producerEpoch;
        int sequence;
        long offset;
        Transaction transaction;

        /** Whether the broker has said that it is not in the log: a failing disk may have kept it nevertheless. */
        boolean refused;

        Batch(long askedAt, String value) {
            super(askedAt);
            this.value = value;
        }

        /** Whether it is not in the log, where another has its place. */
        boolean isSkipped(long foundOffset, String foundValue) {
            return refused && (offset != foundOffset || !value.equals(foundValue));
        }
    }

    /** One commit of one offset, or the offset that was found, or that of a transaction. */
    static final class Commit extends Change {
        final long offset;

        Commit(long askedAt, long offset) {
            super(askedAt);
            this.offset = offset;
        }
    }

    record OffsetKey(String group, Uuid topicId, int partition) {}

    record PartitionKey(Uuid topicId, int partition) {}

    /** One transaction; the change is the request to end it. */
    static final class Transaction {
        final long serial;
        final List<Batch> batches = new ArrayList<>();
        boolean commits;
        boolean hasOffset;

        /** Whether something of it was refused, so that it must be aborted. */
        boolean hasFailed;

        long endAskedAt = NEVER;
        long endAcknowledgedAt = NEVER;

        Transaction(long serial) {
            this.serial = serial;
        }
    }

    /** Which producer ids and epochs were given out, and when. */
    record Identity(String transactionalId, long producerId, short epoch, long givenAt) {}

    private enum Outcome {
        OPEN,
        COMMITTED,
        ABORTED
    }

    final List<Topics> topics = new ArrayList<>();
    final Map<PartitionKey, List<Batch>> batches = new HashMap<>();
    final Map<OffsetKey, List<Commit>> commits = new LinkedHashMap<>();
    final Map<String, List<Transaction>> transactions = new TreeMap<>();
    final Map<String, Long> lastCommitted = new TreeMap<>();
    final List<Identity> identities = new ArrayList<>();
    private long now;

    DurabilityModel() {
        topics.add(new Topics(0, Map.of()));
        topics.get(0).acknowledgedAt = 0;
    }

    long tick() {
        return ++now;
    }

    long now() {
        return now;
    }

    void acknowledged(Change change) {
        change.acknowledgedAt = tick();
    }

    /** The topics with all changes that were asked for. */
    Map<String, Topic> latestTopics() {
        return topics.get(topics.size() - 1).byName;
    }

    /** Adds an identity; nobody may have had it before. */
    void given(String transactionalId, long producerId, short epoch) {
        ensureNew(identities, transactionalId, producerId, epoch);
        identities.add(new Identity(transactionalId, producerId, epoch, tick()));
    }

    private static void ensureNew(List<Identity> given, String transactionalId, long producerId, short epoch) {
        for (Identity before : given) {
            require(
                    before.producerId != producerId
                            || (before.transactionalId.equals(transactionalId) && before.epoch < epoch),
                    "producer id " + producerId + " in epoch " + epoch + " for '" + transactionalId
                            + "' was given out before, as " + before);
        }
    }

    /** What must hold of a broker that was started after a crash at a time, whatever was lost. */
    void checkWeakly(SimulatedBroker broker, long crashedAt) {
        MetadataImage image = broker.metadata.image();
        require(matching(image, crashedAt) >= 0, "these topics never were: " + found(image));
        for (TopicImage topic : image.topics()) {
            for (int i = 0; i < topic.partitions().size() && !topic.isInternal(); i++) {
                checkPrefix(broker, topic, i, crashedAt);
            }
        }
    }

    /** The last state of the topics before the time that is what was found, -1 if none is. */
    private int matching(MetadataImage image, long crashedAt) {
        Map<String, Topic> found = found(image);
        for (int i = topics.size() - 1; i >= 0; i--) {
            if (topics.get(i).askedAt <= crashedAt && isSame(topics.get(i).byName, found)) {
                return i;
            }
        }
        return -1;
    }

    /** The id of a topic that was refused is not known. */
    private static boolean isSame(Map<String, Topic> asked, Map<String, Topic> found) {
        return asked.keySet().equals(found.keySet())
                && asked.entrySet().stream().allMatch(entry -> {
                    Topic there = found.get(entry.getKey());
                    Topic wanted = entry.getValue();
                    return wanted.equals(
                            new Topic(wanted.id == null ? null : there.id, there.partitions, there.configs));
                });
    }

    /** The last change of topics was refused: it is as before, but a failing disk may have kept it nevertheless. */
    void refusedTopics() {
        Map<String, Topic> before = topics.get(topics.size() - 2).byName;
        topics.add(new Topics(tick(), before));
    }

    /** What must hold of a broker that goes on after its disk has failed: all that was acknowledged can be read. */
    void checkLive(SimulatedBroker broker) {
        for (TopicImage topic : broker.metadata.image().topics()) {
            for (int i = 0; i < topic.partitions().size() && !topic.isInternal(); i++) {
                if (broker.partitions.partition(topic.id(), i).isOnline()) {
                    checkRecords(broker, topic, i, now);
                }
            }
        }
    }

    static Map<String, Topic> found(MetadataImage image) {
        Map<String, Topic> found = new TreeMap<>();
        for (TopicImage topic : image.topics()) {
            if (!topic.isInternal()) {
                found.put(
                        topic.name(),
                        new Topic(
                                topic.id(),
                                topic.partitions().size(),
                                new TreeMap<>(image.config(ConfigResource.topic(topic.name())))));
            }
        }
        return found;
    }

    /** The data of a partition is a beginning of what was written; returns how much of it, and what became of it. */
    private Map<Batch, Outcome> checkPrefix(SimulatedBroker broker, TopicImage topic, int partition, long crashedAt) {
        String name = topic.name() + "-" + partition;
        List<Batch> written = batches.getOrDefault(new PartitionKey(topic.id(), partition), List.of()).stream()
                .filter(batch -> batch.askedAt <= crashedAt)
                .toList();
        Map<Batch, Outcome> found = new LinkedHashMap<>();
        Map<Long, List<Batch>> open = new HashMap<>();
        int[] at = {0};
        broker.log(topic.name(), partition).replay(read -> {
            Record record = read.records().iterator().next();
            if (read.isControlBatch()) {
                boolean commits = ControlRecords.type(record) == ControlRecordType.COMMIT;
                open.computeIfAbsent(read.producerId(), id -> new ArrayList<>())
                        .forEach(batch -> found.put(batch, commits ? Outcome.COMMITTED : Outcome.ABORTED));
                open.remove(read.producerId());
                return;
            }
            String value =
                    StandardCharsets.UTF_8.decode(record.value().duplicate()).toString();
            while (at[0] < written.size() && written.get(at[0]).isSkipped(read.baseOffset(), value)) {
                at[0]++;
            }
            require(at[0] < written.size(), name + " has more than was written: " + read);
            Batch expected = written.get(at[0]++);
            require(
                    expected.offset == read.baseOffset() && expected.value.equals(value),
                    name + " has " + value + " at offset " + read.baseOffset() + " where " + expected.value
                            + " was written at " + expected.offset);
            found.put(expected, Outcome.OPEN);
            if (read.isTransactional()) {
                open.computeIfAbsent(read.producerId(), id -> new ArrayList<>()).add(expected);
            }
        });
        return found;
    }

    /** What must hold where everything that was acknowledged had to survive; aborts what was left open, as clients would. */
    void checkStrictly(SimulatedBroker broker, long crashedAt) {
        MetadataImage image = broker.metadata.image();
        int at = matching(image, crashedAt);
        require(at >= 0, "these topics never were: " + found(image));
        for (int i = at + 1; i < topics.size(); i++) {
            require(
                    topics.get(i).acknowledgedAt > crashedAt,
                    "an acknowledged change of topics is lost: " + topics.get(i).byName + ", found " + found(image));
        }
        checkConfigs(broker, image);
        broker.settle();
        Map<Batch, Outcome> outcomes = new HashMap<>();
        for (TopicImage topic : image.topics()) {
            for (int i = 0; i < topic.partitions().size() && !topic.isInternal(); i++) {
                outcomes.putAll(checkRecords(broker, topic, i, crashedAt));
            }
        }
        checkOffsets(broker, image, crashedAt);
        checkIdentities(broker, crashedAt);
        transactions.forEach((id, each) -> checkTransactions(broker, id, each, outcomes, crashedAt));
    }

    private static void checkConfigs(SimulatedBroker broker, MetadataImage image) {
        for (TopicImage topic : image.topics()) {
            String size = image.config(ConfigResource.topic(topic.name())).get("max.message.bytes");
            if (size != null) {
                require(
                        broker.partitions
                                        .partition(topic.name(), 0)
                                        .log()
                                        .config()
                                        .maxMessageBytes()
                                == Integer.parseInt(size),
                        "the log of " + topic.name() + " does not have its topic's configuration");
            }
        }
    }

    private Map<Batch, Outcome> checkRecords(SimulatedBroker broker, TopicImage topic, int partition, long crashedAt) {
        Map<Batch, Outcome> found = checkPrefix(broker, topic, partition, crashedAt);
        for (Batch batch : batches.getOrDefault(new PartitionKey(topic.id(), partition), List.of())) {
            require(
                    batch.acknowledgedAt > crashedAt || found.containsKey(batch),
                    "lost " + batch.value + " of " + topic.name() + "-" + partition);
        }
        return found;
    }

    static Map<String, Long> fetch(SimulatedBroker broker, String group) {
        Map<String, Long> offsets = new TreeMap<>();
        OffsetFetchResponseGroup[] answer = new OffsetFetchResponseGroup[1];
        broker.topics.ensureTopic(DurabilitySimulation.offsetsTopic());
        broker.settle();
        broker.groups.fetchOffsets(
                broker.brokerId,
                new OffsetFetchRequestGroup().groupId(group).topics(null),
                false,
                DurabilitySimulation.reply(value -> answer[0] = value, error -> {
                    throw new AssertionError(error);
                }));
        broker.settle();
        require(answer[0] != null && answer[0].errorCode() == 0, "no offsets of " + group + ": " + answer[0]);
        answer[0].topics().forEach(topic -> topic.partitions()
                .forEach(partition ->
                        offsets.put(topic.name() + "-" + partition.partitionIndex(), partition.committedOffset())));
        return offsets;
    }

    private void checkOffsets(SimulatedBroker broker, MetadataImage image, long crashedAt) {
        Map<String, Map<String, Long>> fetched = new HashMap<>();
        Set<String> groups = new HashSet<>();
        commits.keySet().forEach(key -> groups.add(key.group));
        groups.forEach(group -> fetched.put(group, fetch(broker, group)));
        Map<String, Set<String>> allowed = new HashMap<>();
        commits.forEach((key, history) -> {
            TopicImage topic = image.topic(key.topicId);
            if (topic != null) {
                String name = topic.name() + "-" + key.partition;
                long offset = fetched.get(key.group).getOrDefault(name, NO_OFFSET);
                allowed.computeIfAbsent(key.group, group -> new HashSet<>()).add(name);
                require(
                        possible(history, crashedAt, found -> found == offset),
                        key.group + " has offset " + offset + " in " + name + " of " + describe(history, crashedAt));
            }
        });
        fetched.forEach((group, offsets) -> offsets.keySet()
                .forEach(name -> require(
                        allowed.getOrDefault(group, Set.of()).contains(name),
                        group + " has an offset in " + name + ", which is gone or another")));
    }

    private static boolean possible(List<Commit> history, long crashedAt, Predicate<Long> found) {
        for (int i = history.size() - 1; i >= 0; i--) {
            Commit commit = history.get(i);
            if (commit.askedAt <= crashedAt && found.test(commit.offset)) {
                return true;
            }
            if (commit.acknowledgedAt <= crashedAt) {
                return false;
            }
        }
        return found.test(NO_OFFSET);
    }

    private static String describe(List<Commit> history, long crashedAt) {
        StringBuilder text = new StringBuilder("crash at " + crashedAt);
        history.forEach(commit -> text.append(", ")
                .append(commit.offset)
                .append(" asked at ")
                .append(commit.askedAt)
                .append(" acknowledged at ")
                .append(commit.acknowledgedAt));
        return text.toString();
    }

    private List<Identity> given(long crashedAt) {
        return identities.stream().filter(each -> each.givenAt <= crashedAt).toList();
    }

    private void checkIdentities(SimulatedBroker broker, long crashedAt) {
        ensureNew(given(crashedAt), "", DurabilitySimulation.nextProducerId(broker), (short) 0);
    }

    private void checkTransactions(
            SimulatedBroker broker, String id, List<Transaction> all, Map<Batch, Outcome> outcomes, long crashedAt) {
        Set<Long> offsets = new HashSet<>(Set.of(lastCommitted.getOrDefault(id, NO_OFFSET)));
        for (Transaction transaction : all) {
            Set<Outcome> found = new HashSet<>();
            for (Batch batch : transaction.batches) {
                if (outcomes.containsKey(batch)) {
                    found.add(outcomes.get(batch));
                }
            }
            String what = "transaction " + transaction.serial + " of " + id + ": " + found;
            require(found.size() <= 1 || !found.contains(Outcome.COMMITTED), what + ", not one outcome");
            boolean committed = found.contains(Outcome.COMMITTED);
            boolean endAcknowledged = transaction.endAcknowledgedAt <= crashedAt;
            boolean endAsked = transaction.endAskedAt <= crashedAt;
            require(!committed || (endAsked && transaction.commits), what + ", nobody asked for that");
            if (endAcknowledged && !transaction.batches.isEmpty()) {
                Outcome outcome = transaction.commits ? Outcome.COMMITTED : Outcome.ABORTED;
                require(found.equals(Set.of(outcome)), what + ", was acknowledged as " + outcome);
            }
            if (transaction.hasOffset && endAsked && transaction.commits) {
                boolean alone = transaction.batches.isEmpty();
                if (committed || (alone && endAcknowledged)) {
                    offsets.clear();
                }
                if (committed || alone) {
                    offsets.add(transaction.serial);
                }
            }
        }
        long fetched = fetch(broker, DurabilitySimulation.groupOf(id))
                .getOrDefault(DurabilitySimulation.TRANSACTIONAL + "-2", NO_OFFSET);
        require(
                offsets.contains(fetched),
                "the transactions of " + id + " committed one of " + offsets + ", found offset " + fetched);
    }

    /** Goes on from what a broker has that was checked strictly: nothing else ever happened. */
    void adopt(SimulatedBroker broker, long crashedAt) {
        MetadataImage image = broker.metadata.image();
        Topics state = new Topics(0, found(image));
        state.acknowledgedAt = 0;
        topics.clear();
        topics.add(state);
        batches.keySet().removeIf(key -> image.topic(key.topicId) == null);
        batches.forEach((key, all) -> {
            // Not by the end of the log: where a batch was lost, there may be a marker by now.
            all.retainAll(checkPrefix(broker, image.topic(key.topicId), key.partition, crashedAt)
                    .keySet());
            all.forEach(batch -> batch.acknowledgedAt = 0);
        });
        commits.keySet().removeIf(key -> image.topic(key.topicId) == null);
        commits.forEach((key, history) -> {
            String name = image.topic(key.topicId).name() + "-" + key.partition;
            Commit found = new Commit(0, fetch(broker, key.group).getOrDefault(name, NO_OFFSET));
            found.acknowledgedAt = 0;
            history.clear();
            history.add(found);
        });
        transactions.forEach((id, all) -> {
            Long offset =
                    fetch(broker, DurabilitySimulation.groupOf(id)).get(DurabilitySimulation.TRANSACTIONAL + "-2");
            if (offset != null) {
                lastCommitted.put(id, offset);
            }
            all.clear();
        });
        identities.removeIf(each -> each.givenAt > crashedAt);
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
