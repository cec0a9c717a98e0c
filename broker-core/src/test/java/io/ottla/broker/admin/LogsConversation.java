package io.ottla.broker.admin;

import static io.ottla.broker.admin.Requests.creation;
import static io.ottla.broker.admin.Requests.topic;
import static io.ottla.broker.admin.Requests.with;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.serialization.StringSerializer;

/** One long talk with a broker about offsets by place and time, deleted records, leader epochs and levels of features. */
final class LogsConversation {

    private static final int LATEST = -1;
    private static final int EARLIEST = -2;
    private static final int MAX_TIMESTAMP = -3;
    private static final int LATEST_VERSION = 11;

    private final Questions questions;
    private final String server;

    private LogsConversation(Questions questions, String server) {
        this.questions = questions;
        this.server = server;
    }

    /** Holds the conversation with a broker on localhost that has no topics. */
    static Map<String, String> hold(int port, long settleMs) throws IOException {
        try (Questions questions = new Questions(port, settleMs)) {
            LogsConversation conversation = new LogsConversation(questions, "localhost:" + port);
            conversation.prepare();
            Producer<String, String> open = conversation.transactions();
            try {
                conversation.listOffsets();
                conversation.refuseOffsets();
                conversation.listStableOffsets();
            } finally {
                open.close(Duration.ZERO);
            }
            conversation.askForEpochs();
            conversation.deleteRecords();
            conversation.changeFeatures();
            return questions.answers();
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        }
    }

    private Producer<String, String> producer(Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", server);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private void prepare() throws IOException, ExecutionException, InterruptedException {
        questions.call(
                creation(
                        topic("t", 4, 1),
                        topic("txn", 1, 1),
                        with(topic("compacted", 1, 1), "cleanup.policy", "compact"),
                        with(topic("both", 1, 1), "cleanup.policy", "compact,delete"),
                        with(topic("kept", 1, 1), "cleanup.policy", "")),
                7);
        questions.settle();
        try (Producer<String, String> producer = producer(Map.of())) {
            for (long timestampMs : new long[] {1000, 5000, 3000, 5000, 2000}) {
                producer.send(new ProducerRecord<>("t", 0, timestampMs, "k", "v"))
                        .get();
            }
            for (String topic : List.of("compacted", "both", "kept")) {
                producer.send(new ProducerRecord<>(topic, 0, 1000L, "k", "v")).get();
            }
        }
        try (Producer<String, String> producer =
                producer(Map.of("linger.ms", 60_000, "compression.type", "gzip", "batch.size", 100_000))) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (long timestampMs : new long[] {10, 40, 20, 40, 30}) {
                sent.add(producer.send(new ProducerRecord<>("t", 1, timestampMs, "k", "v")));
            }
            producer.flush();
            sent.get(4).get();
        }
        try (Producer<String, String> producer = producer(Map.of("enable.idempotence", "false"))) {
            // Without a timestamp.
            for (long timestampMs : new long[] {0, 7}) {
                producer.send(new ProducerRecord<>("t", 2, timestampMs, "k", "v"))
                        .get();
            }
        }
    }

    /** A transaction that is committed, one that is aborted, and one that stays open until the producer is closed. */
    private Producer<String, String> transactions() throws ExecutionException, InterruptedException {
        Producer<String, String> producer = producer(Map.of("transactional.id", "logs"));
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("txn", 0, 100L, "k", "v")).get();
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("txn", 0, 300L, "k", "v")).get();
        producer.abortTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("txn", 0, 200L, "k", "v")).get();
        producer.send(new ProducerRecord<>("txn", 0, 400L, "k", "v")).get();
        producer.send(new ProducerRecord<>("txn", 0, 250L, "k", "v")).get();
        return producer;
    }

    private static ListOffsetsRequestData offsets(String topic, long timestamp, int... partitions) {
        ListOffsetsRequestData.ListOffsetsTopic asked = new ListOffsetsRequestData.ListOffsetsTopic().setName(topic);
        for (int partition : partitions) {
            asked.partitions()
                    .add(new ListOffsetsRequestData.ListOffsetsPartition()
                            .setPartitionIndex(partition)
                            .setTimestamp(timestamp));
        }
        return new ListOffsetsRequestData().setReplicaId(-1).setTopics(new ArrayList<>(List.of(asked)));
    }

    private static ListOffsetsRequestData at(int leaderEpoch) {
        ListOffsetsRequestData request = offsets("t", LATEST, 0);
        request.topics().get(0).partitions().get(0).setCurrentLeaderEpoch(leaderEpoch);
        return request;
    }

    private void listOffsets() throws IOException {
        for (int version = 1; version <= LATEST_VERSION; version++) {
            for (int place = LATEST; place >= -7; place--) {
                questions.ask("offsets at " + place, offsets("t", place, 0), version);
            }
            questions.ask("offsets at time", offsets("t", 2500, 0, 1), version);
        }
        for (long timestampMs : new long[] {0, 1, 1000, 1001, 3000, 4999, 5000, 5001, Long.MAX_VALUE}) {
            questions.ask("offsets at time " + timestampMs, offsets("t", timestampMs, 0, 1, 2, 3), LATEST_VERSION);
        }
        for (long timestampMs : new long[] {10, 11, 20, 30, 39, 40, 41}) {
            questions.ask("offsets in a batch at time " + timestampMs, offsets("t", timestampMs, 1), LATEST_VERSION);
        }
        for (int place : new int[] {LATEST, EARLIEST, MAX_TIMESTAMP, -4, -5, -6, -7, Integer.MIN_VALUE}) {
            questions.ask("offsets of all at " + place, offsets("t", place, 0, 1, 2, 3), LATEST_VERSION);
        }
    }

    private void refuseOffsets() throws IOException {
        questions.ask("offsets of unknown", offsets("nope", LATEST, 0), LATEST_VERSION);
        questions.ask("offsets of unknown partitions", offsets("t", LATEST, -1, 4, 0), LATEST_VERSION);
        questions.ask("offsets of bad name", offsets("a b", LATEST, 0), LATEST_VERSION);
        questions.ask("offsets of no name", offsets("", LATEST, 0), LATEST_VERSION);
        questions.ask("offsets of nothing", new ListOffsetsRequestData().setReplicaId(-1), LATEST_VERSION);
        questions.ask("offsets of no partition", offsets("t", LATEST), LATEST_VERSION);
        questions.ask("offsets twice", offsets("t", LATEST, 0, 0, 1), LATEST_VERSION);
        questions.ask("offsets of metadata", offsets("__cluster_metadata", LATEST, 0), LATEST_VERSION);
        ListOffsetsRequestData two = offsets("t", LATEST, 0);
        two.topics().add(offsets("t", EARLIEST, 0, 1).topics().get(0));
        questions.ask("offsets of a topic twice", two, LATEST_VERSION);
        for (int epoch : new int[] {-2, -1, 0, 1, 7}) {
            questions.ask("offsets at leader epoch " + epoch, at(epoch), LATEST_VERSION);
        }
        questions.ask("offsets at another leader epoch", at(7), 4);
        questions.ask("offsets at no leader epoch", at(-1), 3);
        for (int replica : new int[] {-2, 1}) {
            questions.ask(
                    "offsets for replica " + replica, offsets("t", LATEST, 0).setReplicaId(replica), LATEST_VERSION);
        }
        questions.ask(
                "offsets at isolation level 7", offsets("t", LATEST, 0).setIsolationLevel((byte) 7), LATEST_VERSION);
        questions.ask("offsets with timeout 0", offsets("t", LATEST, 0).setTimeoutMs(0), LATEST_VERSION);
        questions.ask("offsets at time with timeout -1", offsets("t", 3000, 0).setTimeoutMs(-1), LATEST_VERSION);
    }

    private void listStableOffsets() throws IOException {
        for (byte isolationLevel = 0; isolationLevel <= 1; isolationLevel++) {
            for (long place : new long[] {LATEST, EARLIEST, MAX_TIMESTAMP, 0, 100, 101, 200, 250, 300, 301}) {
                questions.ask(
                        "offsets at " + place + " with isolation " + isolationLevel,
                        offsets("txn", place, 0).setIsolationLevel(isolationLevel),
                        LATEST_VERSION);
            }
        }
        questions.ask(
                "stable offset for a debugger",
                offsets("txn", LATEST, 0).setReplicaId(-2).setIsolationLevel((byte) 1),
                LATEST_VERSION);
        questions.ask("stable offset", offsets("txn", LATEST, 0).setIsolationLevel((byte) 1), 2);
    }

    private static OffsetForLeaderEpochRequestData epoch(String topic, int partition, int current, int epoch) {
        OffsetForLeaderEpochRequestData request = new OffsetForLeaderEpochRequestData().setReplicaId(-1);
        request.topics()
                .add(new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic()
                        .setTopic(topic)
                        .setPartitions(List.of(new OffsetForLeaderEpochRequestData.OffsetForLeaderPartition()
                                .setPartition(partition)
                                .setCurrentLeaderEpoch(current)
                                .setLeaderEpoch(epoch))));
        return request;
    }

    private void askForEpochs() throws IOException {
        for (int version = 2; version <= 4; version++) {
            questions.ask("epoch", epoch("t", 0, 0, 0), version);
        }
        for (int epoch : new int[] {-2, -1, 1, 9}) {
            questions.ask("end of epoch " + epoch, epoch("t", 0, -1, epoch), 4);
            questions.ask("epoch at epoch " + epoch, epoch("t", 0, epoch, 0), 4);
        }
        questions.ask("epoch of an empty log", epoch("t", 3, 0, 0), 4);
        questions.ask("epoch of unknown", epoch("nope", 0, 0, 0), 4);
        questions.ask("epoch of unknown partition", epoch("t", 9, 0, 0), 4);
        questions.ask("epoch of bad name", epoch("a b", 0, 0, 0), 4);
        questions.ask("epoch of nothing", new OffsetForLeaderEpochRequestData().setReplicaId(-1), 4);
        questions.ask("epoch for a replica", epoch("t", 0, 0, 0).setReplicaId(1), 4);
    }

    /** Triples of topic, partition and offset. */
    private static DeleteRecordsRequestData delete(Object... places) {
        DeleteRecordsRequestData request = new DeleteRecordsRequestData().setTimeoutMs(10_000);
        for (int i = 0; i < places.length; i += 3) {
            request.topics()
                    .add(new DeleteRecordsRequestData.DeleteRecordsTopic()
                            .setName((String) places[i])
                            .setPartitions(List.of(new DeleteRecordsRequestData.DeleteRecordsPartition()
                                    .setPartitionIndex((Integer) places[i + 1])
                                    .setOffset(((Number) places[i + 2]).longValue()))));
        }
        return request;
    }

    private void deleteRecords() throws IOException {
        for (int version = 0; version <= 2; version++) {
            questions.ask("delete none", delete("t", 0, 0), version);
            questions.ask("delete too many", delete("t", 0, 6), version);
        }
        questions.ask("delete one", delete("t", 0, 1), 2);
        questions.ask("delete it again", delete("t", 0, 1), 2);
        questions.ask("delete what is before", delete("t", 0, 0), 2);
        for (long offset : new long[] {-2, -3, Long.MIN_VALUE, Long.MAX_VALUE}) {
            questions.ask("delete up to " + offset, delete("t", 0, offset), 2);
        }
        questions.ask("offsets after deleting one", offsets("t", EARLIEST, 0), LATEST_VERSION);
        questions.ask("offsets at a deleted time", offsets("t", 0, 0), LATEST_VERSION);
        questions.ask("delete in a batch", delete("t", 1, 2), 2);
        questions.ask("offsets in a batch after deleting", offsets("t", 0, 1), LATEST_VERSION);
        questions.ask("earliest in a batch after deleting", offsets("t", EARLIEST, 1), LATEST_VERSION);
        questions.ask("delete all", delete("t", 0, -1), 2);
        questions.ask("delete all of nothing", delete("t", 3, -1), 2);
        for (int place = LATEST; place >= -6; place--) {
            questions.ask("offsets of none at " + place, offsets("t", place, 0), LATEST_VERSION);
        }
        questions.ask("offsets of none at time", offsets("t", 0, 0), LATEST_VERSION);
        questions.ask("delete of unknown", delete("nope", 0, 0), 2);
        questions.ask("delete of unknown partition", delete("t", 9, 0), 2);
        questions.ask("delete of negative partition", delete("t", -1, 0), 2);
        questions.ask("delete of bad name", delete("a b", 0, 0), 2);
        questions.ask("delete of nothing", delete(), 2);
        questions.ask("delete of some", delete("t", 2, 1, "nope", 0, 1, "compacted", 0, 1), 2);
        questions.ask("delete of compacted", delete("compacted", 0, -1), 2);
        questions.ask("delete too many of compacted", delete("compacted", 0, 9), 2);
        questions.ask("delete of both", delete("both", 0, -1), 2);
        questions.ask("delete of kept", delete("kept", 0, -1), 2);
        questions.ask("delete of metadata", delete("__cluster_metadata", 0, 1), 2);
        questions.ask("delete of transactions", delete("__transaction_state", 0, 0), 2);
        questions.ask("delete without time", delete("t", 2, -1).setTimeoutMs(0), 2);
        questions.ask("delete up to a marker", delete("txn", 0, 2), 2);
    }

    /** Triples of feature, level and kind of change. */
    private static UpdateFeaturesRequestData features(Object... changes) {
        UpdateFeaturesRequestData request = new UpdateFeaturesRequestData().setTimeoutMs(10_000);
        for (int i = 0; i < changes.length; i += 3) {
            request.featureUpdates()
                    .add(new UpdateFeaturesRequestData.FeatureUpdateKey()
                            .setFeature((String) changes[i])
                            .setMaxVersionLevel(((Integer) changes[i + 1]).shortValue())
                            .setUpgradeType(((Integer) changes[i + 2]).byteValue()));
        }
        return request;
    }

    private void changeFeatures() throws IOException {
        for (int version = 0; version <= 2; version++) {
            UpdateFeaturesRequestData same = features("group.version", 1, 1);
            UpdateFeaturesRequestData unknown = features("nope", 1, 1);
            UpdateFeaturesRequestData none = features();
            questions.ask("feature as it is", same, version);
            questions.ask("feature unknown", unknown, version);
            questions.ask("features none", none, version);
        }
        UpdateFeaturesRequestData allowed =
                features("transaction.version", 1, 1).setValidateOnly(false);
        allowed.featureUpdates().iterator().next().setAllowDowngrade(true);
        questions.ask("feature with allowed downgrade", allowed, 0);
        for (int type = 0; type <= 4; type++) {
            for (int level : new int[] {-1, 0, 1, 2, 3}) {
                questions.ask(
                        "transaction.version " + level + " with " + type,
                        features("transaction.version", level, type).setValidateOnly(true),
                        1);
            }
            for (int level : new int[] {-1, 0, 1, 6, 7, 29, 30, 32, 99}) {
                questions.ask(
                        "metadata.version " + level + " with " + type,
                        features("metadata.version", level, type).setValidateOnly(true),
                        2);
            }
            for (int level = 0; level <= 2; level++) {
                questions.ask(
                        "kraft.version " + level + " with " + type,
                        features("kraft.version", level, type).setValidateOnly(true),
                        2);
                questions.ask(
                        "eligible.leader.replicas.version " + level + " with " + type,
                        features("eligible.leader.replicas.version", level, type)
                                .setValidateOnly(true),
                        2);
            }
            questions.ask("unknown to 0 with " + type, features("nope", 0, type), 2);
        }
        questions.ask("feature without name", features("", 1, 1), 2);
        questions.ask("features good and bad", features("transaction.version", 1, 2, "nope", 1, 1), 1);
        questions.ask("features good and bad", features("transaction.version", 1, 2, "nope", 1, 1), 2);
        questions.ask("features two bad", features("nope", 1, 1, "metadata.version", 99, 1), 1);
        questions.ask("feature away", features("transaction.version", 0, 2), 2);
        questions.settle();
        questions.ask("feature away again", features("transaction.version", 0, 2), 2);
        questions.ask("feature to the middle", features("transaction.version", 1, 1), 2);
        questions.settle();
        questions.ask("feature back", features("transaction.version", 2, 1), 2);
    }
}
